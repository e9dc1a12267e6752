"""Jobs of scripts and AI tasks over an object, on a real log, with a real catalogue, V8 and workers.

Run as a program it is a worker that does all that the job owes: `python -m services.extract.task_jobs
FOLDER`. With `--die-unpointed` it kills itself between a paid call and the pointer to it.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

from pydantic import SecretStr

from contracts import streams as s
from dragoman_catalog import Catalog, Editor, KeySeal, ModelEntry, ProviderEntry, migrate_catalog
from dragoman_catalog.model_values import ModelPrice
from dragoman_contracts.ai import FIELDS_INPUT
from dragoman_contracts.ai_results import AiTaskResult, ScriptResult
from dragoman_contracts.events import JobRules, JobSubmitted
from dragoman_contracts.job import Job
from dragoman_contracts.models import Category
from dragoman_contracts.phases import Phase, Pipeline
from dragoman_contracts.pipeline import first_kind, owed, resume_request
from dragoman_contracts.references import JSON_MEDIA_TYPE, NamedObject, ObjectRef
from dragoman_contracts.subject import SubjectKind, SubjectRef
from dragoman_contracts.vocabulary import RESTING
from dragoman_extract import handlers
from dragoman_extract.adapters.command.runner import ChildProcesses
from dragoman_extract.adapters.docx import DocxUnitExtractor
from dragoman_extract.adapters.registered import CatalogModels
from dragoman_extract.settings import CommandSettings
from dragoman_runtime.bus import Delivery
from dragoman_runtime.migrations.run import sqlalchemy_url
from dragoman_runtime.objects import get_value
from dragoman_runtime.projection import create_views_engine
from dragoman_runtime.settings import load
from dragoman_runtime.worker import Worker, WorkerLimits
from dragoman_runtime.worker.failure import ParkingReason
from dragoman_scripting.sandbox import Sandbox
from models.faithful.base import KEY
from models.kinds import OPENAI, OWN_MACHINE, Kind
from runtime.workshop import Workshop, workshop

_SEAL = KeySeal(b"k" * 32)
_EDITOR = Editor(actor="test")
SCHEMA = {
    "type": "object",
    "properties": {"shareCapital": {"type": "string"}},
    "required": ["shareCapital"],
}


class Addressed(Protocol):
    """A model server."""

    @property
    def base_url(self) -> str:
        """Its address, as a person would give it."""
        ...


class TaskShop:
    """A workshop for jobs of scripts and tasks; `url` is its catalogue's."""

    def __init__(self, shop: Workshop, folder: Path, catalog: Catalog, sandbox: Sandbox) -> None:
        self.shop = shop
        self.folder = folder
        self.catalog = catalog
        self.models = CatalogModels(lambda: catalog, OWN_MACHINE, patience_s=60)
        runner = ChildProcesses(load(CommandSettings, {"command_dir": folder / "commands"}))
        self.tasks = handlers.tasks(DocxUnitExtractor(), runner, sandbox, self.models)

    async def register(
        self, server: Addressed, kind: Kind = OPENAI, *, limit: int | None = None
    ) -> UUID:
        """Enter a provider and its model, as the default of category LLM."""
        now = datetime.now(UTC)
        entry = ProviderEntry(
            name=f"{kind.api.value} of the test",
            api_kind=kind.api,
            base_url=server.base_url,
            max_concurrent_calls=limit,
        )
        provider = await self.catalog.providers.create(_EDITOR, now, entry, SecretStr(KEY))
        model = ModelEntry(
            provider_id=provider.provider_id,
            model_name=kind.model,
            category=Category.LLM,
            is_default_in_category=True,
        )
        price = ModelPrice(valid_from=datetime(2020, 1, 1, tzinfo=UTC), input="2", output="10")
        return (await self.catalog.models.create(_EDITOR, now, model, [price])).model_id

    async def submit(
        self,
        phases: Sequence[Mapping[str, Any]],
        files: Mapping[str, Any] | None = None,
        fields: Mapping[str, Any] | None = None,
        documents: Mapping[str, tuple[bytes, str]] | None = None,
        job_id: UUID = s.JOB,
    ) -> None:
        """Store a job with these phases, every one of which has all the files."""
        named = tuple(
            [NamedObject(name=k, object=await self._put(v)) for k, v in (files or {}).items()]
        )
        pipeline = Pipeline(
            name="deed",
            phases=tuple(Phase.model_validate({**each, "files": named}) for each in phases),
        )
        inputs = [NamedObject(name=FIELDS_INPUT, object=await self._put(dict(fields or {})))]
        for name, (data, media_type) in (documents or {}).items():
            ref = await self.shop.objects.put(s.PROJECT, data, media_type)
            inputs.append(NamedObject(name=name, object=ref))
        first = JobSubmitted(
            subject=SubjectRef(kind=SubjectKind.OBJECT, id=job_id),
            inputs=tuple(inputs),
            pipeline=pipeline,
            rules=JobRules(max_attempts=3),
            request_digest=s.ref("the request").digest,
            first_kind=first_kind(pipeline),
            first_phase=pipeline.phases[0].key,
        )
        await self.shop.submit(first=first, job_id=job_id)

    async def _put(self, value: Any) -> ObjectRef:
        data = value.encode() if isinstance(value, str) else json.dumps(value).encode()
        media_type = "text/plain" if isinstance(value, str) else JSON_MEDIA_TYPE
        return await self.shop.objects.put(s.PROJECT, data, media_type)

    def worker(self, owner: str = "one") -> Worker:
        """A worker that performs scripts and tasks."""
        limits = WorkerLimits(lease=timedelta(seconds=2), heartbeat=timedelta(seconds=0.5))
        return self.shop.worker(*self.tasks, owner=owner, limits=limits)

    async def run(self, job_id: UUID = s.JOB, owner: str = "one") -> Job:
        """The job once it rests: all that it owes is done, failures at the time they are due."""
        worker = self.worker(owner)
        worker.start()
        try:
            while (job := await self.shop.job(job_id)).status not in RESTING:
                waits = [t.retry_at for t in job.failures.values() if t.retry_at is not None]
                if waits:
                    self.shop.clock.at = max(self.shop.clock.at, *waits)
                await asyncio.gather(*(worker.receive(Delivery(item)) for item in owed(job)))
        finally:
            await worker.stop()
        return job

    async def resume(self, job_id: UUID = s.JOB) -> Job:
        """The job after a person resumed it and all was done."""
        await self.shop.append(resume_request(await self.shop.job(job_id)), job_id=job_id)
        return await self.run(job_id)

    async def script_result(self, phase: str, job_id: UUID = s.JOB) -> ScriptResult:
        """The result of a script."""
        ref = (await self.shop.job(job_id)).runs[phase].output
        assert ref is not None
        return await get_value(self.shop.objects, s.PROJECT, ref, ScriptResult)

    async def results(self, phase: str, job_id: UUID = s.JOB) -> dict[str, AiTaskResult]:
        """The results of a phase's tasks that are done."""
        refs = [ref for ref in (await self.shop.job(job_id)).runs[phase].batches if ref]
        found = [await get_value(self.shop.objects, s.PROJECT, ref, AiTaskResult) for ref in refs]
        return {each.task_name: each for each in found}

    async def troubles(self, job_id: UUID = s.JOB) -> dict[int, tuple[str, str]]:
        """The code and message of what is parked, by index."""
        found: dict[int, tuple[str, str]] = {}
        for key, trouble in (await self.shop.job(job_id)).parked.items():
            assert trouble.reason is not None
            reason = await get_value(self.shop.objects, s.PROJECT, trouble.reason, ParkingReason)
            found[key.index] = (reason.code, reason.message)
        return found

    async def logs(self, job_id: UUID = s.JOB) -> dict[str, str]:
        """The logs among the job's artifacts."""
        job = await self.shop.job(job_id)
        return {
            each.name: (await self.shop.objects.get(s.PROJECT, each.object)).decode()
            for each in job.artifacts
            if each.name.endswith(".log")
        }


