"""Following a job: its events as they happen and what is under way between them,
as server-sent events.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict, dataclass
from datetime import timedelta
from uuid import UUID

from dragoman_contracts.errors import RetryableError
from dragoman_contracts.job import Job, fold
from dragoman_contracts.under_way import WorkUnderWay, remaining_s
from dragoman_contracts.vocabulary import RESTING
from dragoman_gateway.jobs.detail.answers import event_view, job_moment, under_way_view
from dragoman_gateway.jobs.detail.facts import LeaseWatch
from dragoman_gateway.jobs.detail.page import is_live, under_way_of
from dragoman_gateway.jobs.schemas import LiveEvent, LiveWork
from dragoman_runtime.clock import Clock
from dragoman_runtime.eventstore import EventStore, Jobs
from dragoman_runtime.under_way import work_under_way

UNDER_WAY = "under_way"
"""The name of what a live stream tells between events."""

_FIRST_LOOK_S = 0.02
_LAST_LOOK_S = 0.5
_IDLE_POLL_FACTOR = 4
_RETRY = "retry: 2000\n\n"
_HEARTBEAT = ": still here\n\n"
MayListen = Callable[[], Awaitable[bool]]
"""Whether the listener's credential still holds and reaches the job."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How long a request waits for a job to rest, how often a stream looks for news,
    when it says that it lives, how often it asks whether its listener may still listen.
    """

    process_wait: timedelta
    event_poll: timedelta
    heartbeat: timedelta
    recheck: timedelta


@dataclass(slots=True)
class _Permission:
    """The permission to listen, which ends with the listener's credential."""

    holds: MayListen
    every_s: float
    asked_at: float

    async def is_over(self) -> bool:
        """Whether the listener may listen no more; asked again once `every_s`."""
        now = asyncio.get_running_loop().time()
        if now - self.asked_at < self.every_s:
            return False
        self.asked_at = now
        return not await self.holds()


@dataclass(slots=True)
class Tail:
    """Reads a job's new events, each with the state of the job after it,
    and what is under way besides.
    """

    store: EventStore
    clock: Clock
    job_id: UUID
    watch: LeaseWatch
    job: Job | None = None
    under_way: tuple[WorkUnderWay, ...] = ()

    @property
    def is_resting(self) -> bool:
        """Whether nothing moves until a person acts."""
        return self.job is not None and self.job.status in RESTING

    async def read(self, after: int) -> list[LiveEvent]:
        """The new events that stand behind `after`."""
        found: list[LiveEvent] = []
        leases = await self.watch.look()
        for stored in await self.store.read(self.job_id, after=self.job.version if self.job else 0):
            self.job = fold([stored.recorded], self.job)
            if self.job is not None and self.job.version > after:
                found.append(LiveEvent(event=event_view(stored), job=job_moment(self.job)))
        self.under_way = work_under_way(self.job, leases) if self.job else ()
        return found

    def live_work(self) -> LiveWork | None:
        """The work under way; None where the job is unknown."""
        if self.job is None:
            return None
        now = self.clock.now()
        return LiveWork(
            job=job_moment(self.job, self.under_way),
            remaining_s=remaining_s(self.job, self.under_way),
            work_under_way=[under_way_view(each, now) for each in self.under_way],
        )


class Follower:
    """Follows jobs for requests that wait or listen, until the server is about to stop."""

    def __init__(self, store: EventStore, jobs: Jobs, clock: Clock, pace: Pace) -> None:
        self._store = store
        self._jobs = jobs
        self._clock = clock
        self._pace = pace
        self._is_stopping = False

    def stop(self) -> None:
        """Let requests that wait for a job come to their end: the server is about to stop."""
        self._is_stopping = True

    async def rested(self, job_id: UUID) -> Job:
        """The job when it rests, or as it is when the wait is over.
        Looks often at first, seldom later.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + self._pace.process_wait.total_seconds()
        pause = _FIRST_LOOK_S
        while True:
            job, _ = await self._jobs.load(job_id)
            if job.status in RESTING or self._is_stopping or loop.time() + pause > until:
                return job
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, _LAST_LOOK_S)

    def tail(self, job_id: UUID) -> Tail:
        """Reads this job's events from its first."""
        return Tail(self._store, self._clock, job_id, LeaseWatch(self._store, job_id))

    async def frames(
        self, tail: Tail, first: list[LiveEvent], after: int, may_listen: MayListen
    ) -> AsyncIterator[str]:
        """The API's stream: `first`, then what is new, until the job rests, the server stops or the
        listener may listen no more.
        """
        permission = self._permission(may_listen)
        loop = asyncio.get_running_loop()
        poll_s, heartbeat_s = (
            self._pace.event_poll.total_seconds(),
            self._pace.heartbeat.total_seconds(),
        )
        news, pause, spoke_at = first, poll_s, loop.time()
        told: tuple[WorkUnderWay, ...] = ()
        yield _RETRY
        while True:
            for each in news:
                yield f"id: {each.event.version}\nevent: {each.event.type}\ndata: {each.model_dump_json()}\n\n"
            if tail.is_resting:
                yield f"event: rest\ndata: {_moment_json(tail.job)}\n\n"
                return
            if self._is_stopping:
                return
            if tail.under_way != told and (work := tail.live_work()):
                told, spoke_at = tail.under_way, loop.time()
                yield f"event: {UNDER_WAY}\ndata: {work.model_dump_json()}\n\n"  # no id: Last-Event-ID stays a version
            if news:
                pause, spoke_at = poll_s, loop.time()
            elif loop.time() - spoke_at >= heartbeat_s:
                spoke_at = loop.time()
                yield _HEARTBEAT
            await asyncio.sleep(pause)
            pause = min(pause * 1.2, poll_s * _IDLE_POLL_FACTOR)
            if await permission.is_over():
                return
            news = await tail.read(after)

    def _permission(self, may_listen: MayListen) -> _Permission:
        now = asyncio.get_running_loop().time()
        return _Permission(may_listen, self._pace.recheck.total_seconds(), now)

    async def news(
        self,
        job_id: UUID,
        seen: int,
        has_left: Callable[[], Awaitable[bool]],
        may_listen: MayListen,
    ) -> AsyncIterator[str]:
        """The stream that an open page of the console listens to.
        It ends when the job rests, the browser leaves or its session ends.
        """
        permission = self._permission(may_listen)
        poll_s, quiet_s = self._pace.event_poll.total_seconds(), 0.0
        heartbeat_s = self._pace.heartbeat.total_seconds()
        watch, told = LeaseWatch(self._store, job_id), None
        yield _RETRY
        while not await has_left() and not await permission.is_over():
            try:
                leases = await watch.look()
                job, head = await self._jobs.load(job_id)
            except RetryableError:
                return  # the browser comes back by itself
            if head.version > seen:
                seen, quiet_s = head.version, 0.0
                yield f"id: {seen}\nevent: changed\ndata: {seen}\n\n"
            if not is_live(job):
                yield f"id: {seen}\nevent: ended\ndata: {seen}\n\n"
                return
            said = under_way_of(job, work_under_way(job, leases), self._clock.now())
            if said != told:
                told, quiet_s = said, 0.0
                yield f"event: {UNDER_WAY}\ndata: {json.dumps(asdict(said))}\n\n"
            if quiet_s >= heartbeat_s:
                quiet_s = 0.0
                yield _HEARTBEAT
            await asyncio.sleep(poll_s)
            quiet_s += poll_s


def _moment_json(job: Job | None) -> str:
    return job_moment(job).model_dump_json() if job else "{}"
