"""The whole platform in one process: SQLite for events, views and catalogue, files for objects, no
broker.

Start here to see how the parts fit: the services' tasks, the workers that perform them, the
dispatcher that follows the log, the reconciler that finds what an earlier process left, and the
projections that the console shows.
"""

from __future__ import annotations

import asyncio
import secrets
import sqlite3
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine

import dragoman_extract.app
import dragoman_index.app
import dragoman_intake.app
import dragoman_qa.app
import dragoman_reassemble.app
import dragoman_translate.app
from dragoman_catalog import Catalog, KeySeal, migrate_catalog
from dragoman_contracts.resources import EngineChoice
from dragoman_contracts.subject import LocalePair
from dragoman_contracts.vocabulary import Service
from dragoman_gateway.desks import (
    Desks,
    GatewayPorts,
    desks_of,
    http_options,
    plant_seeds,
    submission_rules,
)
from dragoman_gateway.submissions.rules import PairCheck
from dragoman_runtime.bus import InProcessBus
from dragoman_runtime.clock import SystemClock
from dragoman_runtime.computing import Computing, Threads, computing
from dragoman_runtime.eventstore import Jobs
from dragoman_runtime.eventstore.live_jobs import SqliteLiveJobs
from dragoman_runtime.eventstore.sqlite import SqliteEventStore
from dragoman_runtime.migrations.run import sqlalchemy_url
from dragoman_runtime.objects import ObjectStore, object_store
from dragoman_runtime.projection import create_views_engine
from dragoman_runtime.reconciler import Reconciler
from dragoman_runtime.service import ServicePart, build
from dragoman_runtime.service import at_work as workers_at_work
from dragoman_runtime.stopping import ended
from dragoman_runtime.worker import WorkerPorts
from dragoman_standalone.damage import named_damage
from dragoman_standalone.dispatcher import Dispatcher
from dragoman_standalone.ending import unusable_database
from dragoman_standalone.lock import StateLock
from dragoman_standalone.private import private
from dragoman_standalone.settings import StandaloneSettings
from dragoman_translate.app import (
    ConfiguredEngines,
    RegisteredModels,
    Registry,
    engine_names,
)
from dragoman_translate.ports import Engines

_MAIN_MODULE = "dragoman_standalone.cli"  # a child imports it, and it imports this


@dataclass(frozen=True, slots=True)
class Platform:
    """The platform's stores and use cases, as the commands use them."""

    settings: StandaloneSettings
    store: SqliteEventStore
    objects: ObjectStore
    database: AsyncEngine
    ports: GatewayPorts
    desks: Desks
    registry: Registry


@asynccontextmanager
async def running(settings: StandaloneSettings) -> AsyncGenerator[Platform]:
    """The platform at work on the state folder, until the block ends. Jobs an earlier process left
    go on.

    Raises:
        StateLockedError: another process uses the folder.
    """
    async with opened(settings) as platform, at_work(platform):
        yield platform


@asynccontextmanager
async def opened(settings: StandaloneSettings) -> AsyncGenerator[Platform]:
    """The platform's stores without its workers: to look, or to say something to be done later.

    Raises:
        StateLockedError: another process uses the folder.
        StateFolderError: it cannot be written.
        StateDamagedError: a database in it is damaged.
    """
    async with AsyncExitStack() as stack:
        stack.enter_context(named_damage())
        stack.enter_context(private(settings.state_dir))
        lock = StateLock(settings.state_dir)
        lock.acquire()
        stack.callback(lock.release)
        store = event_store(settings.state_dir)
        stack.push_async_callback(store.aclose)
        objects = object_store(settings)
        await objects.open()
        stack.push_async_callback(objects.close)
        url = f"sqlite:///{settings.state_dir / 'catalog.db'}"
        await migrate_catalog(url)
        database = create_views_engine(sqlalchemy_url(url))
        stack.push_async_callback(database.dispose)
        catalog = Catalog(database, KeySeal(encryption_key(settings)))
        registry = Registry(catalog, store, settings.private_hosts)
        # Only asked which pairs they can do.
        engines = ConfiguredEngines(settings, registered_in(registry))
        stack.push_async_callback(engines.aclose)
        await plant_seeds(catalog, settings)
        ports = GatewayPorts(
            store=store,
            objects=objects,
            views=database,
            catalog=catalog,
            rules=submission_rules(settings, frozenset(engine_names()), pair_check(engines)),
            signing_key=signing_key(settings.state_dir),
            producer=build(),
            options=http_options(settings),
            private_hosts=settings.private_hosts,
        )
        yield Platform(settings, store, objects, database, ports, desks_of(ports), registry)


