"""Acting on jobs that stand still: retry, rerun, mark failed, give a checkpoint up."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Header, Response

from dragoman_gateway.jobs.answers import ETAG, LOCATION, answer_accepted
from dragoman_gateway.jobs.schemas import JobDetail
from dragoman_gateway.jobs.showing import job_now
from dragoman_gateway.submissions.rules import RerunRequest
from dragoman_gateway.web.dependencies import GatewayDep, Operator
from dragoman_gateway.web.problems import documented
from dragoman_runtime.telemetry import current_traceparent, span

router = APIRouter(tags=["jobs"])

_GOES_ON = {202: {"description": "The job goes on.", "headers": LOCATION}}
_DONE = {200: {"headers": ETAG}}


@router.post(
    "/jobs/{job_id}/retry",
    status_code=202,
    summary="Retry a failed job",
    responses={**_GOES_ON, **documented(401, 403, 404, 409, 422, 503)},
)
async def retry_job(job_id: UUID, response: Response, gateway: GatewayDep, principal: Operator) -> JobDetail:
    """Let a failed job go on from its checkpoint: `resume`, of a failed job only."""
    acted = await gateway.control.retry(job_id, principal)
    return await answer_accepted(gateway, acted.job, response)


@router.post(
    "/jobs/{job_id}/rerun",
    status_code=202,
    summary="Run a job anew",
    responses={
        202: {"description": "A new job was opened, or the idempotency key had opened it before.", "headers": LOCATION},
        **documented(400, 401, 403, 404, 409, 410, 422, 503),
    },
)
async def rerun_job(
    job_id: UUID,
    response: Response,
    gateway: GatewayDep,
    principal: Operator,
    asked: Annotated[RerunRequest | None, Body()] = None,
    idempotency_key: Annotated[str | None, Header(min_length=1, max_length=255)] = None,
) -> JobDetail:
    """Open a new job on the same document under the project's policy of now, preflight included.

    What the first submission named itself (its engine, say) is kept to. Recorded model calls are used again where
    they fit; with `refresh` every one is made anew, and paid.
    """
    with span("POST /jobs/{job_id}/rerun") as root:
        opened = await gateway.submissions.rerun(
            job_id,
            asked or RerunRequest(),
            principal,
            idempotency_key=idempotency_key,
            traceparent=current_traceparent(),
        )
        root.set(job_id=str(opened.job.job_id), is_new=opened.is_new)
    return await answer_accepted(gateway, opened.job, response)


@router.post(
    "/jobs/{job_id}/mark-failed",
    summary="Mark a job failed",
    responses={**_DONE, **documented(401, 403, 404, 409, 422, 503)},
)
async def mark_job_failed(job_id: UUID, response: Response, gateway: GatewayDep, principal: Operator) -> JobDetail:
    """Declare a job failed that moves no more. What a worker still brings is recorded; `resume` goes on with it."""
    acted = await gateway.control.mark_failed(job_id, principal)
    return await job_now(gateway, acted.job, response)


@router.delete(
    "/jobs/{job_id}/checkpoint",
    summary="Give up a job's checkpoint",
    responses={**_DONE, **documented(401, 403, 404, 409, 422, 503)},
)
async def discard_checkpoint(job_id: UUID, response: Response, gateway: GatewayDep, principal: Operator) -> JobDetail:
    """Give up what a failed or cancelled job has done: it is no longer listed as interrupted, and can only be rerun."""
    acted = await gateway.control.discard_checkpoint(job_id, principal)
    return await job_now(gateway, acted.job, response)
