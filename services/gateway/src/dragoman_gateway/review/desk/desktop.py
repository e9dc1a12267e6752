"""A job with everything a reviewer has on the desk."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from dragoman_contracts.identity import new_id
from dragoman_contracts.job import Job, ReviewStatus
from dragoman_contracts.review import ReviewState
from dragoman_contracts.text import Content, ResultSource, TargetList, UnitTarget
from dragoman_gateway.jobs.desk import JobControl
from dragoman_gateway.review.desk.material import Material, Progress
from dragoman_gateway.review.rules.searching import Search, replaced
from dragoman_gateway.review.rules.sheet import Sheet, UnitFilter, UnitNow, rows, unit_now
from dragoman_gateway.web.principals import Principal


@dataclass(frozen=True, slots=True)
class Desktop:
    """A job with everything a reviewer has on the desk."""

    job: Job
    sheet: Sheet
    progress: Progress

    def row(self, unit_id: str) -> UnitNow:
        """The unit as it is now.

        Raises:
            UnitMissingError: the job has no such unit with text to translate.
        """
        self.sheet.unit(unit_id)
        return unit_now(self.sheet, self.sheet.places[unit_id], self.progress.state)

    def rows(self, which: UnitFilter) -> Iterable[UnitNow]:
        """The units that the filter lets through."""
        return rows(self.sheet, self.progress.state, which)


@dataclass(frozen=True, slots=True)
class Saved:
    """The job after an act, the units that it changed, and those that could not be taken."""

    desktop: Desktop
    unit_ids: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Replacement:
    """A unit's target before and after a replacement, as people read them."""

    row: UnitNow
    after: Content


class Desktops:
    """Reads the desktops of jobs; `material` keeps their parts between requests."""

    def __init__(self, control: JobControl, material: Material) -> None:
        self._control = control
        self._material = material

    async def find(self, job_id: UUID, principal: Principal) -> Desktop:
        """The job and its units as they are now.

        Raises:
            JobMissingError: there is no such job, or none that the principal sees.
            ObjectMissingError: its units were erased.
        """
        return await self.of(await self._control.find(job_id, principal))

    async def of(self, job: Job) -> Desktop:
        """The units of a job that was just read.

        Raises:
            ObjectMissingError: as `find`.
        """
        sheet = await self._material.sheet(job)
        return Desktop(job, sheet, await self._material.progress(job, sheet))


def session_of(job: Job) -> UUID:
    """The review session that an act belongs to: the open one, or a new one."""
    is_open = job.review is not None and job.review.status is not ReviewStatus.CLOSED
    return job.review.session_id if job.review and is_open else new_id()


def reviewed_targets(job: Job, sheet: Sheet, state: ReviewState) -> TargetList:
    """The targets that people gave units, in document order."""
    units = state.units
    return TargetList(
        target_locale=job.locales.target,
        targets=tuple(
            UnitTarget(
                unit_id=unit.unit_id, target=changed.target, result_source=ResultSource.REVIEW
            )
            for unit in sheet.units
            if (changed := units.get(unit.unit_id)) and changed.target is not None
        ),
    )


def replacements(
    desktop: Desktop, search: Search, unit_ids: frozenset[str] | None
) -> list[Replacement]:
    """The units whose targets a replacement changes."""
    pattern, found = search.pattern(), list[Replacement]()
    for row in desktop.rows(UnitFilter()):
        if row.target is None or (unit_ids is not None and row.unit.unit_id not in unit_ids):
            continue
        after = replaced(row.target, search, pattern)
        if after != row.target:
            found.append(Replacement(row, after))
    return found
