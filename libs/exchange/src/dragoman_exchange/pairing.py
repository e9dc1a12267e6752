"""Which tags of content may be written as one element around its text.

<1>a<2/></1>        nested, alone, nested
<1>a<2>b</1>c</2>   apart: a pair that crosses another cannot be an element
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from dragoman_contracts.text import Content, Tag, TagSide


class Role(Enum):
    """How a part of content is written: text and placeholders alone; a tag that nests with its
    other side as an element; the side of a pair that crosses another; a side without its other.
    """

    ALONE = "alone"
    NESTED = "nested"
    CROSSING = "crossing"
    ISOLATED = "isolated"


def roles_of(content: Content) -> Sequence[Role]:
    """The role of each part of the content."""
    roles = [Role.ALONE] * len(content)
    partners = partners_of(content)
    stack: list[int] = []
    for at, part in enumerate(content):
        if not isinstance(part, Tag) or part.side is TagSide.PLACEHOLDER:
            continue
        if at not in partners:
            roles[at] = Role.ISOLATED
        elif part.side is TagSide.OPEN:
            stack.append(at)
        else:
            begin = partners[at]
            # Pairs that were opened inside and are still open cross this one: it stays whole.
            while begin in stack and stack[-1] != begin:
                _set_apart(roles, partners, stack.pop())
            if begin in stack:
                stack.pop()
                roles[begin] = roles[at] = Role.NESTED
    return roles


def _set_apart(roles: list[Role], partners: dict[int, int], begin: int) -> None:
    roles[begin] = roles[partners[begin]] = Role.CROSSING


def partners_of(content: Content) -> dict[int, int]:
    """The place of the other side of each tag that has one: the nearest open one of its id."""
    open_at: dict[int, list[int]] = {}
    partners: dict[int, int] = {}
    for at, part in enumerate(content):
        if not isinstance(part, Tag):
            continue
        if part.side is TagSide.OPEN:
            open_at.setdefault(part.id, []).append(at)
        elif part.side is TagSide.CLOSE and open_at.get(part.id):
            begin = open_at[part.id].pop()
            partners[begin], partners[at] = at, begin
    return partners
