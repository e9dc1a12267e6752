"""The jobs: list, detail, actions, units."""

from __future__ import annotations

import asyncio
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from dragoman_contracts.job import Job
from dragoman_contracts.reports import UnitVerdict
from dragoman_contracts.vocabulary import RESTING, JobStatus
from dragoman_gateway.gateway import Gateway
from dragoman_gateway.jobs.answers import ETAG, LOCATION, projects_of
from dragoman_gateway.jobs.detail.answers import job_summary, unit_view
from dragoman_gateway.jobs.detail.past import load_as_of
from dragoman_gateway.jobs.schemas import JobDetail, JobPage, UnitPage
from dragoman_gateway.jobs.showing import job_now, job_then
from dragoman_gateway.jobs.view.rows import JobFilter
from dragoman_gateway.web.dependencies import Cursor, GatewayDep, Limit, Operator, SearchText
from dragoman_gateway.web.problems import documented

router = APIRouter(tags=["jobs"])

_FIRST_LOOK_S = 0.02
_LAST_LOOK_S = 0.5


@router.get("/jobs", summary="List jobs", responses=documented(401, 403, 422, 503))
async def list_jobs(
    gateway: GatewayDep,
    principal: Operator,
    status: Annotated[list[JobStatus] | None, Query(description="Any of these.")] = None,
    stage: Annotated[str | None, Query(max_length=80, pattern=r"^[^\x00]*$")] = None,
    project: Annotated[str | None, Query(max_length=60, pattern=r"^[a-z0-9_-]*$", description="Its code.")] = None,
    q: SearchText = "",
    interrupted: Annotated[bool | None, Query(description="Failed or cancelled, and can be resumed.")] = None,
    parent: Annotated[UUID | None, Query(description="Only reruns of this job.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> JobPage:
    """Jobs, the newest submitted first; `q` is looked for in file name, title and external reference."""
    which = JobFilter(
        project_ids=projects_of(principal, project),
        statuses=frozenset(status or ()),
        stage=stage or None,
        text=q.strip(),
        is_interrupted=interrupted,
        parent_job_id=parent,
    )
    page = await gateway.views.list_jobs(which, cursor=cursor, limit=limit)
    return JobPage(items=[job_summary(row) for row in page.rows], next_cursor=page.next_cursor)


@router.get(
    "/jobs/{job_id}",
    summary="Show a job",
    responses={200: {"headers": ETAG}, **documented(401, 403, 404, 422, 503)},
)
async def show_job(
    job_id: UUID,
    response: Response,
    gateway: GatewayDep,
    principal: Operator,
    at: Annotated[int | None, Query(ge=1, le=2**53, description="As of this event; without it, as of now.")] = None,
) -> JobDetail:
    """The job as its events tell it, not as a view remembers it: now, or as it was told after event `at`."""
    job = await gateway.control.find(job_id, principal)
    if at is None:
        return await job_now(gateway, job, response)
    return await job_then(gateway, await load_as_of(gateway.store, job, at), job.version, response)


@router.post(
    "/jobs/{job_id}/process",
    summary="Start a job and wait for it",
    response_model=JobDetail,
    responses={
        200: {"description": "The job rests.", "headers": ETAG},
        202: {"description": "The job goes on; look again.", "model": JobDetail, "headers": LOCATION},
        **documented(401, 403, 404, 409, 422, 503),
    },
)
async def process_job(job_id: UUID, response: Response, gateway: GatewayDep, principal: Operator) -> JobDetail:
    """Let a job go on that was submitted with auto-start off, and answer when it rests, or 202 after a while."""
    await gateway.control.start(job_id, principal)
    job = await _rested(gateway, job_id)
    if job.status not in RESTING:
        response.status_code = 202
        response.headers["Location"] = f"/api/v1/jobs/{job_id}"
    return await job_now(gateway, job, response)


@router.post(
    "/jobs/{job_id}/cancel",
    status_code=202,
    summary="Cancel a job",
    response_model=JobDetail,
    responses={
        200: {"description": "It was cancelled before.", "model": JobDetail},
        202: {"description": "Workers are told to stop.", "headers": LOCATION},
        **documented(401, 403, 404, 409, 422, 503),
    },
)
async def cancel_job(job_id: UUID, response: Response, gateway: GatewayDep, principal: Operator) -> JobDetail:
    """Stop a job that is not at its end. What was translated is kept, and `resume` goes on from there."""
    acted = await gateway.control.cancel(job_id, principal)
    response.headers["Location"] = f"/api/v1/jobs/{job_id}"
    if acted.job.status is JobStatus.CANCELLED and not acted.is_changed:
        response.status_code = 200
    return await job_now(gateway, acted.job, response)


@router.post(
    "/jobs/{job_id}/resume",
    status_code=202,
    summary="Resume a job",
    response_model=JobDetail,
    responses={
        202: {"description": "The job goes on.", "headers": LOCATION},
        **documented(401, 403, 404, 409, 422, 503),
    },
)
async def resume_job(job_id: UUID, response: Response, gateway: GatewayDep, principal: Operator) -> JobDetail:
    """Let a failed or cancelled job go on from its checkpoint: finished phases and batches are skipped."""
    acted = await gateway.control.resume(job_id, principal)
    response.headers["Location"] = f"/api/v1/jobs/{job_id}"
    return await job_now(gateway, acted.job, response)


@router.get("/jobs/{job_id}/units", summary="List a job's units", responses=documented(401, 403, 404, 422, 503))
async def list_units(
    job_id: UUID,
    gateway: GatewayDep,
    principal: Operator,
    cursor: Cursor = None,
    limit: Limit = 100,
    verification_state: Annotated[UnitVerdict | None, Query(description="Only units of this verdict.")] = None,
) -> UnitPage:
    """The units in document order, each with its translation and QA's verdict."""
    await gateway.control.find(job_id, principal)
    page = await gateway.views.units(job_id, cursor=cursor, limit=limit, verification_state=verification_state)
    return UnitPage(items=[unit_view(row) for row in page.rows], next_cursor=page.next_cursor)


async def _rested(gateway: Gateway, job_id: UUID) -> Job:
    """The job when it rests, or as it is when the wait is over. Looks often at first, seldom later."""
    loop = asyncio.get_running_loop()
    until = loop.time() + gateway.options.process_wait.total_seconds()
    pause = _FIRST_LOOK_S
    while True:
        job, _ = await gateway.jobs.load(job_id)
        if job.status in RESTING or gateway.is_stopping or loop.time() + pause > until:
            return job
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, _LAST_LOOK_S)
