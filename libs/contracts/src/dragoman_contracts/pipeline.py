"""Start here: how a document finds its way.

A job is a stream of events that carries a snapshot of its pipeline, an ordered list of phases.
Nobody conducts:

    gateway appends JobSubmitted                      → `routes` says: preflight is owed
    a worker takes the lease, appends PhaseStarted,
    performs, decides, appends the phase's result     → `routes` says which phase is owed next
    …                                                 until JobCompleted

- `next_phase(job)` is the phase now owed, `owed(job)` the pieces of work, both from the state
  alone. The reconciler sends what `owed` says and nobody holds; so no message has to survive for a
  job to go on.
- `routes(recorded)` is the work that one event makes owed, from the event alone. The relay sends
  it, fast.
- `follow(job, finished)` is the work behind a phase, which its result carries, so that `routes` can
  read it there; the functions of `deciding` put it in.

`tests/contracts/test_trace.py` holds all this against the trace of DESIGN §2.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from dragoman_contracts.envelope import RecordedEvent
from dragoman_contracts.events import (
    BatchTranslated,
    CancelRequested,
    Event,
    JobSubmitted,
    PhaseBatchDone,
    PhaseFinished,
    PhasePlanned,
    PhaseRefused,
    PhaseResult,
    ResumeRequested,
    StartRequested,
    TranslationPlanned,
    WorkRedriven,
)
from dragoman_contracts.job import Job, WorkKey, current_phase
from dragoman_contracts.model import Value
from dragoman_contracts.phases import Phase, Pipeline
from dragoman_contracts.steps import Shape, is_made_again
from dragoman_contracts.under_way import WorkUnderWay, done_under_way, share_under_way
from dragoman_contracts.vocabulary import LIVE, JobStatus, PhaseKind, WorkKind, WorkName


class WorkItem(Value):
    """A reference to one piece of owed work; never text.
    `version` is that of the event that made it owed.
    """

    work_id: UUID
    project_id: UUID
    job_id: UUID
    version: int
    kind: WorkName
    index: int = 0
    phase: str = ""

    @property
    def key(self) -> WorkKey:
        """The key of this work within its job."""
        return WorkKey(self.kind, self.index, self.phase)


CLOCK_TOLERANCE = timedelta(minutes=1)
"""By how much the clocks of two machines may differ without one of them counting as wrong."""


def next_phase(job: Job) -> Phase | None:
    """The phase now owed; None while the job rests, waits for a start, or is at its end."""
    phase = current_phase(job)
    if phase is None or job.status not in LIVE:
        return None
    return phase if job.is_started or _is_before_start(phase) else None


def owed(job: Job) -> tuple[WorkItem, ...]:
    """All the work this state owes, batches in order; empty when the job rests.
    For work that failed see `due_at`.
    """
    if job.status is JobStatus.CANCELLING:
        return (item_of(job, WorkKey(WorkKind.CANCELLATION)),)
    phase = next_phase(job)
    return () if phase is None else tuple(item_of(job, key) for key in _work_of(job, phase))


def is_owed(job: Job, key: WorkKey) -> bool:
    """Whether this piece of work is among `owed(job)`, without listing it all."""
    if key.kind == WorkKind.CANCELLATION:
        return job.status is JobStatus.CANCELLING
    phase = next_phase(job)
    return phase is not None and _is_work_of(job, phase, key) and not job.is_set_aside(key)


def accepts_late(job: Job, key: WorkKey) -> bool:
    """Whether the outcome of this work, though no longer owed, is still recorded: the job was
    stopped and lacks it.

    The events are then those of `decide` without any that moves the job on (TranslationCompleted,
    JobCompleted), and with `next_kind` None, as `follow` says of a stopped job. A plan and a
    reassembly cost nothing and are made again.
    """
    if not job.is_stopped or is_made_again(key.kind):
        return False
    phase = job.phase_of(key)
    return phase is not None and not job.is_finished(phase) and _is_work_of(job, phase, key)


def _work_of(job: Job, phase: Phase) -> Iterable[WorkKey]:
    """The work the phase waits for: its pending batches, or else its first work.

    The first work comes again once no batch is pending, to end the phase.
    """
    step, batches = phase.step, job.runs[phase.name].batches
    if step is None or step.first_work is None:
        return ()
    if step.batch_work is not None and batches.pending_count:
        keys = (WorkKey(step.batch_work, index, phase.key) for index in batches.pending)
        return (key for key in keys if not job.is_set_aside(key))
    return (WorkKey(step.first_work, 0, phase.key),)


def _is_work_of(job: Job, phase: Phase, key: WorkKey) -> bool:
    """Whether `_work_of` has this key, found without listing them."""
    step, batches = phase.step, job.runs[phase.name].batches
    if step is None or key.phase != phase.key:
        return False
    if step.batch_work is not None and batches.pending_count:
        return key.kind == step.batch_work and batches.is_pending(key.index)
    return key.kind == step.first_work and key.index == 0


def _is_before_start(phase: Phase) -> bool:
    return phase.step is not None and phase.step.is_before_start


def due_at(job: Job, key: WorkKey) -> datetime | None:
    """When work that failed may be tried again; None when it may at once."""
    trouble = job.failures.get(key)
    return None if trouble is None else trouble.retry_at


def is_due(job: Job, key: WorkKey, now: datetime) -> bool:
    """Whether the work may be tried now: it did not fail, or its time has come.

    A failure that lies in the future was recorded by a clock that was wrong, and so was its time.
    """
    trouble = job.failures.get(key)
    if trouble is None or trouble.retry_at is None or trouble.retry_at <= now:
        return True
    return trouble.occurred_at > now + CLOCK_TOLERANCE


def first_kind(pipeline: Pipeline) -> WorkName:
    """The work a new job begins with; what JobSubmitted carries.

    Raises:
        ValueError: the pipeline begins with a phase that no service performs.
    """
    kind = pipeline.phases[0].first_work
    if kind is None:
        raise ValueError(
            f"Pipeline {pipeline.name} begins with {pipeline.phases[0].kind}, which nobody performs."
        )
    return kind


class Following(Value):
    """The work behind a result, as its event carries it: its kind,
    and its phase where the kind leaves that open.
    """

    next_kind: WorkName | None = None
    next_phase: str = ""


def follow(job: Job, finished: Phase | None) -> Following:
    """The work that is owed once this phase has ended well; what its result event carries.

    A review is taken as not needed: where it is, the verdict stops the job and nothing is owed. Nor
    is anything while the job is cancelled or failed: the late result is recorded, and
    `resume_request` says later what is owed.
    """
    if job.is_stopped or finished is None:
        return Following()
    behind = job.pipeline.phases[job.pipeline.phases.index(finished) + 1 :]
    phase = next(
        (each for each in behind if not job.is_finished(each) and each.kind != PhaseKind.REVIEW),
        None,
    )
    if phase is None or not (job.is_started or _is_before_start(phase)):
        return Following()
    return Following(next_kind=phase.first_work, next_phase=phase.key if phase.first_work else "")


def routes(recorded: RecordedEvent) -> tuple[WorkItem, ...]:
    """The work items one event makes owed, from the event alone."""
    match recorded.data:
        case JobSubmitted(first_kind=kind, first_phase=phase):
            return (_item_of(recorded, WorkKey(kind, 0, phase)),)
        case TranslationPlanned(batch_count=count):
            return tuple(
                _item_of(recorded, WorkKey(WorkKind.TRANSLATION_BATCH, index))
                for index in range(count)
            )
        case PhasePlanned(phase=phase, kind=kind, batch_count=count):
            return tuple(_item_of(recorded, WorkKey(kind, index, phase)) for index in range(count))
        case PhaseBatchDone(phase=phase, kind=kind, index=index, has_next=True):
            return (_item_of(recorded, WorkKey(kind, index + 1, phase)),)
        case ResumeRequested(batch_indexes=indexes) | WorkRedriven(batch_indexes=indexes) if (
            indexes
        ):
            kind = recorded.data.next_kind or WorkKind.TRANSLATION_BATCH
            return tuple(
                _item_of(recorded, WorkKey(kind, index, recorded.data.next_phase))
                for index in indexes
            )
        case CancelRequested():
            return (_item_of(recorded, WorkKey(WorkKind.CANCELLATION)),)
        case PhaseResult(next_kind=kind, next_phase=phase) if kind is not None:
            return (_item_of(recorded, WorkKey(kind, 0, phase)),)
        case _:
            return ()


def work_behind(job: Job, event: Event) -> WorkKey | None:
    """The piece of work whose outcome this event of the job is; None where no service computed it.

    The end of a phase that is cut into batches comes with its last batch, and is no work of its
    own.
    """
    match event:
        case PhaseBatchDone(kind=kind, index=index, phase=name):
            return WorkKey(kind, index, name)
        case PhaseFinished(phase=name) | PhaseRefused(phase=name):
            phase = job.phase_named(name)
            is_whole = (
                phase is not None and phase.step is not None and phase.step.shape is Shape.WHOLE
            )
            return WorkKey(phase.kind, 0, name) if phase is not None and is_whole else None
        case BatchTranslated(index=index):
            return WorkKey(WorkKind.TRANSLATION_BATCH, index)
        case _:
            return None if event.work is None else WorkKey(event.work)


def start_request(job: Job) -> StartRequested:
    """The event that starts a job whose auto-start was off."""
    phase = current_phase(job)
    if phase is None or job.is_started or job.status not in LIVE or _is_before_start(phase):
        return StartRequested()
    return StartRequested(next_kind=phase.first_work, next_phase=phase.key)


def resume_request(job: Job) -> ResumeRequested:
    """The event that lets a failed or cancelled job go on from its checkpoint,
    with the work that it makes owed.
    """
    left, indexes = _left(job)
    return ResumeRequested(
        next_kind=left.next_kind, next_phase=left.next_phase, batch_indexes=indexes
    )


def redrive_request(job: Job, key: WorkKey) -> WorkRedriven:
    """The event that lets this parked work be done, with all that becomes owed where the job then
    goes on.

    The whole job had stopped for it, so more than the parked work may be owed.
    """
    event = WorkRedriven(
        work_id=key.work_id(job.job_id), kind=key.kind, index=key.index, phase=key.phase
    )
    if not job.goes_on_without(key):
        return event
    if key.kind == WorkKind.CANCELLATION:
        return event.model_copy(update={"next_kind": key.kind})
    phase = current_phase(job)
    if not job.is_started and phase is not None and not _is_before_start(phase):
        return event
    left, indexes = _left(job)
    return event.model_copy(update={**dict(left), "batch_indexes": indexes})


def _left(job: Job) -> tuple[Following, tuple[int, ...]]:
    """The work a stopped job owes once it goes on: the first work of a phase, or else batches.

    Batches of a translation are named without their kind, as installations before the step table
    read them.
    """
    phase = current_phase(job)
    if phase is None or phase.step is None or job.is_review_owed:
        return Following(), ()
    pending = job.runs[phase.name].batches.pending
    if phase.step.batch_work is None or not pending:
        return Following(next_kind=phase.first_work, next_phase=phase.key), ()
    kind = None if phase.kind == PhaseKind.TRANSLATION else phase.step.batch_work
    return Following(next_kind=kind, next_phase=phase.key), pending


def progress_pct(job: Job, under_way: Iterable[WorkUnderWay] = ()) -> float:
    """How much of the job's weighted work is done, counted from events; below 100 until it is
    completed.

    With the work `under_way`, the items that it has brought so far count as well.
    """
    if job.status is JobStatus.COMPLETED:
        return 100.0
    done = 0.0
    for phase in job.pipeline.phases:
        share = job.pipeline.share_pct(phase)
        if job.is_finished(phase):
            done += share
        elif (run := job.runs[phase.name]).item_count:
            done += share * min(
                (run.done_count + done_under_way(phase, run, under_way)) / run.item_count, 1
            )
        else:
            done += share * share_under_way(phase, under_way)
    return min(round(done, 1), 99.0)


def item_of(job: Job, key: WorkKey) -> WorkItem:
    """A reference to this piece of the job's work, made owed by the job's last event."""
    return WorkItem(
        work_id=key.work_id(job.job_id),
        project_id=job.project_id,
        job_id=job.job_id,
        version=job.version,
        kind=key.kind,
        index=key.index,
        phase=key.phase,
    )


def _item_of(recorded: RecordedEvent, key: WorkKey) -> WorkItem:
    return WorkItem(
        work_id=key.work_id(recorded.stream_id),
        project_id=recorded.project_id,
        job_id=recorded.stream_id,
        version=recorded.version,
        kind=key.kind,
        index=key.index,
        phase=key.phase,
    )
