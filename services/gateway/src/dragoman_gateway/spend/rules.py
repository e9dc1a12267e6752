"""The rules of spend: which days are looked at, and the sums as charts and spreadsheets take them.
Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import NamedTuple
from uuid import UUID

from dragoman_catalog.spending_values import SpendGroup, SpendRow, SpendSums
from dragoman_gateway.web.errors import FieldRefusedError
from dragoman_gateway.web.spreadsheets import harmless, written_csv

TRIALS = "playground/tests"
"""The name of the calls that belong to no project; no code of a project has a slash."""

USUAL_DAYS = 30
MOST_DAYS = 3_660


class Period(NamedTuple):
    """Days in UTC, both included."""

    first_day: date
    last_day: date


class DaySums(NamedTuple):
    """The money that was paid and saved on a day, in US dollars."""

    day: date
    cost: float
    saved: float


def period_of(first_day: date | None, last_day: date | None, today: date) -> Period:
    """The days that are asked for; an end that is left open is today, a beginning thirty days with it.

    Raises:
        FieldRefusedError: the first day comes after the last, or the period is longer than ten years.
    """
    last = last_day or max(today, first_day or today)
    usual = last - timedelta(days=min(USUAL_DAYS - 1, (last - date.min).days))
    first = first_day or usual
    if first > last:
        raise FieldRefusedError("first_day", "The first day comes after the last one.")
    if (last - first).days >= MOST_DAYS:
        raise FieldRefusedError("first_day", "A period has ten years at most.")
    return Period(first, last)


def every_day(period: Period, rows: Iterable[SpendRow]) -> list[DaySums]:
    """The sums of every day of the period in its order, of days without calls as well."""
    found = {row.day: row for row in rows}
    days = [period.first_day + timedelta(days=each) for each in range(_length(period))]
    return [_day(day, found.get(day)) for day in days]


def spend_csv(
    by: Sequence[SpendGroup],
    rows: Iterable[SpendRow],
    total: SpendSums,
    codes: Mapping[UUID, str],
) -> str:
    """The table for a spreadsheet: a row for each group and one for the total.

    Money is in US dollars with all its decimals. A text that a spreadsheet would take for a formula
    begins with an apostrophe.
    """
    names = [each.value for each in by]
    table: list[list[object]] = [[*(name.capitalize() for name in names), *_HEADINGS]]
    table += [[*_labels(by, row, codes), *_numbers(row)] for row in rows]
    table.append([*(["Total", *[""] * (len(names) - 1)] if names else []), *_numbers(total)])
    return written_csv(table)


_HEADINGS = (
    "Paid in USD",
    "Saved in USD",
    "Calls",
    "Calls without a known price",
    "Calls of older versions",
    "Reused calls",
    "Tokens in",
    "Of these cached",
    "Tokens out",
)


def _labels(by: Sequence[SpendGroup], row: SpendRow, codes: Mapping[UUID, str]) -> list[str]:
    texts = {
        SpendGroup.DAY: row.day.isoformat() if row.day else "",
        SpendGroup.MONTH: row.month or "",
        SpendGroup.PROJECT: _project(row, codes),
        SpendGroup.PROVIDER: row.provider or "",
        SpendGroup.MODEL: row.model or "",
        SpendGroup.JOB: TRIALS if row.is_of_trials else str(row.job_id or ""),
    }
    return [harmless(texts[each]) for each in by]


def _project(row: SpendRow, codes: Mapping[UUID, str]) -> str:
    if row.is_of_trials:
        return TRIALS
    return codes.get(row.project_id, str(row.project_id)) if row.project_id else ""


def _numbers(sums: SpendSums) -> list[object]:
    return [
        format(sums.cost.normalize(), "f"),
        format(sums.saved.normalize(), "f"),
        sums.call_count,
        sums.unpriced_count,
        sums.untold_count,
        sums.reused_count,
        sums.input_tokens,
        sums.cached_tokens,
        sums.output_tokens,
    ]


def _length(period: Period) -> int:
    return (period.last_day - period.first_day).days + 1


def _day(day: date, row: SpendRow | None) -> DaySums:
    return DaySums(day, float(row.cost), float(row.saved)) if row else DaySums(day, 0.0, 0.0)
