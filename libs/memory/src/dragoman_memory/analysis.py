"""Documents counted before they are translated: words by band of match, repetitions within and
across them, units that are near to earlier ones, and those that no engine is asked for again.

    price.docx    "Pay now."  "Pay now."  "12.50"      1 mt, 1 repetition, 1 numbers_only
    offer.docx    "Pay now."  "Pay later."             1 cross_file_repetition, 1 internal_50-74
"""

from __future__ import annotations

from collections.abc import Container, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from rapidfuzz import fuzz, process

from dragoman_contracts.analysis import (
    USUAL_PAYABLE_PCT,
    Analysis,
    Band,
    BandCount,
    FileAnalysis,
    Reused,
    TextLoad,
)
from dragoman_contracts.counting import TextCount, count_text
from dragoman_contracts.events import UnitsAndWords
from dragoman_contracts.locale import Locale
from dragoman_contracts.resources import MatchList
from dragoman_contracts.text import Content, Unit, plain_text
from dragoman_memory.matching import LEAST_SCORE, MemoryQuery, band_of, score_match
from dragoman_memory.search import MemorySearch
from dragoman_memory.segment import MemorySegment, build_segment
from dragoman_memory.unit import MemoryState, MemoryUnit, SegmentType, tag_pattern

_NEIGHBOURS = 12
_BLOCK = 256
_APPROVED = MemoryState.APPROVED.value
_EXACT_LEAST = 100
_INTERNAL = {
    "95-99": Band.INTERNAL_95,
    "85-94": Band.INTERNAL_85,
    "75-84": Band.INTERNAL_75,
    "50-74": Band.INTERNAL_50,
}


@dataclass(frozen=True, slots=True)
class DocumentUnits:
    """A document to be counted: its units in order, and the matches of its memories.

    `kept` are the units, by id, that keep the translation of the previous version, and whether it
    is a person's. `paid` are the `tag_pattern`s of texts whose answers are on record.
    """

    name: str
    units: Sequence[Unit]
    matches: MatchList = field(default_factory=MatchList)
    kept: Mapping[str, bool] = field(default_factory=dict[str, bool])
    paid: Container[Hashable] = frozenset[Hashable]()


@dataclass(frozen=True, slots=True)
class _Counted:
    band: Band
    count: TextCount
    load: TextLoad = field(default_factory=TextLoad)
    reused: Reused | None = None


def analyse(
    documents: Sequence[DocumentUnits],
    source_locale: Locale,
    target_locale: Locale,
    payable_pct: Mapping[Band, int] | None = None,
) -> Analysis:
    """Count documents that will be translated under the same terms, in their order.

    A unit is counted once, in the best band that it has: kept of the previous version, a match of
    100 and over, a repetition, paid already, a match below, a near unit of the same documents. A
    match of the same score goes before a near unit. Units that are not translated are left out, and
    a unit that is kept makes no other a repetition: the engine is not asked for it.
    """
    shares = {**USUAL_PAYABLE_PCT, **(payable_pct or {})}
    counting = _Counting(source_locale, target_locale)
    files: list[FileAnalysis] = []
    everything: list[_Counted] = []
    for number, document in enumerate(documents):
        counted = counting.of(document, number)
        files.append(_summed(document.name, counted, shares))
        everything += counted
    return Analysis(
        source_locale=source_locale,
        target_locale=target_locale,
        files=tuple(files),
        total=_summed("", everything, shares),
    )


class _Counting:
    """Counts documents one after the other: the texts that were there before are remembered, with
    the number of the first document that would ask for each.
    """

    def __init__(self, source: Locale, target: Locale) -> None:
        self._near = _NearUnits(source, target)
        self._seen: dict[Hashable, int] = {}
        self._spared: set[Hashable] = set()

    def of(self, document: DocumentUnits, number: int) -> list[_Counted]:
        """The units of a document that have something to count."""
        scores = {
            each.unit_id: max(match.score for match in each.matches)
            for each in document.matches.units
            if each.matches
        }
        approved = {
            each.unit_id
            for each in document.matches.units
            if any(m.score >= _EXACT_LEAST and m.state == _APPROVED for m in each.matches)
        }
        counted: list[_Counted] = []
        for unit in document.units:
            if not unit.is_translatable or not plain_text(unit.source).strip():
                continue
            is_persons, is_approved = document.kept.get(unit.unit_id), unit.unit_id in approved
            if is_persons or (is_persons is not None and not is_approved):
                counted.append(self._kept(unit, is_persons=is_persons))
            else:
                is_paid = not is_approved and tag_pattern(unit.source) in document.paid
                score = scores.get(unit.unit_id, 0)
                counted.append(self._new(unit, number, score, is_approved, is_paid))
        return counted

    def _kept(self, unit: Unit, *, is_persons: bool) -> _Counted:
        count = count_text(unit.source, unit.tags)
        units, load = _one(count), self._spare(unit)
        reused = (
            Reused(from_people=units, load=load)
            if is_persons
            else Reused(from_engine=units, load=load)
        )
        return _Counted(Band.PREVIOUS_VERSION, count, reused=reused)

    def _new(
        self, unit: Unit, number: int, score: int, is_approved: bool, is_paid: bool
    ) -> _Counted:
        count, pattern = count_text(unit.source, unit.tags), tag_pattern(unit.source)
        first = self._seen.get(pattern)
        self._seen.setdefault(pattern, number)
        nearest = self._near.add(unit.source) if first is None else 0
        is_paid = is_paid and first is None
        repeated = None if first is None else first == number
        band = _band(unit, score, repeated, nearest, is_paid=is_paid)
        if first is not None or is_approved or band is Band.NUMBERS_ONLY:
            return _Counted(band, count)
        if is_paid:
            return _Counted(
                band, count, reused=Reused(on_record=_one(count), load=self._spare(unit))
            )
        return _Counted(band, count, _load(plain_text(unit.source)))

    def _spare(self, unit: Unit) -> TextLoad:
        """The text that an engine is not sent, once."""
        pattern = tag_pattern(unit.source)
        if pattern in self._spared:
            return TextLoad()
        self._spared.add(pattern)
        return _load(plain_text(unit.source))


