"""Keeps blanks to fill in, and marks that stand on a word, out of Apertium's stream. Pure.

Name: <1>          </1> house<2>1</2>     a blank, and the number of a note
Name: <1/> house<2/>                      the text that is translated, cut at the blank
Nombre: <1/> casa<2/>                     the translation
Nombre: <1>          </1> casa<2>1</2>    the target
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from dragoman_contracts.text import Content, Tag, TagSide, normalised, placeholder, plain_text
from dragoman_linguistics import blanks_of, is_mark, is_narrow, restore_blanks, shrink_blanks

_WORD_OF_BLANK = re.compile(r"(\{\{blank-\d+\}\})")
_LAST_WORD = re.compile(r"(?<![^\W_])[^\W\d_]+$")
_AFTER_MARK = re.compile(r"[^\W\d_][.,;:!?)\]»”’\"']+$")
_APOSTROPHES = frozenset("'’")
_SHORTEST_IN_CAPITALS = 5  # CO2 is a formula
_SHORTEST_WORD = 3
# Words of three letters that numbers are raised or lowered on.
_SYMBOLS = frozenset(
    {
        "bar",
        "cal",
        "cos",
        "cot",
        "csc",
        "dim",
        "exp",
        "ext",
        "inf",
        "int",
        "ker",
        "lim",
        "log",
        "lux",
        "max",
        "min",
    }
    | {"mod", "mol", "ppm", "rad", "rev", "rms", "sec", "sin", "sup", "tan", "var"}
)


@dataclass(frozen=True)
class Folded:
    """Content without its blanks and its marks on words.

    In their places are placeholders for `marks`, and for `blanks` that are narrow or touch a word.
    For other blanks there are unknown words, `words`. `separators` are the placeholders at which
    the content is cut.
    """

    content: Content
    separators: frozenset[int]
    blanks: dict[int, Content]
    marks: dict[int, Content]
    words: dict[str, int]


def folded(content: Content, separators: Collection[int] = ()) -> Folded:
    """Content without its blanks and without the marks on its words."""
    blanks = blanks_of(content)
    narrow = {tag_id for tag_id, blank in blanks.items() if is_narrow(blank)}
    text = plain_text(content)
    bare = shrink_blanks(content, blanks)
    words = {
        word: part.id
        for index, part in enumerate(bare)
        if isinstance(part, Tag) and part.id in blanks and part.id not in narrow
        if (word := f"{{{{blank-{part.id}}}}}") not in text
        and not text.isupper()
        and _stands_free(bare, index)
    }
    word_of = {tag_id: word for word, tag_id in words.items()}
    parts = [
        piece
        for part in bare
        for piece in (
            (part,)
            if not isinstance(part, Tag)
            else (part, " ")
            if part.id in narrow
            else (word_of.get(part.id, part),)
        )
    ]
    without_marks, marks = _without_marks(normalised(parts))
    cut = frozenset(blanks) - narrow - frozenset(word_of)
    return Folded(without_marks, cut | frozenset(separators), blanks, marks, words)


def unfolded(content: Content, fold: Folded) -> Content:
    """Translated content with the blanks and marks as they were."""
    parts = [
        piece
        for part in content
        for piece in (_with_blanks(part, fold.words) if isinstance(part, str) else (part,))
    ]
    whole = normalised(
        piece
        for part in parts
        for piece in (
            fold.marks[part.id]
            if isinstance(part, Tag) and part.side is TagSide.PLACEHOLDER and part.id in fold.marks
            else (part,)
        )
    )
    return restore_blanks(
        whole, fold.blanks, [tag_id for tag_id in fold.blanks if is_narrow(fold.blanks[tag_id])]
    )


def _with_blanks(text: str, words: Mapping[str, int]) -> list[str | Tag]:
    """The text with placeholders for the words that stand for blanks."""
    pieces: list[str] = _WORD_OF_BLANK.split(text)
    return [placeholder(words[piece]) if piece in words else piece for piece in pieces]


def _stands_free(content: Content, index: int) -> bool:
    """Whether no letter, digit or apostrophe touches a placeholder, nor a tag, which may stand for
    any of them.
    """
    before = content[index - 1] if index else ""
    after = content[index + 1] if index + 1 < len(content) else ""
    if isinstance(before, Tag) or isinstance(after, Tag):
        return False
    return not any(edge.isalnum() or edge in _APOSTROPHES for edge in (*before[-1:], *after[:1]))


def _without_marks(content: Content) -> tuple[Content, dict[int, Content]]:
    """Content with a placeholder for each pair that is a mark on the word before, and the pairs."""
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
    if (
        tag.side is not TagSide.OPEN
        or len(held) < 2
        or not isinstance(held[0], str)
        or not is_mark(held[0])
    ):
        return False
    is_closed = isinstance(held[1], Tag) and held[1].side is TagSide.CLOSE and held[1].id == tag.id
    follows = next(
        (part for part in rest if isinstance(part, str) or part.side is TagSide.PLACEHOLDER), ""
    )
    is_last = not isinstance(follows, str) or not follows[:1].isalnum()
    return (
        is_closed
        and is_last
        and (_ends_with_word(before) or _AFTER_MARK.search(before) is not None)
    )


def _ends_with_word(text: str) -> bool:
    """Whether a text ends with a word to translate.

    Not with a symbol, as in `cm2`, `CO2` or `log10`.
    """
    match = _LAST_WORD.search(text)
    word = match.group() if match else ""
    if word.isupper():
        return len(word) >= _SHORTEST_IN_CAPITALS
    return len(word) > _SHORTEST_WORD or (
        len(word) == _SHORTEST_WORD and word[1:].islower() and word.lower() not in _SYMBOLS
    )
