"""What was paid and what was saved, summed by day, project, model and job."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import insert

from catalog.test_models import model_of, provider_of
from dragoman_catalog import (
    Catalog,
    FoundCall,
    ModelCall,
    PaidCall,
    SpendGroup,
    SpendingFilter,
    UseCount,
)
from dragoman_catalog.database import writing
from dragoman_catalog.tables import spending
from dragoman_contracts.identity import new_id, project_id
from dragoman_runtime.migrations.run import sqlalchemy_url
from dragoman_runtime.projection import create_views_engine

ACME, OTHER = project_id("acme"), project_id("other")
FIRST, SECOND = new_id(), new_id()
MONDAY, TUESDAY = date(2026, 11, 2), date(2026, 11, 3)
ALL = SpendingFilter()
BOTH = pytest.mark.parametrize("catalog_url", ["sqlite", "postgres"], indirect=True)


def call(key: str, cost: str | None, model: str = "small", **tokens: int) -> PaidCall:
    counts = {"input_tokens": 100, "cached_tokens": 40, "output_tokens": 10, **tokens}
    price = None if cost is None else Decimal(cost)
    return PaidCall(call=key, provider="House", model=model, cost=price, **counts)


async def enter(
    catalog: Catalog, paid: PaidCall, job: UUID = FIRST, day: date = MONDAY, project: UUID = ACME
) -> None:
    await catalog.spending.enter(project, job, day, paid)


@BOTH
async def test_calls_are_summed_by_what_is_asked_for_the_dearest_first(catalog: Catalog) -> None:
    await enter(catalog, call("a", "0.1"))
    await enter(catalog, call("a", "9"))  # the same call once more
    await enter(catalog, call("b", "0.2", "large"), SECOND, TUESDAY)
    await enter(catalog, call("c", "0.3"), SECOND, TUESDAY)
    await enter(catalog, call("a", "4"), new_id(), TUESDAY, OTHER)
    by_model = await catalog.spending.grouped(ALL, [SpendGroup.MODEL])
    assert [(row.provider, row.model, row.cost, row.call_count) for row in by_model] == [
        ("House", "small", Decimal("4.4"), 3),
        ("House", "large", Decimal("0.2"), 1),
    ]
    of_acme = SpendingFilter(project_ids=frozenset({ACME}))
    by_day = await catalog.spending.grouped(of_acme, [SpendGroup.DAY, SpendGroup.JOB])
    assert [(row.day, row.job_id, row.cost) for row in by_day] == [
        (MONDAY, FIRST, Decimal("0.1")),
        (TUESDAY, SECOND, Decimal("0.5")),
    ]
    assert by_day[1].project_id == ACME
    total = await catalog.spending.total(of_acme)
    assert (total.cost, total.call_count) == (Decimal("0.6"), 3)
    assert (total.input_tokens, total.cached_tokens, total.output_tokens) == (300, 120, 30)
    (dearest,) = await catalog.spending.grouped(ALL, [SpendGroup.PROJECT], limit=1)
    assert dearest.project_id == OTHER


@BOTH
async def test_the_filter_takes_both_days_in_and_no_project_where_none_is_seen(
    catalog: Catalog,
) -> None:
    await enter(catalog, call("a", "1"))
    await enter(catalog, call("b", "2"), SECOND, TUESDAY)
    spending = catalog.spending
    monday = SpendingFilter(first_day=MONDAY, last_day=MONDAY)
    assert (await spending.total(monday)).cost == 1
    assert (await spending.total(SpendingFilter(job_id=SECOND))).cost == 2
    nobody = SpendingFilter(project_ids=frozenset())
    assert (await spending.total(nobody)).call_count == 0
    assert await spending.grouped(nobody, list(SpendGroup)) == []


@BOTH
async def test_an_answer_on_record_saves_what_it_had_cost_another_job(catalog: Catalog) -> None:
    await enter(catalog, call("a", "0.4"))
    await enter(catalog, call("b", "0.3"))
    found = [
        FoundCall(call="a"),
        FoundCall(call="b", share=Decimal(1) / 3, part="batch 0"),
        FoundCall(call="b", share=Decimal(1) / 3, part="batch 1"),
        FoundCall(call="unknown"),
    ]
    for _ in range(2):  # again changes nothing
        await catalog.spending.reuse(ACME, SECOND, TUESDAY, found)
        await catalog.spending.reuse(ACME, FIRST, TUESDAY, found)  # its own calls save nothing
    by_job = await catalog.spending.grouped(ALL, [SpendGroup.JOB])
    assert [(row.job_id, row.cost, row.call_count, row.reused_count) for row in by_job] == [
        (FIRST, Decimal("0.7"), 2, 0),
        (SECOND, Decimal(0), 0, 3),
    ]
    assert by_job[1].saved == Decimal("0.5999998")  # a third, in millionths
    assert by_job[1].input_tokens == 0


@BOTH
async def test_calls_of_unknown_price_and_of_older_versions_are_counted_and_said(
    catalog: Catalog, catalog_url: str
) -> None:
    await enter(catalog, call("a", None))
    older = {"project_id": ACME, "call": "old", "job_id": FIRST, "day": MONDAY}
    engine = create_views_engine(sqlalchemy_url(catalog_url))
    async with writing(engine) as connection:
        await connection.execute(insert(spending).values(**older, cost_nanos=5_000_000_000))
    await engine.dispose()
    total = await catalog.spending.total(ALL)
    assert (total.cost, total.call_count) == (Decimal(5), 2)
    assert (total.unpriced_count, total.untold_count, total.input_tokens) == (1, 1, 100)
    old, new = await catalog.spending.grouped(ALL, [SpendGroup.PROVIDER, SpendGroup.MODEL])
    assert (old.provider, old.model, old.cost) == (None, None, Decimal(5))
    assert (new.provider, new.model, new.unpriced_count) == ("House", "small", 1)


@BOTH
async def test_months_are_summed_in_their_order(catalog: Catalog) -> None:
    await enter(catalog, call("a", "1"), day=date(2026, 11, 30))
    await enter(catalog, call("b", "2", "large"), day=date(2026, 12, 1))
    await enter(catalog, call("c", "4"), day=date(2026, 11, 1))
    found = await catalog.spending.grouped(ALL, [SpendGroup.MONTH])
    assert [(row.month, row.cost, row.day) for row in found] == [
        ("2026-11", Decimal(5), None),
        ("2026-12", Decimal(2), None),
    ]
    both = [SpendGroup.MONTH, SpendGroup.PROJECT, SpendGroup.MODEL]
    first, second = await catalog.spending.grouped(ALL, both)
    assert (first.month, first.project_id, first.model) == ("2026-11", ACME, "small")
    assert (second.month, second.provider, second.model) == ("2026-12", "House", "large")


@BOTH
async def test_a_trial_is_the_installation_s_and_no_budget_counts_it(catalog: Catalog) -> None:
    await enter(catalog, call("a", "1"))
    trial = ModelCall(
        call_id=new_id(),
        model_id=(await model_of(catalog, await provider_of(catalog), "m")).model_id,
        called_at=datetime(2026, 11, 2, 12, tzinfo=UTC),
        actor="user:ada",
        code="",
        record=(),
    )
    paid = call(trial.call_id.hex, "8")
    await catalog.model_uses.record(trial, UseCount(), paid)
    failed = trial.model_copy(update={"call_id": new_id(), "code": "engine.refused"})
    await catalog.model_uses.record(failed, UseCount())
    trials, project = await catalog.spending.grouped(ALL, [SpendGroup.PROJECT])
    assert (trials.is_of_trials, trials.cost, trials.call_count) == (True, Decimal(8), 1)
    assert (project.is_of_trials, project.cost) == (False, Decimal(1))
    assert (await catalog.budgets.spent(ACME, FIRST, MONDAY)).project == 1
