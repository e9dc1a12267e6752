"""The reconciler: sends work again that is owed, due and held by no worker.

This one rule serves retries, expired leases, a wiped broker and the start of the one process. The
reconciler keeps the jobs to look at in a table made from the log, `live_jobs`, with the time at
which each is to be looked at next.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol
from uuid import UUID

from dragoman_contracts.errors import PermanentError, RetryableError
from dragoman_contracts.events import (
    CancelRequested,
    JobSubmitted,
    ResumeRequested,
    ReviewClosed,
    ReviewImported,
    StartRequested,
    WorkFailed,
    WorkRedriven,
)
from dragoman_contracts.job import Job
from dragoman_contracts.pipeline import CLOCK_TOLERANCE, WorkItem, is_due, owed
from dragoman_contracts.vocabulary import JobStatus
from dragoman_runtime.bus import Delivery, WorkSender
from dragoman_runtime.clock import Clock
from dragoman_runtime.eventstore import EventStore, Jobs, LiveLease, Stored
from dragoman_runtime.telemetry import get_logger, say_waiting

LIVE_JOBS_POSITION = "live_jobs"
WAKING = frozenset(
    each.name
    for each in (
        JobSubmitted,
        StartRequested,
        ResumeRequested,
        ReviewClosed,
        ReviewImported,
        WorkRedriven,
        WorkFailed,
        CancelRequested,
    )
)
_NEVER = datetime.min.replace(tzinfo=UTC)
_NEWS = 500
_PATIENCE = 10
"""The longest time until a job is looked at again, in times of `every`."""

_log = get_logger()


@dataclass(frozen=True, slots=True)
class Wake:
    """A job to look at, not before `due_at`."""

    job_id: UUID
    due_at: datetime


@dataclass(frozen=True, slots=True)
class _Finding:
    """The work of a job that is due and held by no worker, and when to look again; None when the
    job owes nothing.
    """

    job: Job
    ready: tuple[WorkItem, ...]
    look_at: datetime | None


class LiveJobs(Protocol):
    """The jobs that may owe work, kept from the log.

    A job too many does no harm; a missing job would stay undone.
    """

    async def wake(self, wakes: Sequence[Wake]) -> None:
        """Look at these jobs at the given times; an earlier time that is already set stays."""
        ...

    async def wake_all(self, now: datetime, *, beyond: datetime | None = None) -> None:
        """Look at every job at once whose time lies after `beyond`; without it, at every job."""
        ...

    async def claim(self, now: datetime, until: datetime, *, limit: int = 500) -> list[UUID]:
        """Up to `limit` jobs whose time has come, the longest waiting first.

        Nobody else gets them before `until`.
        """
        ...

    async def forget(self, seen: Mapping[UUID, int]) -> None:
        """Look at these jobs no more until an event wakes them.

        A job that went past the version seen is kept.
        """
        ...


class Reconciler:
    """Keeps `live_jobs` from the log and sends the work that due jobs owe.

    Several reconcilers share the jobs.

    A job is looked at again after `every`, and later the longer its work has waited: work that lies
    in a long queue is not sent over and over. A retry and the end of a lease have times of their
    own, and a job that is being cancelled is looked at every `tick`.
    """

    def __init__(
        self,
        store: EventStore,
        live_jobs: LiveJobs,
        sender: WorkSender,
        clock: Clock,
        *,
        every: timedelta = timedelta(seconds=30),
        tick: timedelta = timedelta(seconds=1),
    ) -> None:
        self._store = store
        self._live_jobs = live_jobs
        self._sender = sender
        self._clock = clock
        self._every = every
        self._tick = tick
        self._jobs = Jobs(store, capacity=2048)
        self._seen_at = _NEVER

    async def run(self) -> None:
        """Reconcile for ever; ends only when cancelled. Trouble with store or bus is waited out."""
        while True:
            try:
                await self.step()
            except RetryableError as error:
                say_waiting("reconciler.waiting", error.code)
            await asyncio.sleep(self._tick.total_seconds())

    async def step(self) -> int:
        """Read the log's news, then send the work that due jobs owe.

        Gives the number of items sent.
        """
        while await self._read_news():
            pass
        sent, now = 0, self._clock.now()
        # The clock was set back: times that were set by it lie too far ahead. A process that was
        # killed meanwhile does not know, so that each looks for such times when it starts.
        if now + CLOCK_TOLERANCE < self._seen_at:
            await self._live_jobs.wake_all(now)
        elif self._seen_at == _NEVER:
            await self._live_jobs.wake_all(now, beyond=now + self._every * _PATIENCE)
        self._seen_at = now
        while job_ids := await self._live_jobs.claim(now, now + self._every * _PATIENCE):
            try:
                sent += await self._reconcile(job_ids, now)
            except RetryableError:
                await self._live_jobs.wake([Wake(job_id, now) for job_id in job_ids])
                raise
        return sent

    async def wake_all(self) -> None:
        """Look at every live job at once: for the start of a process that knows it is alone."""
        while await self._read_news():
            pass
        await self._live_jobs.wake_all(self._clock.now())

    async def _read_news(self) -> bool:
        async with self._store.lock_position(LIVE_JOBS_POSITION) as position:
            if position is None or (head := await self._store.head_position()) <= position.position:
                return False
            stored = await self._store.tail(position.position, limit=_NEWS, types=WAKING)
            await self._live_jobs.wake([self._wake(each) for each in stored])
            await position.advance(stored[-1].position if len(stored) == _NEWS else head)
        return len(stored) == _NEWS

    def _wake(self, stored: Stored) -> Wake:
        recorded, event = stored.recorded, stored.recorded.data
        # The clock of the machine that recorded it may be ahead.
        at = min(recorded.occurred_at, self._clock.now())
        match event:
            case WorkFailed(retry_at=retry_at):
                return Wake(recorded.stream_id, at + (retry_at - recorded.occurred_at))
            case CancelRequested():
                return Wake(recorded.stream_id, at + self._tick)
            case _:
                return Wake(recorded.stream_id, at + self._every)

    async def _reconcile(self, job_ids: Sequence[UUID], now: datetime) -> int:
        jobs = await self._load(job_ids)
        leases = await self._store.live_leases(*job_ids)
        findings = [await self._look_at(job, leases, now) for job in jobs]
        deliveries = [
            Delivery(item, each.job.traceparent) for each in findings for item in each.ready
        ]
        await self._sender.send(deliveries)
        await self._live_jobs.wake(
            [Wake(each.job.job_id, at) for each in findings if (at := each.look_at)]
        )
        await self._live_jobs.forget(
            {each.job.job_id: each.job.version for each in findings if not each.look_at}
        )
        return len(deliveries)

    async def _load(self, job_ids: Sequence[UUID]) -> list[Job]:
        """The jobs, without those that cannot be read:
        one bad stream must not hold up all others.
        """
        try:
            return await self._jobs.load_several(job_ids)
        except (PermanentError, ValueError):
            jobs: list[Job] = []
            for job_id in job_ids:
                try:
                    jobs += await self._jobs.load_several([job_id])
                except (PermanentError, ValueError) as error:
                    _log.error("reconciler.unreadable", job_id=str(job_id), exc_info=error)
            return jobs

    async def _look_at(self, job: Job, leases: Mapping[UUID, LiveLease], now: datetime) -> _Finding:
        items = owed(job)
        if not items:
            return _Finding(job, (), None)
        # A cancellation ends when no work of the job is under way.
        if job.status is JobStatus.CANCELLING:
            is_busy = bool(await self._store.live_leases(job.job_id))
            return _Finding(job, () if is_busy else items, now + self._tick)
        ready = tuple(
            item for item in items if item.work_id not in leases and is_due(job, item.key, now)
        )
        patience = min(max((now - job.head_at) / 2, self._every), self._every * _PATIENCE)
        looks = [
            now + patience,
            *(leases[item.work_id].expires_at for item in items if item.work_id in leases),
        ]
        retries = (trouble.retry_at for trouble in job.failures.values())
        looks += [retry_at for retry_at in retries if retry_at and retry_at > now]
        return _Finding(job, ready, max(min(looks), now + self._tick))
