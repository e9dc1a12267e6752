"""The units of a job with their translations."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from dragoman_gateway.jobs.api import JobDeskDep
from dragoman_gateway.jobs.detail.facts import title_of
from dragoman_gateway.jobs.detail.words import RESULT_SOURCES, VERIFICATION_STATES
from dragoman_gateway.web.addresses import units_address
from dragoman_gateway.web.cursors import InvalidCursorError
from dragoman_gateway.web.guard import ConsoleRoute, SignedIn, see_other

_UNITS_A_PAGE = 100
_Short = Annotated[str, Query(max_length=200)]
router = APIRouter(route_class=ConsoleRoute, prefix="/console/jobs/{job_id}")


@router.get("/units")
async def units_page(
    visit: SignedIn,
    desk: JobDeskDep,
    job_id: UUID,
    verification_state: _Short = "",
    cursor: Annotated[str, Query(max_length=500)] = "",
    verdict: _Short = "",
) -> Response:
    """The job's units with their translations. `verdict` is the older name of `verification_state` in addresses."""
    job = await desk.control.find(job_id, visit.principal)
    if verdict:
        return see_other(units_address(job_id, verdict))
    try:
        found = await desk.queries.units(
            job_id, cursor=cursor or None, limit=_UNITS_A_PAGE, verification_state=verification_state or None
        )
    except InvalidCursorError:
        return see_other(units_address(job_id, verification_state))
    counts = await desk.queries.count_by_verification(job_id)
    records = await desk.records(job)
    chips = [("", "All", sum(counts.values()))]
    chips += [(key, label.text, counts.get(key, 0)) for key, label in VERIFICATION_STATES.items() if counts.get(key)]
    return visit.page(
        "jobs/units.html",
        section="jobs",
        job=job,
        title=title_of(job, records.intake),
        rows=found.rows,
        chips=[
            {"text": text, "count": count, "url": units_address(job_id, key), "is_on": key == verification_state}
            for key, text, count in chips
        ],
        states=VERIFICATION_STATES,
        result_sources=RESULT_SOURCES,
        is_filtered=bool(verification_state),
        is_first=not cursor,
        first_url=units_address(job_id, verification_state),
        next_url=units_address(job_id, verification_state, found.next_cursor) if found.next_cursor else "",
    )
