"""A finished job made again from its log or its package: nothing reaches outside,
models say what is on record.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

from typing_extensions import override

import dragoman_extract.app
import dragoman_intake.app
import dragoman_qa.app
import dragoman_reassemble.app
import dragoman_translate.app
from dragoman_contracts.events import TranslationVerified
from dragoman_contracts.references import ObjectRef
from dragoman_gateway.artifacts.desk import ReplayPackage
from dragoman_runtime.eventstore.archive import decoded
from dragoman_runtime.eventstore.jobs import JobMissingError
from dragoman_runtime.replaying import RecordedWork, Replay, Replayer
from dragoman_runtime.worker import Task
from dragoman_standalone.settings import StoreSettings
from dragoman_standalone.stores import stores


class ServicesWork(RecordedWork):
    """The tasks of all services."""

    def __init__(self) -> None:
        services = (
            dragoman_intake.app,
            dragoman_extract.app,
            dragoman_qa.app,
            dragoman_reassemble.app,
        )
        self._tasks: dict[str, Task[Any]] = {
            task.kind: task for each in services for task in each.tasks()
        }

    @override
    def task(self, kind: str) -> Task[Any]:
        return self._tasks[kind]

    @override
    def verification(self, event: TranslationVerified) -> Task[Any]:
        return dragoman_qa.app.recorded_verification(event.grammar, event.judgement)

    @override
    def batch(
        self, calls: Mapping[ObjectRef, bytes], reused: bytes | None
    ) -> tuple[Task[Any], Mapping[str, ObjectRef]]:
        return dragoman_translate.app.recorded_batch(calls, reused)


async def replay_package(path: Path) -> tuple[Replay, bytes | None]:
    """The job of a package made again, and its document.

    Raises:
        PackageRefusedError: the file is no replay package, or was changed.
    """
    package = ReplayPackage.open(path)
    try:
        return await Replayer(ServicesWork(), package).replay(package.stream)
    finally:
        package.close()


async def replay_job(settings: StoreSettings, job_id: UUID) -> tuple[Replay, bytes | None]:
    """The job made again, and its document.

    Raises:
        JobMissingError: the log has no such job.
    """
    async with stores(settings) as opened:
        stream = [each.recorded for each in decoded(await opened.archive.stream(job_id))]
        if not stream:
            raise JobMissingError(f"Job {job_id} does not exist.")
        return await Replayer(ServicesWork(), opened.objects).replay(stream)
