"""Spend as a page, for admins: sums, a chart by day, and a table by day, month, project, model or job."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from dragoman_catalog import Role, SpendGroup, SpendRow
from dragoman_gateway.spend.api import SpendDep, csv_response
from dragoman_gateway.spend.desk import SpendDesk, SpendQuestion
from dragoman_gateway.spend.rules import TRIALS, every_day
from dragoman_gateway.web.addresses import address, job_address
from dragoman_gateway.web.errors import FieldRefusedError
from dragoman_gateway.web.guard import ConsoleRoute, SignedIn
from dragoman_gateway.web.spreadsheets import money

_PATH = "/console/spend"
_ROWS = 500
_WORDS = {
    SpendGroup.DAY: "Day",
    SpendGroup.MONTH: "Month",
    SpendGroup.PROJECT: "Project",
    SpendGroup.PROVIDER: "Provider",
    SpendGroup.MODEL: "Model",
    SpendGroup.JOB: "Job",
}
_Short = Annotated[str, Query(max_length=60)]
router = APIRouter(route_class=ConsoleRoute)


@dataclass(frozen=True, slots=True)
class Shown:
    """A row of the table: its name, a word below it, and the page it leads to."""

    sums: SpendRow
    text: str
    sub: str = ""
    link: str = ""


@router.get(_PATH)
async def spend_page(
    visit: SignedIn,
    desk: SpendDep,
    project: _Short = "",
    first_day: _Short = "",
    last_day: _Short = "",
    by: _Short = "",
    format: _Short = "",
) -> Response:
    """The money that was paid between two days, both included, in UTC; with `format=csv` the table as a file."""
    visit.principal.require(Role.ADMIN)
    group = SpendGroup(by) if by in list(SpendGroup) else SpendGroup.DAY
    alert = ""
    try:
        question = SpendQuestion(
            project or None, _day("first_day", first_day), _day("last_day", last_day)
        )
        days = await desk.by_day(visit.principal, question)
    except FieldRefusedError as error:
        alert, question = error.message, SpendQuestion(project or None)
        days = await desk.by_day(visit.principal, question)
    if format == "csv" and not alert:
        return csv_response(await desk.sums(visit.principal, question, [group]), [group])
    found = await desk.sums(visit.principal, question, [group], limit=_ROWS)
    projects = await desk.projects(visit.principal)
    titles = await _titles(desk, group, found.rows)
    query = {
        "project": project,
        "first_day": found.period.first_day.isoformat(),
        "last_day": found.period.last_day.isoformat(),
        "by": group.value,
    }
    whole = every_day(found.period, days)
    return visit.page(
        "spend/spend.html",
        status_code=422 if alert else 200,
        section="spend",
        alert=alert,
        query=query,
        groups=_WORDS,
        group=group,
        projects=projects,
        total=found.total,
        rows=[_shown(row, group, found.codes, titles, query) for row in found.rows],
        is_cut=found.is_cut,
        days=days,
        chart=json.dumps([(each.day.isoformat(), each.cost, each.saved) for each in whole]),
        csv_url=address(_PATH, **query, format="csv"),
        budget_of=project or (projects[0].code if len(projects) == 1 else ""),
        money=money,
    )


async def _titles(
    desk: SpendDesk, group: SpendGroup, rows: Sequence[SpendRow]
) -> Mapping[UUID, str]:
    if group is not SpendGroup.JOB:
        return {}
    ids = [row.job_id for row in rows if row.job_id is not None and not row.is_of_trials]
    return await desk.titles(ids)


def _shown(
    row: SpendRow,
    group: SpendGroup,
    codes: Mapping[UUID, str],
    titles: Mapping[UUID, str],
    query: Mapping[str, str],
) -> Shown:
    code = codes.get(row.project_id, "") if row.project_id else ""
    match group:
        case SpendGroup.DAY:
            day = row.day.isoformat() if row.day else ""
            jobs = address(_PATH, **{**query, "first_day": day, "last_day": day, "by": "job"})
            return Shown(row, day, link=jobs)
        case SpendGroup.MONTH:
            return Shown(row, row.month or "")
        case SpendGroup.PROJECT | SpendGroup.JOB if row.is_of_trials:
            return Shown(row, TRIALS, "of no project, in no budget")
        case SpendGroup.PROJECT:
            models = address(_PATH, **{**query, "project": code, "by": "model"}) if code else ""
            return Shown(row, code or str(row.project_id), link=models)
        case SpendGroup.PROVIDER:
            return Shown(row, row.provider or "not known")
        case SpendGroup.MODEL:
            return Shown(row, row.model or "not known", row.provider or "")
        case SpendGroup.JOB:
            link = job_address(row.job_id) if row.job_id else ""
            title = titles.get(row.job_id, "") if row.job_id else ""
            return Shown(row, title or str(row.job_id), code, link)


def _day(field: str, text: str) -> date | None:
    """A day as a browser's field sends it.

    Raises:
        FieldRefusedError: it is none.
    """
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise FieldRefusedError(field, f"{text!r} is no day; write it like 2026-11-22.") from error
