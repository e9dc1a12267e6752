"""`dragoman spend`: what calls cost, and what answers on record saved, over the API."""

from __future__ import annotations

import calendar
import re
import sys
from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from dragoman_standalone.asking import (
    Body,
    JsonOption,
    StateOption,
    UrlOption,
    ask,
    output,
    table,
)
from dragoman_standalone.ending import UsageRefusedError

_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_MOST = 1_000
_TRIALS = "playground/tests"
_FIGURES = {
    "USD": "cost",
    "saved": "saved",
    "calls": "call_count",
    "unpriced": "unpriced_count",
    "tokens in": "input_tokens",
    "tokens out": "output_tokens",
}


class By(StrEnum):
    """The things that spending can be summed by, in words of the API."""

    DAY = "day"
    MONTH = "month"
    PROJECT = "project"
    PROVIDER = "provider"
    MODEL = "model"
    JOB = "job"


_USUAL = (By.MONTH, By.PROJECT, By.MODEL)


def spend(
    project: Annotated[
        str | None, typer.Option("--project", help="Only of the project with this code.")
    ] = None,
    month: Annotated[
        str | None, typer.Option("--month", metavar="YYYY-MM", help="Of this month, in UTC.")
    ] = None,
    first: Annotated[
        str | None, typer.Option("--from", metavar="YYYY-MM-DD", help="From this day on, in UTC.")
    ] = None,
    last: Annotated[
        str | None, typer.Option("--to", metavar="YYYY-MM-DD", help="To this day, included.")
    ] = None,
    by: Annotated[
        list[By] | None,
        typer.Option(
            "--by", help="Sum by this; may be repeated. Else by month, project and model."
        ),
    ] = None,
    state: StateOption = None,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what calls to models cost, in US dollars: without days, of the last thirty.

    Elsewhere than on a terminal each sum is a line of values with tabs between them: what it is
    summed by, then cost, saved by answers on record, calls, of these without a known price, tokens
    in, tokens out. Calls of the playground belong to no project.
    """
    days = _days(month, first, last)
    groups = list(dict.fromkeys(by or _USUAL))
    query: dict[str, str] = {} if project is None else {"project": project}
    query |= days
    names = [each.value for each in groups]
    found = ask(state, url, lambda api: api.get("spend", by=names, limit=_MOST, **query))
    is_shown = sys.stdout.isatty() and not as_json
    output(found, as_json, lambda body: _table(body, groups, has_total=is_shown))
    notes = Console(stderr=True)
    if is_shown:
        notes.print(f"{found['first_day']} to {found['last_day']}, in UTC", highlight=False)
    if found["is_cut"]:
        told = f"These are the first {_MOST:,}; name a project, or fewer days."
        notes.print(told, highlight=False)


def _days(month: str | None, first: str | None, last: str | None) -> dict[str, str]:
    """The days as the API takes them.

    Raises:
        UsageRefusedError: one is none, or a month is said besides days.
    """
    for name, said in (("--from", first), ("--to", last)):
        if said is not None and not _is_day(said):
            raise UsageRefusedError(f"{name} {said!r} is no day; write it like 2026-11-22.")
    if month is None:
        days = {"first_day": first, "last_day": last}
        return {name: day for name, day in days.items() if day is not None}
    if first is not None or last is not None:
        raise UsageRefusedError("Say --month, or --from and --to, not both.")
    found = _MONTH.fullmatch(month)
    if found is None or found[1] == "0000":
        raise UsageRefusedError(f"--month {month!r} is no month; write it like 2026-11.")
    end = calendar.monthrange(int(found[1]), int(found[2]))[1]
    return {"first_day": f"{month}-01", "last_day": f"{month}-{end}"}


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return _DAY.fullmatch(text) is not None


def _table(body: Body, groups: Sequence[By], *, has_total: bool) -> Table:
    columns = _columns(groups)
    made = table(*columns, *_FIGURES)
    for column in made.columns[len(columns) :]:
        column.justify = "right"
    for each in body["items"]:
        made.add_row(*(_label(each, name) for name in columns), *_figures(each))
    if has_total:
        labels = ["total", *[""] * (len(columns) - 1)]
        made.add_row(*labels, *_figures(body["total"]))
    return made


def _columns(groups: Sequence[By]) -> list[str]:
    """The columns that say what a sum is of: a model with its provider, a job with its project."""
    wider = {By.MODEL: ("provider", "model"), By.JOB: ("project", "job")}
    return list(dict.fromkeys(name for each in groups for name in wider.get(each, (each.value,))))


def _label(item: Body, column: str) -> str:
    if column == "project":
        return _TRIALS if item["is_playground"] else str(item["project_code"] or "")
    return str(item["job_id" if column == "job" else column] or "")


def _figures(sums: Body) -> list[str]:
    return [str(sums[name]) for name in _FIGURES.values()]
