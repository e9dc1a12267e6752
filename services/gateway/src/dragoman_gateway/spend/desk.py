"""Use cases of spend: sums of what was paid and saved, in the projects that one sees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from dragoman_catalog import (
    Catalog,
    Project,
    SpendGroup,
    SpendingFilter,
    SpendRow,
    SpendSums,
)
from dragoman_gateway.jobs.view.queries import JobQueries
from dragoman_gateway.spend.rules import Period, period_of
from dragoman_gateway.web.principals import Principal
from dragoman_runtime.clock import Clock


@dataclass(frozen=True, slots=True)
class SpendQuestion:
    """The spending that is asked for: of one project or all, between two days, of one job or all. A day of None is
    the usual one.
    """

    project: str | None = None
    first_day: date | None = None
    last_day: date | None = None
    job_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Spend:
    """The sums of a period; `is_cut` where there are more groups than were asked for."""

    period: Period
    total: SpendSums
    rows: list[SpendRow]
    is_cut: bool
    codes: dict[UUID, str]


class SpendDesk:
    """Tells what was paid. A project outside the principal's scope raises ForbiddenError."""

    def __init__(self, catalog: Catalog, clock: Clock, queries: JobQueries) -> None:
        self._catalog = catalog
        self._clock = clock
        self._queries = queries

    async def sums(
        self,
        principal: Principal,
        question: SpendQuestion,
        by: Sequence[SpendGroup],
        *,
        limit: int | None = None,
    ) -> Spend:
        """The sums by group, at most `limit` of them, and in total.

        Raises:
            FieldRefusedError: the days make no period.
        """
        period, which = self._which(principal, question)
        spending = self._catalog.spending
        wanted = None if limit is None else limit + 1
        rows = await spending.grouped(which, by, limit=wanted) if by else []
        codes = {each.project_id: each.code for each in await self.projects(principal)}
        is_cut = limit is not None and len(rows) > limit
        return Spend(period, await spending.total(which), rows[:limit], is_cut, codes)

    async def by_day(self, principal: Principal, question: SpendQuestion) -> list[SpendRow]:
        """The sums of each day on which anything was paid or saved.

        Raises:
            FieldRefusedError: the days make no period.
        """
        _, which = self._which(principal, question)
        return await self._catalog.spending.grouped(which, [SpendGroup.DAY])

    async def projects(self, principal: Principal) -> list[Project]:
        """The projects that the principal sees, by code."""
        return principal.visible(await self._catalog.projects.all())

    async def titles(self, job_ids: Sequence[UUID]) -> dict[UUID, str]:
        """The names of jobs by id, as far as the views have come; those that were removed or erased
        have none.
        """
        return await self._queries.titles(job_ids)

    def _which(
        self, principal: Principal, question: SpendQuestion
    ) -> tuple[Period, SpendingFilter]:
        today = self._clock.now().date()
        period = period_of(question.first_day, question.last_day, today)
        return period, SpendingFilter(
            project_ids=principal.scope_of(question.project),
            first_day=period.first_day,
            last_day=period.last_day,
            job_id=question.job_id,
        )
