"""The translations that a plan kept of the previous version of a document, as targets. Pure."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Mapping
from uuid import UUID

from dragoman_contracts.previous import PreviousMatch, PreviousMatches
from dragoman_contracts.text import ResultSource, TakenFrom, Unit, UnitList, UnitTarget
from dragoman_memory import wanted_of

_EXACT, _LEAST_SCORE = 100, 60


class Kept:
    """The translations that a plan kept, and the other matches in the previous version."""

    def __init__(self, found: PreviousMatches | None = None) -> None:
        units = () if found is None else found.units
        self._job_id = None if found is None else found.job_id
        self._by_id = {each.unit_id: each for each in units}

    @property
    def unit_ids(self) -> frozenset[str]:
        """The ids of the units whose translation is kept."""
        return frozenset(key for key, each in self._by_id.items() if each.is_kept)

    def of(self, units: Iterable[Unit], approved: Container[str]) -> dict[str, UnitTarget]:
        """The kept translations of these units by id. Where `approved` has one from a memory, a
        person stands for that, and an engine's translation is not kept.
        """
        found: dict[str, UnitTarget] = {}
        for unit in units:
            match = self._by_id.get(unit.unit_id)
            if match is None or not match.is_kept or self._job_id is None:
                continue
            if match.is_persons or unit.unit_id not in approved:
                found[unit.unit_id] = _target(match, self._job_id)
        return found

    def examples(self) -> Mapping[str, PreviousMatch]:
        """By unit id: the translations of people that are near and not kept."""
        return {
            key: each
            for key, each in self._by_id.items()
            if each.is_persons and not each.is_kept and each.score >= _LEAST_SCORE
        }

    def moved(self) -> frozenset[str]:
        """The units whose text is the same and whose neighbours are not, and which an engine
        translates anew.
        """
        return frozenset(
            key
            for key, each in self._by_id.items()
            if each.is_context_changed and not each.is_kept and each.score >= _EXACT
        )


def _target(match: PreviousMatch, job_id: UUID) -> UnitTarget:
    return UnitTarget(
        unit_id=match.unit_id,
        target=match.target,
        result_source=ResultSource.MEMORY if match.is_persons else ResultSource.ENGINE,
        taken_from=TakenFrom(
            job_id=job_id,
            unit_id=match.previous_unit_id,
            is_persons=match.is_persons,
            is_context_changed=match.is_context_changed,
            accepted=match.accepted,
        ),
    )


def neighbours_of(units: UnitList, unit_ids: Collection[str]) -> dict[str, str]:
    """By id: a name for the texts beside each of these units, equal beside equal texts."""
    return {
        unit.unit_id: f"{wanted.before:x} {wanted.after:x}"
        for unit, wanted in wanted_of(units)
        if unit.unit_id in unit_ids
    }
