"""The page that shows a draft, a page of it at a time."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from dragoman_contracts.errors import DragomanError
from dragoman_gateway.jobs.api import JobDeskDep
from dragoman_gateway.jobs.detail.facts import title_of
from dragoman_gateway.review.desk.previewing import LaidOut
from dragoman_gateway.review.desk.rendering import PreviewFailedError, PreviewUnavailableError
from dragoman_gateway.review.desk.review_desk import ReviewDesk
from dragoman_gateway.web.addresses import preview_address
from dragoman_gateway.web.desks import asked
from dragoman_gateway.web.errors import JobStateError
from dragoman_gateway.web.guard import ConsoleRoute, SignedIn, see_other

router = APIRouter(route_class=ConsoleRoute, prefix="/console/jobs/{job_id}")


@router.get("/preview")
async def preview_page(
    visit: SignedIn,
    desk: JobDeskDep,
    review: Annotated[ReviewDesk, Depends(asked(ReviewDesk))],
    job_id: UUID,
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> Response:
    """A page of the job's draft as LibreOffice lays it out; or why there is none."""
    desktop = await review.desktops.find(job_id, visit.principal)
    found: LaidOut | None = None
    trouble: DragomanError | None = None
    try:
        found = await review.previews.laid_out(job_id, visit.principal)
    except (PreviewUnavailableError, PreviewFailedError, JobStateError) as error:
        trouble = error
    if found is not None and page > found.page_count:
        return see_other(preview_address(job_id, found.page_count))
    records = await desk.records(desktop.job)
    count = found.page_count if found else 0
    return visit.page(
        "review/preview.html",
        section="jobs",
        job=desktop.job,
        title=title_of(desktop.job, records.intake),
        number=page,
        count=count,
        trouble=trouble.message if trouble else "",
        previous_url=preview_address(job_id, page - 1) if page > 1 else "",
        next_url=preview_address(job_id, page + 1) if page < count else "",
    )
