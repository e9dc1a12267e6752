"""Jobs of one command over a document, on a real log, with a real worker.

Run as a program it is a worker that performs the job's command:
`python -m services.extract.jobs FOLDER`.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from contracts import streams as s
from dragoman_contracts.commands import CommandConfig
from dragoman_contracts.events import JobRules, JobSubmitted
from dragoman_contracts.identity import document_id, work_id
from dragoman_contracts.job import Job
from dragoman_contracts.phases import Phase, Pipeline
from dragoman_contracts.pipeline import WorkItem, first_kind
from dragoman_contracts.policy import IntakeRecord
from dragoman_contracts.references import ArtifactKind
from dragoman_contracts.subject import SubjectKind, SubjectRef, run_scope
from dragoman_extract.adapters.command.runner import ChildProcesses
from dragoman_extract.command import command_task
from dragoman_extract.settings import CommandSettings
from dragoman_runtime.bus import Delivery
from dragoman_runtime.objects import put_value
from dragoman_runtime.settings import load
from dragoman_runtime.worker import Worker, WorkerLimits
from runtime.workshop import Workshop, workshop

PHASE = "run"


class CommandShop:
    """A workshop for jobs with one command."""

    def __init__(self, shop: Workshop, folder: Path) -> None:
        self.shop = shop
        self.folder = folder
        settings = load(CommandSettings, {"command_dir": folder / "commands"})
        self.runner = ChildProcesses(settings)

    async def submit(self, job_id: UUID = s.JOB, name: str = "a.txt", **config: Any) -> None:
        """Store a job that runs this command on the document `text`."""
        await self.shop.submit(first=await self.submitted(name=name, **config), job_id=job_id)

    async def submitted(self, name: str = "a.txt", **config: Any) -> JobSubmitted:
        """The first event of such a job."""
        objects = self.shop.objects
        record = IntakeRecord(
            project_code="legal", domain_pack_code="", file_name=name, external_reference=name, version_label="1",
        )  # fmt: skip
        checked = CommandConfig.model_validate(config).model_dump(
            mode="json", exclude_defaults=True
        )
        pipeline = Pipeline(
            name="mine", phases=(Phase(name=PHASE, kind="command", config=checked),)
        )
        return JobSubmitted(
            subject=SubjectRef(
                kind=SubjectKind.DOCUMENT, id=document_id(s.PROJECT, name), version=1
            ),
            scope=run_scope(1, pipeline.name),
            inputs=s.inputs(
                await objects.put(s.PROJECT, b"text", "text/plain"),
                await put_value(objects, s.PROJECT, record),
            ),
            pipeline=pipeline,
            rules=JobRules(),
            request_digest=s.ref("the request").digest,
            first_kind=first_kind(pipeline),
            first_phase=PHASE,
        )

    def worker(self, owner: str = "one", limits: WorkerLimits | None = None) -> Worker:
        """A worker that performs commands."""
        return self.shop.worker(command_task(self.runner), owner=owner, limits=limits)

    @staticmethod
    def delivery(job_id: UUID = s.JOB) -> Delivery:
        """The job's command, on its way."""
        return Delivery(
            WorkItem(
                work_id=work_id(job_id, "command", 0, PHASE),
                project_id=s.PROJECT,
                job_id=job_id,
                version=1,
                kind="command",
                index=0,
                phase=PHASE,
            )
        )

    async def perform(self, job_id: UUID = s.JOB, owner: str = "one") -> Job:
        """The job after a worker had its command."""
        await self.worker(owner).receive(self.delivery(job_id))
        return await self.shop.job(job_id)

    async def files(self, job: Job) -> dict[str, bytes]:
        """The files and logs that the job made, by kind and name."""
        return {
            f"{each.kind}:{each.name}": await self.shop.objects.get(s.PROJECT, each.object)
            for each in job.artifacts
            if each.kind in (ArtifactKind.FILE, ArtifactKind.COMMAND_LOG)
        }


@asynccontextmanager
async def command_shop(folder: Path) -> AsyncGenerator[CommandShop]:
    """A workshop in this folder, which may be one that another process left."""
    async with workshop(folder) as shop:
        yield CommandShop(shop, folder)


async def _work(folder: Path) -> None:
    async with command_shop(folder) as shop:
        limits = WorkerLimits(heartbeat=timedelta(seconds=0.2))
        await shop.worker("the first", limits).receive(shop.delivery())


if __name__ == "__main__":
    asyncio.run(_work(Path(sys.argv[1])))