def event_store(folder: Path) -> SqliteEventStore:
    """The event log of a state folder.

    Raises:
        PermanentError: it cannot be read or written; the message says the cure.
    """
    try:
        return SqliteEventStore(folder / "events.db")
    except sqlite3.Error as error:
        raise unusable_database("events.db", error) from error


def pair_check(engines: Engines) -> PairCheck:
    """The check whether an engine of this machine can do a pair of locales."""

    async def check(engine: str, model: str, locales: LocalePair) -> None:
        chosen = await engines.get(EngineChoice(engine=engine, model=model))
        await chosen.check_pair(locales.source, locales.target)

    return check


def signing_key(folder: Path) -> bytes:
    """The key that signs downloads and forms, made on first use and readable by its owner alone."""
    return _kept_secret(folder / "signing.key")


def encryption_key(settings: StandaloneSettings) -> bytes:
    """The key under which keys of providers are stored: the setting's, or else one that is made on
    first use and readable by its owner alone.
    """
    if settings.encryption_key is not None:
        return settings.encryption_key.get_secret_value().encode()
    return _kept_secret(settings.state_dir / "encryption.key")


def _kept_secret(path: Path) -> bytes:
    if not path.exists():
        path.touch(mode=0o600)
        path.write_bytes(secrets.token_bytes(32))
    return path.read_bytes()


@asynccontextmanager
async def at_work(platform: Platform, *, patience_s: float = 0.0) -> AsyncGenerator[None]:
    """The services' workers at work for the block; jobs that an earlier process left go on.

    With `patience_s`, processes are started only once pieces of work were in each other's way for
    so long.
    """
    settings = platform.settings
    parts = _parts(settings, platform.ports.catalog, platform.registry)
    preload = [_MAIN_MODULE, *(module for part in parts for module in part.preload)]
    async with (
        computing(settings.processes, preload=preload, patience_s=patience_s) as computed_by,
        performing(platform, parts, computed_by),
    ):
        yield


@asynccontextmanager
async def performing(
    platform: Platform, parts: Sequence[ServicePart], computed_by: Computing | None = None
) -> AsyncGenerator[None]:
    """The services' workers at work for the block, with the dispatcher and the reconciler."""
    settings, store = platform.settings, platform.store
    bus = InProcessBus()
    ports = WorkerPorts(
        store, platform.objects, SystemClock(), Jobs(store), computed_by or Threads()
    )
    every, tick = (
        timedelta(seconds=settings.reconcile_every_s),
        timedelta(seconds=settings.reconcile_tick_s),
    )
    reconciler = Reconciler(
        store, SqliteLiveJobs(store), bus, SystemClock(), every=every, tick=tick
    )
    dispatcher = Dispatcher(store, bus, idle=timedelta(milliseconds=settings.poll_idle_max_ms))
    await store.expire_leases()
    await dispatcher.begin()
    await reconciler.wake_all()
    async with workers_at_work(parts, bus, ports, settings), beside(dispatcher.run, reconciler.run):
        yield


def registered_in(registry: Registry) -> RegisteredModels:
    """The engines of the models that are registered here."""

    async def here() -> Registry:
        return registry

    return RegisteredModels(here)


def _parts(
    settings: StandaloneSettings, catalog: Catalog, registry: Registry
) -> Sequence[ServicePart]:
    """The services, without what runs beside intake on the servers: the one process has its own."""
    return (
        ServicePart(
            Service.INTAKE, dragoman_intake.app.tasks(), preload=dragoman_intake.app.COMPUTING
        ),
        dragoman_extract.app.part(settings, lambda: catalog),
        dragoman_translate.app.part(settings, registered_in(registry)),
        dragoman_qa.app.part(settings, lambda: catalog),
        dragoman_reassemble.app.part(),
        ServicePart(
            Service.INDEX, dragoman_index.app.tasks(catalog), preload=dragoman_index.app.COMPUTING
        ),
    )


@asynccontextmanager
async def beside(*loops: Callable[[], Awaitable[None]]) -> AsyncGenerator[None]:
    """Run endless loops beside the block. One that ends by an error takes the block with it."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_forever(loop)) for loop in loops]
        try:
            yield
        finally:
            await ended(tasks)


async def _forever(loop: Callable[[], Awaitable[None]]) -> None:
    await loop()
