"""What never enters Apertium's stream: blanks to fill in, and marks that stand on a word. Pure.

Name: <1>          </1> house<2>1</2>     a blank, and the number of a note
Name: <1/> house<2/>                      what is translated, cut at the blank
Nombre: <1/> casa<2/>                     what comes back
Nombre: <1>          </1> casa<2>1</2>
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from dragoman_contracts.text import Content, Tag, TagSide, normalised, placeholder
from dragoman_linguistics import blanks_of, fold_blanks, is_mark, is_narrow, unfold_blanks

_LAST_WORD = re.compile(r"(?<![^\W_])[^\W\d_]+$")
_AFTER_MARK = re.compile(r"[^\W\d_][.,;:!?)\]»”’\"']+$")
_SHORTEST_IN_CAPITALS = 5  # CO2 is a formula
_SHORTEST_WORD = 3
# Words of three letters that numbers are raised or lowered on.
_SYMBOLS = frozenset(
    {"bar", "cal", "cos", "cot", "csc", "dim", "exp", "ext", "inf", "int", "ker", "lim", "log", "lux", "max", "min"}
    | {"mod", "mol", "ppm", "rad", "rev", "rms", "sec", "sin", "sup", "tan", "var"}
)


@dataclass(frozen=True)
class Folded:
    """Content with placeholders for what does not travel; `separators` are those that stand for white space."""

    content: Content
    separators: frozenset[int]
    blanks: dict[int, Content]
    marks: dict[int, Content]


def folded(content: Content, separators: Collection[int] = ()) -> Folded:
    """Content without its blanks and without the marks on its words."""
    blanks = blanks_of(content)
    narrow = {tag_id for tag_id, blank in blanks.items() if is_narrow(blank)}
    parts = [
        piece
        for part in fold_blanks(content, blanks)
        for piece in ((part, " ") if isinstance(part, Tag) and part.id in narrow else (part,))
    ]
    without_marks, marks = _without_marks(normalised(parts))
    wide = frozenset(blanks) - narrow
    return Folded(without_marks, wide | frozenset(separators), blanks, marks)


def unfolded(content: Content, fold: Folded) -> Content:
    """Translated content with the blanks and marks as they were."""
    whole = normalised(
        piece
        for part in content
        for piece in (
            fold.marks[part.id]
            if isinstance(part, Tag) and part.side is TagSide.PLACEHOLDER and part.id in fold.marks
            else (part,)
        )
    )
    return unfold_blanks(whole, fold.blanks, [tag_id for tag_id in fold.blanks if tag_id not in fold.separators])


def _without_marks(content: Content) -> tuple[Content, dict[int, Content]]:
    """Content with a placeholder for each pair that is a mark on the word before it; and those pairs."""
    marks: dict[int, Content] = {}
    parts: list[str | Tag] = []
    index, before = 0, ""
    while index < len(content):
        part, held = content[index], content[index + 1 : index + 3]
        if isinstance(part, Tag) and _is_marking(part, held, before, content[index + 3 :]):
            marks[part.id] = content[index : index + 3]
            parts.append(placeholder(part.id))
            index += 3
            continue
        parts.append(part)
        if isinstance(part, str):
            before = part
        elif part.side is TagSide.PLACEHOLDER:
            before = ""
        index += 1
    return normalised(parts), marks


def _is_marking(tag: Tag, held: Content, before: str, rest: Content) -> bool:
    if tag.side is not TagSide.OPEN or len(held) < 2 or not isinstance(held[0], str) or not is_mark(held[0]):
        return False
    is_closed = isinstance(held[1], Tag) and held[1].side is TagSide.CLOSE and held[1].id == tag.id
    follows = next((part for part in rest if isinstance(part, str) or part.side is TagSide.PLACEHOLDER), "")
    is_last = not isinstance(follows, str) or not follows[:1].isalnum()
    return is_closed and is_last and (_ends_with_word(before) or _AFTER_MARK.search(before) is not None)


def _ends_with_word(text: str) -> bool:
    """Whether a text ends with a word to translate; not with a symbol, as in `cm2`, `CO2` or `log10`."""
    match = _LAST_WORD.search(text)
    word = match.group() if match else ""
    if word.isupper():
        return len(word) >= _SHORTEST_IN_CAPITALS
    return len(word) > _SHORTEST_WORD or (
        len(word) == _SHORTEST_WORD and word[1:].islower() and word.lower() not in _SYMBOLS
    )
