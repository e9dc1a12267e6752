"""Interrupted jobs: failed or cancelled, with a checkpoint from which they can go on."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from dragoman_gateway.jobs.api import JobDeskDep
from dragoman_gateway.jobs.desk import JobDesk
from dragoman_gateway.jobs.detail.page import CONFIRMED, ago_text
from dragoman_gateway.jobs.detail.words import STATUSES, stage_text
from dragoman_gateway.jobs.view.rows import JobFilter
from dragoman_gateway.web.addresses import address
from dragoman_gateway.web.cursors import InvalidCursorError
from dragoman_gateway.web.guard import ConsoleRoute, SignedIn, Visit, see_other

_PAGE = 50
_PATH = "/console/interrupted"
router = APIRouter(route_class=ConsoleRoute)


@router.get(_PATH)
async def interrupted_page(
    visit: SignedIn, desk: JobDeskDep, cursor: Annotated[str, Query(max_length=500)] = ""
) -> Response:
    """The interrupted jobs the person sees, the newest first, with how far each got."""
    which = _interrupted(visit)
    try:
        found = await desk.queries.list_jobs(which, cursor=cursor or None, limit=_PAGE)
    except InvalidCursorError:
        return see_other(_PATH)
    now = desk.now()
    return visit.page(
        "jobs/interrupted.html",
        section="interrupted",
        rows=[(row, ago_text(now - (row.stopped_at or row.updated_at))) for row in found.rows],
        count=await interrupted_count(desk, visit),
        statuses=STATUSES,
        stage_text=stage_text,
        discard=CONFIRMED["discard"],
        is_first=not cursor,
        first_url=_PATH,
        next_url=address(_PATH, cursor=found.next_cursor) if found.next_cursor else "",
    )


async def interrupted_count(desk: JobDesk, visit: Visit) -> int:
    """How many jobs wait to be resumed or discarded."""
    counts = await desk.queries.count_by_status(_interrupted(visit))
    return sum(counts.values())


def _interrupted(visit: Visit) -> JobFilter:
    return JobFilter(visit.principal.project_ids, is_interrupted=True)
