"""How worker services run: connect, serve their queues, end cleanly on a signal.
One in a process, or several.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import Field

from dragoman_contracts.errors import RetryableError
from dragoman_contracts.release import release
from dragoman_contracts.steps import queue_of
from dragoman_contracts.vocabulary import Queue
from dragoman_runtime.bus.port import WorkReceiver
from dragoman_runtime.clock import SystemClock
from dragoman_runtime.computing import computing
from dragoman_runtime.eventstore import Jobs
from dragoman_runtime.eventstore.postgres import PostgresEventStore
from dragoman_runtime.eventstore.postgres_url import named
from dragoman_runtime.migrations.revision import are_events_newest
from dragoman_runtime.objects import ObjectStore, object_store
from dragoman_runtime.settings import (
    BusSettings,
    DatabaseSettings,
    ObjectSettings,
    SettingsError,
    StopSettings,
    TelemetrySettings,
    WorkerSettings,
    variable,
)
from dragoman_runtime.starting import address_of, say_started, telemetry_of
from dragoman_runtime.stopping import begin_stop, closed, ended
from dragoman_runtime.telemetry import log_context, say_waiting
from dragoman_runtime.worker import (
    RetryPolicy,
    Task,
    Worker,
    WorkerIdentity,
    WorkerLimits,
    WorkerPorts,
)

if TYPE_CHECKING:
    from dragoman_runtime.bus.rabbit import RabbitBus


_RETRY_S = 1.0
_CLOSE_S = 3.0
_TOGETHER = (
    "worker"  # the name of a process that is several services, where a line is none of theirs
)
_T = TypeVar("_T")


class ServiceSettings(
    DatabaseSettings,
    ObjectSettings,
    BusSettings,
    WorkerSettings,
    StopSettings,
    TelemetrySettings,
):
    """The settings of every worker service."""

    queues: str = Field(
        default="",
        description="Queues that this process takes work from, with commas between, as `command_run`; empty: all of "
        "its services'. Another process must take the others.",
    )

    @property
    def chosen_queues(self) -> frozenset[str]:
        """The names in `queues`."""
        return frozenset(name.strip() for name in self.queues.split(",") if name.strip())


@dataclass(frozen=True, slots=True)
class Backends:
    """The servers that the processes of the services mode share.

    `database_url` is that of the store, for views and catalogue.
    """

    database_url: str
    store: PostgresEventStore
    objects: ObjectStore
    bus: RabbitBus


Companion = Callable[[Backends], Awaitable[None]]
"""A task that runs beside a service's worker until it is cancelled, as the reconciler does beside
intake's worker.
"""


@dataclass(frozen=True, slots=True)
class ServicePart:
    """One service as it enters a process, alone or with others: its work, and all that belongs to
    it.

    At most `concurrency` pieces of work of each of its queues are done at the same time; None is as
    the settings say. `preload` are the modules of what the tasks compute, which the processes that
    compute it share. `close` ends what the tasks use, after the last of them.
    """

    name: str
    tasks: Sequence[Task[Any]] = ()
    concurrency: int | None = None
    companions: Sequence[Companion] = ()
    preload: Sequence[str] = ()
    close: Callable[[], Awaitable[None]] | None = None


@asynccontextmanager
async def backends(settings: ServiceSettings, name: str = _TOGETHER) -> AsyncGenerator[Backends]:
    """Connections to PostgreSQL (migrated), the object store and RabbitMQ, closed after the block.

    `name` is the process's in PostgreSQL's list of connections.

    Raises:
        StoreRefusedError: PostgreSQL refuses the role, the database or the connection.
        BusRefusedError: RabbitMQ refuses the user or the virtual host.
        SettingsError: no PostgreSQL database is named; several processes cannot share SQLite files.
    """
    # Slow to import, and the one process has no broker.
    from dragoman_runtime.bus.rabbit import (
        RabbitBus,
    )

    url = database_of(settings, name)
    async with AsyncExitStack() as stack:
        await once_reachable(lambda: _migrated(url))
        store = await once_reachable(
            lambda: PostgresEventStore.connect(url, pool_size=settings.database_connections)
        )
        stack.push_async_callback(store.aclose)
        objects = object_store(settings)
        await once_reachable(objects.open)
        stack.push_async_callback(closed, objects.close, _CLOSE_S)
        bus = RabbitBus(
            settings.bus_url, prefix=settings.queue_prefix, grace_s=settings.work_grace_s
        )
        stack.push_async_callback(bus.stop)
        await bus.open()
        yield Backends(url, store, objects, bus)


def database_of(settings: DatabaseSettings, name: str) -> str:
    """The address of PostgreSQL, with the name of this process in it.

    Raises:
        SettingsError: no PostgreSQL database is named; several processes cannot share SQLite files.
    """
    if settings.postgres_url is None:
        raise SettingsError(
            f"{variable('database_url')}: services share a PostgreSQL database; name it."
        )
    return named(settings.postgres_url, f"dragoman-{name}")


async def _migrated(url: str) -> None:
    if not await are_events_newest(url):
        # Slow to import, and seldom needed.
        from dragoman_runtime.migrations.run import (
            migrate_events,
        )

        await migrate_events(url)


async def once_reachable(connect: Callable[[], Awaitable[_T]]) -> _T:
    """The result of `connect`, which is called again until its server is there: a process may be
    started before it.
    """
    while True:
        try:
            return await connect()
        except RetryableError as error:
            say_waiting("service.waiting", error.code)
            await asyncio.sleep(_RETRY_S)


async def run_services(
    parts: Sequence[ServicePart], settings: ServiceSettings, preload: Sequence[str] = ()
) -> None:
    """Serve the queues of these services until SIGTERM or SIGINT, then finish what is under way.

    Several services share the connections, the folds of jobs, the values read and the processes
    that compute. Each has its own leases, events, log lines and metrics, as if it were alone.
    `preload` are modules that the computing processes import beside those of the parts: the
    program's main module, where it is large.
    """
    parts = with_queues(parts, settings.chosen_queues)
    names = [part.name for part in parts]
    name = names[0] if len(names) == 1 else _TOGETHER
    telemetry = telemetry_of(settings, name, names)
    try:
        async with AsyncExitStack() as stack:
            shared = await stack.enter_async_context(backends(settings, name))
            modules = [*preload, *(module for part in parts for module in part.preload)]
            computed_by = await stack.enter_async_context(
                computing(settings.processes, preload=modules)
            )
            ports = WorkerPorts(
                shared.store, shared.objects, SystemClock(), Jobs(shared.store), computed_by
            )
            spare_collections()
            await stack.enter_async_context(at_work(parts, shared.bus, ports, settings))
            say_started(
                services=" ".join(names),
                queues=" ".join(sorted({queue for part in parts for queue in queues_of(part)})),
                metrics=address_of(settings),
            )
            await _accompanied(parts, shared)
    finally:
        telemetry.shutdown()


@asynccontextmanager
async def at_work(
    parts: Sequence[ServicePart], bus: WorkReceiver, ports: WorkerPorts, settings: WorkerSettings
) -> AsyncGenerator[None]:
    """A worker of each service takes its queues from the bus for the block;
    then what is under way ends.
    """
    limits = worker_limits(settings)
    workers = [
        (part, Worker(part.tasks, ports, identity_of(part.name), limits))
        for part in parts
        if part.tasks
    ]
    async with AsyncExitStack() as at_end:
        for part in parts:
            if part.close is not None:
                at_end.push_async_callback(closed, part.close, _CLOSE_S)
        for _, worker in workers:
            at_end.push_async_callback(worker.stop)
        at_end.push_async_callback(bus.stop)
        for part, worker in workers:
            worker.start()
            await bus.start(
                queues_of(part),
                worker.receive,
                concurrency=part.concurrency or settings.concurrency,
            )
        yield


def with_queues(parts: Sequence[ServicePart], queues: frozenset[str]) -> Sequence[ServicePart]:
    """The services with the tasks of these queues alone; all of them where none is named.

    Raises:
        SettingsError: one of the queues is none of these services'.
    """
    known = {queue.value for part in parts for queue in queues_of(part)}
    if not queues or not known:  # the relay takes none
        return parts
    if unknown := sorted(queues - known):
        raise SettingsError(
            f"{variable('queues')}: {', '.join(unknown)} is no queue of these services; "
            f"they have {', '.join(sorted(known))}."
        )
    chosen = (
        replace(part, tasks=[task for task in part.tasks if queue_of(task.kind).value in queues])
        for part in parts
    )
    # One without tasks from the start, as the relay, takes no queue.
    return [now for before, now in zip(parts, chosen, strict=True) if now.tasks or not before.tasks]


def queues_of(part: ServicePart) -> list[Queue]:
    """The queues from which the service takes its work."""
    return sorted({queue_of(task.kind) for task in part.tasks})


async def _accompanied(parts: Sequence[ServicePart], shared: Backends) -> None:
    """Run what runs beside the workers until the process is told to stop.
    Its log lines are its service's.
    """
    beside: list[asyncio.Future[None]] = []
    for part in parts:
        with log_context(service=part.name):
            beside += [asyncio.ensure_future(companion(shared)) for companion in part.companions]
    try:
        await until_told_to_stop(beside)
    finally:
        await ended(beside)


def spare_collections() -> None:
    """Let the garbage collector look at new objects only, and ten times as seldom.

    Call it when all is set up.

    Modules, settings and models live as long as the process. Events and states are many,
    short-lived and without cycles, so that reference counting alone frees them.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


