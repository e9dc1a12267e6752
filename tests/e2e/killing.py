"""Kills each service once with SIGKILL, at a moment when it is at work.

A process that looks busy is paused first; when its work is still under way then, it is killed in
the middle of it. So the moment is not a matter of luck.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast
from uuid import UUID

import asyncpg

from dragoman_contracts.pipeline import owed
from dragoman_runtime.eventstore import Jobs
from dragoman_runtime.eventstore.postgres import PostgresEventStore
from e2e.installation import TOGETHER, Installation

_LOOK_S = 0.004
_LEASES = "SELECT work_id, job_id FROM work_leases WHERE owner LIKE $1"
_UNPUBLISHED = """
    SELECT count(*) FROM dragoman_events, positions WHERE name = 'relay' AND position > 0 AND notification_id > position
"""


@dataclass(frozen=True)
class Kill:
    """One kill: of which service, when, and what it was in the middle of."""

    service: str
    after_s: float
    at_work_on: tuple[str, ...]


class Killer:
    """Kills every service of an installation once, the gateway first, and starts it again as a
    supervisor would.

    `submissions` tells how many requests the gateway has not answered yet; `may_kill` whether it is
    time for another kill after so many.
    """

    def __init__(
        self,
        installation: Installation,
        store: PostgresEventStore,
        submissions: Callable[[], int],
        may_kill: Callable[[int], bool],
    ) -> None:
        self.kills: list[Kill] = []
        self.left = list(reversed(installation.processes))
        self._installation = installation
        self._store = store
        self._jobs = Jobs(store)
        self._submissions = submissions
        self._may_kill = may_kill
        self._started = time.monotonic()

    async def run(self) -> list[Kill]:
        """Kill until every service had its turn."""
        while self.left:
            for service in tuple(self.left):
                if not self._may_kill(len(self.kills)):
                    break
                if await self._work_of(service) and await self._killed(service):
                    self.left.remove(service)
            await asyncio.sleep(_LOOK_S)
        return self.kills

    async def _killed(self, service: str) -> bool:
        """Pause it and kill it if it is still at work then;
        whether it was in the middle of something when it died.
        """
        process = self._installation.processes[service]
        process.pause()
        if not await self._work_of(service):
            process.resume()
            return False
        process.kill()
        work = await self._work_of(service)
        self._installation.processes[service].start()
        if work:
            self.kills.append(Kill(service, time.monotonic() - self._started, tuple(work)))
        return bool(work)

    async def _work_of(self, service: str) -> list[str]:
        """What the process is at, in words; empty when it is idle."""
        if service == "gateway":
            count = self._submissions()
            return [f"{count} submissions"] if count else []
        if service == "relay":
            found = cast("int | None", await self._store.pool.fetchval(_UNPUBLISHED))
            return [f"{found} events to publish"] if found else []
        pid = self._installation.processes[service].pid
        owner = "%" if service in TOGETHER else service
        leases = await self._store.pool.fetch(_LEASES, f"{owner}@%:{pid}:%")
        return [await self._named(lease) for lease in leases]

    async def _named(self, lease: asyncpg.Record) -> str:
        job_id, work_id = cast(UUID, lease["job_id"]), cast(UUID, lease["work_id"])
        job, _ = await self._jobs.load(job_id)
        return next(
            (f"{item.kind} {item.index}" for item in owed(job) if item.work_id == work_id),
            "decided work",
        )
