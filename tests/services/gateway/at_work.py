"""A worker of translate beside a gateway, which does what a job owes."""

from __future__ import annotations

from uuid import UUID

from dragoman_contracts.pipeline import owed
from dragoman_runtime.bus import Delivery
from dragoman_runtime.clock import SystemClock
from dragoman_runtime.eventstore import EventStore, Jobs
from dragoman_runtime.objects import ObjectStore
from dragoman_runtime.worker import Worker, WorkerIdentity, WorkerLimits, WorkerPorts
from dragoman_translate.adapters.configured import ConfiguredEngines
from dragoman_translate.app import tasks
from dragoman_translate.settings import EngineSettings


async def do_all(
    store: EventStore, objects: ObjectStore, job_id: UUID, settings: EngineSettings | None = None
) -> list[str]:
    """Do everything that the job owes; the kinds of it."""
    engines = ConfiguredEngines(settings or EngineSettings())
    ports = WorkerPorts(store, objects, SystemClock())
    identity = WorkerIdentity("translate", "a worker", "test")
    worker = Worker(tasks(engines), ports, identity, WorkerLimits())
    worker.start()
    job, _ = await Jobs(store).load(job_id)
    items = owed(job)
    for item in items:
        await worker.receive(Delivery(item, None))
    await worker.stop()
    await engines.aclose()
    return [item.kind for item in items]
