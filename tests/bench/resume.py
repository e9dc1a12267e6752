"""How soon work goes on after everything stopped: thousands of live jobs,
an empty broker, a new reconciler.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import uuid4

from typing_extensions import override

from bench.machine import cpu_ms
from bench.scale import Scale
from bench.services import Servers
from bench.tables import Table
from contracts import streams
from dragoman_runtime.bus import Delivery, WorkSender
from dragoman_runtime.bus.rabbit import RabbitBus
from dragoman_runtime.clock import SystemClock
from dragoman_runtime.eventstore import Append, Head
from dragoman_runtime.eventstore.live_jobs import PostgresLiveJobs
from dragoman_runtime.eventstore.postgres import PostgresEventStore
from dragoman_runtime.migrations.run import migrate_events
from dragoman_runtime.reconciler import Reconciler
from dragoman_runtime.service import spare_collections

_JOBS_A_COMMIT = 100


class _Watched(WorkSender):
    """The bus, and when the first of its work was safe with the broker."""

    def __init__(self, bus: RabbitBus) -> None:
        self._bus = bus
        self.first_at: float | None = None

    @override
    async def send(self, deliveries: Sequence[Delivery]) -> None:
        await self._bus.send(deliveries)
        self.first_at = self.first_at or time.perf_counter()


async def resume_table(scale: Scale, servers: Servers) -> Table:
    """Waking all jobs and sending what each owes, confirmed."""
    table = Table(
        f"Resume: {scale.live_jobs} live jobs of 5 events each, nothing in the broker",
        (
            "pass",
            "sent",
            "first sent after s",
            "all sent after s",
            "CPU-s",
            "PostgreSQL",
            "RabbitMQ",
        ),
        "The first pass also reads the log; the second knows the jobs. CPU-s is the reconciler's process.",
    )
    url = servers.postgres.create_database()
    await migrate_events(url)
    store = await PostgresEventStore.connect(url)
    bus = RabbitBus(servers.rabbitmq.url, confirm_timeout_s=120)
    try:
        await bus.open()
        await _fill(store, scale.live_jobs)
        watched = _Watched(bus)
        reconciler = Reconciler(store, PostgresLiveJobs(store), watched, SystemClock())
        with set_up_as_a_service():
            for number in ("first", "second"):
                watched.first_at = None
                table.add(number, *await _woken(reconciler, watched, servers))
    finally:
        await bus.stop()
        await store.aclose()
        servers.postgres.drop_database(url)
        servers.rabbitmq.wipe()  # what was sent is for nobody
    return table


async def _woken(
    reconciler: Reconciler, watched: _Watched, servers: Servers
) -> tuple[int, float, float, float, float, float]:
    pids = (servers.postgres.pid, servers.rabbitmq.pid)
    before = [cpu_ms(pid) for pid in pids]
    cpu, started = time.process_time(), time.perf_counter()
    await reconciler.wake_all()
    sent = await reconciler.step()
    took_s, cpu = time.perf_counter() - started, time.process_time() - cpu
    theirs = [(cpu_ms(pid) - spent) / 1000 for pid, spent in zip(pids, before, strict=True)]
    return sent, (watched.first_at or started) - started, took_s, cpu, theirs[0], theirs[1]


@contextmanager
def set_up_as_a_service() -> Generator[None]:
    """The collector as a service has it, for the block;
    the tables after this one find it as it was.
    """
    thresholds = gc.get_threshold()
    spare_collections()
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()


async def _fill(store: PostgresEventStore, jobs: int) -> None:
    """Append jobs that owe their translation plan."""
    for first in range(0, jobs, _JOBS_A_COMMIT):
        await store.commit([_append() for _ in range(min(_JOBS_A_COMMIT, jobs - first))])


def _append() -> Append:
    events = (streams.submitted(), *streams.UP_TO_EXTRACTION)
    return Append(uuid4(), streams.PROJECT, Head(), events, streams.origin(), datetime.now(UTC))
