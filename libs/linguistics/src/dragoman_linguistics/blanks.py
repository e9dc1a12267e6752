"""Blanks to fill in: pairs that hold nothing but white space.

Blanks are layout, and no engine may change them. An engine gets each blank as a placeholder, and
its answer gets the source's blanks back:

    Name: <1>          </1> Date       underlined in the document
    Name: <1/> Date                    sent to an engine
    Nombre: <1/> Fecha                 its answer
    Nombre: <1>          </1> Fecha    the target
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from dragoman_contracts.text import Content, Tag, TagSide, normalised, placeholder, plain_text

# Lines of underscores, leaders of dots; three dots are an ellipsis.
_FILLER = re.compile(r"[\s_.…]*(?:_{2}|\.{4}|…{2})[\s_.…]*")
_TELLING_LENGTH = 3  # less white space is found between any words
_NARROW = " "  # parts words, so engines have to see it


def blanks_of(content: Content) -> dict[int, Content]:
    """The blanks of content by tag id, in reading order, each from its opening to its closing tag.

    A blank may hold placeholders, such as tabs, and pairs that are blank themselves.
    """
    found: dict[int, Content] = {}
    index = 0
    while index < len(content):
        end = _end_of_blank(content, index)
        if end is not None:
            blank = content[index:end]
            first = blank[0]
            if isinstance(first, Tag):
                found[first.id] = blank
        index = end or index + 1
    return found


def is_narrow(blank: Content) -> bool:
    """Whether a blank is one plain space, as between two words."""
    return blank[1:-1] == (_NARROW,)


def shrink_blanks(content: Content, blanks: Mapping[int, Content]) -> Content:
    """Content with each of the blanks shrunk to a placeholder of the same id.

    The white space in a blank goes too. Words that an engine wrote into a blank come to stand
    behind the placeholder. A blank that lost its tags is recognised by its white space.
    """
    # Tags inside a blank, such as tabs, come back with the blank; the answer's own are dropped.
    tags = (part for blank in blanks.values() for part in blank if isinstance(part, Tag))
    inner = {tag.id for tag in tags} - set(blanks)
    parts: list[str | Tag] = []
    rest = list(content)
    while rest:
        part = rest.pop(0)
        if not isinstance(part, Tag) or part.id not in blanks:
            if not isinstance(part, Tag) or part.id not in inner:
                parts.append(part)
        elif part.side is not TagSide.CLOSE:
            parts.append(placeholder(part.id))
            rest = _without_white_space(rest, part, plain_text(blanks[part.id]))
    shrunk = normalised(parts)
    for tag_id in blanks:
        if placeholder(tag_id) not in shrunk:
            shrunk = _known_again(shrunk, tag_id, plain_text(blanks[tag_id]))
    return shrunk


def own_space(content: Content, blanks: Mapping[int, Content]) -> set[int]:
    """Ids of the blanks that hold white space in this content too."""
    return {
        tag.id
        for tag, held, close in zip(content, content[1:], content[2:], strict=False)
        if isinstance(tag, Tag) and tag.id in blanks and isinstance(held, str) and held.isspace()
        if isinstance(close, Tag) and close.id == tag.id
    }


def restore_blanks(
    content: Content,
    blanks: Mapping[int, Content],
    borrowing: Collection[int] = (),
) -> Content:
    """Content with its shrunken blanks as they are in the source.

    A narrow blank that is `borrowing` takes the place of the nearest space of the text, so that no
    space is added.
    """
    for tag_id in borrowing:
        content = _with_space_borrowed(content, tag_id, blanks[tag_id])
    parts: list[str | Tag] = []
    for part in content:
        if isinstance(part, Tag) and part.side is TagSide.PLACEHOLDER and part.id in blanks:
            parts += blanks[part.id]
        else:
            parts.append(part)
    return normalised(parts)


def _end_of_blank(content: Content, start: int) -> int | None:
    """The index behind the blank that begins at `start`; None where no blank begins."""
    first = content[start]
    if not isinstance(first, Tag) or first.side is not TagSide.OPEN:
        return None
    open_ids: list[int] = []
    for index in range(start, len(content)):
        part = content[index]
        if isinstance(part, str):
            if not part.isspace() and not _FILLER.fullmatch(part):
                return None
        elif part.side is TagSide.OPEN:
            open_ids.append(part.id)
        elif part.side is TagSide.CLOSE:
            if part.id != open_ids.pop():
                return None
            if not open_ids:
                return index + 1 if plain_text(content[start:index]) else None
    return None


def _without_white_space(rest: list[str | Tag], tag: Tag, text: str) -> list[str | Tag]:
    """The rest behind a blank's opening tag, without the blank's white space and closing tag."""
    for index, part in enumerate(rest):
        if isinstance(part, Tag):
            if part.id == tag.id and part.side is TagSide.CLOSE:
                return rest[index + 1 :]
        elif not part.isspace() and not _FILLER.fullmatch(part):
            break
    first = rest[0] if rest else None
    if tag.side is TagSide.OPEN and isinstance(first, str) and len(text) >= _TELLING_LENGTH:
        return [first.removeprefix(text), *rest[1:]]
    return rest


def _known_again(content: Content, tag_id: int, text: str) -> Content:
    """Content with the blank's placeholder in place of its white space; unchanged where the white
    space is short or missing.
    """
    if len(text) < _TELLING_LENGTH:
        return content
    for index, part in enumerate(content):
        at = part.find(text) if isinstance(part, str) else -1
        if isinstance(part, str) and at >= 0:
            parts = (part[:at], placeholder(tag_id), part[at + len(text) :])
            return normalised((*content[:index], *parts, *content[index + 1 :]))
    return content


def _with_space_borrowed(content: Content, tag_id: int, blank: Content) -> Content:
    """Content with the blank in place of the space nearest to its placeholder.

    Unchanged without a space.
    """
    mark = placeholder(tag_id)
    if mark not in content or not is_narrow(blank):
        return content
    here = len(plain_text(content[: content.index(mark)]))
    spaces = list(_spaces(content))
    if not spaces:
        return content

    def distance(space: tuple[int, int, int]) -> tuple[int, int]:
        offset = space[2]
        return min(abs(offset - here), abs(offset + 1 - here)), offset

    index, at, _ = min(spaces, key=distance)
    text = content[index]
    if not isinstance(text, str):
        return content
    parts = [*content[:index], text[:at], *blank, text[at + 1 :], *content[index + 1 :]]
    return normalised(part for part in parts if part != mark)


def _spaces(content: Content) -> Iterable[tuple[int, int, int]]:
    """Each plain space between words: index of its part, offset in the part, offset in the text.

    A pair with nothing but white space is another blank, and is left out.
    """
    offset = 0
    for index, part in enumerate(content):
        if isinstance(part, str):
            if not part.isspace() or not _is_alone(content, index):
                places = (at for at, character in enumerate(part) if character == _NARROW)
                yield from ((index, at, offset + at) for at in places)
            offset += len(part)


def _is_alone(content: Content, index: int) -> bool:
    match content[index - 1 : index], content[index + 1 : index + 2]:
        case ((Tag() as before,), (Tag() as after,)):
            is_pair = before.side is TagSide.OPEN and after.side is TagSide.CLOSE
            return is_pair and before.id == after.id
        case _:
            return False
