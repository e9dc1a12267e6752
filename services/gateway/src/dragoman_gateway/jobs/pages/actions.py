"""The actions on a job from its page: cancel, resume, retry, mark failed,
give its checkpoint up.
"""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.responses import Response

from dragoman_contracts.errors import ConflictError
from dragoman_gateway.jobs.api import JobDeskDep
from dragoman_gateway.jobs.detail.facts import title_of
from dragoman_gateway.jobs.detail.page import CONFIRMED
from dragoman_gateway.jobs.pages.job import Look, show_job
from dragoman_gateway.web.addresses import job_address
from dragoman_gateway.web.guard import ConsoleRoute, SignedIn, Writing, see_other

router = APIRouter(route_class=ConsoleRoute, prefix="/console/jobs/{job_id}")


@router.get("/confirm/{action}")
async def confirm(visit: SignedIn, desk: JobDeskDep, job_id: UUID, action: str) -> Response:
    """Ask before what cannot be undone, where the browser shows no dialog."""
    job = await desk.control.find(job_id, visit.principal)
    if action not in CONFIRMED:
        raise HTTPException(404)
    records = await desk.records(job)
    return visit.page(
        "jobs/confirm.html",
        section="jobs",
        job=job,
        title=title_of(job, records.intake),
        action=CONFIRMED[action],
        engines=desk.engines,
    )


@router.post("/{action}")
async def act(visit: Writing, desk: JobDeskDep, job_id: UUID, action: str) -> Response:
    """Do what changes this job alone."""
    control = desk.control
    acts = {
        "cancel": control.cancel,
        "process": control.start,
        "resume": control.resume,
        "retry": control.retry,
        "mark-failed": control.mark_failed,
        "discard": control.discard_checkpoint,
        "remove": control.remove,
    }
    if action not in acts:
        raise HTTPException(404)
    try:
        await acts[action](job_id, visit.principal)
    except ConflictError as error:
        return await show_job(visit, desk, job_id, Look(), alert=error.message, status=409)
    return see_other(job_address(job_id, notice=action))
