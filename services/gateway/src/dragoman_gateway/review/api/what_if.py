"""Trials of another engine over HTTP: opened, compared, chosen from."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Request, Response

from dragoman_gateway.jobs.api import JobDeskDep, answer_accepted
from dragoman_gateway.jobs.schemas import LOCATION, JobDetail
from dragoman_gateway.review.desk.review_desk import ReviewDesk
from dragoman_gateway.review.rules.comparing import Choice, Comparison, WhatIfRequest
from dragoman_gateway.review.schemas import ReviewView
from dragoman_gateway.web.dependencies import Operator
from dragoman_gateway.web.desks import asked
from dragoman_gateway.web.problems import documented
from dragoman_gateway.web.tracing import ACCEPTED, request_span
from dragoman_runtime.telemetry import current_traceparent

router = APIRouter(prefix="/jobs/{job_id}")
_Desk = Annotated[ReviewDesk, Depends(asked(ReviewDesk))]


@router.post(
    "/what-if",
    status_code=202,
    summary="Try another engine on a job's units",
    responses={
        202: {
            "description": "The trial was opened, or the idempotency key had opened it before.",
            "headers": LOCATION,
        },
        **documented(400, 401, 403, 404, 409, 410, 422, 503),
    },
)
async def open_what_if(
    job_id: UUID,
    asked_for: WhatIfRequest,
    request: Request,
    response: Response,
    desk: _Desk,
    jobs: JobDeskDep,
    principal: Operator,
    idempotency_key: Annotated[str | None, Header(min_length=1, max_length=255)] = None,
) -> JobDetail:
    """Open a job of the scope `what-if` that translates the job's units, or a sample of them, with
    another engine or model. It makes no document and never takes the place of the first.
    """
    with request_span("POST /jobs/{job_id}/what-if", request) as root:
        opened = await desk.what_if.open(
            job_id,
            asked_for,
            principal,
            idempotency_key=idempotency_key,
            traceparent=current_traceparent(),
        )
        root.set(job_id=str(opened.job.job_id), is_new=opened.is_new)
        root.set(**ACCEPTED)
    return await answer_accepted(jobs, opened.job, response)


@router.get(
    "/comparison",
    summary="Compare a what-if with its job",
    responses=documented(401, 403, 404, 409, 410, 422, 503),
)
async def compare_what_if(job_id: UUID, desk: _Desk, principal: Operator) -> Comparison:
    """The what-if `job_id` beside the job it is of: text, checks, cost and time for each unit and
    in sum, as far as it has come.
    """
    return await desk.what_if.comparison(job_id, principal)


@router.post(
    "/comparison/choose",
    summary="Take over translations of a what-if",
    responses=documented(400, 401, 403, 404, 409, 410, 413, 422, 503),
)
async def choose_of_what_if(
    job_id: UUID, choice: Choice, desk: _Desk, principal: Operator
) -> ReviewView:
    """Make translations of the what-if `job_id` those of the job it is of, as edits in its review,
    which is opened where the job was completed. The review as it is then is the answer.
    """
    saved = await desk.what_if.choose(job_id, choice, principal)
    return await desk.answers.review(saved.desktop)
