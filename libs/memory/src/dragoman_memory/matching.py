"""Matches of a memory: their kinds, and their scores as agencies know them.

    102, 101      exact, between the same two neighbours, or beside one of them
    100           exact: equal text with equal tags
    95 to 99      equal but for numbers, tags, punctuation, case or spaces: one less for each
    50 to 94      by edit distance; at most 84 where negation or a number differs

Two exact matches that translate a text differently are ambiguous: each scores 99, and is shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property

from rapidfuzz import fuzz

from dragoman_contracts.locale import Locale
from dragoman_contracts.text import Content, Tag, normalised, plain_text
from dragoman_memory.negation import negations
from dragoman_memory.placeables import number_texts, put_in
from dragoman_memory.unit import (
    MemoryUnit,
    SegmentType,
    loose_text,
    matching_text,
    tag_pattern,
    without_numbers,
)

LEAST_SCORE = 50
_NEAR_LEAST, _FUZZY_MOST, _DOUBTFUL_MOST, _AMBIGUOUS = 95, 94, 84, 99
_BANDS = ((102, "102"), (101, "101"), (100, "100"), (95, "95-99"), (85, "85-94"), (75, "75-84"))


class MatchKind(StrEnum):
    """How a memory unit fits a text."""

    DOUBLE_CONTEXT = "double_context"
    CONTEXT = "context"
    PREVIOUS_VERSION = "previous_version"
    EXACT = "exact"
    REPETITION = "repetition"
    NEAR_EXACT = "near_exact"
    FUZZY = "fuzzy"


class Difference(StrEnum):
    """One way in which a unit's source differs from the text."""

    NUMBERS = "numbers"
    TAGS = "tags"
    PUNCTUATION = "punctuation"
    CASE = "case"
    SPACES = "spaces"
    LOCALE = "locale"
    NEGATION = "negation"
    WORDS = "words"


@dataclass(frozen=True)
class MemoryQuery:
    """A text to be found in memory, with the digests of its neighbours and, where it is a new
    version of a document, that document's name.
    """

    content: Content
    source_locale: Locale
    target_locale: Locale
    before: int = 0
    after: int = 0
    segment_type: SegmentType = SegmentType.SENTENCE
    document: str = ""

    @cached_property
    def text(self) -> str:
        """The text by which it is compared."""
        return matching_text(self.content)

    @cached_property
    def loose(self) -> str:
        """The text without what costs no more than a band."""
        return loose_text(self.text)

    @cached_property
    def numbers(self) -> list[str]:
        """Its numbers as they are written."""
        return number_texts(self.text)

    @cached_property
    def negations(self) -> Counter[str]:
        """Its negating words."""
        return negations(self.text, self.source_locale)


@dataclass(frozen=True, slots=True)
class MemoryMatch:
    """A unit proposed for a text.

    `target` is the unit's with the text's numbers and tag ids; tags that the text lacks are left
    out. `put_in` says which numbers were put in for which. `score` is 50 to 102.
    """

    unit: MemoryUnit
    kind: MatchKind
    score: int
    target: Content
    differences: tuple[Difference, ...] = ()
    put_in: tuple[tuple[str, str], ...] = ()
    is_ambiguous: bool = False

    @property
    def band(self) -> str:
        """The band that its score is counted in."""
        return band_of(self.score)


def band_of(score: int) -> str:
    """The band of a score in an analysis: `102` down to `50-74`, and `0-49` for no match."""
    return next(
        (name for least, name in _BANDS if score >= least),
        "50-74" if score >= LEAST_SCORE else "0-49",
    )


def score_match(query: MemoryQuery, unit: MemoryUnit) -> MemoryMatch | None:
    """How a unit fits the text; None below 50, in other languages, or for another segment type."""
    if (
        query.source_locale.language != unit.source_locale.language
        or query.target_locale.language != unit.target_locale.language
        or query.segment_type is not unit.segment_type
        or not query.text
    ):
        return None
    text = matching_text(unit.source)
    if text == query.text:
        return _equal(query, unit)
    if loose_text(text) == query.loose and negations(text, unit.source_locale) == query.negations:
        near = _near(query, unit, text)
        if near is not None:
            return near
    return _fuzzy(query, unit, text)


def ranked(query: MemoryQuery, units: Iterable[MemoryUnit]) -> tuple[MemoryMatch, ...]:
    """The matches of a text, the best first, with ambiguous ones demoted; may be empty.

    Equal scores: the previous version first, then the more trusted, then the newer. Only the most
    trusted state among the best exact matches is ambiguous with itself: a candidate does not make
    an approved unit doubtful.
    """
    matches = [match for unit in units if (match := score_match(query, unit)) is not None]
    return tuple(sorted(_demoted(matches), key=_order))


def _order(match: MemoryMatch) -> tuple[int, bool, int, float, str]:
    unit = match.unit
    at = unit.changed_at or unit.created_at
    return (
        -match.score,
        match.kind is not MatchKind.PREVIOUS_VERSION,
        -unit.state.rank,
        -(at.timestamp() if at else 0.0),
        str(unit.unit_id),
    )


def _demoted(matches: Sequence[MemoryMatch]) -> list[MemoryMatch]:
    best = max((match.score for match in matches), default=0)
    if best < 100:
        return list(matches)
    rank = max(match.unit.state.rank for match in matches if match.score == best)
    rivals = [m for m in matches if m.score == best and m.unit.state.rank == rank]
    # The previous version of the very document is what its people chose.
    previous = [m for m in rivals if m.kind is MatchKind.PREVIOUS_VERSION]
    rivals = previous or rivals
    if len({match.target for match in rivals}) < 2:
        return list(matches)
    return [
        replace(match, score=_AMBIGUOUS, kind=MatchKind.NEAR_EXACT, is_ambiguous=True)
        if match in rivals
        # Less trusted ones must not come before those that were demoted.
        else replace(match, score=min(match.score, _AMBIGUOUS))
        if match.score <= best and match.score > _AMBIGUOUS
        else match
        for match in matches
    ]


