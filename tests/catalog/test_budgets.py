"""The caps that hold for a job: one that was set later goes before the job's own, and that before
the project's for each job.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest

from catalog.catalogs import ADA, NOW
from dragoman_catalog import BudgetEntry, Cap, Catalog, PaidCall
from dragoman_contracts.identity import new_id, project_id

PROJECT, JOB = project_id("default"), new_id()
MONTH = date(2026, 11, 1)
BOTH = pytest.mark.parametrize("catalog_url", ["sqlite", "postgres"], indirect=True)


async def enter(catalog: Catalog, entry: BudgetEntry) -> None:
    await catalog.budgets.edit(ADA, NOW, PROJECT, version=0, entry=entry)


async def spend(catalog: Catalog, job_id: UUID, call: str, day: date, cost: str) -> None:
    paid = PaidCall(call=call, provider="House", model="m", cost=Decimal(cost))
    await catalog.spending.enter(PROJECT, job_id, day, paid)


async def test_a_project_without_caps_has_none(catalog: Catalog) -> None:
    assert await catalog.budgets.caps(PROJECT, JOB, None, MONTH) == []


async def test_the_cap_nearest_to_the_job_holds(catalog: Catalog) -> None:
    await enter(catalog, BudgetEntry(job_cap="3"))
    (of_each,) = await catalog.budgets.caps(PROJECT, JOB, None, MONTH)
    (own,) = await catalog.budgets.caps(PROJECT, JOB, Decimal(2), MONTH)
    await catalog.budgets.set_job_cap(ADA, NOW, PROJECT, JOB, "5")
    (raised,) = await catalog.budgets.caps(PROJECT, JOB, Decimal(2), MONTH)
    assert [each.limit for each in (of_each, own, raised)] == [3, 2, 5]


@BOTH
async def test_each_cap_counts_its_own_money_and_is_reached_at_its_limit(catalog: Catalog) -> None:
    await enter(catalog, BudgetEntry(job_cap="0.3", month_cap="0.5", project_cap="9"))
    await spend(catalog, JOB, "a", date(2026, 11, 2), "0.1")
    await spend(catalog, JOB, "b", date(2026, 11, 3), "0.2")
    await spend(catalog, new_id(), "c", date(2026, 11, 4), "0.1")
    await spend(catalog, new_id(), "d", date(2026, 10, 31), "7")
    caps = await catalog.budgets.caps(PROJECT, JOB, None, MONTH)
    assert caps == [
        Cap("job", Decimal("0.3"), Decimal("0.3")),
        Cap("month", Decimal("0.5"), Decimal("0.4")),
        Cap("project", Decimal(9), Decimal("7.4")),
    ]
    assert [each.is_reached for each in caps] == [True, False, False]
