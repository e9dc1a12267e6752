"""A job's history: every event, with where the job stood after it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel

from dragoman_contracts.job import Job, fold
from dragoman_contracts.pipeline import owed, progress_pct
from dragoman_contracts.under_way import WorkUnderWay, translated_count
from dragoman_contracts.vocabulary import JobStatus
from dragoman_gateway.jobs.detail.answers import event_view
from dragoman_gateway.jobs.schemas import EventView, WorkUnderWayView
from dragoman_gateway.web.dependencies import GatewayDep, Limit, Operator
from dragoman_gateway.web.problems import documented

router = APIRouter(tags=["jobs"])


class JobMoment(BaseModel):
    """Where the job stood after an event."""

    status: JobStatus
    stage: str
    progress_pct: float
    translated_units: int
    planned_units: int | None
    owed_count: int


class LiveEvent(BaseModel):
    """An event, and where the job stood after it."""

    event: EventView
    job: JobMoment


class LiveWork(BaseModel):
    """What workers perform now, and where the job stands with it. No event: it is told once, and kept nowhere."""

    job: JobMoment
    remaining_s: float | None
    work_under_way: list[WorkUnderWayView]


class HistoryPage(BaseModel):
    """A page of a job's history, oldest first; `next_after` is the `after` of the next page, None at the end."""

    items: list[LiveEvent]
    next_after: int | None


@router.get("/jobs/{job_id}/history", summary="Read a job's history", responses=documented(401, 403, 404, 422, 503))
async def read_history(
    job_id: UUID,
    gateway: GatewayDep,
    principal: Operator,
    after: Annotated[int, Query(ge=0, le=2**53, description="Only events behind this version.")] = 0,
    limit: Limit = 200,
) -> HistoryPage:
    """Every event with where the job stood after it; `GET /jobs/{job_id}?at=` gives the whole state as of one."""
    await gateway.control.find(job_id, principal)
    items: list[LiveEvent] = []
    job: Job | None = None
    for stored in await gateway.store.read(job_id):
        job = fold([stored.recorded], job)
        if job is None or job.version <= after:
            continue
        if len(items) == limit:
            return HistoryPage(items=items, next_after=items[-1].event.version)
        items.append(LiveEvent(event=event_view(stored), job=job_moment(job)))
    return HistoryPage(items=items, next_after=None)


def job_moment(job: Job, under_way: Sequence[WorkUnderWay] = ()) -> JobMoment:
    """Where the job stands; units that work under way has brought count as translated."""
    return JobMoment(
        status=job.status,
        stage=job.stage,
        progress_pct=progress_pct(job, under_way),
        translated_units=translated_count(job, under_way),
        planned_units=job.plan.item_count if job.plan else None,
        owed_count=len(owed(job)),
    )
