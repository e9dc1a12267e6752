"""Parked work: what waits for a person, why, and what is done about it."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Path, Query, Response

from dragoman_contracts.job import WorkKey
from dragoman_contracts.vocabulary import PhaseName, WorkName
from dragoman_gateway.jobs.answers import ETAG, LOCATION, answer_accepted, projects_of
from dragoman_gateway.jobs.detail.answers import parked_detail, parked_work
from dragoman_gateway.jobs.detail.facts import parking_reason, record_of
from dragoman_gateway.jobs.schemas import (
    NUL_FREE,
    JobDetail,
    ParkedDetail,
    ParkedPage,
    Redriven,
    RedriveRequest,
    RefusedRedrive,
)
from dragoman_gateway.jobs.showing import job_now
from dragoman_gateway.jobs.view.rows import ParkedFilter
from dragoman_gateway.parked.desk import redrive_page
from dragoman_gateway.submissions.rules import require_parked
from dragoman_gateway.web.dependencies import Admin, Cursor, GatewayDep, Limit, Operator
from dragoman_gateway.web.problems import documented

router = APIRouter(tags=["parked"])

_Index = Annotated[int, Path(ge=0, le=2**31 - 1)]


@router.get("/parked", summary="List parked work", responses=documented(401, 403, 422, 503))
async def list_parked(
    gateway: GatewayDep,
    principal: Operator,
    project: Annotated[str | None, Query(max_length=60, pattern=r"^[a-z0-9_-]*$", description="Its code.")] = None,
    code: Annotated[str | None, Query(max_length=80, pattern=NUL_FREE, description="Only of this error.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> ParkedPage:
    """All work that waits for a person, in the projects one sees, the newest first."""
    which = ParkedFilter(projects_of(principal, project), code or None)
    page = await gateway.views.list_parked(which, cursor=cursor, limit=limit)
    return ParkedPage(items=[parked_work(row) for row in page.rows], next_cursor=page.next_cursor)


@router.post("/parked/redrive", summary="Redrive much parked work", responses=documented(401, 403, 422, 503))
async def redrive_parked(
    gateway: GatewayDep, principal: Admin, asked: Annotated[RedriveRequest | None, Body()] = None
) -> Redriven:
    """Let a page of parked work be done again, the newest first; work that somebody was faster with is passed over.

    For admins. After an outage, name its code: `engine.unauthorised`, say, once the key is right.
    """
    asked = asked or RedriveRequest()
    which = ParkedFilter(projects_of(principal, asked.project), asked.code or None)
    done = await redrive_page(gateway, which, principal, cursor=asked.cursor, limit=asked.limit)
    refused = [
        RefusedRedrive(
            **row.model_dump(include={"job_id", "kind", "index", "phase"}),
            code=error.code,
            message=error.message,
        )
        for row, error in done.refused
    ]
    return Redriven(redriven_count=done.redriven_count, refused=refused, next_cursor=done.next_cursor)


@router.get(
    "/jobs/{job_id}/parked/{kind}/{index}",
    summary="Show parked work",
    responses=documented(401, 403, 404, 422, 503),
)
async def show_parked(
    job_id: UUID, kind: WorkName, index: _Index, gateway: GatewayDep, principal: Operator, phase: PhaseName = ""
) -> ParkedDetail:
    """Why this work was parked, as the job's events tell it now."""
    job = await gateway.control.find(job_id, principal)
    key = WorkKey(kind, index, phase)
    require_parked(job, key)
    reason = await parking_reason(gateway.objects, job, key)
    return parked_detail(job, key, await record_of(gateway.objects, job), reason)


@router.post(
    "/jobs/{job_id}/parked/{kind}/{index}/redrive",
    status_code=202,
    summary="Redrive parked work",
    responses={
        202: {"description": "The work is owed again.", "headers": LOCATION},
        **documented(401, 403, 404, 409, 422, 503),
    },
)
async def redrive_work(
    job_id: UUID,
    kind: WorkName,
    index: _Index,
    response: Response,
    gateway: GatewayDep,
    principal: Operator,
    phase: PhaseName = "",
) -> JobDetail:
    """Let parked work be done again, with all its attempts. The job goes on once nothing else holds it."""
    acted = await gateway.control.redrive(job_id, WorkKey(kind, index, phase), principal)
    return await answer_accepted(gateway, acted.job, response)


@router.post(
    "/jobs/{job_id}/parked/{kind}/{index}/discard",
    summary="Discard parked work",
    responses={200: {"headers": ETAG}, **documented(401, 403, 404, 409, 422, 503)},
)
async def discard_work(
    job_id: UUID,
    kind: WorkName,
    index: _Index,
    response: Response,
    gateway: GatewayDep,
    principal: Operator,
    phase: PhaseName = "",
) -> JobDetail:
    """Say that parked work will not be done: it leaves the list, and the job stays failed until it is resumed."""
    acted = await gateway.control.discard(job_id, WorkKey(kind, index, phase), principal)
    return await job_now(gateway, acted.job, response)
