"""The page that tells why a unit reads as it does."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from dragoman_gateway.jobs.api import JobDeskDep
from dragoman_gateway.jobs.detail.facts import title_of
from dragoman_gateway.review.desk.review_desk import ReviewDesk
from dragoman_gateway.web.desks import asked
from dragoman_gateway.web.guard import ConsoleRoute, SignedIn

router = APIRouter(route_class=ConsoleRoute, prefix="/console/jobs/{job_id}")


@router.get("/units/{unit_id:path}/why")
async def why_page(
    visit: SignedIn,
    jobs: JobDeskDep,
    review: Annotated[ReviewDesk, Depends(asked(ReviewDesk))],
    job_id: UUID,
    unit_id: str,
    at: Annotated[int | None, Query(ge=1, le=2**53)] = None,
) -> Response:
    """The account of one unit, now or as of an event of its job."""
    told = await review.explaining.explain(job_id, unit_id, visit.principal, at=at)
    job = await jobs.control.find(job_id, visit.principal)
    records = await jobs.records(job)
    return visit.page(
        "review/why.html",
        section="jobs",
        job=job,
        title=title_of(job, records.intake),
        told=told,
        is_past=at is not None and at != job.version,
    )
