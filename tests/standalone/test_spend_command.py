"""`dragoman spend`: the figures of the page and the API, for people and for programs."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
from typer.testing import CliRunner, Result

from dragoman_catalog import INSTALLATION_PROJECT_ID, PaidCall
from dragoman_contracts.identity import new_id, project_id
from dragoman_standalone.cli import app
from dragoman_standalone.platform import opened
from dragoman_standalone.settings import StandaloneSettings

TODAY = datetime.now(UTC).date()
LONG_AGO = date(2020, 2, 3)
JOB = new_id()


@pytest.fixture
async def state(tmp_path: Path) -> Path:
    """A state folder in which calls were paid: two of this month, one of a trial, one long ago."""
    async with opened(StandaloneSettings(state_dir=tmp_path)) as platform:
        spending = platform.ports.catalog.spending
        default = project_id("default")
        for cost, model, day, owner in (
            ("2", "large", TODAY, default),
            ("0.000375", "small", TODAY, default),
            ("1", "large", TODAY, INSTALLATION_PROJECT_ID),
            ("50", "large", LONG_AGO, default),
        ):
            paid = PaidCall(
                call=new_id().hex,
                provider="House",
                model=model,
                input_tokens=100,
                output_tokens=10,
                cost=Decimal(cost),
            )
            job: UUID = owner if owner == INSTALLATION_PROJECT_ID else JOB
            await spending.enter(owner, job, day, paid)
    return tmp_path


def told(state: Path, *arguments: str) -> Result:
    """Run `dragoman spend …` on the folder, away from a terminal."""
    return CliRunner().invoke(app, ["spend", *arguments, "--state", str(state)])


def rows(state: Path, *arguments: str) -> list[list[str]]:
    result = told(state, *arguments)
    assert result.exit_code == 0, result.output
    return [line.split("\t") for line in result.stdout.splitlines()]


def test_away_from_a_terminal_each_sum_is_a_line(state: Path) -> None:
    month = f"{TODAY:%Y-%m}"
    assert rows(state) == [
        [month, "default", "House", "large", "2", "0", "1", "0", "100", "10"],
        [month, "playground/tests", "House", "large", "1", "0", "1", "0", "100", "10"],
        [month, "default", "House", "small", "0.000375", "0", "1", "0", "100", "10"],
    ]
    of_jobs = rows(state, "--by", "job")
    assert [row[:3] for row in of_jobs] == [
        ["default", str(JOB), "2.000375"],
        ["playground/tests", "", "1"],
    ]


def test_a_month_days_and_a_project_are_named(state: Path) -> None:
    for asked in (
        ("--month", "2020-02"),
        ("--from", "2020-02-01", "--to", "2020-02-03"),
        ("--from", "2020-02-03", "--to", "2020-02-03", "--project", "default"),
    ):
        assert [row[:2] for row in rows(state, "--by", "month", *asked)] == [["2020-02", "50"]]
    assert rows(state, "--project", "default", "--by", "project")[0][:2] == ["default", "2.000375"]


def test_json_is_the_answer_of_the_api(state: Path) -> None:
    found = json.loads(told(state, "--json", "--by", "project").stdout)
    assert (found["total"]["cost"], found["by"]) == ("3.000375", ["project"])
    assert [each["is_playground"] for each in found["items"]] == [False, True]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("--month", "11-2026"), "is no month"),
        (("--month", "2026-13"), "is no month"),
        (("--month", "2026-11", "--to", "2026-11-03"), "not both"),
        (("--from", "soon"), "is no day"),
        (("--to", "2026-02-30"), "is no day"),
    ],
)
def test_days_that_are_none_are_wrong_usage(
    tmp_path: Path, asked: tuple[str, ...], said: str
) -> None:
    result = told(tmp_path, *asked)
    assert result.exit_code == 2
    assert said in result.output
