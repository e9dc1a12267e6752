"""The units of a document that stood in its previous version: which of them keep their translation.
Pure.

    version 1    "Pay now." → "Zahlen Sie sofort." (a person's)    between "Dear customer" and "Regards"
    version 2    "Pay now."                                        between "Dear customer" and "Thank you"

is kept, and its neighbours are others now. A person's translation is always kept; an engine's only
while the same engine would be asked in the same words, and, where the policy says so, only among
the same neighbours.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID, uuid5

from dragoman_contracts.locale import Locale
from dragoman_contracts.previous import (
    ContextChanged,
    PreviousMatch,
    PreviousMatches,
    PreviousUnit,
    PreviousVersion,
)
from dragoman_contracts.text import Content, Unit, UnitList, needs_engine, plain_text
from dragoman_linguistics import align_tags
from dragoman_memory.matching import MemoryMatch, MemoryQuery, ranked
from dragoman_memory.pinned import Wanted, wanted_of
from dragoman_memory.search import MemorySearch
from dragoman_memory.segment import build_segment
from dragoman_memory.unit import (
    MemoryState,
    MemoryUnit,
    SegmentType,
    matching_text,
    tag_pattern,
)

_EXACT, _LEAST_SCORE = 100, 60
_DOCUMENT = "previous version"


@dataclass(frozen=True, slots=True)
class KeepingTerms:
    """The terms on which translations are taken over.

    `keeps_engines`: the engine of the new job is the one that made the translations of the earlier
    job which no person touched.
    """

    source: Locale
    target: Locale
    keeps_engines: bool
    context_changed: ContextChanged = ContextChanged.KEEP


def previous_matches(
    units: UnitList, earlier: PreviousVersion, terms: KeepingTerms
) -> PreviousMatches:
    """The best match of each unit in the previous version, and whether its translation is kept.

    A text counts as the same where its tags are the same, too: else it scores 99 at most, as do
    texts that the previous version translated in several ways, none of which stood in this place.
    Where as many equal units stand between equal neighbours as did there, each is the one that came
    as the same of them. Units that need no engine have none.
    """
    version = _Version(earlier, terms)
    wanted = list(wanted_of(units))
    counts, seen = Counter(_place(each) for _, each in wanted), Counter[Hashable]()
    found: list[PreviousMatch] = []
    for unit, sought in wanted:
        place = _place(sought)
        if needs_engine(unit):
            match = version.match(unit, sought, seen[place], counts[place])
            if match is not None:
                found.append(match)
        seen[place] += 1
    return PreviousMatches(job_id=earlier.job_id, units=tuple(found))


def _place(wanted: Wanted) -> Hashable:
    return tag_pattern(wanted.content), wanted.before, wanted.after


class _Equals:
    """The earlier units of one text, by the neighbours they had. Equal translations are one: a table
    has thousands.
    """

    def __init__(self) -> None:
        self._beside: dict[Hashable, dict[Hashable, MemoryUnit]] = {}

    def add(self, unit: MemoryUnit) -> None:
        """Add a unit."""
        said = (unit.source, unit.target, unit.state)
        places = (unit.before, unit.after), ("before", unit.before), ("after", unit.after), None
        for place in places:
            self._beside.setdefault(place, {}).setdefault(said, unit)

    def best(self, wanted: Wanted) -> Sequence[MemoryUnit]:
        """Those between the same neighbours; where there are none, those beside one of them; where
        there are none either, all.
        """
        between = self._beside.get((wanted.before, wanted.after))
        if between is not None:
            return tuple(between.values())
        before = self._beside.get(("before", wanted.before), {}) if wanted.before else {}
        after = self._beside.get(("after", wanted.after), {}) if wanted.after else {}
        return tuple((before | after or self._beside[None]).values())


class _Version:
    """An earlier job's units, to be looked up by their text."""

    def __init__(self, earlier: PreviousVersion, terms: KeepingTerms) -> None:
        self._terms = terms
        self._job_id = earlier.job_id
        self._units: dict[UUID, PreviousUnit] = {}
        self._entries: dict[UUID, MemoryUnit] = {}
        self._equals: dict[Hashable, _Equals] = {}
        self._lines: dict[Hashable, list[UUID]] = {}
        for each in earlier.units:
            key = uuid5(self._job_id, each.unit_id)
            place = (tag_pattern(each.source), each.before, each.after)
            self._lines.setdefault(place, []).append(key)
            if each.is_persons or terms.keeps_engines:
                self._add(key, each)
        people = [entry for key, entry in self._entries.items() if self._units[key].is_persons]
        self._search = (
            MemorySearch([build_segment(people, terms.source, terms.target)]) if people else None
        )
        self._near: dict[Content, tuple[MemoryMatch, ...]] = {}

    def _add(self, key: UUID, unit: PreviousUnit) -> None:
        entry = MemoryUnit(
            unit_id=key,
            source_locale=self._terms.source,
            target_locale=self._terms.target,
            source=unit.source,
            target=unit.target,
            before=unit.before,
            after=unit.after,
            state=MemoryState.REVIEWED if unit.is_persons else MemoryState.CANDIDATE,
            segment_type=SegmentType.PARAGRAPH,
            document=_DOCUMENT,
        )
        self._units[entry.unit_id] = unit
        self._entries[entry.unit_id] = entry
        for text in (tag_pattern(unit.source), matching_text(unit.source)):
            self._equals.setdefault(text, _Equals()).add(entry)

    def match(self, unit: Unit, wanted: Wanted, number: int, count: int) -> PreviousMatch | None:
        """The best match of the unit, which is this number of as many equal ones between equal
        neighbours; None where there is none.
        """
        query = MemoryQuery(
            wanted.content,
            self._terms.source,
            self._terms.target,
            wanted.before,
            wanted.after,
            SegmentType.PARAGRAPH,
            _DOCUMENT,
        )
        line = self._lines.get(_place(wanted), [])
        same = self._entries.get(line[number]) if len(line) == count else None
        equal = self._equals.get(tag_pattern(wanted.content)) or self._equals.get(query.text)
        if same is not None:
            best = ranked(query, [same])
        else:
            best = ranked(query, equal.best(wanted))[:1] if equal else self._near_match(query)
        return self._made(unit, wanted, best[0]) if best else None

    def _near_match(self, query: MemoryQuery) -> tuple[MemoryMatch, ...]:
        if self._search is None:
            return ()
        if query.content not in self._near:
            found = self._search.matches(query, self._fetched, most=1, least=_LEAST_SCORE)
            self._near[query.content] = found
        return self._near[query.content]

    def _fetched(self, ids: Sequence[UUID]) -> Mapping[UUID, MemoryUnit]:
        return {each: self._entries[each] for each in ids}

    def _made(self, unit: Unit, wanted: Wanted, found: MemoryMatch) -> PreviousMatch:
        before = self._units[found.unit.unit_id]
        is_changed = (before.before, before.after) != (wanted.before, wanted.after)
        is_wanted = not is_changed or self._terms.context_changed is ContextChanged.KEEP
        return PreviousMatch(
            unit_id=unit.unit_id,
            previous_unit_id=before.unit_id,
            score=found.score,
            source=before.source,
            target=found.target,
            is_persons=before.is_persons,
            is_kept=_is_same(unit, found) and (before.is_persons or is_wanted),
            is_context_changed=is_changed,
            is_ambiguous=found.is_ambiguous,
            differences=tuple(map(str, found.differences)),
            accepted=before.accepted,
        )


def _is_same(unit: Unit, found: MemoryMatch) -> bool:
    """Whether a match is the very text, in one translation, with tags that fit."""
    return (
        found.score >= _EXACT
        and not found.is_ambiguous
        and bool(plain_text(found.target).strip())
        and align_tags(unit.source, found.target, unit.tags).is_clean
    )
