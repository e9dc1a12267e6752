"""How a worker service runs: connect, serve its queues, end cleanly on a signal.

The same for every service.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, TypeVar

from dragoman_contracts.errors import RetryableError
from dragoman_contracts.steps import queue_of
from dragoman_contracts.vocabulary import Service
from dragoman_runtime.clock import SystemClock
from dragoman_runtime.computing import computing
from dragoman_runtime.eventstore.postgres import PostgresEventStore
from dragoman_runtime.migrations.revision import are_events_newest
from dragoman_runtime.objects import ObjectStore, object_store
from dragoman_runtime.settings import (
    BusSettings,
    DatabaseSettings,
    ObjectSettings,
    SettingsError,
    TelemetrySettings,
    WorkerSettings,
    variable,
)
from dragoman_runtime.telemetry import configure_telemetry, get_logger
from dragoman_runtime.worker import RetryPolicy, Task, Worker, WorkerIdentity, WorkerLimits, WorkerPorts

if TYPE_CHECKING:
    from dragoman_runtime.bus.rabbit import RabbitBus


_RETRY_S = 1.0
_T = TypeVar("_T")
_log = get_logger()


class ServiceSettings(DatabaseSettings, ObjectSettings, BusSettings, WorkerSettings, TelemetrySettings):
    """The settings of every worker service."""


@dataclass(frozen=True, slots=True)
class Backends:
    """The servers that the processes of the services mode share."""

    store: PostgresEventStore
    objects: ObjectStore
    bus: RabbitBus


Companion = Callable[[Backends], Awaitable[None]]
"""A task that runs beside a service's worker until it is cancelled, as the reconciler does beside
intake's worker.
"""


@asynccontextmanager
async def backends(settings: ServiceSettings) -> AsyncGenerator[Backends]:
    """Connections to PostgreSQL (migrated), the object store and RabbitMQ, closed after the block.

    Raises:
        SettingsError: no PostgreSQL database is named; several processes cannot share SQLite files.
    """
    from dragoman_runtime.bus.rabbit import RabbitBus  # slow to import, and the one process has no broker

    url = settings.postgres_url
    if url is None:
        raise SettingsError(f"{variable('database_url')}: services share a PostgreSQL database; name it.")
    async with AsyncExitStack() as stack:
        await once_reachable(lambda: _migrated(url))
        store = await once_reachable(lambda: PostgresEventStore.connect(url))
        stack.push_async_callback(store.aclose)
        objects = object_store(settings)
        await once_reachable(objects.open)
        stack.push_async_callback(objects.close)
        bus = RabbitBus(settings.amqp_url.get_secret_value(), prefix=settings.queue_prefix)
        stack.push_async_callback(bus.stop)
        await bus.open()
        yield Backends(store, objects, bus)


async def _migrated(url: str) -> None:
    if not await are_events_newest(url):
        from dragoman_runtime.migrations.run import migrate_events  # slow to import, and seldom needed

        await migrate_events(url)


async def once_reachable(connect: Callable[[], Awaitable[_T]]) -> _T:
    """The result of `connect`, which is called again until its server is there: a process may be
    started before it.
    """
    while True:
        try:
            return await connect()
        except RetryableError as error:
            _log.warning("service.waiting", error_code=error.code)
            await asyncio.sleep(_RETRY_S)


async def run_service(
    service: Service,
    tasks: Sequence[Task[Any]],
    settings: ServiceSettings,
    companions: Sequence[Companion] = (),
    preload: Sequence[str] = (),
) -> None:
    """Serve the queues of these tasks until SIGTERM or SIGINT, then finish the work under way.

    `preload` are modules with the functions that the tasks compute; the child processes share them.
    """
    telemetry = configure_telemetry(settings, service.value)
    try:
        async with backends(settings) as shared, computing(settings.processes, preload=preload) as computed_by:
            ports = WorkerPorts(shared.store, shared.objects, SystemClock(), computing=computed_by)
            worker = Worker(tasks, ports, identity_of(service), worker_limits(settings))
            await _serve(worker, settings, shared, companions)
    finally:
        telemetry.shutdown()


async def _serve(worker: Worker, settings: ServiceSettings, shared: Backends, companions: Sequence[Companion]) -> None:
    worker.start()
    spare_collections()
    queues = sorted({queue_of(kind) for kind in worker.tasks})
    await shared.bus.start(queues, worker.receive, concurrency=settings.concurrency)
    beside = [asyncio.ensure_future(companion(shared)) for companion in companions]
    try:
        await until_told_to_stop(beside)
    finally:
        for each in beside:
            each.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
        await shared.bus.stop()
        await worker.stop()


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

    A companion that ends before that is a bug, and ends the process with its error.
    """
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, told.set)
    waiting = asyncio.ensure_future(told.wait())
    done, _ = await asyncio.wait([waiting, *beside], return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    for each in done - {waiting}:
        each.result()


def identity_of(service: Service) -> WorkerIdentity:
    """This process as a worker of the service: unique among all that run."""
    owner = f"{service}@{socket.gethostname()}:{os.getpid()}:{os.urandom(4).hex()}"
    return WorkerIdentity(service.value, owner, build())


def build() -> str:
    """The version of this installation, as events carry it."""
    return f"dragoman-{version('dragoman-runtime')}"


def worker_limits(settings: WorkerSettings) -> WorkerLimits:
    """The settings as the worker takes them."""
    retry = RetryPolicy(
        base=timedelta(seconds=settings.backoff_base_s), maximum=timedelta(seconds=settings.backoff_max_s)
    )
    return WorkerLimits(
        lease=timedelta(seconds=settings.lease_s),
        heartbeat=timedelta(seconds=settings.heartbeat_s),
        deadline=timedelta(seconds=settings.deadline_s),
        retry=retry,
    )
