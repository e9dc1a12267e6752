"""The tasks of an object: shown, done again, and their answers handed on to a later run."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from dragoman_contracts.ai_jobs import task_named
from dragoman_contracts.ai_results import AiTaskResult, AiTaskResults
from dragoman_contracts.classes import ClassDeclaration
from dragoman_contracts.errors import ObjectMissingError
from dragoman_contracts.events import Event, WorkRedriven
from dragoman_contracts.job import Job, WorkKey
from dragoman_contracts.pipeline import redrive_request
from dragoman_contracts.references import ObjectRef
from dragoman_gateway.jobs.desk import JobControl
from dragoman_gateway.jobs.detail.facts import parking_reason
from dragoman_gateway.jobs.detail.prompts import explained_task_of
from dragoman_gateway.jobs.rules import is_running
from dragoman_gateway.objects.rules.tasks import (
    ShownTask,
    TaskRun,
    finished_outputs,
    require_failed,
    task_runs,
)
from dragoman_gateway.objects.view import ReadObject
from dragoman_gateway.web.errors import TaskUnknownError
from dragoman_gateway.web.principals import Principal
from dragoman_gateway.web.records import Records
from dragoman_runtime.eventstore import EventStore
from dragoman_runtime.objects import ObjectStore, put_value

if TYPE_CHECKING:
    from dragoman_scripting.explaining import ExplainedTask

_EXPLAINED_AT_ONCE = 2


class Tasks:
    """Reads tasks from the jobs of an object."""

    def __init__(
        self, store: EventStore, objects: ObjectStore, records: Records, control: JobControl
    ) -> None:
        self._store = store
        self._objects = objects
        self._records = records
        self._control = control
        self._explaining = asyncio.Semaphore(_EXPLAINED_AT_ONCE)

    async def shown(self, jobs: Sequence[Job], *, shows_prompts: bool) -> list[ShownTask]:
        """The newest run of each task in these jobs, the oldest job first."""
        held = {
            each.job_id: frozenset(await self._store.live_leases(each.job_id))
            for each in jobs
            if is_running(each)
        }
        return [await self._shown(run, shows_prompts) for run in task_runs(jobs, held)]

    async def explained(self, read: ReadObject, task_name: str) -> ExplainedTask:
        """A task as it would be asked now, by the newest job that has it. Nothing is asked.

        Raises:
            TaskUnknownError: no job of the object has such a task.
        """
        from dragoman_scripting.sandbox import Sandbox  # with V8, slow to import

        found: ExplainedTask | None = None
        job = next((each for each in reversed(read.jobs) if task_named(each, task_name)), None)
        if job is not None:
            # A process of its own for each: templates are people's, and this is asked rarely.
            async with self._explaining, Sandbox(1) as sandbox:
                found = await explained_task_of(sandbox, self._objects, job, task_name)
        if found is None:
            raise TaskUnknownError(task_name)
        return found

    async def before(
        self, read: ReadObject, declaration: ClassDeclaration, phase: str
    ) -> ObjectRef | None:
        """The answers of tasks in phases before this one, for scripts and prompts behind it."""
        names: list[str] = []
        for each in declaration.pipeline.phases if declaration.pipeline else ():
            if each.name == phase:
                break
            names += [task.name for task in each.tasks]
        outputs = finished_outputs(read.jobs, frozenset(names))
        project_id = read.history.project_id
        found = [
            await self._records.find(project_id, outputs[name], AiTaskResult)
            for name in names
            if name in outputs
        ]
        results = tuple(each for each in found if each is not None)
        if not results:
            return None
        return await put_value(self._objects, project_id, AiTaskResults(results=results))

    async def retry(self, read: ReadObject, task_name: str, principal: Principal) -> None:
        """Do a task again that failed, with the fields that its job began with.

        Raises:
            NotParkedError: there is no such task, or it did not fail.
            JobStateError: fields were edited since, or another run came later.
        """
        found = (each for each in task_runs(read.jobs, {}) if each.task.name == task_name)
        run = next(found, None)
        run = require_failed(
            run,
            task_name,
            is_newest=run is not None and run.job.job_id == read.history.job_id,
            edited_since=read.history.edited_since,
        )
        await self._control.act(
            run.job.job_id, principal, lambda job: redrive_request(job, run.key), claims=_goes_on
        )

    async def _shown(self, run: TaskRun, shows_prompts: bool) -> ShownTask:
        project_id, message, prompt = run.job.project_id, "", None
        result: AiTaskResult | None = None
        if run.output is not None:
            result = await self._records.find(project_id, run.output, AiTaskResult)
        elif run.key in run.job.parked:
            reason = await parking_reason(self._objects, run.job, run.key)
            message = reason.message if reason else ""
        if shows_prompts and result is not None and result.prompt is not None:
            with suppress(ObjectMissingError):  # erased: the task is shown without it
                content = await self._objects.get(project_id, result.prompt)
                prompt = content.decode(errors="replace")
        return ShownTask(run, result, message, prompt)


def _goes_on(job: Job, event: Event) -> bool:
    return isinstance(event, WorkRedriven) and job.goes_on_without(
        WorkKey(event.kind, event.index, event.phase)
    )
