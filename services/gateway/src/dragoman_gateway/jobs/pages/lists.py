"""The list of jobs: filters with counts, search, pages."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from dragoman_contracts.vocabulary import LIVE, JobStatus
from dragoman_gateway.jobs.api import JobDeskDep
from dragoman_gateway.jobs.detail.words import STATUSES, stage_text
from dragoman_gateway.jobs.pages.attention import attention_count
from dragoman_gateway.jobs.pages.chips import Chip, chips_of
from dragoman_gateway.jobs.pages.choosing import Chosen, ChosenJobs
from dragoman_gateway.jobs.pages.several import DEEDS, SEVERAL
from dragoman_gateway.jobs.rules import ATTENTION
from dragoman_gateway.web.addresses import address
from dragoman_gateway.web.cursors import InvalidCursorError
from dragoman_gateway.web.guard import HOME, ConsoleRoute, SignedIn, see_other

_PAGE = 50
_NOTICES = {
    "submitted": "Submitted.",
    "cancelled": "The job is being cancelled.",
    "signed-in": "You are signed in.",
    "several": "Done for the chosen jobs.",
}
_FURTHER = ("language", "engine", "pipeline", "submitter", "first_day", "last_day")
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
    chosen: ChosenJobs,
    cursor: Annotated[str, Query(max_length=500)] = "",
    notice: _Short = "",
) -> Response:
    """The jobs the person sees, the newest first."""
    which, query = chosen.filter, chosen.query
    try:
        found = await desk.queries.list_jobs(which, cursor=cursor or None, limit=_PAGE)
    except InvalidCursorError:
        return see_other(address(HOME, **query))
    counts = await desk.queries.count_by_status(which)
    lag = await desk.views_lag()
    return visit.page(
        "jobs/jobs.html",
        section="jobs",
        notice=_NOTICES.get(notice, ""),
        rows=found.rows,
        chips=_chips(counts, query),
        statuses=STATUSES,
        stage_text=stage_text,
        text=query["q"],
        chosen=query,
        is_narrowed=chosen.is_narrowed,
        projects=await desk.projects(visit.principal),
        further={name: query[name] for name in _FURTHER},
        several=_several(chosen, counts),
        attention_count=await attention_count(desk, visit) if ATTENTION & counts.keys() else 0,
        is_empty=not found.rows and not counts and not chosen.is_narrowed and not lag,
        is_first=not cursor,
        here=address(HOME, **query),
        first_url=address(HOME, **query),
        next_url=address(HOME, **{**query, "cursor": found.next_cursor})
        if found.next_cursor
        else "",
        lag=lag,
        poll_s=1 if lag and not found.rows else 4 if LIVE & counts.keys() else 20,
    )


def _several(chosen: Chosen, counts: dict[JobStatus, int]) -> list[tuple[str, str]]:
    """The links that do something with all jobs that are shown: the words, and the address."""
    status = chosen.query["status"]
    shown = {status} if status else {each.value for each in counts}
    links = [
        (deed.button, address(SEVERAL, **{**chosen.query, "action": deed.name}))
        for deed in DEEDS.values()
        if shown & {each.value for each in deed.statuses} & counts.keys()
    ]
    if JobStatus.COMPLETED in shown and JobStatus.COMPLETED in counts:
        links.append(("Download results", address("/console/results", **chosen.query)))
    return links


def _chips(counts: dict[JobStatus, int], query: dict[str, str]) -> list[Chip]:
    return chips_of(
        counts, query["status"], lambda status: address(HOME, **{**query, "status": status})
    )
