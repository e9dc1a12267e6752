"""The list of jobs: filters with counts, search, pages."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from dragoman_contracts.identity import project_id
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
    cursor: Annotated[str, Query(max_length=500)] = "",
    notice: _Short = "",
) -> Response:
    """The jobs the person sees, the newest first."""
    projects = await desk.projects(visit.principal)
    query = {"status": status, "q": q, "project": project, "stage": stage}
    which = _filter(visit, status=status, text=q, project=project, stage=stage)
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


def _filter(visit: Visit, *, status: str, text: str, project: str, stage: str) -> JobFilter:
    if status and status not in set(JobStatus):
        raise FieldRefusedError("status", "There is no such status.")
    scope = visit.principal.project_ids
    if project:
        wanted = frozenset({project_id(project)})
        scope = wanted if scope is None else scope & wanted
    statuses = frozenset({JobStatus(status)}) if status else frozenset[JobStatus]()
    return JobFilter(scope, statuses, stage or None, text)


def _chips(counts: dict[JobStatus, int], query: dict[str, str]) -> list[Chip]:
    return chips_of(
        counts, query["status"], lambda status: address(HOME, **{**query, "status": status})
    )
