"""White space at the edges of content: part of the layout, not of the translation.

An underlined name stands on a line, which the spaces in the pair draw:

    source    Name: <1>Mary          </1> Date
    answer    Nombre: <1>Mary</1> Fecha
    target    Nombre: <1>Mary          </1> Fecha
"""

from __future__ import annotations

from dragoman_contracts.text import Content, Tag, TagSide, normalised


def restore_margins(source: Content, target: Content) -> Content:
    """The target with exactly the source's leading and trailing white space; unchanged where an
    edge is a tag.

    Engines trim and add white space; no translator means to.
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
    """The target with the source's wide white space at the inner edges of pairs.

    White space is wide if it is more than one space, or a tab and the like: it is there to be seen,
    as the rest of an underlined line. Wide white space that an engine wrote outside of the pair is
    moved into the pair.
    """
    # A single space is language: where it stands inside a pair is the translator's matter.
    margins = _pair_margins(source)
    wanted = {tag: (space, beyond) for tag, space, beyond in margins if space not in ("", " ")}
    if not wanted:
        return target
    parts = list(target)
    for index, part in enumerate(target):
        if not isinstance(part, Tag) or part not in wanted:
            continue
        space, beyond = wanted[part]
        is_open = part.side is TagSide.OPEN
        inner, outer = (index + 1, index - 1) if is_open else (index - 1, index + 1)
        text = parts[inner] if 0 <= inner < len(parts) else None
        if not isinstance(text, str) or not text.strip():
            continue
        parts[inner] = space + text.lstrip() if is_open else text.rstrip() + space
        other = parts[outer] if 0 <= outer < len(parts) else None
        if isinstance(other, str) and len(_trailing(other) if is_open else _leading(other)) > 1:
            parts[outer] = other.rstrip() + beyond if is_open else beyond + other.lstrip()
    return normalised(parts)


def _pair_margins(content: Content) -> list[tuple[Tag, str, str]]:
    """The tags of pairs with text directly inside, each with the white space on its two sides."""
    found: list[tuple[Tag, str, str]] = []
    for index, tag in enumerate(content):
        if not isinstance(tag, Tag) or tag.side is TagSide.PLACEHOLDER:
            continue
        before = content[index - 1] if index else ""
        after = content[index + 1] if index + 1 < len(content) else ""
        trailing = _trailing(before) if isinstance(before, str) else ""
        leading = _leading(after) if isinstance(after, str) else ""
        if tag.side is TagSide.OPEN and isinstance(after, str) and after.strip():
            found.append((tag, leading, trailing))
        elif tag.side is TagSide.CLOSE and isinstance(before, str) and before.strip():
            found.append((tag, trailing, leading))
    return found


def _leading(text: str) -> str:
    return text[: len(text) - len(text.lstrip())]


def _trailing(text: str) -> str:
    return text[len(text.rstrip()) :]
