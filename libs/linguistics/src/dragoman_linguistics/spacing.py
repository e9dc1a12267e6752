"""White space at the edges of content: part of the layout, not of the translation."""

from __future__ import annotations

from dragoman_contracts.text import Content, normalised


def restore_margins(source: Content, target: Content) -> Content:
    """The target with exactly the source's leading and trailing white space; unchanged where an edge is a tag.

    Engines trim or add it; a translator never means to.
    """
    parts = list(target)
    if not parts or not source:
        return target
    if isinstance(parts[0], str) and isinstance(source[0], str):
        parts[0] = _leading(source[0]) + parts[0].lstrip()
    if isinstance(parts[-1], str) and isinstance(source[-1], str):
        parts[-1] = parts[-1].rstrip() + _trailing(source[-1])
    return normalised(parts)


def _leading(text: str) -> str:
    return text[: len(text) - len(text.lstrip())]


def _trailing(text: str) -> str:
    return text[len(text.rstrip()) :]
