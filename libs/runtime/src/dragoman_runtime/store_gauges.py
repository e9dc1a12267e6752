"""Gauges that intake reads from the store: owed work by queue, its oldest age, the relay's lag.

They are known whoever is dead: counts at the workers fall silent with the worker.
"""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from dragoman_contracts.errors import RetryableError
from dragoman_contracts.pipeline import is_due, owed
from dragoman_contracts.steps import queue_of, work_queues
from dragoman_contracts.vocabulary import Queue
from dragoman_runtime.clock import Clock
from dragoman_runtime.eventstore import Jobs
from dragoman_runtime.eventstore.postgres import PostgresEventStore, translated_errors
from dragoman_runtime.telemetry import metrics

_MOST_JOBS = 2000
_STATES = ("waiting", "held", "later")
_SOURCE = "store"
_LIVE = "SELECT job_id FROM live_jobs ORDER BY due_at LIMIT $1"
_RELAYED = "SELECT coalesce(max(position), 0) FROM positions WHERE name = 'relay'"


class StoreGauges:
    """Looks into the store from time to time. While it is away, what is not known is NaN.

    Of more than 2,000 live jobs those are counted that are looked at next.
    """

    def __init__(
        self,
        store: PostgresEventStore,
        clock: Clock,
        service: str,
        every: timedelta = timedelta(seconds=10),
    ) -> None:
        self._store = store
        self._clock = clock
        self._every_s = every.total_seconds()
        self._jobs = Jobs(store, capacity=_MOST_JOBS)
        self._connected = metrics.STORE_CONNECTED.labels(service)

    async def run(self) -> None:
        """Look for ever; ends only when cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(self._every_s)

    async def look(self) -> None:
        """Set the gauges once."""
        try:
            async with translated_errors():
                rows = await self._store.pool.fetch(_LIVE, _MOST_JOBS)
                relayed = int(await self._store.pool.fetchval(_RELAYED))
            head = await self._store.head_position()
            age_s = await self._oldest_behind(relayed)
            counts, oldest = await self._owed([row[0] for row in rows])
        except RetryableError:
            self._connected.set(0)
            self._set(Counter(), {}, math.nan)
            metrics.RELAY_LAG_EVENTS.labels(_SOURCE).set(math.nan)
            metrics.RELAY_OLDEST_SECONDS.labels(_SOURCE).set(math.nan)
            return
        self._connected.set(1)
        self._set(counts, oldest, 0.0)
        metrics.RELAY_LAG_EVENTS.labels(_SOURCE).set(max(head - relayed, 0))
        metrics.RELAY_OLDEST_SECONDS.labels(_SOURCE).set(age_s)

    async def _oldest_behind(self, relayed: int) -> float:
        behind = await self._store.tail(relayed, limit=1)
        ages = [(self._clock.now() - each.recorded.occurred_at).total_seconds() for each in behind]
        return max([0.0, *ages])

    async def _owed(
        self, job_ids: Sequence[UUID]
    ) -> tuple[Counter[tuple[Queue, str]], dict[Queue, float]]:
        jobs = await self._jobs.load_several(job_ids) if job_ids else []
        leases = await self._store.live_leases(*job_ids) if job_ids else {}
        counts: Counter[tuple[Queue, str]] = Counter()
        oldest: dict[Queue, float] = {}
        now = self._clock.now()
        for job in jobs:
            for item in owed(job):
                queue = queue_of(item.kind)
                if item.work_id in leases:
                    counts[queue, "held"] += 1
                elif not is_due(job, item.key, now):
                    counts[queue, "later"] += 1
                else:
                    counts[queue, "waiting"] += 1
                    since = max((now - job.head_at).total_seconds(), 0.0)
                    oldest[queue] = max(oldest.get(queue, 0.0), since)
        return counts, oldest

    @staticmethod
    def _set(
        counts: Counter[tuple[Queue, str]], oldest: dict[Queue, float], otherwise: float
    ) -> None:
        for queue in work_queues():
            metrics.OWED_OLDEST_SECONDS.labels(queue).set(oldest.get(queue, otherwise))
            for state in _STATES:
                metrics.OWED_WORK.labels(queue, state).set(counts.get((queue, state), otherwise))
