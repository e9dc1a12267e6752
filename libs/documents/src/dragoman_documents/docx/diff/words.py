"""Texts compared word by word.

Words, single signs and single white space are compared:

    word_edits("Pay now.", "Pay at once.")     one edit: "now" gave way to "at once"
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence
from difflib import SequenceMatcher

from dragoman_documents.docx.diff.report import WordEdit

_TOKEN = re.compile(r"\w+|\s|[^\w\s]")
_MANY = 3_000

Opcode = tuple[bool, int, int, int, int]


def tokens(text: str) -> list[str]:
    """The text cut into words, single signs and single white space. Joined, they are the text."""
    return _TOKEN.findall(text)


def opcodes(before: Sequence[Hashable], after: Sequence[Hashable]) -> list[Opcode]:
    """The stretches by which `before` becomes `after`, in order: whether the stretch is the same on
    both sides, its start and end in `before`, its start and end in `after`.

    A single blank between two changes is not worth a break: the three stretches become one change.
    """
    # Without a shared word the matcher would line up blanks, and break one change into many.
    if not set(before) & set(after) - {" "}:
        return [(False, 0, len(before), 0, len(after))] if before or after else []
    # `autojunk` leaves out frequent words; in texts of usual length that makes worse stretches.
    matcher = SequenceMatcher(None, before, after, autojunk=len(before) > _MANY)
    found: list[Opcode] = []
    for tag, *ranges in matcher.get_opcodes():
        i1, i2, j1, j2 = ranges
        is_same = tag == "equal" and not (
            found and all(item == " " for item in before[i1:i2]) and i2 < len(before)
        )
        if found and not found[-1][0] and not is_same:
            found[-1] = (False, found[-1][1], i2, found[-1][3], j2)
        else:
            found.append((is_same, i1, i2, j1, j2))
    return found


def word_edits(before: str, after: str) -> tuple[WordEdit, ...]:
    """The words of `before` that gave way to words of `after`, in order."""
    old, new = tokens(before), tokens(after)
    return tuple(
        WordEdit(before="".join(old[i1:i2]), after="".join(new[j1:j2]))
        for is_same, i1, i2, j1, j2 in opcodes(old, new)
        if not is_same and old[i1:i2] != new[j1:j2]
    )