async def until_told_to_stop(beside: Sequence[asyncio.Future[None]] = ()) -> None:
    """Wait for SIGTERM or SIGINT.

    A companion that ends before that is a bug, and ends the process with its error. Either way the
    process has its seconds to end from then on.
    """
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, told.set)
    waiting = asyncio.ensure_future(told.wait())
    try:
        done, _ = await asyncio.wait([waiting, *beside], return_when=asyncio.FIRST_COMPLETED)
    finally:
        begin_stop()
        waiting.cancel()
    for each in done - {waiting}:
        each.result()


def identity_of(service: str) -> WorkerIdentity:
    """This process as a worker of the service: unique among all that run."""
    owner = f"{service}@{socket.gethostname()}:{os.getpid()}:{os.urandom(4).hex()}"
    return WorkerIdentity(service, owner, build())


def build() -> str:
    """The version of this installation, as events carry it."""
    return f"dragoman-{release()}"


def worker_limits(settings: WorkerSettings) -> WorkerLimits:
    """The settings as the worker takes them."""
    retry = RetryPolicy(
        base=timedelta(seconds=settings.backoff_base_s),
        maximum=timedelta(seconds=settings.backoff_max_s),
    )
    return WorkerLimits(
        lease=timedelta(seconds=settings.lease_s),
        heartbeat=timedelta(seconds=settings.heartbeat_s),
        deadline=timedelta(seconds=settings.deadline_s),
        retry=retry,
    )