def _one(count: TextCount) -> UnitsAndWords:
    return UnitsAndWords(unit_count=1, word_count=count.words)


def _band(
    unit: Unit, score: int, is_repeated_here: bool | None, near: int, *, is_paid: bool
) -> Band:
    """The band of a unit. `is_repeated_here` is None for a text that was not there before."""
    if not any(each.isalpha() for each in plain_text(unit.source)):
        return Band.NUMBERS_ONLY
    if score >= _EXACT_LEAST:
        return Band(band_of(score))
    if is_repeated_here is not None:
        return Band.REPETITION if is_repeated_here else Band.CROSS_FILE_REPETITION
    if is_paid:
        return Band.ALREADY_PAID
    internal = _INTERNAL.get(band_of(near))
    if internal is not None and near > score:
        return internal
    return Band(band_of(score)) if score >= 50 else Band.MT


class _NearUnits:
    """The different texts of documents in their order, and how near each is to those before it.

    Texts are indexed in blocks that are joined as they grow, so that each is looked up in few
    segments; the newest are compared one by one.
    """

    def __init__(self, source: Locale, target: Locale) -> None:
        self._source, self._target = source, target
        self._units: list[MemoryUnit] = []
        self._newest: list[str] = []
        self._blocks: list[tuple[int, MemorySegment]] = []
        self._alike: dict[str, list[int]] = {}

    def add(self, content: Content) -> int:
        """Add a text; the score of the nearest one before it, below 100, 0 where there is none."""
        query = MemoryQuery(
            content=content,
            source_locale=self._source,
            target_locale=self._target,
            segment_type=SegmentType.PARAGRAPH,
        )
        matches = (score_match(query, self._units[place]) for place in self._candidates(query))
        # Equal text with other tags is no repetition: its tags are placed anew.
        score = min(max((match.score for match in matches if match), default=0), 99)
        self._keep(content, query)
        return score

    def _candidates(self, query: MemoryQuery) -> set[int]:
        first = len(self._units) - len(self._newest)
        near = process.extract(
            query.text, self._newest, scorer=fuzz.ratio, score_cutoff=LEAST_SCORE, limit=_NEIGHBOURS
        )
        found = {first + place for _, _, place in near}
        found.update(self._alike.get(query.loose, ())[-_NEIGHBOURS:])
        if self._blocks:
            search = MemorySearch(segment for _, segment in self._blocks)
            found.update(each.unit_id.int for each in search.fuzzy(query, most=_NEIGHBOURS))
        return found

    def _keep(self, content: Content, query: MemoryQuery) -> None:
        number = len(self._units)
        self._units.append(
            MemoryUnit(
                unit_id=UUID(int=number),
                source_locale=self._source,
                target_locale=self._target,
                source=content,
                target=content,
                segment_type=SegmentType.PARAGRAPH,
            )
        )
        self._newest.append(query.text)
        self._alike.setdefault(query.loose, []).append(number)
        if len(self._newest) == _BLOCK:
            self._newest = []
            size = _BLOCK
            while self._blocks and self._blocks[-1][0] == size:
                size += self._blocks.pop()[0]
            segment = build_segment(self._units[-size:], self._source, self._target)
            self._blocks.append((size, segment))


def _load(text: str) -> TextLoad:
    dense = sum(ord(each) > 0x2E7F for each in text)
    middling = sum(0x24F < ord(each) <= 0x2E7F for each in text)
    return TextLoad(
        unit_count=1, plain=len(text) - dense - middling, middling=middling, dense=dense
    )


def _summed(name: str, counted: Iterable[_Counted], shares: Mapping[Band, int]) -> FileAnalysis:
    by_band: dict[Band, list[TextCount]] = {band: [] for band in Band}
    load, reused = TextLoad(), Reused()
    for each in counted:
        by_band[each.band].append(each.count)
        load += each.load
        reused = reused + each.reused if each.reused else reused
    bands = tuple(_band_count(band, counts, shares[band]) for band, counts in by_band.items())
    whole = sum((count for counts in by_band.values() for count in counts), TextCount())
    return FileAnalysis(
        name=name,
        unit_count=sum(each.unit_count for each in bands),
        word_count=whole.words,
        character_count=whole.characters,
        character_count_without_spaces=whole.characters_without_spaces,
        payable_words=sum((each.payable_words for each in bands), Decimal(0)),
        bands=bands,
        load=load,
        reused=reused,
    )


def _band_count(band: Band, counts: Sequence[TextCount], share: int) -> BandCount:
    whole = sum(counts, TextCount())
    return BandCount(
        band=band,
        unit_count=len(counts),
        word_count=whole.words,
        character_count=whole.characters,
        payable_pct=share,
        payable_words=Decimal(whole.words) * share / 100,
    )
