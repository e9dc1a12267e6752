"""A search through several segments at once, less the units that were deleted since.

search = MemorySearch([year_2025, fresh], deleted=frozenset({unit_id}))
search.matches(query, fetch)        the best matches, as `ranked` orders them
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process

from dragoman_memory.matching import LEAST_SCORE, MemoryMatch, MemoryQuery, ranked
from dragoman_memory.segment import MemorySegment
from dragoman_memory.unit import MemoryUnit

CANDIDATES = 300
_BUDGET = 40_000

Fetch = Callable[[Sequence[UUID]], Mapping[UUID, MemoryUnit]]
"""Gives the units of these ids; those that are gone may be missing."""


@dataclass(frozen=True, slots=True)
class Found:
    """A unit that may match, and how near its text is: 0 to 100, 100 for equal texts."""

    unit_id: UUID
    similarity: float


class MemorySearch:
    """Look-up in the segments of one pair of locales. Immutable; threads may share one."""

    def __init__(
        self, segments: Iterable[MemorySegment], deleted: frozenset[UUID] = frozenset()
    ) -> None:
        self._segments = tuple(segments)
        if len({(each.source_locale, each.target_locale) for each in self._segments}) > 1:
            raise ValueError("the segments are of several pairs of locales; search each pair alone")
        self._deleted: list[NDArray[np.bool_] | None] = []
        for segment in self._segments:
            mask = np.zeros(len(segment), dtype=np.bool_)
            mask[segment.places_of(deleted)] = True
            self._deleted.append(mask if mask.any() else None)

    def exact(self, query: MemoryQuery, *, most: int = 100) -> tuple[Found, ...]:
        """Units whose text is the query's very text, whatever their tags; may be empty."""
        found: list[Found] = []
        for segment, deleted in zip(self._segments, self._deleted, strict=True):
            places = segment.equal(query.text, query.before, query.after, most=most)
            found += [
                Found(segment.unit_id(place), 100.0)
                for place in places
                if deleted is None or not deleted[place]
            ]
        return tuple(found[:most])

    def fuzzy(
        self, query: MemoryQuery, *, most: int = 10, least: float = LEAST_SCORE
    ) -> tuple[Found, ...]:
        """Units whose text is near, the nearest first; exact ones among them. May be empty."""
        best: dict[UUID, float] = {}
        for segment, deleted in zip(self._segments, self._deleted, strict=True):
            alike = [
                place
                for place in segment.alike(query.loose)
                if deleted is None or not deleted[place]
            ]
            sharing = segment.sharing(query.text, most=CANDIDATES, budget=_BUDGET, without=deleted)
            places: list[int] = [*alike, *sharing.tolist()]
            ratios = process.extract(
                query.text,
                segment.texts(places),
                scorer=fuzz.ratio,
                score_cutoff=least,
                limit=None,
            )
            near = {places[number]: ratio for _, ratio, number in ratios}
            # Equal but for numbers or signs: a match however far an edit distance says it is.
            for place in alike:
                near[place] = max(near.get(place, 0.0), 95.0)
            for place in heapq.nlargest(most, near, key=near.__getitem__):
                best[segment.unit_id(place)] = near[place]
        nearest = sorted(best.items(), key=lambda item: -item[1])
        return tuple(Found(unit_id, ratio) for unit_id, ratio in islice(nearest, most))

    def matches(
        self,
        query: MemoryQuery,
        fetch: Fetch,
        *,
        most: int = 10,
        least: int = LEAST_SCORE,
        is_exact_only: bool = False,
    ) -> tuple[MemoryMatch, ...]:
        """The best matches of a text, at most `most`, none below `least`. Units are fetched once.

        Where there is an exact match with equal tags, nothing nearer can be found, and no fuzzy one
        is looked for.
        """
        if not query.text:
            return ()
        exact = [found.unit_id for found in self.exact(query)]
        units = dict(fetch(exact)) if exact else {}
        made = ranked(query, units.values())
        if not is_exact_only and not any(match.score >= 99 for match in made):
            others = [
                found.unit_id
                for found in self.fuzzy(query, most=most * 2, least=least)
                if found.unit_id not in units
            ]
            units.update(fetch(others) if others else {})
            made = ranked(query, units.values())
        return tuple(match for match in made if match.score >= least)[:most]
