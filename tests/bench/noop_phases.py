"""A pipeline of one phase of each shape, with nothing to perform:
steps that exist in the bench alone.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from contracts import streams
from dragoman_contracts.deciding import batch_done, finish, plan_phase
from dragoman_contracts.events import Event, JobSubmitted, PhaseBatchDone, PhasePlanned
from dragoman_contracts.job import Job
from dragoman_contracts.model import Value
from dragoman_contracts.phases import Phase, Pipeline
from dragoman_contracts.pipeline import WorkItem, first_kind
from dragoman_contracts.steps import STEPS, Shape, Step
from dragoman_contracts.vocabulary import Queue, Service
from dragoman_runtime.worker import Task, WorkContext

WHOLE, SPREAD, CHAIN = "noop_whole", "noop_spread", "noop_chain"


class Batches(Value):
    """Config of the no-op steps: how many batches a phase has."""

    batch_count: int = 1


class Nothing(Value):
    """The outcome of work that does nothing."""


@contextmanager
def noop_steps() -> Generator[None]:
    """The step table with these steps besides."""
    shapes = {WHOLE: Shape.WHOLE, SPREAD: Shape.SPREAD, CHAIN: Shape.CHAIN}
    for kind, shape in shapes.items():
        STEPS[kind] = Step(
            kind=kind,
            service=Service.EXTRACT,
            queue=Queue.DOCX_EXTRACT,
            shape=shape,
            label=kind,
            config=Batches,
        )
    try:
        yield
    finally:
        for kind in shapes:
            del STEPS[kind]


def submitted(spread: int, chain: int) -> JobSubmitted:
    """A job of one whole phase, one of `spread` batches owed at once,
    and one of `chain` batches behind each other.
    """
    counts = ((WHOLE, 1), (SPREAD, spread), (CHAIN, chain))
    phases = tuple(
        Phase(name=kind, kind=kind, config={"batch_count": count}) for kind, count in counts
    )
    pipeline = Pipeline(name="noop-phases", phases=phases)
    first = {"first_kind": first_kind(pipeline), "first_phase": WHOLE}
    return streams.submitted().model_copy(
        update={"pipeline": pipeline, "subject": None, "scope": "", **first}
    )


def phase_tasks() -> tuple[Task[Any], ...]:
    """The tasks of all three steps."""
    kinds = (WHOLE, f"{SPREAD}_plan", f"{SPREAD}_batch", CHAIN)
    return tuple(Task(kind, Nothing, None, _perform, _decide) for kind in kinds)


async def _perform(context: WorkContext) -> Nothing:
    return Nothing()


def _decide(job: Job, item: WorkItem, outcome: Nothing) -> tuple[Event, ...]:
    phase = job.phase_of(item.key)
    if phase is None:
        return ()
    count = Batches.model_validate(phase.config).batch_count
    if item.kind == WHOLE:
        return finish(job, phase)
    if item.kind == f"{SPREAD}_plan":
        planned = PhasePlanned(
            phase=phase.name,
            kind=f"{SPREAD}_batch",
            plan=streams.ref("plan"),
            batch_count=count,
            item_count=count,
        )
        return plan_phase(job, phase, planned)
    done = PhaseBatchDone(
        phase=phase.name,
        kind=item.kind,
        index=item.index,
        output=streams.ref("output"),
        item_count=1,
        has_next=item.kind == CHAIN and item.index + 1 < count,
    )
    return batch_done(job, phase, done)
