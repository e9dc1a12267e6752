"""Memories as a job pins them, and the matches that they give the units of a document. Pure.

memory = PinnedMemory(pin.memory_id, pin.name, [(segment_from(index), UnitsFile(units))], deleted)
match_list(units, [memory], source, target)        MatchList: the best of all memories by unit
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from uuid import UUID

from dragoman_contracts.locale import Locale
from dragoman_contracts.resources import MatchList, UnitMatch, UnitMatches
from dragoman_contracts.text import Content, Tag, Unit, UnitList
from dragoman_memory.matching import LEAST_SCORE, MemoryMatch, MemoryQuery
from dragoman_memory.search import MemorySearch
from dragoman_memory.segment import MemorySegment
from dragoman_memory.unit import MemoryState, MemoryUnit, SegmentType, context_digest
from dragoman_memory.units_file import UnitsFile

MOST_MATCHES = 5

Part = tuple[MemorySegment, UnitsFile]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A text to be looked up, with its neighbours' digests. Most texts are a sentence and a
    paragraph at once, and match units of either kind.
    """

    content: Content
    before: int = 0
    after: int = 0
    segment_types: tuple[SegmentType, ...] = tuple(SegmentType)


class PinnedMemory:
    """One memory at one moment: its segments, less what was deleted. Threads may share it."""

    def __init__(
        self,
        memory_id: UUID,
        name: str,
        parts: Iterable[Part],
        deleted: frozenset[UUID] = frozenset(),
    ) -> None:
        self.memory_id = memory_id
        self.name = name
        by_pair: dict[tuple[Locale, Locale], list[Part]] = {}
        for segment, units in parts:
            pair = (segment.source_locale, segment.target_locale)
            by_pair.setdefault(pair, []).append((segment, units))
        self._by_pair = {
            pair: (MemorySearch([segment for segment, _ in some], deleted), [f for _, f in some])
            for pair, some in by_pair.items()
        }

    def matches(
        self,
        wanted: Wanted,
        source: Locale,
        target: Locale,
        *,
        most: int = MOST_MATCHES,
        least: int = LEAST_SCORE,
        document: str = "",
    ) -> list[UnitMatch]:
        """The best matches of a text, the best first. Pairs of the same languages count, too."""
        found: list[tuple[MemoryMatch, MemoryQuery]] = []
        for (own_source, own_target), (search, files) in self._by_pair.items():
            if (own_source.language, own_target.language) != (source.language, target.language):
                continue
            for kind in wanted.segment_types:
                query = MemoryQuery(
                    wanted.content, source, target, wanted.before, wanted.after, kind, document
                )
                got = search.matches(
                    query, lambda ids, files=files: _fetched(files, ids), most=most, least=least
                )
                found += [(match, query) for match in got]
        found.sort(key=lambda pair: _order(pair[0]))
        return [self._unit_match(match, query) for match, query in found[:most]]

    def _unit_match(self, match: MemoryMatch, query: MemoryQuery) -> UnitMatch:
        unit = match.unit
        return UnitMatch(
            score=match.score,
            kind=str(match.kind),
            source=unit.source,
            target=match.target,
            fits_tags=_tags(match.target) == _tags(query.content),
            state=str(unit.state),
            origin=unit.origin,
            memory_id=self.memory_id,
            memory_unit_id=unit.unit_id,
            is_ambiguous=match.is_ambiguous,
        )


def match_list(
    units: UnitList,
    memories: Sequence[PinnedMemory],
    source: Locale,
    target: Locale,
    *,
    most: int = MOST_MATCHES,
    document: str = "",
) -> MatchList:
    """The matches of a document's units from all memories; of equal scores the earlier memory's."""
    found: list[UnitMatches] = []
    seen: dict[Wanted, tuple[UnitMatch, ...]] = {}
    for unit, wanted in wanted_of(units):
        if wanted not in seen:
            seen[wanted] = best_of(memories, wanted, source, target, most=most, document=document)
        if seen[wanted]:
            found.append(UnitMatches(unit_id=unit.unit_id, matches=seen[wanted]))
    return MatchList(units=tuple(found))


def best_of(
    memories: Iterable[PinnedMemory],
    wanted: Wanted,
    source: Locale,
    target: Locale,
    *,
    most: int = MOST_MATCHES,
    least: int = LEAST_SCORE,
    document: str = "",
) -> tuple[UnitMatch, ...]:
    """The best matches of a text in several memories, the best first, each translation once."""
    found = chain.from_iterable(
        each.matches(wanted, source, target, most=most, least=least, document=document)
        for each in memories
    )
    ordered = sorted(found, key=lambda match: (-match.score, -MemoryState(match.state).rank))
    once: dict[tuple[Content, Content], UnitMatch] = {}
    for match in ordered:
        once.setdefault((match.source, match.target), match)
    return tuple(once.values())[:most]


def wanted_of(units: UnitList) -> Iterator[tuple[Unit, Wanted]]:
    """The units that are translated, each with the text to look up. Neighbours are the translated
    units before and behind.
    """
    some = [unit for unit in units.units if unit.is_translatable]
    digests = [context_digest(unit.source) for unit in some]
    for place, unit in enumerate(some):
        is_one = sum(not each.is_ignorable for each in unit.segments) == 1
        yield (
            unit,
            Wanted(
                unit.source,
                digests[place - 1] if place else 0,
                digests[place + 1] if place + 1 < len(some) else 0,
                tuple(SegmentType) if is_one else (SegmentType.PARAGRAPH,),
            ),
        )


def _fetched(files: Sequence[UnitsFile], ids: Sequence[UUID]) -> Mapping[UUID, MemoryUnit]:
    found: dict[UUID, MemoryUnit] = {}
    for each in files:
        found.update(each.units(one for one in ids if one not in found))
    return found


def _order(match: MemoryMatch) -> tuple[int, int]:
    return -match.score, -match.unit.state.rank


def _tags(content: Content) -> Counter[Tag]:
    return Counter(part for part in content if isinstance(part, Tag))
