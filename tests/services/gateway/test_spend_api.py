"""What was paid, over HTTP: by day, project, model and job, as JSON and CSV, for those who may see it."""

from __future__ import annotations

import csv
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest

from dragoman_catalog import FoundCall, PaidCall, ProjectSettings, Role, SpendGroup, SpendRow
from dragoman_contracts.identity import new_id, project_id
from dragoman_gateway.spend.rules import Period, every_day, period_of
from dragoman_gateway.web.errors import FieldRefusedError
from dragoman_runtime.clock import SystemClock
from services.gateway.desks import TESTER, Desk, desk

SPEND = "/api/v1/spend"
DEFAULT, ACME = project_id("default"), project_id("acme")
FIRST, SECOND = new_id(), new_id()
TODAY = datetime.now(UTC).date()
LONG_AGO = date(2020, 2, 3)


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(tmp_path) as opened:
        await opened.catalog.projects.create(
            TESTER, SystemClock().now(), code="acme", name="Acme", settings=ProjectSettings()
        )
        yield opened


async def paid(
    gateway: Desk,
    cost: str | None,
    *,
    project: UUID = DEFAULT,
    job: UUID = FIRST,
    day: date = TODAY,
    model: str = "small",
) -> str:
    """Enter a call; its key."""
    key = new_id().hex
    call = PaidCall(
        call=key,
        provider="House",
        model=model,
        input_tokens=100,
        cached_tokens=40,
        output_tokens=10,
        cost=None if cost is None else Decimal(cost),
    )
    await gateway.catalog.spending.enter(project, job, day, call)
    return key


async def test_an_installation_that_paid_nothing_says_so(gateway: Desk) -> None:
    answer = (await gateway.as_admin.get(SPEND)).json()
    assert answer["items"] == []
    assert (answer["total"]["cost"], answer["total"]["call_count"]) == ("0", 0)
    first, last = (date.fromisoformat(answer[name]) for name in ("first_day", "last_day"))
    assert (last - first).days == 29
    assert answer["by"] == ["day"]


async def test_spending_is_told_by_what_is_asked_for(gateway: Desk) -> None:
    key = await paid(gateway, "0.000375")
    await paid(gateway, "2", project=ACME, job=SECOND, model="=large")
    await paid(gateway, None, project=ACME, job=SECOND)
    await paid(gateway, "50", day=LONG_AGO)
    await gateway.catalog.spending.reuse(DEFAULT, SECOND, TODAY, [FoundCall(call=key)])
    answer = (await gateway.as_admin.get(SPEND, params={"by": ["project", "model"]})).json()
    first = answer["items"][0]
    assert (first["project_code"], first["provider"], first["model"]) == ("acme", "House", "=large")
    assert (first["cost"], first["day"], first["job_id"]) == ("2", None, None)
    assert [each["cost"] for each in answer["items"]] == ["2", "0.000375", "0"]
    assert (
        answer["total"]
        | {
            "cost": "2.000375",
            "saved": "0.000375",
            "call_count": 3,
            "unpriced_count": 1,
            "untold_count": 0,
            "reused_count": 1,
            "input_tokens": 300,
            "cached_tokens": 120,
            "output_tokens": 30,
        }
        == answer["total"]
    )
    by_job = (await gateway.as_admin.get(SPEND, params={"by": "job", "project": "default"})).json()
    assert [(each["job_id"], each["cost"], each["saved"]) for each in by_job["items"]] == [
        (str(FIRST), "0.000375", "0"),
        (str(SECOND), "0", "0.000375"),
    ]
    one = await gateway.as_admin.get(SPEND, params={"job_id": str(SECOND)})
    assert one.json()["total"]["cost"] == "2"
    ago = {"first_day": "2020-02-01", "last_day": "2020-02-03"}
    then = (await gateway.as_admin.get(SPEND, params=ago)).json()
    assert [(each["day"], each["cost"]) for each in then["items"]] == [("2020-02-03", "50")]


async def test_the_csv_has_all_groups_and_the_total_and_no_formula(gateway: Desk) -> None:
    for number in range(3):
        await paid(gateway, f"{number + 1}", model=f"=cmd{number}")
    cut = (await gateway.as_admin.get(SPEND, params={"by": "model", "limit": 2})).json()
    assert (len(cut["items"]), cut["is_cut"]) == (2, True)
    answer = await gateway.as_admin.get(SPEND, params={"by": "model", "limit": 2, "format": "csv"})
    assert answer.headers["content-type"].startswith("text/csv")
    heading, *rows, total = csv.reader(answer.text.removeprefix("\ufeff").splitlines())
    assert heading[:3] == ["Model", "Paid in USD", "Saved in USD"]
    assert [row[:2] for row in rows] == [["'=cmd2", "3"], ["'=cmd1", "2"], ["'=cmd0", "1"]]
    assert total[:2] == ["Total", "6"]
    assert total[3] == "3"


async def test_a_token_of_one_project_sees_its_spending_alone_and_operators_none(
    gateway: Desk,
) -> None:
    await paid(gateway, "1")
    await paid(gateway, "2", project=ACME)
    of_acme = await gateway.client(Role.ADMIN, "acme")
    assert (await of_acme.get(SPEND)).json()["total"]["cost"] == "2"
    assert (await of_acme.get(SPEND, params={"project": "default"})).status_code == 403
    assert (await gateway.as_operator.get(SPEND)).status_code == 403
    assert (await gateway.as_nobody.get(SPEND)).status_code == 401
    await of_acme.aclose()


@pytest.mark.parametrize(
    "params",
    [
        {"first_day": "2026-02-02", "last_day": "2026-02-01"},
        {"first_day": "0001-01-01"},
        {"first_day": "yesterday"},
        {"by": "hour"},
        {"limit": "0"},
        {"days": "3"},
    ],
)
async def test_a_question_that_makes_no_sense_is_refused(
    gateway: Desk, params: dict[str, str]
) -> None:
    assert (await gateway.as_admin.get(SPEND, params=params)).status_code == 422


def test_a_period_ends_today_and_begins_thirty_days_with_it() -> None:
    today = date(2026, 3, 1)
    assert period_of(None, None, today) == Period(date(2026, 1, 31), today)
    assert period_of(date(2026, 4, 1), None, today) == Period(date(2026, 4, 1), date(2026, 4, 1))
    assert period_of(None, date.min, today) == Period(date.min, date.min)
    with pytest.raises(FieldRefusedError):
        period_of(today, today - timedelta(days=1), today)


def test_days_without_calls_are_in_the_chart_as_well() -> None:
    period = Period(date(2026, 2, 27), date(2026, 3, 1))
    row = SpendRow(day=date(2026, 2, 28), cost=Decimal("1.5"), saved=Decimal(2), call_count=1)
    assert [(each.day.day, each.cost, each.saved) for each in every_day(period, [row])] == [
        (27, 0, 0), (28, 1.5, 2), (1, 0, 0),
    ]  # fmt: skip
    assert SpendGroup("day") is SpendGroup.DAY


async def test_a_day_is_written_out(gateway: Desk) -> None:
    for path in ("spend", "jobs"):
        for day in ("0", "1764547200", "2026-13-01", "2026-11-22T00:00:00Z"):
            answer = await gateway.as_admin.get(f"/api/v1/{path}?last_day={day}")
            assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid"), day
