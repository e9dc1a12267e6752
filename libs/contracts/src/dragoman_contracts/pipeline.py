"""Start here: how a document finds its way.

A job is a stream of events that carries a snapshot of its pipeline, an ordered list of phases. Nobody conducts:

    gateway appends JobSubmitted                      → `routes` says: preflight is owed
    a worker takes the lease, appends PhaseStarted,
    performs, decides, appends the phase's result     → `routes` says which phase is owed next
    …                                                 until JobCompleted

- `next_phase(job)` is the phase now owed, `owed(job)` the pieces of work, both from the state alone. The reconciler
  sends what `owed` says and nobody holds; so no message has to survive for a job to go on.
- `routes(recorded)` is the work that one event makes owed, from the event alone. The relay sends it, fast.
- `next_kind(job, finished)` is what a service writes into a phase's result, so that `routes` can read it there.

`tests/contracts/test_trace.py` holds all this against the trace of DESIGN §2.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from dragoman_contracts.envelope import RecordedEvent
from dragoman_contracts.events import (
    CancelRequested,
    JobSubmitted,
    PhaseResult,
    ResumeRequested,
    StartRequested,
    TranslationPlanned,
    WorkRedriven,
)
from dragoman_contracts.identity import work_id
from dragoman_contracts.job import Job, WorkKey, current_phase
from dragoman_contracts.model import Value
from dragoman_contracts.phases import Phase, Pipeline
from dragoman_contracts.under_way import WorkUnderWay, done_under_way
from dragoman_contracts.vocabulary import LIVE, PHASE_OF, JobStatus, PhaseKind, WorkKind


class WorkItem(Value):
    """A reference to one piece of owed work; never text. `version` is that of the event that made it owed."""

    work_id: UUID
    project_id: UUID
    job_id: UUID
    version: int
    kind: WorkKind
    index: int = 0

    @property
    def key(self) -> WorkKey:
        """What of the job it is."""
        return (self.kind, self.index)


CLOCK_TOLERANCE = timedelta(minutes=1)
"""By how much the clocks of two machines may differ without one of them counting as wrong."""

_WORK_OF_PHASE: dict[PhaseKind, WorkKind] = {
    PhaseKind.PREFLIGHT: WorkKind.PREFLIGHT,
    PhaseKind.EXTRACTION: WorkKind.EXTRACTION,
    PhaseKind.TRANSLATION: WorkKind.TRANSLATION_PLAN,
    PhaseKind.QA: WorkKind.QA,
    PhaseKind.REASSEMBLY: WorkKind.REASSEMBLY,
}
"""The work a phase begins with. Review waits for people, delivery is the end: no work."""

_WITHOUT_START = frozenset({PhaseKind.PREFLIGHT})
"""Phases that run before a person says start, where auto-start is off (requirement E's local path)."""

_MADE_AGAIN = frozenset({WorkKind.TRANSLATION_PLAN, WorkKind.REASSEMBLY, WorkKind.CANCELLATION})
"""Work whose late outcome is dropped."""


def next_phase(job: Job) -> Phase | None:
    """The phase now owed; None while the job rests, waits for a start, or is at its end."""
    phase = current_phase(job)
    if phase is None or job.status not in LIVE:
        return None
    if not job.is_started and phase.kind not in _WITHOUT_START:
        return None
    return phase


def owed(job: Job) -> tuple[WorkItem, ...]:
    """All the work this state owes, batches in order; empty when the job rests. For work that failed see `due_at`."""
    if job.status is JobStatus.CANCELLING:
        return (_item(job, WorkKind.CANCELLATION),)
    phase = next_phase(job)
    if phase is None:
        return ()
    if phase.kind is PhaseKind.TRANSLATION and job.plan is not None and job.plan.pending:
        return tuple(_item(job, WorkKind.TRANSLATION_BATCH, index) for index in job.plan.pending)
    kind = _WORK_OF_PHASE.get(phase.kind)
    return () if kind is None else (_item(job, kind),)


def is_owed(job: Job, key: WorkKey) -> bool:
    """Whether this piece of work is among `owed(job)`, without listing it all."""
    kind, index = key
    if kind is WorkKind.CANCELLATION:
        return job.status is JobStatus.CANCELLING
    phase = next_phase(job)
    if phase is None:
        return False
    if phase.kind is PhaseKind.TRANSLATION and job.plan is not None and not job.plan.is_complete:
        return kind is WorkKind.TRANSLATION_BATCH and _is_pending(job, index)
    return index == 0 and _WORK_OF_PHASE.get(phase.kind) is kind


def accepts_late(job: Job, key: WorkKey) -> bool:
    """Whether the outcome of this work, though no longer owed, is still recorded: the job was stopped and lacks it.

    The events are then those of `decide` without any that moves the job on (TranslationCompleted, JobCompleted), and
    with `next_kind` None, as `next_kind` says of a stopped job. A plan and a reassembly cost nothing and are made
    again.
    """
    kind, index = key
    if not job.is_stopped or kind in _MADE_AGAIN:
        return False
    if kind is WorkKind.TRANSLATION_BATCH:
        return _is_pending(job, index)
    phase = job.phase_of_kind(PHASE_OF[kind])
    return phase is not None and not job.is_finished(phase)


def _is_pending(job: Job, index: int) -> bool:
    return job.plan is not None and 0 <= index < len(job.plan.batches) and job.plan.batches[index] is None


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


def first_kind(pipeline: Pipeline) -> WorkKind:
    """The work a new job begins with; what JobSubmitted carries.

    Raises:
        ValueError: the pipeline begins with a phase that no service performs.
    """
    kind = _WORK_OF_PHASE.get(pipeline.phases[0].kind)
    if kind is None:
        raise ValueError(f"Pipeline {pipeline.name} begins with {pipeline.phases[0].kind}, which nobody performs.")
    return kind


def next_kind(job: Job, finished: PhaseKind) -> WorkKind | None:
    """The work that is owed once the phase of kind `finished` has ended well; what its result event carries.

    A review is taken as not needed: where it is, the verdict stops the job and nothing is owed. Nor is anything while
    the job is cancelled or failed: the late result is recorded, and `resume_request` says later what is owed.
    """
    if job.is_stopped:
        return None
    past = False
    for phase in job.pipeline.phases:
        if past and not job.is_finished(phase) and phase.kind is not PhaseKind.REVIEW:
            if not job.is_started and phase.kind not in _WITHOUT_START:
                return None
            return _WORK_OF_PHASE.get(phase.kind)
        past = past or phase.kind is finished
    return None


def routes(recorded: RecordedEvent) -> tuple[WorkItem, ...]:
    """The work items one event makes owed, from the event alone."""
    match recorded.event:
        case JobSubmitted(first_kind=kind):
            return (_item_of(recorded, kind),)
        case TranslationPlanned(batch_count=count):
            return tuple(_item_of(recorded, WorkKind.TRANSLATION_BATCH, index) for index in range(count))
        case ResumeRequested(batch_indexes=indexes) | WorkRedriven(batch_indexes=indexes) if indexes:
            return tuple(_item_of(recorded, WorkKind.TRANSLATION_BATCH, index) for index in indexes)
        case CancelRequested():
            return (_item_of(recorded, WorkKind.CANCELLATION),)
        case PhaseResult(next_kind=kind) if kind is not None:
            return (_item_of(recorded, kind),)
        case _:
            return ()


def start_request(job: Job) -> StartRequested:
    """The event that starts a job whose auto-start was off."""
    phase = current_phase(job)
    if phase is None or job.is_started or job.status not in LIVE or phase.kind in _WITHOUT_START:
        return StartRequested()
    return StartRequested(next_kind=_WORK_OF_PHASE.get(phase.kind))


def resume_request(job: Job) -> ResumeRequested:
    """The event that lets a failed or cancelled job go on from its checkpoint, with the work that it makes owed."""
    kind, indexes = _left(job)
    return ResumeRequested(next_kind=kind, batch_indexes=indexes)


def redrive_request(job: Job, key: WorkKey) -> WorkRedriven:
    """The event that lets this parked work be done, with all that becomes owed where the job then goes on.

    The whole job had stopped for it, so more than the parked work may be owed.
    """
    kind, index = key
    event = WorkRedriven(work_id=work_id(job.job_id, kind, index), kind=kind, index=index)
    if not job.goes_on_without(key):
        return event
    if kind is WorkKind.CANCELLATION:
        return event.model_copy(update={"next_kind": kind})
    phase = current_phase(job)
    if not job.is_started and phase is not None and phase.kind not in _WITHOUT_START:
        return event
    following, indexes = _left(job)
    return event.model_copy(update={"next_kind": following, "batch_indexes": indexes})


def _left(job: Job) -> tuple[WorkKind | None, tuple[int, ...]]:
    """What a stopped job owes once it goes on: work of one kind, or else batches."""
    phase = current_phase(job)
    if phase is None or job.is_review_owed:
        return None, ()
    if phase.kind is PhaseKind.TRANSLATION and job.plan is not None and job.plan.pending:
        return None, job.plan.pending
    return _WORK_OF_PHASE.get(phase.kind), ()


def progress_pct(job: Job, under_way: Iterable[WorkUnderWay] = ()) -> float:
    """How much of the job's weighted work is done, counted from events; below 100 until it is completed.

    With the work `under_way`, the units that its batches have brought so far count as well.
    """
    if job.status is JobStatus.COMPLETED:
        return 100.0
    done = 0.0
    for phase in job.pipeline.phases:
        share = job.pipeline.share_pct(phase)
        if job.is_finished(phase):
            done += share
        elif phase.kind is PhaseKind.TRANSLATION and job.plan is not None and job.plan.unit_count:
            translated = job.plan.translated_count + done_under_way(job.plan, under_way)
            done += share * min(translated / job.plan.unit_count, 1)
    return min(round(done, 1), 99.0)


def _item(job: Job, kind: WorkKind, index: int = 0) -> WorkItem:
    return WorkItem(
        work_id=work_id(job.job_id, kind, index),
        project_id=job.project_id,
        job_id=job.job_id,
        version=job.version,
        kind=kind,
        index=index,
    )


def _item_of(recorded: RecordedEvent, kind: WorkKind, index: int = 0) -> WorkItem:
    envelope = recorded.envelope
    return WorkItem(
        work_id=work_id(envelope.stream_id, kind, index),
        project_id=envelope.project_id,
        job_id=envelope.stream_id,
        version=envelope.version,
        kind=kind,
        index=index,
    )
