"""A job's events: in pages, or live as server-sent events whose id is the stream's version."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request, Response
from starlette.responses import StreamingResponse

from dragoman_contracts.job import Job, fold
from dragoman_contracts.under_way import WorkUnderWay, remaining_s
from dragoman_contracts.vocabulary import RESTING
from dragoman_gateway.gateway import Gateway
from dragoman_gateway.jobs.detail.answers import event_view, under_way_view
from dragoman_gateway.jobs.detail.facts import LeaseWatch
from dragoman_gateway.jobs.history import LiveEvent, LiveWork, job_moment
from dragoman_gateway.jobs.schemas import EventPage
from dragoman_gateway.web.dependencies import GatewayDep, Limit, Operator
from dragoman_gateway.web.problems import documented
from dragoman_runtime.under_way import work_under_way

router = APIRouter(tags=["jobs"])

EVENT_STREAM = "text/event-stream"
UNDER_WAY = "under_way"
"""The name of what a live stream tells between events."""

_IDLE_POLL_FACTOR = 4


@router.get(
    "/jobs/{job_id}/events",
    summary="Read or follow a job's events",
    response_model=EventPage,
    responses={
        200: {
            "description": (
                "A page of events; with `Accept: text/event-stream` a live stream of `LiveEvent`s that ends, with an "
                "event named `rest`, when the job rests. Between events, and without an id, those named `under_way` "
                "carry a `LiveWork`, about once a second while there is news."
            ),
            "content": {EVENT_STREAM: {"schema": {"type": "string"}}},
        },
        204: {"description": "Event streams only: the job rests and there is nothing after Last-Event-ID."},
        **documented(401, 403, 404, 422, 503),
    },
)
async def read_events(
    request: Request,
    job_id: UUID,
    gateway: GatewayDep,
    principal: Operator,
    after: Annotated[int, Query(ge=0, le=2**53, description="Only events behind this version.")] = 0,
    limit: Limit = 200,
    last_event_id: Annotated[str | None, Header(description="Where a live stream goes on.")] = None,
) -> EventPage | Response:
    """The events of a job, oldest first. Ask with `Accept: text/event-stream` to follow them as they happen."""
    await gateway.control.find(job_id, principal)
    if EVENT_STREAM in request.headers.get("accept", ""):
        resumed = last_event_id or ""
        start = int(resumed) if resumed.isascii() and resumed.isdigit() and len(resumed) < 16 else after
        return await _live(gateway, job_id, start)
    stored = await gateway.store.read(job_id, after=after)
    page = stored[:limit]
    has_more = len(stored) > limit
    return EventPage(
        items=[event_view(each) for each in page],
        next_after=page[-1].recorded.envelope.version if has_more else None,
    )


async def _live(gateway: Gateway, job_id: UUID, after: int) -> Response:
    tail = _Tail(gateway, job_id, LeaseWatch(gateway.store, job_id))
    first = await tail.read(after)
    if not first and tail.is_resting:
        return Response(status_code=204)  # tells an EventSource that reconnects that there is nothing to wait for
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(_frames(gateway, tail, first, after), media_type=EVENT_STREAM, headers=headers)


@dataclass(slots=True)
class _Tail:
    """Reads a job's new events, each with the state of the job after it, and what is under way besides."""

    gateway: Gateway
    job_id: UUID
    watch: LeaseWatch
    job: Job | None = None
    under_way: tuple[WorkUnderWay, ...] = ()

    @property
    def is_resting(self) -> bool:
        return self.job is not None and self.job.status in RESTING

    async def read(self, after: int) -> list[LiveEvent]:
        """What is new, as far as it stands behind `after`."""
        found: list[LiveEvent] = []
        leases = await self.watch.look()
        for stored in await self.gateway.store.read(self.job_id, after=self.job.version if self.job else 0):
            self.job = fold([stored.recorded], self.job)
            if self.job is not None and self.job.version > after:
                found.append(LiveEvent(event=event_view(stored), job=job_moment(self.job)))
        self.under_way = work_under_way(self.job, leases) if self.job else ()
        return found

    def live_work(self) -> LiveWork | None:
        """What is under way; None where the job is unknown."""
        if self.job is None:
            return None
        now = self.gateway.clock.now()
        return LiveWork(
            job=job_moment(self.job, self.under_way),
            remaining_s=remaining_s(self.job, self.under_way),
            work_under_way=[under_way_view(each, now) for each in self.under_way],
        )


async def _frames(gateway: Gateway, tail: _Tail, first: list[LiveEvent], after: int) -> AsyncIterator[str]:
    options = gateway.options
    loop = asyncio.get_running_loop()
    poll_s = options.event_poll.total_seconds()
    news, pause, spoke_at = first, poll_s, loop.time()
    told: tuple[WorkUnderWay, ...] = ()
    yield "retry: 2000\n\n"
    while True:
        for each in news:
            yield f"id: {each.event.version}\nevent: {each.event.type}\ndata: {each.model_dump_json()}\n\n"
        if tail.is_resting:
            yield f"event: rest\ndata: {_moment_json(tail.job)}\n\n"
            return
        if gateway.is_stopping:
            return
        if tail.under_way != told and (work := tail.live_work()):
            told, spoke_at = tail.under_way, loop.time()
            yield f"event: {UNDER_WAY}\ndata: {work.model_dump_json()}\n\n"  # no id: Last-Event-ID stays a version
        if news:
            pause, spoke_at = poll_s, loop.time()
        elif loop.time() - spoke_at >= options.heartbeat.total_seconds():
            spoke_at = loop.time()
            yield ": still here\n\n"
        await asyncio.sleep(pause)
        pause = min(pause * 1.2, poll_s * _IDLE_POLL_FACTOR)
        news = await tail.read(after)


def _moment_json(job: Job | None) -> str:
    return job_moment(job).model_dump_json() if job else "{}"
