"""Use cases of budgets: show and set caps, and let go on what had stopped at them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from dragoman_catalog import Budget, BudgetEntry, Catalog, EntryMissingError, Project, Spent
from dragoman_gateway.jobs.desk import JobControl
from dragoman_gateway.jobs.detail.money import cap_of
from dragoman_gateway.web.principals import Principal
from dragoman_gateway.web.signin import editor_of
from dragoman_runtime.clock import Clock
from dragoman_runtime.objects import ObjectStore

STOPPED_CODES = ("budget.reached", "budget.price_unknown")


class Redrive(Protocol):
    """Lets parked work of a project go on: all of it, or that of one job."""

    async def __call__(
        self, project_id: UUID, code: str, principal: Principal, job_id: UUID | None
    ) -> int:
        """Redrive what was parked with this code; the number of pieces that go on."""
        ...


@dataclass(frozen=True, slots=True)
class OfProject:
    """A project's caps, its spending, and how much work goes on after a change."""

    budget: Budget
    spent: Spent
    redriven: int = 0


@dataclass(frozen=True, slots=True)
class OfJob:
    """A job's cap, its spending, and how much work goes on after a change."""

    cap: Decimal | None
    spent: Decimal
    redriven: int = 0


@dataclass(frozen=True, slots=True)
class CapsOfJob:
    """Everything that limits a job: its own cap, its project's caps, and what counts against each."""

    cap: Decimal | None
    spent: Spent
    budget: Budget
    project: Project


class BudgetDesk:
    """Shows and sets caps. A project outside the principal's scope raises ForbiddenError."""

    def __init__(
        self,
        catalog: Catalog,
        clock: Clock,
        control: JobControl,
        objects: ObjectStore,
        redrive: Redrive,
    ) -> None:
        self._catalog = catalog
        self._clock = clock
        self._control = control
        self._objects = objects
        self._redrive = redrive

    async def of_project(self, principal: Principal, code: str) -> OfProject:
        """The caps of a project, and what was spent.

        Raises:
            EntryMissingError: no project has this code.
        """
        project = await self._project(principal, code)
        budget = await self._catalog.budgets.of_project(project.project_id)
        return OfProject(budget, await self._spent(project.project_id, None))

    async def edit_project(
        self, principal: Principal, code: str, version: int, entry: BudgetEntry
    ) -> OfProject:
        """Replace the caps of a project; work that had stopped at a cap is tried again, and stops
        again where a cap still holds.

        Raises:
            EntryMissingError: no project has this code.
            StaleEditError: somebody edited the caps since `version`.
        """
        project = await self._project(principal, code)
        budget = await self._catalog.budgets.edit(
            editor_of(principal),
            self._clock.now(),
            project.project_id,
            version=version,
            entry=entry,
        )
        redriven = await self._go_on(project.project_id, principal, None)
        return OfProject(budget, await self._spent(project.project_id, None), redriven)

    async def of_job(self, principal: Principal, job_id: UUID) -> OfJob:
        """The cap of a job, and what its calls cost so far.

        Raises:
            JobMissingError: there is no such job, or none that the principal sees.
        """
        job = await self._control.find(job_id, principal)
        spent = await self._spent(job.project_id, job_id)
        cap = await cap_of(self._catalog, self._objects, job)
        return OfJob(cap, spent.job)

    async def caps_of_job(self, principal: Principal, job_id: UUID) -> CapsOfJob:
        """All caps that hold for a job, and what counts against each.

        Raises:
            JobMissingError: there is no such job, or none that the principal sees.
            EntryMissingError: its project is not entered here.
        """
        job = await self._control.find(job_id, principal)
        projects = {each.project_id: each for each in await self._catalog.projects.all()}
        project = projects.get(job.project_id)
        if project is None:
            raise EntryMissingError(f"The project of job {job_id} is not entered here.")
        return CapsOfJob(
            await cap_of(self._catalog, self._objects, job),
            await self._spent(job.project_id, job_id),
            await self._catalog.budgets.of_project(job.project_id),
            project,
        )

    async def set_job_cap(self, principal: Principal, job_id: UUID, cap: str) -> OfJob:
        """Set the cap of a job in place of the one that it was submitted with; work that had stopped
        at it goes on.

        Raises:
            JobMissingError: there is no such job, or none that the principal sees.
        """
        job = await self._control.find(job_id, principal)
        editor, now = editor_of(principal), self._clock.now()
        await self._catalog.budgets.set_job_cap(editor, now, job.project_id, job_id, cap)
        redriven = await self._go_on(job.project_id, principal, job_id)
        spent = await self._spent(job.project_id, job_id)
        return OfJob(Decimal(cap), spent.job, redriven)

    async def _project(self, principal: Principal, code: str) -> Project:
        principal.require_project(code)
        project = await self._catalog.projects.find(code)
        if project is None:
            raise EntryMissingError(f"There is no project {code!r}.")
        return project

    async def _spent(self, project_id: UUID, job_id: UUID | None) -> Spent:
        month = self._clock.now().date().replace(day=1)
        return await self._catalog.budgets.spent(project_id, job_id, month)

    async def _go_on(self, project_id: UUID, principal: Principal, job_id: UUID | None) -> int:
        counts = [
            await self._redrive(project_id, code, principal, job_id) for code in STOPPED_CODES
        ]
        return sum(counts)
