"""The money of AI tasks: counted for their jobs, held by the caps of job and project, and paid once;
V8, model servers and workers are real.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from contracts import streams as s
from dragoman_catalog import BudgetEntry, Editor, ModelEntry, SpendGroup, SpendingFilter, SpendRow
from dragoman_contracts.identity import new_id
from dragoman_contracts.vocabulary import JobStatus
from models.faithful.base import Provider
from models.kinds import OPENAI
from services.extract.task_jobs import SCHEMA, TaskShop, task, task_shop

EDITOR = Editor(actor="test")
MONTH = date(2020, 1, 1)
COUNT = 4
FILES = {
    **{f"prompts/{number}": f"Question {number}" for number in range(COUNT)},
    "prompts/bad": "(insist on a number)",
    "schemas/deed": SCHEMA,
}


@pytest_asyncio.fixture
async def shop(tmp_path: Path) -> AsyncGenerator[TaskShop]:
    async with task_shop(tmp_path / "shop") as made:
        yield made


@pytest.fixture
def server() -> Iterator[Provider]:
    with OPENAI.serve() as made:
        yield made


def phase(*tasks: dict[str, Any]) -> dict[str, Any]:
    asked = tasks or tuple(task(f"t{number}", f"prompts/{number}") for number in range(COUNT))
    return {"name": "extraction", "kind": "ai_tasks", "config": {"tasks": list(asked)}}


async def cap(shop: TaskShop, caps: Mapping[str, str], version: int = 0) -> None:
    entry = BudgetEntry.model_validate(caps)
    now = datetime.now(UTC)
    await shop.catalog.budgets.edit(EDITOR, now, s.PROJECT, version=version, entry=entry)


async def sums(shop: TaskShop, by: SpendGroup = SpendGroup.JOB) -> list[SpendRow]:
    return await shop.catalog.spending.grouped(SpendingFilter(), [by])


@pytest.mark.parametrize("name", ["job_cap", "month_cap", "project_cap"])
async def test_tasks_stop_at_a_cap_and_go_on_when_it_is_raised_and_nothing_is_paid_twice(
    shop: TaskShop, server: Provider, name: str
) -> None:
    await shop.register(server, limit=1)
    await cap(shop, {name: "0.000001"})
    await shop.submit([phase()], FILES)
    assert (await shop.run()).status is JobStatus.FAILED
    assert len(server.seen) == 1
    reasons = (await shop.troubles()).values()
    assert {code for code, _ in reasons} == {"budget.reached"}
    assert all("raise it with PUT" in message for _, message in reasons)
    await cap(shop, {name: "5"}, 1)
    assert (await shop.resume()).status is JobStatus.COMPLETED
    assert len(server.seen) == COUNT
    results = (await shop.results("extraction")).values()
    spent = await shop.catalog.budgets.spent(s.PROJECT, s.JOB, MONTH)
    assert spent.job == sum(Decimal(each.cost) for each in results) > 0


async def test_a_jobs_own_cap_lets_it_go_on_alone(shop: TaskShop, server: Provider) -> None:
    await shop.register(server, limit=1)
    await cap(shop, {"job_cap": "0"})
    await shop.submit([phase()], FILES)
    assert (await shop.run()).status is JobStatus.FAILED
    assert server.seen == []
    await shop.catalog.budgets.set_job_cap(EDITOR, datetime.now(UTC), s.PROJECT, s.JOB, "1")
    assert (await shop.resume()).status is JobStatus.COMPLETED


async def test_under_a_cap_a_model_without_a_price_in_dollars_is_not_asked(
    shop: TaskShop, server: Provider
) -> None:
    model_id = await shop.register(server)
    found = await shop.catalog.models.find(model_id)
    assert found is not None
    price = found.prices[0].model_copy(update={"currency": "EUR"})
    entry = ModelEntry.model_validate(found.model_dump(include=set(ModelEntry.model_fields)))
    await shop.catalog.models.edit(
        EDITOR, datetime.now(UTC), model_id, version=found.version, entry=entry, prices=[price]
    )
    await cap(shop, {"month_cap": "5"})
    await shop.submit([phase()], FILES)
    assert (await shop.run()).status is JobStatus.FAILED
    assert {code for code, _ in (await shop.troubles()).values()} == {"budget.price_unknown"}
    assert server.seen == []
    await cap(shop, {}, 1)
    assert (await shop.resume()).status is JobStatus.COMPLETED
    (row,) = await sums(shop)
    assert (row.cost, row.call_count, row.unpriced_count) == (0, COUNT, COUNT)


async def test_calls_are_told_by_model_with_their_tokens(shop: TaskShop, server: Provider) -> None:
    await shop.register(server)
    await shop.submit([phase()], FILES)
    assert (await shop.run()).status is JobStatus.COMPLETED
    results = (await shop.results("extraction")).values()
    (row,) = await sums(shop, SpendGroup.MODEL)
    assert (row.provider, row.call_count) == (f"{OPENAI.api.value} of the test", COUNT)
    assert row.model == OPENAI.model
    assert row.input_tokens == sum(each.usage.prompt_tokens for each in results) > 0
    assert row.output_tokens == sum(each.usage.response_tokens for each in results) > 0


async def test_an_answer_that_was_bad_is_paid_again_when_it_is_asked_for_anew(
    shop: TaskShop, server: Provider
) -> None:
    await shop.register(server)
    await shop.submit([phase(task("bad", "prompts/bad"))], FILES)
    assert (await shop.run()).status is JobStatus.FAILED
    (first,) = await sums(shop)
    assert (await shop.resume()).status is JobStatus.FAILED
    (both,) = await sums(shop)
    assert (first.call_count, both.call_count) == (2, len(server.seen)) == (2, 4)
    assert both.cost == 2 * first.cost > 0


async def test_an_equal_task_of_another_job_costs_nothing_and_saves_what_the_first_paid(
    shop: TaskShop, server: Provider
) -> None:
    await shop.register(server)
    await shop.submit([phase()], FILES)
    await shop.run()
    other = new_id()
    await shop.submit([phase()], FILES, job_id=other)
    assert (await shop.run(other)).status is JobStatus.COMPLETED
    assert len(server.seen) == COUNT
    rows = {row.job_id: row for row in await sums(shop)}
    assert rows[other].cost == rows[s.JOB].saved == 0
    assert rows[other].saved == rows[s.JOB].cost > 0
    assert (rows[other].reused_count, rows[other].call_count) == (COUNT, 0)
