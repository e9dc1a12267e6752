"""The reconciler: sends again what is owed, due and held by nobody.

It serves retries, expired leases, a wiped broker and the start of the one process, all with one rule. The jobs it looks
at are a table of its own, kept from the log: `live_jobs`, with the time each is to be looked at next.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from dragoman_contracts.errors import RetryableError
from dragoman_contracts.events import (
    CancelRequested,
    JobSubmitted,
    ResumeRequested,
    ReviewImported,
    StartRequested,
    StreamType,
    WorkFailed,
)
from dragoman_contracts.pipeline import due_at, owed
from dragoman_runtime.bus import Delivery, WorkSender
from dragoman_runtime.clock import Clock
from dragoman_runtime.eventstore import EventStore, Jobs, Stored
from dragoman_runtime.telemetry import get_logger

_POSITION = "live_jobs"
_WAKING = (JobSubmitted, StartRequested, ResumeRequested, ReviewImported, CancelRequested, WorkFailed)
_log = get_logger()


@dataclass(frozen=True, slots=True)
class Wake:
    """A job to look at, not before `due_at`."""

    job_id: UUID
    due_at: datetime


class LiveJobs(Protocol):
    """The jobs that may owe work, kept from the log: one too many does no harm, a missing one would be lost."""

    async def wake(self, wakes: Sequence[Wake]) -> None:
        """Look at these jobs at the given times; an earlier time that is already set stays."""
        ...

    async def due(self, now: datetime, *, limit: int = 500) -> list[UUID]:
        """The jobs whose time has come, longest waiting first."""
        ...

    async def postpone(self, wakes: Sequence[Wake]) -> None:
        """Look at these jobs again at the given times, whatever was set."""
        ...

    async def forget(self, job_ids: Sequence[UUID]) -> None:
        """Look at these jobs no more, until an event wakes them."""
        ...


class Reconciler:
    """Keeps `live_jobs` from the log and sends what its due jobs owe."""

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
        self._tick_s = tick.total_seconds()
        self._jobs = Jobs(store, capacity=2048)

    async def run(self) -> None:
        """Reconcile for ever; ends only when cancelled. Trouble with store or bus is waited out."""
        while True:
            try:
                await self.step()
            except RetryableError as error:
                _log.warning("reconciler.waiting", error_code=error.code)
            await asyncio.sleep(self._tick_s)

    async def step(self) -> int:
        """Read the log's news, then send what the due jobs owe; how many items were sent."""
        while await self._read_news():
            pass
        sent = 0
        now = self._clock.now()
        for job_id in await self._live_jobs.due(now):
            sent += await self._reconcile(job_id, now)
        return sent

    async def wake_all(self) -> None:
        """Look at every live job at once: for the start of a process that knows it is alone."""
        while await self._read_news():
            pass
        now = self._clock.now()
        jobs = await self._live_jobs.due(now + timedelta(days=3650), limit=1_000_000)
        await self._live_jobs.postpone([Wake(job_id, now) for job_id in jobs])

    async def _read_news(self) -> bool:
        async with self._store.lock_position(_POSITION) as position:
            if position is None:
                return False
            stored = await self._store.tail(position.position)
            if stored:
                await self._live_jobs.wake([wake for each in stored for wake in self._wakes(each)])
                await position.advance(stored[-1].position)
        return bool(stored)

    def _wakes(self, stored: Stored) -> list[Wake]:
        envelope, event = stored.recorded.envelope, stored.recorded.event
        if envelope.stream_type is not StreamType.JOB or not isinstance(event, _WAKING):
            return []
        at = event.retry_at if isinstance(event, WorkFailed) else envelope.occurred_at + self._every
        return [Wake(envelope.stream_id, at)]

    async def _reconcile(self, job_id: UUID, now: datetime) -> int:
        job, _ = await self._jobs.load(job_id)
        items = owed(job)
        if not items:
            await self._live_jobs.forget([job_id])
            return 0
        leases = await self._store.live_leases(job_id)
        ready = [item for item in items if item.work_id not in leases and (due_at(job, item.key) or now) <= now]
        await self._sender.send([Delivery(item, job.traceparent) for item in ready])
        looks = [trouble.retry_at for trouble in job.failures.values() if trouble.retry_at and trouble.retry_at > now]
        looks += [leases[item.work_id] for item in items if item.work_id in leases]
        await self._live_jobs.postpone([Wake(job_id, min([now + self._every, *looks]))])
        return len(ready)
