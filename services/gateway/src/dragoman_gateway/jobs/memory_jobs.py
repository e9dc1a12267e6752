"""Jobs on translation memories: a file is taken in, segments are built. They have no subject."""

from __future__ import annotations

import asyncio
import hashlib
from uuid import UUID

from dragoman_catalog import Catalog, Memory
from dragoman_contracts.events import JobRules, JobSubmitted
from dragoman_contracts.identity import job_id_for_key, new_id
from dragoman_contracts.memory_steps import (
    IMPORT_PHASE,
    INDEX_PHASE,
    RECORD_INPUT,
    TMX_INPUT,
    TMX_MEDIA_TYPE,
    ImportRecord,
    MemoryImportConfig,
    MemoryIndexConfig,
)
from dragoman_contracts.model import canonical_json
from dragoman_contracts.phases import Phase, Pipeline
from dragoman_contracts.pipeline import first_kind
from dragoman_contracts.references import NamedObject
from dragoman_contracts.vocabulary import JobStatus
from dragoman_gateway.jobs.opening import JobOpener, JobOrder, Opening, Submitted
from dragoman_gateway.web.principals import Principal
from dragoman_gateway.web.receiving import stored
from dragoman_gateway.web.uploads import Upload
from dragoman_runtime.eventstore import Jobs
from dragoman_runtime.objects import ObjectStore, put_value

IMPORT_PIPELINE, INDEX_PIPELINE = "memory-import", "memory-index"
_MAX_ATTEMPTS = 5
# Still to come by what was just changed: a queued build reads the memory when it begins.
_YET_TO_READ = frozenset({JobStatus.QUEUED})


class MemoryJobs:
    """Opens the jobs of memories."""

    def __init__(
        self, *, jobs: Jobs, objects: ObjectStore, catalog: Catalog, opener: JobOpener
    ) -> None:
        self._jobs = jobs
        self._objects = objects
        self._catalog = catalog
        self._opener = opener

    async def take_in(
        self,
        memory: Memory,
        config: MemoryImportConfig,
        record: ImportRecord,
        upload: Upload,
        principal: Principal,
        *,
        idempotency_key: str | None = None,
        traceparent: str | None = None,
    ) -> Submitted:
        """Open a job that takes a TMX file into a memory, and then builds its segments; or give the
        one that the idempotency key made.

        Raises:
            KeyReusedError: the key stands for another request.
            RetryableError: a store cannot be reached; with an idempotency key it is safe to ask
                again.
        """
        said = canonical_json(config) + canonical_json(record)
        digest = await asyncio.to_thread(upload.sha256, said)
        home = memory.project_id
        job_id = job_id_for_key(home, idempotency_key) if idempotency_key else new_id()
        if idempotency_key and (found := await self._opener.existing(job_id, digest)):
            return found
        tmx = await stored(upload, self._objects, home, TMX_MEDIA_TYPE)
        phases = [_phase(IMPORT_PHASE, "memory_import", 80, config)]
        if not config.dry_run:
            index = MemoryIndexConfig(memory_id=memory.memory_id)
            phases.append(_phase(INDEX_PHASE, "memory_index", 20, index))
        pipeline = Pipeline(name=IMPORT_PIPELINE, phases=tuple(phases))
        told = await put_value(self._objects, home, record)
        inputs = (
            NamedObject(name=TMX_INPUT, object=tmx),
            NamedObject(name=RECORD_INPUT, object=told),
        )
        return await self._open(
            home,
            job_id,
            pipeline,
            inputs,
            digest,
            principal,
            traceparent,
            has_key=bool(idempotency_key),
        )

    async def index(self, memory_id: UUID, principal: Principal) -> None:
        """Have segments built of a memory's new units, where there are any and no job is about to.

        Raises:
            RetryableError: a store cannot be reached; the units wait for the next such wish.
        """
        memory = await self._catalog.memories.find(memory_id)
        if memory is None or not await self._catalog.memories.is_behind(memory_id):
            return
        if memory.index_job_id is not None:
            found = await self._jobs.find(memory.index_job_id)
            if found is not None and found[0].status in _YET_TO_READ:
                return
        config = MemoryIndexConfig(memory_id=memory_id)
        pipeline = Pipeline(
            name=INDEX_PIPELINE, phases=(_phase(INDEX_PHASE, "memory_index", 1, config),)
        )
        digest = hashlib.sha256(canonical_json(config)).hexdigest()
        opened = await self._open(memory.project_id, new_id(), pipeline, (), digest, principal)
        await self._catalog.memories.set_index_job(memory_id, opened.job.job_id)

    async def _open(
        self,
        home: UUID,
        job_id: UUID,
        pipeline: Pipeline,
        inputs: tuple[NamedObject, ...],
        digest: str,
        principal: Principal,
        traceparent: str | None = None,
        *,
        has_key: bool = False,
    ) -> Submitted:
        submitted = JobSubmitted(
            inputs=inputs,
            pipeline=pipeline,
            rules=JobRules(max_attempts=_MAX_ATTEMPTS, retention_days=None, is_auto_start=True),
            request_digest=digest,
            first_kind=first_kind(pipeline),
            first_phase=pipeline.phases[0].key,
        )
        order = JobOrder(job_id, home, None, lambda _: Opening(submitted), digest, has_key)
        return await self._opener.open(order, principal, traceparent=traceparent)


def _phase(
    name: str, kind: str, weight: float, config: MemoryImportConfig | MemoryIndexConfig
) -> Phase:
    return Phase(name=name, kind=kind, weight=weight, config=config.model_dump(mode="json"))
