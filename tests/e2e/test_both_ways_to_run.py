"""The first milestone: one small document through all stages,
in one process and over RabbitMQ, PostgreSQL and S3.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from dragoman_catalog import Catalog, PolicyOverrides, migrate_catalog
from dragoman_contracts.job import Job
from dragoman_contracts.locale import Locale
from dragoman_contracts.phases import TRANSLATE_DOCX
from dragoman_contracts.vocabulary import RESTING, JobStatus
from dragoman_gateway.desks import GatewayPorts, desks_of
from dragoman_gateway.submissions.rules import SubmissionRequest, SubmissionRules
from dragoman_gateway.web.principals import local_principal
from dragoman_gateway.web.uploads import Upload
from dragoman_runtime.eventstore import EventStore, Jobs
from dragoman_runtime.eventstore.postgres import PostgresEventStore
from dragoman_runtime.migrations.run import migrate_events
from dragoman_runtime.objects import ObjectStore, object_store
from dragoman_runtime.projection import create_views_engine
from dragoman_runtime.settings import ObjectSettings, load
from dragoman_standalone.platform import running
from dragoman_standalone.settings import StandaloneSettings
from e2e.installation import Installation

TRACE = [
    "job.submitted",
    "phase.started",
    "preflight.passed",
    "phase.started",
    "document.extracted",
    "translation.planned",
    "phase.started",
    "translation.batch_translated",
    "translation.completed",
    "phase.started",
    "translation.verified",
    "phase.started",
    "document.reassembled",
    "job.completed",
]
REQUEST = SubmissionRequest(
    project_code="default",
    domain_pack_code="general",
    source_language=Locale("en"),
    target_language=Locale("ru"),
    overrides=PolicyOverrides(engine="pseudo"),
)


async def at_rest(store: EventStore, job: Job) -> Job:
    """The job once nothing moves any more."""
    jobs = Jobs(store)
    async with asyncio.timeout(60):
        while True:
            current, _ = await jobs.load(job.job_id)
            if current.status in RESTING:
                return current
            await asyncio.sleep(0.05)


async def result_of(
    store: EventStore, objects: ObjectStore, job: Job
) -> tuple[Job, list[str], bytes]:
    """The finished job, its event types in order, and the final document."""
    finished = await at_rest(store, job)
    types = [each.recorded.type for each in await store.read(job.job_id)]
    assert finished.final_docx is not None, types
    return finished, types, await objects.get(finished.project_id, finished.final_docx)


async def in_one_process(state: Path, document: bytes) -> tuple[Job, list[str], bytes]:
    """Translate in one process."""
    async with running(load(StandaloneSettings, {"state_dir": state})) as platform:
        upload = Upload("terms.docx", document)
        submitted = await platform.desks.submissions.submit(REQUEST, upload, local_principal())
        return await result_of(platform.store, platform.objects, submitted.job)


async def test_both_ways_follow_the_normative_trace_and_give_the_same_bytes(
    tmp_path: Path, small_docx: bytes, postgres_url: str, installation: Installation
) -> None:
    alone, trace_alone, final_alone = await in_one_process(tmp_path / "state", small_docx)

    await migrate_events(postgres_url)
    await migrate_catalog(postgres_url)
    database = create_views_engine(postgres_url.replace("postgresql:", "postgresql+asyncpg:"))
    store = await PostgresEventStore.connect(postgres_url)
    variables = {
        name.removeprefix("DRAGOMAN_").lower(): value
        for name, value in installation.environment.items()
    }
    objects = object_store(load(ObjectSettings, variables))
    await objects.open()
    ports = GatewayPorts(
        store=store,
        objects=objects,
        views=database,
        catalog=Catalog(database),
        rules=SubmissionRules(pipeline=TRANSLATE_DOCX, default_engine="pseudo"),
        signing_key=bytes(32),
        producer="test",
    )
    submissions = desks_of(ports).submissions
    submitted = await submissions.submit(
        REQUEST, Upload("terms.docx", small_docx), local_principal()
    )
    as_services, trace_as_services, final_as_services = await result_of(
        store, objects, submitted.job
    )
    await objects.close()
    await store.aclose()
    await database.dispose()

    assert (alone.status, as_services.status) == (JobStatus.COMPLETED, JobStatus.COMPLETED)
    assert trace_alone == trace_as_services == TRACE
    assert final_alone == final_as_services
    assert final_alone != small_docx
