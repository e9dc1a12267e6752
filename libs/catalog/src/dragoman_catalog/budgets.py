"""Budgets of projects and jobs: what was spent is asked before each call is paid.

Money is in US dollars. The calls themselves are entered in `spending`. Sums of projects are kept by
month, since they are asked for before each call: however many were paid, a few rows are read.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, NamedTuple
from uuid import UUID

from pydantic import Field
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from dragoman_catalog import tables
from dragoman_catalog.database import one, reading, require_version, rows, write_audit, writing
from dragoman_catalog.model_values import NANOS, Money
from dragoman_catalog.values import Editor
from dragoman_contracts.errors import PermanentError
from dragoman_contracts.model import Value

_BUDGETS, _JOB_CAPS = tables.budgets, tables.job_caps
_SPENDING, _SPENT = tables.spending, tables.spent


class BudgetEntry(Value):
    """The caps of a project in US dollars, as an admin enters them; None where there is none.

    `job_cap` holds for each job that names no cap of its own, `month_cap` for a calendar month in
    UTC, `project_cap` for all that the project ever spends.
    """

    job_cap: Money | None = None
    month_cap: Money | None = None
    project_cap: Money | None = None


class Budget(BudgetEntry):
    """The stored caps of a project; version 0 where nobody entered any."""

    project_id: UUID
    version: Annotated[int, Field(ge=0)] = 0


class Spent(Value):
    """The cost of calls: those of a job, of its project in this month, and of its project ever."""

    job: Decimal = Decimal(0)
    month: Decimal = Decimal(0)
    project: Decimal = Decimal(0)


class Cap(NamedTuple):
    """A cap of money: `name` is job, month or project, `limit` and `paid` are US dollars."""

    name: str
    limit: Decimal
    paid: Decimal

    @property
    def is_reached(self) -> bool:
        """Whether nothing more may be paid."""
        return self.paid >= self.limit

    def reached(self, job_id: UUID) -> str:
        """The message of a job that stopped at this cap: what was spent, and how to go on."""
        cures = {
            "job": f"raise it with PUT /api/v1/jobs/{job_id}/budget",
            "month": "raise it with PUT /api/v1/projects/CODE/budget, or wait for the next month and redrive",
            "project": "raise it with PUT /api/v1/projects/CODE/budget",
        }
        return (
            f"The {self.name}'s cap of {self.limit} USD is reached: {self.paid.normalize():f} USD are spent. To go on, "
            f"{cures[self.name]}; nothing is paid twice."
        )


def require_left(caps: Sequence[Cap], job_id: UUID, payee: str, *, is_priced: bool) -> None:
    """Return where a job may pay `payee`, the model or engine that people know, for another call under
    these caps. Without any it may pay for what has no known price, too.

    Raises:
        PermanentError: budget.reached, or budget.price_unknown.
    """
    if caps and not is_priced:
        raise PermanentError(
            f"A cap holds for the cost of job {job_id}, and the price of {payee} is not known in US dollars; enter it "
            "in the registry, or take the cap away, then redrive.",
            code="budget.price_unknown",
        )
    for cap in caps:
        if cap.is_reached:
            raise PermanentError(cap.reached(job_id), code="budget.reached")


class Budgets:
    """The budgets, and what was spent."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def of_project(self, project_id: UUID) -> Budget:
        """The caps of a project."""
        async with reading(self._engine) as connection:
            return await _budget(connection, project_id)

    async def edit(
        self,
        editor: Editor,
        now: datetime,
        project_id: UUID,
        *,
        version: int,
        entry: BudgetEntry,
    ) -> Budget:
        """Replace the caps of a project as they were at `version`.

        Raises:
            StaleEditError: they were edited since.
        """
        async with writing(self._engine) as connection:
            before = await _budget(connection, project_id)
            require_version(before.version, version)
            after = Budget(project_id=project_id, version=version + 1, **entry.model_dump())
            row = after.model_dump()
            if version:
                at = (_BUDGETS.c.project_id == project_id) & (_BUDGETS.c.version == version)
                await connection.execute(update(_BUDGETS).where(at).values(row))
            else:
                await connection.execute(insert(_BUDGETS).values(row))
            await write_audit(
                connection,
                editor,
                now,
                action="budget.edited",
                entity_id=str(project_id),
                project_id=project_id,
                before=before,
                after=after,
            )
        return after

    async def job_cap(self, job_id: UUID) -> Decimal | None:
        """The cap that was set for a job after it was submitted; None where none was."""
        async with reading(self._engine) as connection:
            return await _job_cap(connection, job_id)

    async def set_job_cap(
        self, editor: Editor, now: datetime, project_id: UUID, job_id: UUID, cap: Money
    ) -> None:
        """Set the cap of a job in place of the one that it was submitted with."""
        async with writing(self._engine) as connection:
            await connection.execute(delete(_JOB_CAPS).where(_JOB_CAPS.c.job_id == job_id))
            row = {"job_id": job_id, "project_id": project_id, "cap": cap}
            await connection.execute(insert(_JOB_CAPS).values(row))
            await write_audit(
                connection,
                editor,
                now,
                action="budget.job_cap_set",
                entity_id=str(job_id),
                project_id=project_id,
                after=BudgetEntry(job_cap=cap),
            )

    async def caps(
        self, project_id: UUID, job_id: UUID, of_job: Decimal | None, month: date
    ) -> list[Cap]:
        """The caps that hold for a job, with the money that counts against each.

        `of_job` is the cap that the job was submitted with. One that was set for it later goes
        before it, and it before the project's for each job. `month` is the first day of a month.
        """
        async with reading(self._engine) as connection:
            budget = await _budget(connection, project_id)
            raised = await _job_cap(connection, job_id)
            of_job = of_job if raised is None else raised
            limits = {
                "job": _decimal(budget.job_cap) if of_job is None else of_job,
                "month": _decimal(budget.month_cap),
                "project": _decimal(budget.project_cap),
            }
            if all(limit is None for limit in limits.values()):
                return []
            spent = await _spent(connection, project_id, job_id, month)
        paid = {"job": spent.job, "month": spent.month, "project": spent.project}
        return [Cap(name, limit, paid[name]) for name, limit in limits.items() if limit is not None]

    async def spent(self, project_id: UUID, job_id: UUID | None, month: date) -> Spent:
        """The sums up to now; `month` is the first day of a month."""
        async with reading(self._engine) as connection:
            return await _spent(connection, project_id, job_id, month)


