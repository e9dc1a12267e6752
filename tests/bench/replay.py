"""How fast the log is read and projected into the gateway's views, from its beginning."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from bench.scale import Scale
from bench.small_jobs import one_paragraph
from bench.tables import Table
from contracts import streams
from dragoman_contracts.events import DocumentExtracted, Event, JobCompleted
from dragoman_contracts.locale import Locale
from dragoman_contracts.policy import IntakeRecord, Policy
from dragoman_contracts.references import ObjectRef
from dragoman_contracts.text import UnitList
from dragoman_contracts.vocabulary import WorkKind
from dragoman_documents import extract
from dragoman_gateway.jobs.view.logged import LoggedJobs
from dragoman_gateway.jobs.view.rows import JobFilter
from dragoman_gateway.views import projectors
from dragoman_gateway.web.records import Records
from dragoman_runtime.eventstore import Append, EventStore, Head
from dragoman_runtime.eventstore.postgres import PostgresEventStore
from dragoman_runtime.eventstore.sqlite import SqliteEventStore
from dragoman_runtime.migrations.run import migrate_events, sqlalchemy_url
from dragoman_runtime.objects.files import FileObjectStore
from dragoman_runtime.objects.values import put_value
from dragoman_runtime.projection import create_views_engine
from dragoman_standalone.replaying import VIEWS, Order, replay
from dragoman_standalone.settings import StoreSettings
from servers.postgres import PostgresServer

_JOBS_A_COMMIT = 50
_Step = Callable[[], Awaitable[int]]


@dataclass(frozen=True, slots=True)
class _Databases:
    """A log to read, and where an empty database for views is to be had."""

    name: str
    store: EventStore
    settings: StoreSettings
    views_url: Callable[[], str]


async def replay_table(scale: Scale, postgres: PostgresServer) -> Table:
    """Reading the log, and projecting it, on SQLite and on PostgreSQL."""
    table = Table(
        "Replay: finished jobs of 15 events each, from the beginning of the log",
        ("database", "what", "events", "events/s", "CPU-us/event"),
        "CPU is Python's, not the database's, that of starting the replay's processes included. Objects are files;\n"
        "each job has its own intake record, and one unit. Projecting is what live views do, replay rebuilds them.",
    )
    with TemporaryDirectory() as name:
        folder = Path(name)
        objects = FileObjectStore(folder / "objects")
        await objects.open()
        async with _sqlite(folder) as sqlite, _postgresql(postgres, folder) as postgresql:
            for each in (sqlite, postgresql):
                await _fill(each.store, objects, range(scale.projected_jobs))
                await _measure_projecting(table, each, objects, scale)
                await _fill(each.store, objects, range(scale.projected_jobs, scale.replayed_jobs))
                await _measure_replay(table, each, objects, scale)
    return table


async def _measure_projecting(
    table: Table, databases: _Databases, objects: FileObjectStore, scale: Scale
) -> None:
    events = await databases.store.head_position()

    async def read_all() -> int:
        position = 0
        while stored := await databases.store.tail(position):
            position = stored[-1].position
        return position

    table.add(
        databases.name,
        "read and decode",
        events,
        *(await _repeated(lambda: _timed(read_all, events), scale)),
    )
    for place, name in enumerate(VIEWS):

        async def project(place: int = place) -> tuple[float, float]:
            engine = create_views_engine(databases.views_url())
            projector = projectors(databases.store, objects, engine)[place]
            await projector.open()
            measured = await _timed(projector.catch_up, events)
            await engine.dispose()
            return measured

        table.add(databases.name, f"project {name}", events, *(await _repeated(project, scale)))


async def _measure_replay(
    table: Table, databases: _Databases, objects: FileObjectStore, scale: Scale
) -> None:
    events = await databases.store.head_position()

    async def list_newest() -> int:
        memory = create_views_engine("sqlite+aiosqlite://")
        page = await LoggedJobs(memory, databases.store, Records(objects)).list_jobs(JobFilter())
        await memory.dispose()
        return events if page.rows else 0

    what = "list 50 jobs, no view"
    table.add(
        databases.name, what, events, *(await _repeated(lambda: _timed(list_newest, events), scale))
    )
    for what, names in (("replay jobs", ("jobs",)), ("replay all views", VIEWS)):

        async def rebuild(names: tuple[str, ...] = names) -> tuple[float, float]:
            return await _replayed(databases, names)

        table.add(databases.name, what, events, *(await _repeated(rebuild, scale)))


async def _replayed(databases: _Databases, names: tuple[str, ...]) -> tuple[float, float]:
    """Events a second, and microseconds of CPU an event in all processes of a
    replay, from begin to swap.
    """
    order = Order(names, processes=os.cpu_count() or 1)
    cpu, clock = _cpu_s(), time.perf_counter()
    report = await replay(databases.settings, order, lambda step, done, total: None)
    return report.event_count / (time.perf_counter() - clock), (
        _cpu_s() - cpu
    ) * 1e6 / report.event_count


def _cpu_s() -> float:
    """CPU of this process and of those that it waited for."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


