"""An object's tasks, as requirement C's `commons.aiTask`: a view of the batches of its jobs' phases
of AI tasks. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from dragoman_contracts.ai import AiTask, AiTasksConfig
from dragoman_contracts.ai_results import AiTaskResult, AiTaskStatus
from dragoman_contracts.job import Job, WorkKey
from dragoman_contracts.phases import Phase
from dragoman_contracts.references import ObjectRef
from dragoman_gateway.web.errors import JobStateError, NotParkedError


@dataclass(frozen=True, slots=True)
class TaskRun:
    """A task in a job: its place there, how far it is, and its output where it is done.

    `error_code` is that of the failure it waits behind, or was parked for.
    """

    task: AiTask
    phase: str
    index: int
    job: Job
    status: AiTaskStatus
    output: ObjectRef | None = None
    error_code: str = ""
    retry_at: datetime | None = None

    @property
    def key(self) -> WorkKey:
        """The key of its work in the job."""
        return WorkKey(_WORK, self.index, self.phase)


@dataclass(frozen=True, slots=True)
class ShownTask:
    """A task with what its objects say: the result where it is done, the message where it failed."""

    run: TaskRun
    result: AiTaskResult | None = None
    message: str = ""
    prompt: str | None = None


_WORK = "ai_tasks_batch"


def task_phases(job: Job) -> Iterator[tuple[Phase, tuple[AiTask, ...]]]:
    """The job's phases of AI tasks, each with its tasks."""
    for phase in job.pipeline.phases:
        if phase.kind == "ai_tasks":
            yield phase, AiTasksConfig.model_validate(phase.config).tasks


def task_runs(jobs: Sequence[Job], held: Mapping[UUID, Set[UUID]]) -> list[TaskRun]:
    """The newest run of each task in these jobs, the oldest job first.

    `held` are the ids of the work under way, by job.
    """
    newest: dict[str, TaskRun] = {}
    for job in jobs:
        for phase, tasks in task_phases(job):
            for index, task in enumerate(tasks):
                run = _run(job, phase, index, task, held.get(job.job_id, frozenset()))
                newest.pop(task.name, None)
                newest[task.name] = run
    return list(newest.values())


def finished_outputs(jobs: Iterable[Job], names: Set[str]) -> dict[str, ObjectRef]:
    """The newest output of each of these tasks, by name, in the jobs, the oldest job first."""
    found: dict[str, ObjectRef] = {}
    for job in jobs:
        for phase, tasks in task_phases(job):
            outputs = job.runs[phase.name].batches
            for task, output in zip(tasks, outputs, strict=False):
                if task.name in names and output is not None:
                    found[task.name] = output
    return found


def require_failed(
    run: TaskRun | None, name: str, *, is_newest: bool, edited_since: bool
) -> TaskRun:
    """Refuse to do a task again that did not fail, or whose fields changed since.

    Raises:
        NotParkedError: there is no such task, or it did not fail.
        JobStateError: another run came later, or a person edited fields meanwhile.
    """
    if run is None or run.key not in run.job.parked:
        raise NotParkedError(
            f"Task {name[:80]!r} of the object has not failed; look at its status."
        )
    if edited_since or not is_newest:
        raise JobStateError(
            f"The object changed since task {name!r} failed, and its job has the old fields; "
            f"set the phase field to {run.phase!r} to go on from there.",
            code="object.edited_since",
        )
    return run


def _run(job: Job, phase: Phase, index: int, task: AiTask, held: Set[UUID]) -> TaskRun:
    key, batches = WorkKey(_WORK, index, phase.name), job.runs[phase.name].batches
    output = batches[index] if index < len(batches) else None
    parked, failed = job.parked.get(key), job.failures.get(key)
    if output is not None:
        return TaskRun(task, phase.name, index, job, AiTaskStatus.DONE, output)
    if parked is not None or key in job.discarded:
        code = parked.code if parked else "work.discarded"
        return TaskRun(task, phase.name, index, job, AiTaskStatus.ERROR, error_code=code)
    is_held = key.work_id(job.job_id) in held
    status = AiTaskStatus.RUNNING if is_held else AiTaskStatus.PENDING
    code = failed.code if failed else ""
    retry_at = failed.retry_at if failed else None
    return TaskRun(task, phase.name, index, job, status, error_code=code, retry_at=retry_at)
