"""The caps that hold for a job: one that was set later goes before the job's own, and that before
the project's for each job.
"""

from __future__ import annotations

import asyncio
import shutil
from datetime import date
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import event, insert, text

import dragoman_catalog
from catalog.catalogs import ADA, NOW, opened
from dragoman_catalog import BudgetEntry, Cap, Catalog, PaidCall
from dragoman_catalog.database import writing
from dragoman_catalog.tables import spending
from dragoman_contracts.identity import new_id, project_id
from dragoman_runtime.migrations.run import migrate, sqlalchemy_url
from dragoman_runtime.projection import create_views_engine

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


@BOTH
async def test_sums_are_kept_as_calls_are_entered_each_once(catalog: Catalog) -> None:
    jobs = [new_id() for _ in range(4)]
    days = [date(2026, 10, 31), date(2026, 11, 1), date(2026, 11, 30)]
    await asyncio.gather(
        *(
            spend(catalog, jobs[number % 4], f"call {number // 2}", days[number // 2 % 3], "0.25")
            for number in range(60)
        )
    )
    found = await catalog.budgets.spent(PROJECT, None, MONTH)
    assert (found.project, found.month) == (Decimal("7.5"), Decimal(5))
    assert (await catalog.budgets.spent(project_id("other"), None, MONTH)).project == 0


@BOTH
async def test_calls_that_were_entered_before_sums_were_kept_are_in_them(
    catalog_url: str, tmp_path: Path
) -> None:
    older = tmp_path / "migrations"
    shutil.copytree(Path(dragoman_catalog.__file__).parent / "migrations", older)
    for path in (older / "versions").glob("*.py"):
        if path.stem[:4] >= "0013":
            path.unlink()
    await migrate(sqlalchemy_url(catalog_url), older, "alembic_version_catalog")
    engine = create_views_engine(sqlalchemy_url(catalog_url))
    call = {"project_id": PROJECT, "job_id": JOB, "cost_nanos": 1_000_000_000}
    days = (date(2026, 10, 31), date(2026, 11, 1), date(2026, 11, 2))
    async with writing(engine) as connection:
        calls = [{**call, "call": str(day), "day": day} for day in days]
        await connection.execute(insert(spending).values(calls))
    await engine.dispose()
    async with opened(catalog_url) as catalog:
        await spend(catalog, JOB, "new", days[2], "0.5")
        found = await catalog.budgets.spent(PROJECT, JOB, MONTH)
    assert (found.job, found.month, found.project) == (
        Decimal("3.5"),
        Decimal("2.5"),
        Decimal("3.5"),
    )


@pytest.mark.parametrize("catalog_url", ["postgres"], indirect=True)
async def test_a_role_that_may_only_enter_calls_enters_them(
    catalog: Catalog, catalog_url: str
) -> None:
    engine = create_views_engine(sqlalchemy_url(catalog_url))
    row = {"project_id": PROJECT, "job_id": JOB, "call": "a", "day": MONTH, "cost_nanos": 7}
    try:
        async with writing(engine) as connection:
            await connection.execute(text("CREATE ROLE enters_calls"))
            await connection.execute(text("GRANT INSERT ON catalog_spending TO enters_calls"))
            await connection.execute(text("SET LOCAL ROLE enters_calls"))
            await connection.execute(insert(spending).values(row))
        assert (await catalog.budgets.spent(PROJECT, None, MONTH)).project == Decimal("7e-9")
    finally:
        async with writing(engine) as connection:
            await connection.execute(text("DROP OWNED BY enters_calls"))
            await connection.execute(text("DROP ROLE enters_calls"))
        await engine.dispose()


@BOTH
async def test_a_cap_is_asked_without_a_look_at_the_calls_of_other_jobs(
    catalog: Catalog, catalog_url: str
) -> None:
    await enter(catalog, BudgetEntry(job_cap="1", month_cap="1", project_cap="1"))
    engine = create_views_engine(sqlalchemy_url(catalog_url))
    asked: list[str] = []

    def heard(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    event.listen(engine.sync_engine, "before_cursor_execute", heard)
    assert len(await Catalog(engine).budgets.caps(PROJECT, JOB, None, MONTH)) == 3
    await engine.dispose()
    of_calls = [each for each in asked if "FROM catalog_spending" in each]
    assert len(of_calls) == 1
    assert "job_id" in of_calls[0].partition("WHERE")[2]
