"""Memory of each kind of process while it follows a log of a million events:
`python -m bench.memory [--events N]`.

The log is filled in bulk; then a process of each kind reads all of it from the beginning, one after
the other.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from typing_extensions import override

from bench.machine import machine_line
from bench.tables import Table
from contracts import streams
from dragoman_contracts.envelope import RecordedEvent
from dragoman_contracts.events import JobCompleted
from dragoman_contracts.vocabulary import WorkKind
from dragoman_gateway.views import projectors
from dragoman_runtime.bus import Delivery, EventPublisher, WorkSender
from dragoman_runtime.clock import SystemClock
from dragoman_runtime.eventstore import Append, Head, Jobs
from dragoman_runtime.eventstore.live_jobs import PostgresLiveJobs
from dragoman_runtime.eventstore.port import encode_append
from dragoman_runtime.eventstore.postgres import PostgresEventStore
from dragoman_runtime.migrations.run import migrate_events, sqlalchemy_url
from dragoman_runtime.objects.files import FileObjectStore
from dragoman_runtime.projection import create_views_engine
from dragoman_runtime.reconciler import Reconciler
from dragoman_runtime.relay import Relay
from dragoman_runtime.service import spare_collections
from servers.postgres import PostgresServer

ROLES = ("relay", "reconciler", "projector", "worker")

_EVENTS = (
    streams.submitted(),
    *streams.UP_TO_QA,
    streams.started(WorkKind.REASSEMBLY),
    streams.reassembled(),
    JobCompleted(),
)
_JOBS_A_COPY = 500
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class _Nowhere(WorkSender, EventPublisher):
    """A bus that takes everything and keeps nothing:
    what is measured is the process, not the broker.
    """

    @override
    async def send(self, deliveries: Sequence[Delivery]) -> None:
        """Take the work."""

    @override
    async def publish(self, events: Sequence[RecordedEvent]) -> None:
        """Take the events."""


def main() -> None:
    """Print the table, or be one of the measured processes."""
    parser = argparse.ArgumentParser(
        prog="bench.memory", description="Memory of each process over a long log."
    )
    parser.add_argument(
        "--events", type=int, default=1_000_000, help="events in the log (%(default)s)"
    )
    parser.add_argument("--role", choices=ROLES, help="be this process")
    parser.add_argument("--url", help="its database")
    asked = parser.parse_args()
    if asked.role:
        asyncio.run(_be(asked.role, asked.url))
    else:
        sys.stdout.write(f"{machine_line()}\n{memory_table(asked.events)}\n")


def memory_table(events: int) -> Table:
    """Resident memory of each kind of process: set up,
    after a tenth of the log, after all of it.
    """
    table = Table(
        f"Memory: {events} events in PostgreSQL, each process reads all of them",
        ("process", "events", "MiB at the start", "after 1/10", "after 1/2", "after all", "CPU-s"),
        "worker: folds every job, as deliveries would have it do. Relay and reconciler send to nowhere.",
    )
    with closing(PostgresServer()) as server:
        server.start()
        url = server.create_database()
        asyncio.run(_fill(url, events // len(_EVENTS)))
        for role in ROLES:
            command = [sys.executable, "-m", "bench.memory", "--role", role, "--url", url]
            said = subprocess.run(
                command,
                check=True,
                capture_output=True,
                text=True,
                cwd=Path(__file__).parent.parent,
            )
            seen, *mebibytes, cpu_s = said.stdout.split()
            table.add(role, int(seen), *map(float, mebibytes), float(cpu_s))
    return table


async def _fill(url: str, jobs: int) -> None:
    """Copy finished jobs into the log, as they would have been appended."""
    await migrate_events(url)
    store = await PostgresEventStore.connect(url)
    for first in range(0, jobs, _JOBS_A_COPY):
        appends = [
            Append(uuid4(), streams.PROJECT, Head(), _EVENTS, streams.origin(), streams.NOON)
            for _ in range(min(_JOBS_A_COPY, jobs - first))
        ]
        encoded = [each for append in appends for each in encode_append(append)]
        rows = [
            (recorded.stream_id, recorded.version, recorded.type, each.state)
            for each in encoded
            for recorded in (each.stored.recorded,)
        ]
        columns = ["originator_id", "originator_version", "topic", "state"]
        await store.pool.copy_records_to_table("dragoman_events", records=rows, columns=columns)
    await store.aclose()


async def _be(role: str, url: str) -> None:
    """Read the whole log as this process does, and say how many events it was,
    the memory used, and the CPU.
    """
    store = await PostgresEventStore.connect(url)
    events = await store.head_position()
    spare_collections()
    sizes, seen = [_resident_mib()], 0
    async for count in _steps(role, store, url):
        seen += count
        while len(sizes) < 3 and seen >= events / (10, 2)[len(sizes) - 1]:
            sizes.append(_resident_mib())
    sizes.append(_resident_mib())
    await store.aclose()
    sys.stdout.write(
        f"{seen} {' '.join(f'{size:.1f}' for size in sizes)} {time.process_time():.1f}\n"
    )


async def _steps(role: str, store: PostgresEventStore, url: str) -> AsyncGenerator[int]:
    """The process's own steps to the end of the log; of each, how many events it was."""
    nowhere = _Nowhere()
    if role == "relay":
        relay = Relay(store, nowhere, nowhere)
        while count := await relay.step():
            yield count
    elif role == "reconciler":
        reconciler = Reconciler(store, PostgresLiveJobs(store), nowhere, SystemClock())
        async for count in _reconciled(reconciler, store):
            yield count
    elif role == "projector":
        with TemporaryDirectory() as folder:
            engine = create_views_engine(sqlalchemy_url(url))
            projector, *_ = projectors(store, FileObjectStore(Path(folder)), engine)
            await projector.open()
            while count := await projector.step():
                yield count
            await engine.dispose()
    else:
        jobs, position = Jobs(store), 0
        while stored := await store.tail(position):
            position = stored[-1].position
            for job_id in dict.fromkeys(each.recorded.stream_id for each in stored):
                await jobs.load(job_id)
            yield len(stored)


async def _reconciled(reconciler: Reconciler, store: PostgresEventStore) -> AsyncGenerator[int]:
    """One step reads all the news: the memory is looked at as its position moves."""
    step, before = asyncio.ensure_future(reconciler.step()), 0
    while True:
        ended, _ = await asyncio.wait([step], timeout=0.2)
        rows = await store.pool.fetch("SELECT position FROM positions WHERE name = 'live_jobs'")
        position = rows[0][0] if rows else 0
        yield position - before
        before = position
        if ended:
            step.result()
            return


def _resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * _PAGE_BYTES / 1024 / 1024


if __name__ == "__main__":
    main()