def _decimal(amount: str | None) -> Decimal | None:
    return None if amount is None else Decimal(amount)


async def _budget(connection: AsyncConnection, project_id: UUID) -> Budget:
    statement = select(_BUDGETS).where(_BUDGETS.c.project_id == project_id)
    return await one(connection, statement, Budget) or Budget(project_id=project_id)


async def _job_cap(connection: AsyncConnection, job_id: UUID) -> Decimal | None:
    found = await rows(connection, select(_JOB_CAPS.c.cap).where(_JOB_CAPS.c.job_id == job_id))
    return Decimal(str(found[0]["cap"])) if found else None


async def _spent(
    connection: AsyncConnection, project_id: UUID, job_id: UUID | None, month: date
) -> Spent:
    by_month = select(_SPENT.c.month, _SPENT.c.cost_nanos).where(_SPENT.c.project_id == project_id)
    sums = {
        date.fromisoformat(str(row["month"])): int(str(row["cost_nanos"]))
        for row in await rows(connection, by_month)
    }
    in_month = sum(cost for first_day, cost in sums.items() if first_day >= month)
    of_job = Decimal(0) if job_id is None else await _sum_of_job(connection, project_id, job_id)
    return Spent(
        job=of_job,
        month=Decimal(in_month) / NANOS,
        project=Decimal(sum(sums.values())) / NANOS,
    )


async def _sum_of_job(connection: AsyncConnection, project_id: UUID, job_id: UUID) -> Decimal:
    total = func.coalesce(func.sum(_SPENDING.c.cost_nanos), 0).label("total")
    is_jobs = (_SPENDING.c.project_id == project_id) & (_SPENDING.c.job_id == job_id)
    found = await rows(connection, select(total).where(is_jobs))
    return Decimal(str(found[0]["total"])) / NANOS
