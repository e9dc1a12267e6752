"""The list of jobs: filters with counts, search, pages."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from dragoman_contracts.identity import project_id
from dragoman_contracts.locale import Locale
from dragoman_contracts.vocabulary import LIVE, JobStatus
from dragoman_gateway.jobs.api import JobDeskDep
from dragoman_gateway.jobs.detail.words import STATUSES, stage_text
from dragoman_gateway.jobs.pages.attention import attention_count
from dragoman_gateway.jobs.pages.chips import Chip, chips_of
from dragoman_gateway.jobs.rules import ATTENTION
from dragoman_gateway.jobs.view.rows import JobFilter
from dragoman_gateway.web.addresses import address
from dragoman_gateway.web.cursors import InvalidCursorError
from dragoman_gateway.web.errors import FieldRefusedError
from dragoman_gateway.web.guard import HOME, ConsoleRoute, SignedIn, Visit, see_other

_PAGE = 50
_NOTICES = {
    "submitted": "Submitted.",
    "cancelled": "The job is being cancelled.",
    "signed-in": "You are signed in.",
}
_Short = Annotated[str, Query(max_length=200)]
router = APIRouter(route_class=ConsoleRoute)


@router.get("/")
@router.get("/console")
@router.get("/console/jobs")
async def home() -> Response:
    """The list is what the server is for."""
    return see_other(HOME)


@router.get(HOME)
async def jobs_page(
    visit: SignedIn,
    desk: JobDeskDep,
    status: _Short = "",
    q: _Short = "",
    project: _Short = "",
    stage: _Short = "",
    language: _Short = "",
    engine: _Short = "",
    pipeline: _Short = "",
    submitter: _Short = "",
    first_day: _Short = "",
    last_day: _Short = "",
    cursor: Annotated[str, Query(max_length=500)] = "",
    notice: _Short = "",
) -> Response:
    """The jobs the person sees, the newest first."""
    projects = await desk.projects(visit.principal)
    further = {
        "language": language.strip(),
        "engine": engine.strip(),
        "pipeline": pipeline.strip(),
        "submitter": submitter.strip(),
        "first_day": first_day,
        "last_day": last_day,
    }
    query = {"status": status, "q": q, "project": project, "stage": stage, **further}
    which = _filter(visit, query)
    try:
        found = await desk.queries.list_jobs(which, cursor=cursor or None, limit=_PAGE)
    except InvalidCursorError:
        return see_other(address(HOME, **query))
    counts = await desk.queries.count_by_status(which)
    is_narrowed = any(query.values())
    lag = await desk.views_lag()
    return visit.page(
        "jobs/jobs.html",
        section="jobs",
        notice=_NOTICES.get(notice, ""),
        rows=found.rows,
        chips=_chips(counts, query),
        statuses=STATUSES,
        stage_text=stage_text,
        status=status,
        stage=stage,
        text=q,
        project=project,
        projects=projects,
        further=further,
        attention_count=await attention_count(desk, visit) if ATTENTION & counts.keys() else 0,
        is_empty=not found.rows and not counts and not is_narrowed and not lag,
        is_first=not cursor,
        here=address(HOME, **query),
        first_url=address(HOME, **query),
        next_url=address(HOME, **{**query, "cursor": found.next_cursor})
        if found.next_cursor
        else "",
        lag=lag,
        poll_s=1 if lag and not found.rows else 4 if LIVE & counts.keys() else 20,
    )


def _filter(visit: Visit, query: dict[str, str]) -> JobFilter:
    status, scope = query["status"], visit.principal.project_ids
    if status and status not in set(JobStatus):
        raise FieldRefusedError("status", "There is no such status.")
    if query["project"]:
        wanted = frozenset({project_id(query["project"])})
        scope = wanted if scope is None else scope & wanted
    return JobFilter(
        project_ids=scope,
        statuses=frozenset({JobStatus(status)}) if status else frozenset[JobStatus](),
        stage=query["stage"] or None,
        text=query["q"],
        target_locale=_locale(query["language"]),
        engine=query["engine"],
        pipeline_name=query["pipeline"],
        submitter=query["submitter"],
        first_day=_day(query["first_day"]),
        last_day=_day(query["last_day"]),
    )


def _locale(text: str) -> str:
    """The tag as it is kept, `pt-BR` for `pt-br`; a text that is none finds nothing."""
    try:
        return Locale(text) if text else ""
    except ValueError:
        return text


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


def _chips(counts: dict[JobStatus, int], query: dict[str, str]) -> list[Chip]:
    return chips_of(
        counts, query["status"], lambda status: address(HOME, **{**query, "status": status})
    )
