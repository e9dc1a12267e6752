"""The services' tasks as a replay performs them: nothing reaches outside, models say again what is on record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from typing_extensions import override

import dragoman_extract.app
import dragoman_intake.app
import dragoman_qa.app
import dragoman_reassemble.app
import dragoman_translate.app
from dragoman_contracts.references import ObjectRef
from dragoman_contracts.vocabulary import WorkKind
from dragoman_runtime.replaying import RecordedWork
from dragoman_runtime.worker import Task


class ServicesWork(RecordedWork):
    """The tasks of all services."""

    def __init__(self) -> None:
        services = (dragoman_intake.app, dragoman_extract.app, dragoman_qa.app, dragoman_reassemble.app)
        self._tasks: dict[WorkKind, Task[Any]] = {task.kind: task for each in services for task in each.tasks()}

    @override
    def task(self, kind: WorkKind) -> Task[Any]:
        return self._tasks[kind]

    @override
    def batch(self, calls: Mapping[ObjectRef, bytes]) -> tuple[Task[Any], Mapping[str, ObjectRef]]:
        return dragoman_translate.app.recorded_batch(calls)
