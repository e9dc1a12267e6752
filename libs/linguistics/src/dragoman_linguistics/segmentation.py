"""Cuts the text of a unit into segments at sentence ends, by the SRX 2.0 rules in
`segmentation.srx`.

White space between two sentences is a segment of its own, which is not translated:

    unit       Dr. Who pays. <1>He</1> leaves.
    segments   "Dr. Who pays.", " ", "<1>He</1> leaves."

As in SRX 2.0, the first rule that fits a place decides: "Dr." is an exception in English.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from importlib.resources import files
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from dragoman_contracts.locale import Locale
from dragoman_contracts.text import Content, Segment, Tag, TagSide, TagSpec, Unit, normalised
from dragoman_linguistics.tags import specs_by_id

if TYPE_CHECKING:
    from dragoman_linguistics.srx import SegmentationRules  # most processes cut no text

_MAY_END_SENTENCE = re.compile("[.?!…‽。！？｡؟۔।॥։]")


class Piece(NamedTuple):
    """A piece of content: a sentence, or the white space between two (`is_ignorable`)."""

    content: Content
    is_ignorable: bool


def segment(unit: Unit, locale: Locale, rules: SegmentationRules | None = None) -> Unit:
    """The same unit with its source cut into sentences, by the built-in rules or by others.

    Segments are as `segments_of` gives them. Segment ids are the unit's id and a number from 1.
    """
    segments = tuple(
        Segment(
            segment_id=f"{unit.unit_id}.{number}",
            source=piece.content,
            is_ignorable=piece.is_ignorable,
        )
        for number, piece in enumerate(
            segments_of(unit.source, locale, rules, tags=unit.tags), start=1
        )
    )
    return unit.model_copy(update={"segments": segments}) if segments else unit


def segments_of(
    content: Content,
    locale: Locale,
    rules: SegmentationRules | None = None,
    *,
    tags: Sequence[TagSpec] = (),
) -> tuple[Piece, ...]:
    """Content cut into sentences. Pieces joined in order are exactly the content; empty for none.

    White space between two sentences is a piece of its own; closing tags and placeholders stay with
    the sentence before it, opening tags with the sentence behind it. A pair around several
    sentences is cut: its halves stand in different pieces. `tags` give the text that placeholders
    stand for: a line break ends a sentence as a line feed does.

    Raises:
        SegmentationTimeError: one of `rules` took too long.
    """
    return tuple(
        Piece(piece, _is_white_space(piece))
        for piece in _pieces(_atoms(content), tags, locale, rules)
    )


def sentences(text: str, locale: Locale, rules: SegmentationRules | None = None) -> list[str]:
    """The sentences of a paragraph's plain text. Joined, they are the text.

    Raises:
        SegmentationTimeError: one of `rules` took too long.
    """
    # Most paragraphs are one sentence, and the rules are slow to load and to run.
    if not text or (rules is None and not _MAY_END_SENTENCE.search(text)):
        return [text] if text else []
    places = [0, *(rules or builtin_rules()).breaks(text, locale), len(text)]
    return [text[start:end] for start, end in pairwise(places)]


@cache
def builtin_rules() -> SegmentationRules:
    """The rules in `segmentation.srx`."""
    from dragoman_linguistics.srx import read_rules

    return read_rules(builtin_srx(), is_trusted=True)


def builtin_srx() -> bytes:
    """The file `segmentation.srx`."""
    return files("dragoman_linguistics").joinpath("segmentation.srx").read_bytes()


@lru_cache(maxsize=8)
def rules_in(data: bytes) -> SegmentationRules:
    """The rules of a file of others, kept for the next text.

    Raises:
        SegmentationRulesError: it is no SRX 2.0, too large, or a rule cannot be used.
    """
    from dragoman_linguistics.srx import read_rules

    return read_rules(data)


def _atoms(content: Content) -> list[str | Tag]:
    """Content as single characters and tags."""
    atoms: list[str | Tag] = []
    for part in content:
        atoms += [part] if isinstance(part, Tag) else part
    return atoms


def _pieces(
    atoms: Sequence[str | Tag],
    specs: Sequence[TagSpec],
    locale: Locale,
    rules: SegmentationRules | None,
) -> Iterator[Content]:
    by_id = specs_by_id(specs)
    # The rules see the text of placeholders: a break ends a sentence as a line feed does.
    texts = [atom if isinstance(atom, str) else _equivalent(atom, by_id) for atom in atoms]
    is_blank = [isinstance(atom, str) and atom.isspace() for atom in atoms]
    start = 0
    for cut in _cuts(texts, locale, rules):
        gap_start, gap_end = _gap(atoms, is_blank, cut)
        if gap_start <= start or gap_end >= len(atoms) or not _has_text(atoms[start:gap_start]):
            continue
        left, right = _shared_out(atoms, gap_start, gap_end)
        yield normalised(atoms[start:left])
        if left < right:
            yield normalised(atoms[left:right])
        start = right
    if start < len(atoms):
        yield normalised(atoms[start:])


def _cuts(texts: Sequence[str], locale: Locale, rules: SegmentationRules | None) -> Iterator[int]:
    """The numbers of the atoms that begin a sentence."""
    offset = 0
    ends: set[int] = set()
    for sentence in sentences("".join(texts), locale, rules):
        offset += len(sentence)
        ends.add(offset)
    offset = 0
    for number, text in enumerate(texts):
        if offset in ends and text:
            yield number
        offset += len(text)


def _gap(atoms: Sequence[str | Tag], is_blank: Sequence[bool], cut: int) -> tuple[int, int]:
    """The white space and tags around a cut: from the end of the text of one sentence to the start
    of the text of the next sentence.
    """
    start = end = cut
    while start > 0 and (is_blank[start - 1] or isinstance(atoms[start - 1], Tag)):
        start -= 1
    while end < len(atoms) and (is_blank[end] or isinstance(atoms[end], Tag)):
        end += 1
    return start, end


def _shared_out(atoms: Sequence[str | Tag], start: int, end: int) -> tuple[int, int]:
    """The part of a gap that belongs to neither sentence, once both have taken their tags."""
    while start < end and _closes(atoms[start]):
        start += 1
    while end > start and _opens(atoms[end - 1]):
        end -= 1
    return start, end


def _closes(atom: str | Tag) -> bool:
    return isinstance(atom, Tag) and atom.side is not TagSide.OPEN


def _opens(atom: str | Tag) -> bool:
    return isinstance(atom, Tag) and atom.side is TagSide.OPEN


def _has_text(atoms: Sequence[str | Tag]) -> bool:
    return any(isinstance(atom, str) and not atom.isspace() for atom in atoms)


def _is_white_space(content: Content) -> bool:
    return not any(isinstance(part, str) and part.strip() for part in content) and any(
        isinstance(part, str) for part in content
    )


def _equivalent(tag: Tag, specs: dict[int, TagSpec]) -> str:
    return specs[tag.id].equivalent if tag.side is TagSide.PLACEHOLDER and tag.id in specs else ""