@asynccontextmanager
async def task_shop(folder: Path) -> AsyncGenerator[TaskShop]:
    """A workshop in this folder, which may be one that another process left."""
    await asyncio.to_thread(folder.mkdir, exist_ok=True, parents=True)
    url = f"sqlite:///{folder / 'catalog.db'}"
    await migrate_catalog(url)
    engine = create_views_engine(sqlalchemy_url(url))
    async with workshop(folder) as shop, Sandbox() as sandbox:
        made = TaskShop(shop, folder, Catalog(engine, _SEAL), sandbox)
        try:
            yield made
        finally:
            await made.models.aclose()
            await engine.dispose()


def task(name: str, prompt: str = "prompts/ask", **more: Any) -> dict[str, Any]:
    """A task as a phase's config has it."""
    return {"name": name, "prompt_file": prompt, "schema_file": "schemas/deed", **more}


async def _die(project_id: UUID, fingerprint: str, ref: ObjectRef) -> ObjectRef:
    if fingerprint.startswith("model-call-"):
        os.kill(os.getpid(), signal.SIGKILL)
    return ref


async def _work(folder: Path, does_die: bool) -> None:
    async with task_shop(folder) as shop:
        if does_die:
            shop.shop.objects.put_pointer = _die
        await shop.run(owner="the first")


if __name__ == "__main__":
    asyncio.run(_work(Path(sys.argv[1]), "--die-unpointed" in sys.argv))
