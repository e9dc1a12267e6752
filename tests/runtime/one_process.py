"""The one process with small services that do nothing: six steps a job, all the machinery in
earnest.

    python -m runtime.one_process STATE COUNT      (with `tests` on the path)

submits COUNT jobs unless an earlier process did, prints a line for each step that was performed,
and ends when every job is completed.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from uuid import UUID

from contracts.streams import (
    PROJECT,
    batch,
    completed_translation,
    extracted,
    next_kind,
    origin,
    planned,
    preflight_passed,
    reassembled,
    submitted,
    verified,
)
from dragoman_contracts.events import Event, JobCompleted
from dragoman_contracts.identity import job_id_for_key
from dragoman_contracts.job import Job
from dragoman_contracts.pipeline import WorkItem
from dragoman_contracts.steps import service_of
from dragoman_contracts.vocabulary import JobStatus, PhaseKind, Service, WorkKind
from dragoman_runtime.clock import SystemClock
from dragoman_runtime.eventstore import Append, EventStore, Head, Jobs
from dragoman_runtime.service import ServicePart
from dragoman_runtime.settings import TelemetrySettings, load
from dragoman_runtime.telemetry import configure_telemetry
from dragoman_runtime.worker import Task, WorkContext
from dragoman_standalone.platform import opened, performing
from dragoman_standalone.settings import StandaloneSettings
from runtime.workshop import Outcome

Decide = Callable[[Job, WorkItem], tuple[Event, ...]]

_DECIDE: dict[WorkKind, Decide] = {
    WorkKind.PREFLIGHT: lambda job, _: (preflight_passed(next_kind(job, PhaseKind.PREFLIGHT)),),
    WorkKind.EXTRACTION: lambda job, _: (extracted(next_kind(job, PhaseKind.EXTRACTION)),),
    WorkKind.TRANSLATION_PLAN: lambda _, __: (planned(1),),
    WorkKind.TRANSLATION_BATCH: lambda job, item: (
        batch(item.index),
        completed_translation(next_kind(job, PhaseKind.TRANSLATION)),
    ),
    WorkKind.QA: lambda job, _: (verified(next_kind=next_kind(job, PhaseKind.QA)),),
    WorkKind.REASSEMBLY: lambda _, __: (reassembled(), JobCompleted()),
}
"""One translation batch a job, so six steps."""


def small_services(performed: Callable[[WorkContext], None]) -> list[ServicePart]:
    """A task for each kind of work, of its service; `performed` is told of each step."""
    tasks: dict[Service, list[Task[Outcome]]] = {}
    for kind, decide in _DECIDE.items():
        tasks.setdefault(service_of(kind), []).append(_task(kind, decide, performed))
    return [ServicePart(service, of_service) for service, of_service in tasks.items()]


def _task(
    kind: WorkKind, decide: Decide, performed: Callable[[WorkContext], None]
) -> Task[Outcome]:
    async def perform(context: WorkContext) -> Outcome:
        performed(context)
        return Outcome()

    def decide_of_outcome(job: Job, item: WorkItem, _: Outcome) -> tuple[Event, ...]:
        return decide(job, item)

    def inputs(job: Job, item: WorkItem) -> dict[str, object]:
        return {"job": job.job_id, "index": item.index}

    return Task(kind, Outcome, inputs, perform, decide_of_outcome)


def job_ids(count: int) -> list[UUID]:
    """The jobs of every run on a state folder."""
    return [job_id_for_key(PROJECT, str(number)) for number in range(count)]


async def submit(store: EventStore, ids: Sequence[UUID]) -> None:
    """Open those of the jobs that are not there yet."""
    there = {job.job_id for job in await Jobs(store).load_several(ids)}
    at = SystemClock().now()
    for job_id in ids:
        if job_id not in there:
            await store.commit([Append(job_id, PROJECT, Head(), (submitted(),), origin(), at)])


async def completed(store: EventStore, ids: Sequence[UUID]) -> None:
    """Return when every job is completed."""
    jobs, left = Jobs(store, capacity=len(ids)), list(ids)
    while left:
        left = [
            job.job_id
            for job in await jobs.load_several(left)
            if job.status is not JobStatus.COMPLETED
        ]
        await asyncio.sleep(0.05)


async def run(state: Path, count: int, performed: Callable[[WorkContext], None]) -> float:
    """Run the jobs to their end; the CPU seconds that took,
    the start of the process not counted.
    """
    async with opened(load(StandaloneSettings, {"state_dir": state})) as platform:
        began = time.process_time()
        await submit(platform.store, job_ids(count))
        async with performing(platform, small_services(performed)):
            await completed(platform.store, job_ids(count))
        return time.process_time() - began


def _print(context: WorkContext) -> None:
    sys.stdout.write(f"{context.item.work_id}\n")
    sys.stdout.flush()


def _main(state: Path, count: int) -> None:
    telemetry = configure_telemetry(load(TelemetrySettings), "one_process")
    asyncio.run(run(state, count, _print))
    telemetry.shutdown()


if __name__ == "__main__":
    _main(Path(sys.argv[1]), int(sys.argv[2]))