async def _repeated(
    run: Callable[[], Awaitable[tuple[float, float]]], scale: Scale
) -> tuple[float, float]:
    """The medians of some runs."""
    runs = [await run() for _ in range(scale.runs)]
    return statistics.median(run[0] for run in runs), statistics.median(run[1] for run in runs)


async def _timed(step: _Step, events: int) -> tuple[float, float]:
    """Events a second, and microseconds of CPU an event.

    Raises:
        RuntimeError: the step did not come to the end of the log.
    """
    cpu, clock = time.process_time(), time.perf_counter()
    seen = await step()
    cpu, clock = time.process_time() - cpu, time.perf_counter() - clock
    if seen != events:
        raise RuntimeError(f"{seen} of {events} events were read")
    return events / clock, cpu * 1e6 / events


@asynccontextmanager
async def _sqlite(folder: Path) -> AsyncGenerator[_Databases]:
    store = SqliteEventStore(folder / "events.db")
    try:
        settings = StoreSettings(state_dir=folder, database_url=None, objects_url=None)
        yield _Databases(
            "SQLite", store, settings, lambda: f"sqlite+aiosqlite:///{folder / uuid4().hex}.db"
        )
    finally:
        await store.aclose()


@asynccontextmanager
async def _postgresql(server: PostgresServer, folder: Path) -> AsyncGenerator[_Databases]:
    url = server.create_database()
    await migrate_events(url)
    store = await PostgresEventStore.connect(url)
    try:
        settings = StoreSettings.model_validate(
            {"state_dir": folder, "database_url": url, "objects_url": None}
        )
        yield _Databases(
            "PostgreSQL", store, settings, lambda: sqlalchemy_url(server.create_database())
        )
    finally:
        await store.aclose()


async def _fill(store: EventStore, objects: FileObjectStore, jobs: range) -> None:
    """Append the streams of finished jobs of these numbers."""
    policy = await put_value(objects, streams.PROJECT, Policy(engine="pseudo"))
    units = UnitList(source_locale=Locale("en"), units=extract(one_paragraph(1)).units)
    later = _later(await put_value(objects, streams.PROJECT, units))
    for first in range(0, len(jobs), _JOBS_A_COMMIT):
        numbers = jobs[first : first + _JOBS_A_COMMIT]
        records = [await put_value(objects, streams.PROJECT, _record(number)) for number in numbers]
        await store.commit([_append(record, policy, later) for record in records])


def _later(units: ObjectRef) -> tuple[Event, ...]:
    """The events behind the first; only the unit list is an object that is there."""
    ended = (streams.started(WorkKind.REASSEMBLY), streams.reassembled(), JobCompleted())
    return tuple(
        event.model_copy(update={"units": units, "unit_count": 1})
        if isinstance(event, DocumentExtracted)
        else event
        for event in (*streams.UP_TO_QA, *ended)
    )


def _append(record: ObjectRef, policy: ObjectRef, later: tuple[Event, ...]) -> Append:
    job_id = uuid4()
    submitted = streams.submitted().model_copy(
        update={"document_id": uuid4(), "intake_record": record, "policy": policy}
    )
    return Append(
        job_id, streams.PROJECT, Head(), (submitted, *later), streams.origin(), streams.NOON
    )


def _record(number: int) -> IntakeRecord:
    reference = f"order-{number}"
    return IntakeRecord(
        project_code="atlas",
        domain_pack_code="general",
        file_name=f"{reference}.docx",
        external_reference=reference,
        version_label="1",
    )
