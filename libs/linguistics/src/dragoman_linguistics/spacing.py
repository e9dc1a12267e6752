"""White space at the edges of content: part of the layout, not of the translation.

Name: <1>Mary          </1> Date     an underlined name, and the line it stands on
Nombre: <1>Mary</1> Fecha            becomes Nombre: <1>Mary          </1> Fecha
"""

from __future__ import annotations

from itertools import pairwise

from dragoman_contracts.text import Content, Tag, TagSide, normalised


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


def restore_pair_margins(source: Content, target: Content) -> Content:
    """The target with the wide white space at the inner edges of pairs that the source has there.

    Wide is more than one space, or another character: it is there to be seen, as the rest of an underlined line.
    """
    wanted = {tag: space for tag, space in _pair_margins(source) if space != " " and space}
    if not wanted:
        return target
    parts = list(target)
    for index, part in enumerate(target):
        if not isinstance(part, Tag) or part not in wanted:
            continue
        beside = index + 1 if part.side is TagSide.OPEN else index - 1
        text = parts[beside] if 0 <= beside < len(parts) else None
        if isinstance(text, str) and text.strip() and not _is_beyond(target, index, wanted[part]):
            is_open = part.side is TagSide.OPEN
            parts[beside] = wanted[part] + text.lstrip() if is_open else text.rstrip() + wanted[part]
    return normalised(parts)


def _pair_margins(content: Content) -> list[tuple[Tag, str]]:
    """The tags of pairs that have text beside them inside, with the white space between."""
    found: list[tuple[Tag, str]] = []
    for before, after in pairwise(content):
        if isinstance(before, Tag) and before.side is TagSide.OPEN and isinstance(after, str) and after.strip():
            found.append((before, _leading(after)))
        if isinstance(after, Tag) and after.side is TagSide.CLOSE and isinstance(before, str) and before.strip():
            found.append((after, _trailing(before)))
    return found


def _is_beyond(content: Content, index: int, space: str) -> bool:
    """Whether the white space stands on the other side of the tag, out of the pair."""
    tag = content[index]
    beyond = index - 1 if isinstance(tag, Tag) and tag.side is TagSide.OPEN else index + 1
    text = content[beyond] if 0 <= beyond < len(content) else None
    return isinstance(text, str) and (text.endswith(space) if beyond < index else text.startswith(space))


def _leading(text: str) -> str:
    return text[: len(text) - len(text.lstrip())]


def _trailing(text: str) -> str:
    return text[len(text.rstrip()) :]
