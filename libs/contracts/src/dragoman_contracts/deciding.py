"""The events a service appends when a piece of its work is done, for every shape of a step.

whole     finish(job, phase, output, item_count=1204)
spread    plan_phase(job, phase, PhasePlanned(…)), then for each batch batch_done(job, phase, PhaseBatchDone(…))
chain     batch_done(job, phase, PhaseBatchDone(…, has_next=True)) as long as there is more
typed     end_phase(job, phase, DocumentExtracted(…))
"""

from __future__ import annotations

from dragoman_contracts.events import (
    Event,
    JobCompleted,
    PhaseBatchDone,
    PhaseFinished,
    PhasePlanned,
    PhaseResult,
)
from dragoman_contracts.job import Job
from dragoman_contracts.phases import Phase
from dragoman_contracts.pipeline import follow
from dragoman_contracts.references import NamedObject, ObjectRef
from dragoman_contracts.steps import Shape


def finish(
    job: Job,
    finished: Phase,
    output: ObjectRef | None = None,
    artifacts: tuple[NamedObject, ...] = (),
    item_count: int = 0,
    log: ObjectRef | None = None,
) -> tuple[Event, ...]:
    """The events that end a phase whose result has no event of its own, and the job where no work
    is left.

    `item_count` is for a phase without batches: the number that its card shows.
    """
    done = PhaseFinished(
        phase=finished.name, output=output, artifacts=artifacts, item_count=item_count, log=log
    )
    return end_phase(job, finished, done)


def end_phase(job: Job, finished: Phase | None, result: PhaseResult) -> tuple[Event, ...]:
    """The result of a phase that ended well, with the work behind it, and the job's end where no
    work is left.

    Of a stopped job the last phase is not ended: a resume must find something to end with. Its
    outcome is kept under its pointer, so that this costs nothing.
    """
    done = result.model_copy(update=dict(follow(job, finished)))
    if finished is None or not is_last_work(job, finished):
        return (done,)
    return () if job.is_stopped else (done, JobCompleted())


def is_last_work(job: Job, finished: Phase) -> bool:
    """Whether no service has anything to do behind this phase."""
    left = (
        each for each in job.pipeline.phases if each is not finished and not job.is_finished(each)
    )
    return all(each.first_work is None for each in left)


def plan_phase(job: Job, phase: Phase, planned: PhasePlanned) -> tuple[Event, ...]:
    """The events that cut a spread phase into batches, and that end it where there are none.

    A job that was stopped after its last batch had come in, and resumed, owes this work again, and
    only the end of it.
    """
    run = job.runs[phase.name]
    if run.is_cut:
        return finish(job, phase) if run.is_complete else ()
    return (planned,) if planned.batch_count else (planned, *finish(job, phase))


def batch_done(
    job: Job, phase: Phase, done: PhaseBatchDone, output: ObjectRef | None = None
) -> tuple[Event, ...]:
    """The result of a batch, and the end of its phase with the last one, whose result is `output`.

    Nothing where the batch is there already: another worker was first. Of a stopped job the batch
    alone is recorded.
    """
    run, is_chain = job.runs[phase.name], phase.step is not None and phase.step.shape is Shape.CHAIN
    if is_chain and run.is_cut and run.is_complete:
        return finish(job, phase, output)  # as `plan_phase`: the end alone was owed
    if run.is_cut and not run.batches.is_pending(done.index):
        return ()
    is_last = not done.has_next if is_chain else run.batches.pending_count == 1
    return (done, *finish(job, phase, output)) if is_last and not job.is_stopped else (done,)
