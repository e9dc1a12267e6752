"""Documents counted before they are translated: words by band of match, repetitions within and
across them, and units that are near to earlier ones.

    price.docx    "Pay now."  "Pay now."  "12.50"      1 mt, 1 repetition, 1 numbers_only
    offer.docx    "Pay now."  "Pay later."             1 cross_file_repetition, 1 internal_50-74
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
    TextLoad,
)
from dragoman_contracts.counting import TextCount, count_text
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
    """A document to be counted: its units in order, and the matches of its memories."""

    name: str
    units: Sequence[Unit]
    matches: MatchList = field(default_factory=MatchList)


@dataclass(frozen=True, slots=True)
class _Counted:
    band: Band
    count: TextCount
    load: TextLoad


def analyse(
    documents: Sequence[DocumentUnits],
    source_locale: Locale,
    target_locale: Locale,
    payable_pct: Mapping[Band, int] | None = None,
) -> Analysis:
    """Count documents that will be translated under the same terms, in their order.

    A unit is counted once, in the best band that it has: a match of 100 and over, a repetition, a
    match below, a near unit of the same documents. A match of the same score goes before a near
    unit. Units that are not translated are left out.
    """
    shares = {**USUAL_PAYABLE_PCT, **(payable_pct or {})}
    near = _NearUnits(source_locale, target_locale)
    seen: dict[tuple[object, ...], int] = {}
    files: list[FileAnalysis] = []
    everything: list[_Counted] = []
    for number, document in enumerate(documents):
        best = {
            each.unit_id: max(each.matches, key=lambda match: match.score)
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
            pattern = tag_pattern(unit.source)
            first = seen.get(pattern)
            seen.setdefault(pattern, number)
            is_first = first is None
            nearest = near.add(unit.source) if is_first else 0
            score = best[unit.unit_id].score if unit.unit_id in best else 0
            band = _band(unit, score, None if is_first else first == number, nearest)
            is_asked = is_first and band is not Band.NUMBERS_ONLY and unit.unit_id not in approved
            load = _load(plain_text(unit.source)) if is_asked else TextLoad()
            counted.append(_Counted(band, count_text(unit.source, unit.tags), load))
        files.append(_summed(document.name, counted, shares))
        everything += counted
    return Analysis(
        source_locale=source_locale,
        target_locale=target_locale,
        files=tuple(files),
        total=_summed("", everything, shares),
    )


def _band(unit: Unit, score: int, is_repeated_here: bool | None, near: int) -> Band:
    """The band of a unit. `is_repeated_here` is None for a text that was not there before."""
    if not any(each.isalpha() for each in plain_text(unit.source)):
        return Band.NUMBERS_ONLY
    if score >= _EXACT_LEAST:
        return Band(band_of(score))
    if is_repeated_here is not None:
        return Band.REPETITION if is_repeated_here else Band.CROSS_FILE_REPETITION
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
    load = TextLoad()
    for each in counted:
        by_band[each.band].append(each.count)
        load += each.load
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
