"""Composition of intake: the only place that names its adapters.

The reconciler, the collector of dead letters and maintenance run beside its worker.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from dragoman_catalog import Catalog
from dragoman_contracts.vocabulary import Service
from dragoman_intake import handlers
from dragoman_intake.adapters.docx import DocxInspector
from dragoman_intake.maintenance import Fault, Maintenance, MaintenanceReport
from dragoman_intake.settings import IntakeSettings
from dragoman_runtime.clock import SystemClock
from dragoman_runtime.dead_letters import Collector, DeadLetters
from dragoman_runtime.eventstore import EventStore
from dragoman_runtime.eventstore.live_jobs import PostgresLiveJobs
from dragoman_runtime.migrations.run import sqlalchemy_url
from dragoman_runtime.objects import ObjectStore
from dragoman_runtime.projection import create_views_engine
from dragoman_runtime.reconciler import Reconciler
from dragoman_runtime.service import Backends, ServicePart, build, identity_of, run_services
from dragoman_runtime.settings import MaintenanceSettings
from dragoman_runtime.store_gauges import StoreGauges
from dragoman_runtime.worker import Task

__all__ = ["COMPUTING", "Fault", "MaintenanceReport", "maintenance", "part", "run", "tasks"]


COMPUTING = ("dragoman_intake.adapters.docx", "dragoman_intake.domain")
"""The modules of what the tasks compute."""


def tasks() -> tuple[Task[Any], ...]:
    """The work this service performs."""
    return handlers.tasks(DocxInspector())


def maintenance(
    store: EventStore, objects: ObjectStore, catalog: Catalog, settings: MaintenanceSettings
) -> Maintenance:
    """Maintenance of an installation with these stores and this catalogue."""
    return Maintenance(
        store,
        objects,
        catalog,
        SystemClock(),
        owner=identity_of(Service.INTAKE).owner,
        producer=build(),
        grace=timedelta(seconds=settings.orphan_grace_s),
        snapshots=catalog.coverage,
    )


def part(settings: IntakeSettings) -> ServicePart:
    """This service as a process takes it in, with what reconciles,
    collects and maintains beside it.
    """

    async def reconcile(shared: Backends) -> None:
        every, tick = (
            timedelta(seconds=settings.reconcile_every_s),
            timedelta(seconds=settings.reconcile_tick_s),
        )
        live_jobs = PostgresLiveJobs(shared.store)
        await Reconciler(
            shared.store, live_jobs, shared.bus, SystemClock(), every=every, tick=tick
        ).run()

    async def measure(shared: Backends) -> None:
        await StoreGauges(shared.store, SystemClock(), Service.INTAKE.value).run()

    async def maintain(shared: Backends) -> None:
        engine = create_views_engine(sqlalchemy_url(shared.database_url), pool_size=2)
        try:
            upkeep = maintenance(shared.store, shared.objects, Catalog(engine), settings)
            await upkeep.keep(timedelta(seconds=settings.maintenance_every_s))
        finally:
            await engine.dispose()

    async def collect(shared: Backends) -> None:
        engine = create_views_engine(sqlalchemy_url(shared.database_url), pool_size=2)
        try:
            await Collector(DeadLetters(engine), shared.bus).run()
        finally:
            await engine.dispose()

    companions = (
        [reconcile, collect, measure, maintain]
        if settings.maintenance_every_s
        else [reconcile, collect, measure]
    )
    return ServicePart(Service.INTAKE, tasks(), companions=companions, preload=COMPUTING)


async def run(settings: IntakeSettings) -> None:
    """Serve, reconcile, collect and maintain, until told to stop."""
    await run_services([part(settings)], settings)
