"""The leases this worker holds, renewed until they are given back."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID

from dragoman_contracts.errors import RetryableError
from dragoman_contracts.under_way import WorkNote
from dragoman_runtime.eventstore import EventStore, Lease


class HeldLeases:
    """Renews the leases of work under way, every `heartbeat`. A lease that is lost is not an error: the log decides."""

    def __init__(self, store: EventStore, heartbeat: timedelta) -> None:
        self._store = store
        self._heartbeat_s = heartbeat.total_seconds()
        self._held: dict[UUID, Lease] = {}
        self._notes: dict[UUID, WorkNote] = {}
        self._task: asyncio.Task[None] | None = None

    def __contains__(self, lease: Lease) -> bool:
        """Whether this process is at that work already: the store would let the same owner take the lease again."""
        return lease.work_id in self._held

    def add(self, lease: Lease) -> None:
        """Begin to renew."""
        self._held[lease.work_id] = lease

    def discard(self, lease: Lease) -> None:
        """Renew no more."""
        self._held.pop(lease.work_id, None)
        self._notes.pop(lease.work_id, None)

    def note(self, lease: Lease, note: WorkNote) -> None:
        """Keep what is said of this work, the latest only."""
        if lease.work_id in self._held:
            self._notes[lease.work_id] = note

    def start(self) -> None:
        """Begin the heartbeat."""
        self._task = asyncio.create_task(self._beat(), name="lease-heartbeat")

    async def stop(self) -> None:
        """End the heartbeat."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self._heartbeat_s)
            if self._held:
                try:
                    await self._store.renew(list(self._held.values()))
                except RetryableError:
                    continue
