"""What a person does to a job from its page: cancel, resume, retry, run again, mark failed, give its checkpoint up."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form
from starlette.exceptions import HTTPException
from starlette.responses import Response

from dragoman_contracts.errors import ConflictError
from dragoman_gateway.jobs.detail.facts import record_of
from dragoman_gateway.jobs.detail.page import CONFIRMED
from dragoman_gateway.jobs.pages.job import Look, show_job
from dragoman_gateway.submissions.rules import RerunRequest
from dragoman_gateway.web.addresses import job_address
from dragoman_gateway.web.errors import FieldRefusedError
from dragoman_gateway.web.guard import ConsoleRoute, SignedIn, Visit, Writing, see_other
from dragoman_runtime.telemetry import current_traceparent, span

router = APIRouter(route_class=ConsoleRoute, prefix="/console/jobs/{job_id}")


@router.get("/confirm/{action}")
async def confirm(visit: SignedIn, job_id: UUID, action: str) -> Response:
    """Ask before what cannot be undone, where the browser shows no dialog."""
    job = await visit.gateway.control.find(job_id, visit.principal)
    if action not in CONFIRMED:
        raise HTTPException(404)
    record = await record_of(visit.gateway.objects, job)
    return visit.page(
        "jobs/confirm.html",
        section="jobs",
        job=job,
        file_name=record.file_name if record else "",
        action=CONFIRMED[action],
        engines=sorted(visit.gateway.ports.rules.engines),
    )


@router.post("/rerun")
async def rerun(
    visit: Writing, job_id: UUID, refresh: Annotated[str, Form()] = "", engine: Annotated[str, Form()] = ""
) -> Response:
    """Open a new job on the same document, under the project's policy of now."""
    try:
        opened = await run_again(visit, job_id, RerunRequest(refresh=bool(refresh), engine=engine or None))
    except (ConflictError, FieldRefusedError) as error:
        return await _refused(visit, job_id, error.message)
    return see_other(job_address(opened, notice="rerun"))


@router.post("/fresh")
async def fresh(visit: Writing, job_id: UUID, engine: Annotated[str, Form()] = "") -> Response:
    """Open a new job in place of an interrupted one, whose checkpoint is given up once the new job is there."""
    try:
        opened = await run_again(visit, job_id, RerunRequest(engine=engine or None))
        await visit.gateway.control.discard_checkpoint(job_id, visit.principal)
    except (ConflictError, FieldRefusedError) as error:
        return await _refused(visit, job_id, error.message)
    return see_other(job_address(opened, notice="rerun"))


@router.post("/{action}")
async def act(visit: Writing, job_id: UUID, action: str) -> Response:
    """Do what changes this job alone."""
    control = visit.gateway.control
    acts = {
        "cancel": control.cancel,
        "process": control.start,
        "resume": control.resume,
        "retry": control.retry,
        "mark-failed": control.mark_failed,
        "discard": control.discard_checkpoint,
    }
    if action not in acts:
        raise HTTPException(404)
    try:
        await acts[action](job_id, visit.principal)
    except ConflictError as error:
        return await _refused(visit, job_id, error.message)
    return see_other(job_address(job_id, notice=action))


async def run_again(visit: Visit, job_id: UUID, request: RerunRequest) -> UUID:
    """The id of a new job on the document of this one.

    Raises:
        RunningJobError: it runs, or another job for its version, target locale and pipeline does.
        FieldRefusedError, SourceErasedError: as `Submissions.rerun`.
    """
    with span("POST /console/jobs/{job_id}/rerun") as root:
        submissions = visit.gateway.submissions
        opened = await submissions.rerun(job_id, request, visit.principal, traceparent=current_traceparent())
        root.set(job_id=str(opened.job.job_id), is_new=opened.is_new)
    return opened.job.job_id


async def _refused(visit: Visit, job_id: UUID, message: str) -> Response:
    return await show_job(visit, job_id, Look(), alert=message, status=409)