def _equal(query: MemoryQuery, unit: MemoryUnit) -> MemoryMatch:
    differences = _surroundings(query, unit)
    if differences:
        score = 100 - len(differences)
        return MemoryMatch(
            unit, MatchKind.NEAR_EXACT, score, _with_tags(query, unit, unit.target), differences
        )
    same = (query.before != 0 and query.before == unit.before) + (
        query.after != 0 and query.after == unit.after
    )
    kind = (MatchKind.EXACT, MatchKind.CONTEXT, MatchKind.DOUBLE_CONTEXT)[same]
    if query.document and query.document == unit.document:
        kind = MatchKind.PREVIOUS_VERSION
    return MemoryMatch(unit, kind, 100 + same, _with_tags(query, unit, unit.target))


def _surroundings(query: MemoryQuery, unit: MemoryUnit) -> tuple[Difference, ...]:
    """The differences that text does not show."""
    found: list[Difference] = []
    if tag_pattern(query.content) != tag_pattern(unit.source):
        found.append(Difference.TAGS)
    if (query.source_locale, query.target_locale) != (unit.source_locale, unit.target_locale):
        found.append(Difference.LOCALE)
    return tuple(found)


def _near(query: MemoryQuery, unit: MemoryUnit, text: str) -> MemoryMatch | None:
    """The match of texts with the same words; None where a number cannot be put in."""
    target, changed = unit.target, ()
    differences: list[Difference] = []
    if number_texts(text) != query.numbers:
        made = put_in(query.content, unit.source, target, (unit.source_locale, unit.target_locale))
        if made is None:
            return None
        target, changed = made
        differences.append(Difference.NUMBERS)
    differences += _of_form(query.text, text)
    if not _same_tags(query.content, unit.source):
        differences.append(Difference.TAGS)
    if (query.source_locale, query.target_locale) != (unit.source_locale, unit.target_locale):
        differences.append(Difference.LOCALE)
    return MemoryMatch(
        unit,
        MatchKind.NEAR_EXACT,
        max(100 - max(len(differences), 1), _NEAR_LEAST),
        _with_tags(query, unit, target),
        tuple(differences),
        changed,
    )


def _of_form(left: str, right: str) -> list[Difference]:
    """The differences of two texts whose words are the same."""
    found: list[Difference] = []
    forms: list[tuple[Difference, Callable[[str], list[str]]]] = [
        (Difference.PUNCTUATION, _marks),
        (Difference.CASE, _letters),
        (Difference.SPACES, _spaces),
    ]
    left, right = without_numbers(left), without_numbers(right)
    for difference, form in forms:
        if form(left) != form(right):
            found.append(difference)
    return found


def _marks(text: str) -> list[str]:
    return [each for each in text if not each.isalnum() and not each.isspace()]


def _letters(text: str) -> list[str]:
    return [each for each in text if each.isalpha()]


def _spaces(text: str) -> list[str]:
    """The white space of a text as it parts its words, and where none does."""
    spaces: list[str] = [""]
    for each in text:
        if each.isspace():
            spaces[-1] += each
        elif each.isalnum():
            spaces.append("")
    return spaces


def _fuzzy(query: MemoryQuery, unit: MemoryUnit, text: str) -> MemoryMatch | None:
    differences = [] if loose_text(text) == query.loose else [Difference.WORDS]
    most = _FUZZY_MOST
    if Counter(number_texts(text)) != Counter(query.numbers):
        differences.append(Difference.NUMBERS)
        most = _DOUBTFUL_MOST
    if negations(text, unit.source_locale) != query.negations:
        differences.append(Difference.NEGATION)
        most = _DOUBTFUL_MOST
    if not _same_tags(query.content, unit.source):
        differences.append(Difference.TAGS)
    score = min(int(fuzz.ratio(query.text, text)), most)
    if score < LEAST_SCORE:
        return None
    return MemoryMatch(
        unit, MatchKind.FUZZY, score, _with_tags(query, unit, unit.target), tuple(differences)
    )


def _same_tags(left: Content, right: Content) -> bool:
    tags = [[part for part in tag_pattern(each) if isinstance(part, Tag)] for each in (left, right)]
    return tags[0] == tags[1]


def _with_tags(query: MemoryQuery, unit: MemoryUnit, target: Content) -> Content:
    """The target with the ids of the text's tags, where the unit's are the same; else without those
    that the text lacks.
    """
    mine = [part for part in query.content if isinstance(part, Tag)]
    theirs = [part for part in unit.source if isinstance(part, Tag)]
    if _same_tags(query.content, unit.source):
        ids = {their.id: own.id for their, own in zip(theirs, mine, strict=True)}
    else:
        shared = {(tag.id, tag.side) for tag in mine} & {(tag.id, tag.side) for tag in theirs}
        ids = {tag_id: tag_id for tag_id, _ in shared}
    return normalised(
        part if isinstance(part, str) else Tag(id=ids[part.id], side=part.side)
        for part in target
        if isinstance(part, str) or part.id in ids
    )


def repetitions(contents: Sequence[Content]) -> dict[int, int]:
    """By the place of each text that stood before in the document: the place of the first.

    Texts with other tags are no repetitions; nor are texts without words.
    """
    first: dict[tuple[str | Tag, ...], int] = {}
    found: dict[int, int] = {}
    for place, content in enumerate(contents):
        if not plain_text(content).strip():
            continue
        earlier = first.setdefault(tag_pattern(content), place)
        if earlier != place:
            found[place] = earlier
    return found
