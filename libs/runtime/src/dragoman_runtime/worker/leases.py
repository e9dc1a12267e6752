"""The leases that this worker holds, renewed until given back, with notes about their work."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from dragoman_contracts.errors import RetryableError
from dragoman_contracts.pipeline import WorkItem
from dragoman_contracts.under_way import WorkNote
from dragoman_runtime.clock import Clock
from dragoman_runtime.eventstore import EventStore, Lease
from dragoman_runtime.stopping import ended
from dragoman_runtime.under_way import written
from dragoman_runtime.worker.notes import Paces, Spoken

NOTES_EVERY_S = 1.0
"""The seconds until a new note is stored; for work that ends sooner none is written."""

_STOP_S = 3.0


class HeldLeases:
    """Renews the leases of work under way, every `heartbeat`.

    A lease that is lost is not an error: the log decides.

    A lease with a new note is renewed sooner, because the note is stored with the renewal.
    """

    def __init__(self, store: EventStore, heartbeat: timedelta, clock: Clock) -> None:
        self._store = store
        self._heartbeat_s = heartbeat.total_seconds()
        self._clock = clock
        self._held: dict[UUID, Lease] = {}
        self._spoken: dict[UUID, Spoken] = {}
        self._paces = Paces()
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def __contains__(self, lease: Lease) -> bool:
        """Whether this process does that work already.

        The store would let the same owner take the lease again.
        """
        return lease.work_id in self._held

    def add(self, lease: Lease) -> None:
        """Begin to renew a lease."""
        self._held[lease.work_id] = lease

    def discard(self, lease: Lease) -> None:
        """Stop renewing a lease."""
        self._held.pop(lease.work_id, None)
        self._spoken.pop(lease.work_id, None)

    def begin(self, item: WorkItem, attempt: int) -> None:
        """Note that the work of a held lease is performed from now on: notes about it are taken."""
        self._spoken[item.work_id] = Spoken(item, attempt, self._clock.now(), self._paces)

    def say(self, item: WorkItem, note: WorkNote) -> None:
        """Keep this note of the work in place of the last one.

        Does nothing once the lease is given back.
        """
        spoken = self._spoken.get(item.work_id)
        if spoken is not None:
            spoken.say(note, self._clock.now())
            if spoken.is_news:
                self._news.set()

    def start(self) -> None:
        """Begin the heartbeat."""
        self._task = asyncio.create_task(self._beat(), name="lease-heartbeat")

    async def stop(self) -> None:
        """End the heartbeat."""
        if self._task:
            await ended([self._task], _STOP_S)

    async def _beat(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time() + self._heartbeat_s
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(due):
                    await self._news.wait()
                    await asyncio.sleep(NOTES_EVERY_S)
            self._news.clear()
            renewed = list(self._held)
            if loop.time() >= due:
                due = loop.time() + self._heartbeat_s
            else:
                renewed = [
                    each for each in renewed if each in self._spoken and self._spoken[each].is_news
                ]
            # A note that could not be stored goes with the next renewal.
            with suppress(RetryableError):
                await self._renew(renewed)

    async def _renew(self, work_ids: Sequence[UUID]) -> None:
        if not work_ids:
            return
        leases: list[Lease] = []
        for work_id in work_ids:
            lease, spoken = self._held[work_id], self._spoken.get(work_id)
            if spoken is not None:
                spoken.is_news = False
                lease = replace(lease, note=written(lease.owner, spoken.told()))
            leases.append(lease)
        await self._store.renew(leases)
