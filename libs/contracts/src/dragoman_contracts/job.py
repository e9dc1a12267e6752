"""The job: its state as a fold of its stream. Pure: nothing but `evolve(job, event)` gives the next state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import singledispatch
from typing import Any, TypeVar
from uuid import UUID

from dragoman_contracts import events as e
from dragoman_contracts.envelope import EventEnvelope, RecordedEvent
from dragoman_contracts.locale import Locale
from dragoman_contracts.phases import Phase, Pipeline
from dragoman_contracts.references import Artifact, ArtifactKind, ObjectRef
from dragoman_contracts.vocabulary import LIVE, PHASE_OF, RESUMABLE, JobStatus, PhaseKind, Stage, WorkKind

_S = TypeVar("_S", bound="Job | Plan")

WorkKey = tuple[WorkKind, int]
"""A piece of a job's work: its kind, and the batch index (0 where there are no batches)."""


@dataclass(frozen=True, slots=True)
class PhaseRun:
    """When a phase began and ended. Both None: not yet; `finished_at` alone: the phase was not needed."""

    started_at: datetime | None = None
    finished_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Trouble:
    """A failed attempt (`retry_at` says when the next is due) or parked work (`retry_at` is None)."""

    code: str
    attempt: int
    occurred_at: datetime
    retry_at: datetime | None = None
    reason: ObjectRef | None = None


@dataclass(frozen=True, slots=True)
class Extraction:
    """What extraction found."""

    units: ObjectRef
    unit_count: int
    translatable_count: int
    segment_count: int
    word_count: int


@dataclass(frozen=True)
class Plan:
    """The translation plan and, by batch index, the targets that are there (None: not yet)."""

    plan: ObjectRef
    unit_count: int
    batches: tuple[ObjectRef | None, ...]
    pending_count: int
    translated_count: int = 0
    usage: e.Usage = field(default_factory=e.Usage)

    @property
    def pending(self) -> tuple[int, ...]:
        """Indexes of the batches that have no targets yet."""
        return tuple(index for index, targets in enumerate(self.batches) if targets is None)

    @property
    def is_complete(self) -> bool:
        """Whether every batch has its targets."""
        return self.pending_count == 0


@dataclass(frozen=True, slots=True)
class Verification:
    """QA's word on the job."""

    verdict: e.QaVerdict
    results: ObjectRef
    passed_count: int
    review_count: int
    blocked_count: int


@dataclass(frozen=True)
class Job:
    """A job's state after `version` events. `head_at` is when the last of them occurred.

    A failed job is held by its `parked` work, by work a person `discarded`, or by a person who marked it failed.
    `stopped_at` is since when it is failed or cancelled.
    """

    job_id: UUID
    project_id: UUID
    version: int
    status: JobStatus
    stage: str
    submitted: e.JobSubmitted
    submitted_at: datetime
    submitted_by: str
    correlation_id: UUID
    traceparent: str | None
    head_at: datetime
    runs: Mapping[str, PhaseRun]
    is_started: bool
    preflight_verdict: e.PreflightVerdict | None = None
    finding_codes: tuple[str, ...] = ()
    extraction: Extraction | None = None
    plan: Plan | None = None
    verification: Verification | None = None
    is_review_owed: bool = False
    review_pending_count: int = 0
    reviewed_targets: tuple[ObjectRef, ...] = ()
    final_docx: ObjectRef | None = None
    artifacts: tuple[Artifact, ...] = ()
    failures: Mapping[WorkKey, Trouble] = field(default_factory=dict[WorkKey, Trouble])
    parked: Mapping[WorkKey, Trouble] = field(default_factory=dict[WorkKey, Trouble])
    discarded: frozenset[WorkKey] = frozenset()
    is_marked_failed: bool = False
    is_checkpoint_discarded: bool = False
    stopped_at: datetime | None = None

    @property
    def pipeline(self) -> Pipeline:
        """The snapshot of the pipeline the job follows."""
        return self.submitted.pipeline

    @property
    def source_locale(self) -> Locale:
        """The locale of the source."""
        return self.submitted.source_locale

    @property
    def target_locale(self) -> Locale:
        """The locale the job translates into."""
        return self.submitted.target_locale

    def phase_of_kind(self, kind: PhaseKind) -> Phase | None:
        """The first phase of this kind, where the pipeline has one."""
        return next((phase for phase in self.pipeline.phases if phase.kind is kind), None)

    def is_finished(self, phase: Phase) -> bool:
        """Whether the phase ended, or was found not to be needed."""
        return self.runs[phase.name].finished_at is not None

    @property
    def is_stopped(self) -> bool:
        """Whether a late outcome is recorded but moves the job no further, until a person resumes it (DESIGN §3)."""
        return self.status in {JobStatus.CANCELLING, JobStatus.CANCELLED, JobStatus.FAILED}

    @property
    def checkpoint_phases(self) -> tuple[str, ...]:
        """Names of the finished phases, which a resume skips."""
        return tuple(phase.name for phase in self.pipeline.phases if self.is_finished(phase))

    @property
    def is_interrupted(self) -> bool:
        """Whether the job is failed or cancelled, and has a checkpoint from which it can be resumed."""
        return self.status in RESUMABLE and not self.is_checkpoint_discarded and bool(self.checkpoint_phases)

    def goes_on_without(self, key: WorkKey) -> bool:
        """Whether this parked work is all that keeps the job from going on."""
        is_held = bool(self.parked.keys() - {key}) or bool(self.discarded) or self.is_marked_failed
        return self.status is JobStatus.FAILED and key in self.parked and not is_held


def fold(recorded: Iterable[RecordedEvent], job: Job | None = None) -> Job | None:
    """The state after `recorded`, going on from `job`; None when there is no event yet.

    Raises:
        ValueError: the stream does not begin with JobSubmitted, or a version is missing.
    """
    for each in recorded:
        job = begin(each) if job is None else evolve(job, each)
    return job


def begin(recorded: RecordedEvent) -> Job:
    """The state after a stream's first event, which is JobSubmitted."""
    event, envelope = recorded.event, recorded.envelope
    if not isinstance(event, e.JobSubmitted) or envelope.version != 1:
        raise ValueError(f"Stream {envelope.stream_id} does not begin with job.submitted.")
    job = Job(
        job_id=envelope.stream_id,
        project_id=envelope.project_id,
        version=1,
        status=JobStatus.QUEUED,
        stage=Stage.INTAKE,
        submitted=event,
        submitted_at=envelope.occurred_at,
        submitted_by=envelope.origin.actor,
        correlation_id=envelope.origin.correlation_id,
        traceparent=envelope.origin.traceparent,
        head_at=envelope.occurred_at,
        runs={phase.name: PhaseRun() for phase in event.pipeline.phases},
        is_started=event.rules.is_auto_start,
    )
    return _with_artifact(job, envelope, ArtifactKind.SOURCE_DOCX, event.source)


def evolve(job: Job, recorded: RecordedEvent) -> Job:
    """The state after one more event.

    Raises:
        ValueError: the event is not the next of this stream.
    """
    envelope = recorded.envelope
    if envelope.stream_id != job.job_id or envelope.version != job.version + 1:
        raise ValueError(f"Event {envelope.version} of {envelope.stream_id} does not follow version {job.version}.")
    changed = _apply(recorded.event, job, envelope)
    stopped_at = (changed.stopped_at or envelope.occurred_at) if changed.status in RESUMABLE else None
    return _replace(changed, version=envelope.version, head_at=envelope.occurred_at, stopped_at=stopped_at)


def _replace(state: _S, **changes: Any) -> _S:
    """As `dataclasses.replace`, which is slow: the fold makes several states of every event."""
    changed = object.__new__(type(state))
    fields = changed.__dict__
    fields.update(state.__dict__)
    fields.update(changes)
    if len(fields) != len(state.__dict__):
        raise TypeError(f"{type(state).__name__} lacks some of {', '.join(changes)}")
    return changed


def current_phase(job: Job) -> Phase | None:
    """The first phase that is not finished; None when the pipeline is at its end."""
    return next((phase for phase in job.pipeline.phases if not job.is_finished(phase)), None)


def _with_artifact(job: Job, envelope: EventEnvelope, kind: ArtifactKind, ref: ObjectRef) -> Job:
    if any(each.kind is kind and each.object.digest == ref.digest for each in job.artifacts):
        return job
    days = job.submitted.rules.retention_days
    artifact = Artifact(
        kind=kind,
        object=ref,
        producer_event_id=envelope.event_id,
        created_at=envelope.occurred_at,
        retention_expires_at=envelope.occurred_at + timedelta(days=days) if days else None,
    )
    return _replace(job, artifacts=(*job.artifacts, artifact))


def _finish(job: Job, kind: PhaseKind, at: datetime) -> Job:
    """Close the phase of this kind, where the pipeline has one, and wait for the next, unless the job is stopped."""
    phase = job.phase_of_kind(kind)
    if phase is not None:
        started_at = job.runs[phase.name].started_at
        job = _replace(job, runs={**job.runs, phase.name: PhaseRun(started_at, at)})
    job = _cleared(job, {key for key in job.failures if PHASE_OF.get(key[0]) is kind})
    return job if job.is_stopped else _wait_for_next(job)


def _wait_for_next(job: Job) -> Job:
    """Wait for people where a review is owed, else for the worker of the first phase that is not finished."""
    following = current_phase(job)
    if following is None:
        return job
    if job.is_review_owed:
        review = job.phase_of_kind(PhaseKind.REVIEW)
        return _replace(job, status=_status_in_review(job), stage=review.name if review else Stage.REVIEW)
    reassembles = following.kind is PhaseKind.REASSEMBLY
    status = JobStatus.REASSEMBLY_PENDING if reassembles else JobStatus.QUEUED
    return _replace(job, status=status, stage=following.name)


def _status_in_review(job: Job) -> JobStatus:
    """Blocked until a first review comes back, where QA blocked it; else in need of review."""
    verdict = job.verification.verdict if job.verification else None
    is_blocked = verdict is e.QaVerdict.BLOCKED and not job.reviewed_targets
    return JobStatus.BLOCKED if is_blocked else JobStatus.NEEDS_REVIEW


def _cleared(job: Job, keys: set[WorkKey]) -> Job:
    if not job.failures:
        return job
    return _replace(job, failures={key: trouble for key, trouble in job.failures.items() if key not in keys})


def _unparked(job: Job, key: WorkKey) -> Job:
    return _replace(job, parked={other: trouble for other, trouble in job.parked.items() if other != key})


@singledispatch
def _apply(event: e.Event, job: Job, envelope: EventEnvelope) -> Job:
    """Facts that change nothing but the version (exports, events of other streams)."""
    return job


@_apply.register
def _(event: e.StartRequested, job: Job, envelope: EventEnvelope) -> Job:
    return _replace(job, is_started=True)


@_apply.register
def _(event: e.PhaseStarted, job: Job, envelope: EventEnvelope) -> Job:
    run = job.runs[event.phase]
    runs = {**job.runs, event.phase: PhaseRun(run.started_at or envelope.occurred_at, run.finished_at)}
    if job.is_stopped:
        return _replace(job, runs=runs)
    return _replace(job, runs=runs, status=JobStatus.IN_PROGRESS, stage=event.phase)


@_apply.register
def _(event: e.PreflightPassed, job: Job, envelope: EventEnvelope) -> Job:
    job = _replace(job, preflight_verdict=event.verdict, finding_codes=event.finding_codes)
    job = _with_artifact(job, envelope, ArtifactKind.PREFLIGHT_REPORT, event.report)
    return _finish(job, PhaseKind.PREFLIGHT, envelope.occurred_at)


@_apply.register
def _(event: e.PreflightBlocked, job: Job, envelope: EventEnvelope) -> Job:
    job = _replace(job, preflight_verdict=e.PreflightVerdict.BLOCKED, finding_codes=event.finding_codes)
    job = _with_artifact(job, envelope, ArtifactKind.PREFLIGHT_REPORT, event.report)
    job = _cleared(job, {(WorkKind.PREFLIGHT, 0)})
    return job if job.is_stopped else _replace(job, status=JobStatus.BLOCKED)


@_apply.register
def _(event: e.DocumentExtracted, job: Job, envelope: EventEnvelope) -> Job:
    extraction = Extraction(
        units=event.units,
        unit_count=event.unit_count,
        translatable_count=event.translatable_count,
        segment_count=event.segment_count,
        word_count=event.word_count,
    )
    job = _with_artifact(
        _replace(job, extraction=extraction), envelope, ArtifactKind.EXTRACTION_MANIFEST, event.manifest
    )
    return _finish(job, PhaseKind.EXTRACTION, envelope.occurred_at)


@_apply.register
def _(event: e.TranslationPlanned, job: Job, envelope: EventEnvelope) -> Job:
    if job.plan is not None:
        return job  # a second plan would forget the batches that are paid
    count = event.batch_count
    return _replace(job, plan=Plan(event.plan, event.unit_count, batches=(None,) * count, pending_count=count))


@_apply.register
def _(event: e.BatchTranslated, job: Job, envelope: EventEnvelope) -> Job:
    if job.plan is None or event.index >= len(job.plan.batches):
        raise ValueError(f"Job {job.job_id} has a translated batch {event.index} that is not in its plan.")
    plan = _replace(job.plan, usage=job.plan.usage + event.usage)
    if plan.batches[event.index] is None:
        batches = (*plan.batches[: event.index], event.targets, *plan.batches[event.index + 1 :])
        translated_count = plan.translated_count + event.unit_count
        pending_count = plan.pending_count - 1
        plan = _replace(plan, batches=batches, pending_count=pending_count, translated_count=translated_count)
    return _cleared(_replace(job, plan=plan), {(WorkKind.TRANSLATION_BATCH, event.index)})


@_apply.register
def _(event: e.TranslationCompleted, job: Job, envelope: EventEnvelope) -> Job:
    return _finish(job, PhaseKind.TRANSLATION, envelope.occurred_at)


@_apply.register
def _(event: e.TranslationVerified, job: Job, envelope: EventEnvelope) -> Job:
    verification = Verification(
        verdict=event.verdict,
        results=event.results,
        passed_count=event.passed_count,
        review_count=event.review_count,
        blocked_count=event.blocked_count,
    )
    job = _replace(
        job,
        verification=verification,
        is_review_owed=event.verdict is not e.QaVerdict.REASSEMBLY_PENDING,
        review_pending_count=event.review_count + event.blocked_count,
    )
    job = _with_artifact(job, envelope, ArtifactKind.QA_REPORT, event.qa_report)
    job = _finish(job, PhaseKind.QA, envelope.occurred_at)
    return job if job.is_review_owed else _finish(job, PhaseKind.REVIEW, envelope.occurred_at)


@_apply.register
def _(event: e.ReviewExported, job: Job, envelope: EventEnvelope) -> Job:
    review = job.phase_of_kind(PhaseKind.REVIEW)
    if review is not None and job.runs[review.name].started_at is None:
        job = _replace(job, runs={**job.runs, review.name: PhaseRun(started_at=envelope.occurred_at)})
    return _with_artifact(job, envelope, ArtifactKind.REVIEW_TMX, event.artifact)


@_apply.register
def _(event: e.ReviewImported, job: Job, envelope: EventEnvelope) -> Job:
    targets = (*job.reviewed_targets, event.targets)
    is_owed = event.pending_count > 0
    job = _replace(job, review_pending_count=event.pending_count, reviewed_targets=targets, is_review_owed=is_owed)
    job = _with_artifact(job, envelope, ArtifactKind.REVIEW_IMPORT_TMX, event.artifact)
    if not is_owed:
        return _finish(job, PhaseKind.REVIEW, envelope.occurred_at)
    return job if job.is_stopped else _wait_for_next(job)


@_apply.register
def _(event: e.DocumentReassembled, job: Job, envelope: EventEnvelope) -> Job:
    job = _with_artifact(
        _replace(job, final_docx=event.final_docx), envelope, ArtifactKind.FINAL_DOCX, event.final_docx
    )
    job = _with_artifact(job, envelope, ArtifactKind.REASSEMBLY_MANIFEST, event.manifest)
    if job.is_stopped:
        return job  # not finished: what a resume owes is the reassembly, whose end is also the delivery
    return _finish(job, PhaseKind.REASSEMBLY, envelope.occurred_at)


@_apply.register
def _(event: e.JobCompleted, job: Job, envelope: EventEnvelope) -> Job:
    if job.is_stopped:
        return job
    job = _finish(job, PhaseKind.DELIVERY, envelope.occurred_at)
    return _replace(job, status=JobStatus.COMPLETED)


@_apply.register
def _(event: e.CancelRequested, job: Job, envelope: EventEnvelope) -> Job:
    return _replace(job, status=JobStatus.CANCELLING)


@_apply.register
def _(event: e.JobCancelled, job: Job, envelope: EventEnvelope) -> Job:
    return _cleared(_replace(job, status=JobStatus.CANCELLED), {(WorkKind.CANCELLATION, 0)})


@_apply.register
def _(event: e.ResumeRequested, job: Job, envelope: EventEnvelope) -> Job:
    if job.is_checkpoint_discarded:
        return job
    free = _replace(job, failures={}, parked={}, discarded=frozenset(), is_marked_failed=False)
    return _wait_for_next(_replace(free, is_started=True))


@_apply.register
def _(event: e.JobMarkedFailed, job: Job, envelope: EventEnvelope) -> Job:
    if job.status not in LIVE | {JobStatus.CANCELLING}:
        return job
    return _replace(job, status=JobStatus.FAILED, is_marked_failed=True)


@_apply.register
def _(event: e.CheckpointDiscarded, job: Job, envelope: EventEnvelope) -> Job:
    if job.status not in RESUMABLE:
        return job
    return _replace(job, failures={}, parked={}, is_checkpoint_discarded=True)


@_apply.register
def _(event: e.WorkFailed, job: Job, envelope: EventEnvelope) -> Job:
    trouble = Trouble(event.code, event.attempt, envelope.occurred_at, retry_at=event.retry_at)
    return _replace(job, failures={**job.failures, (event.kind, event.index): trouble})


@_apply.register
def _(event: e.WorkParked, job: Job, envelope: EventEnvelope) -> Job:
    if job.is_checkpoint_discarded:
        return job  # nobody can let it be done any more
    key = (event.kind, event.index)
    trouble = Trouble(event.code, event.attempt, envelope.occurred_at, reason=event.reason)
    job = _cleared(_replace(job, parked={**job.parked, key: trouble}), {key})
    is_late = job.is_stopped and event.kind is not WorkKind.CANCELLATION
    return job if is_late else _replace(job, status=JobStatus.FAILED)


@_apply.register
def _(event: e.WorkRedriven, job: Job, envelope: EventEnvelope) -> Job:
    key = (event.kind, event.index)
    goes_on = job.goes_on_without(key)
    job = _cleared(_unparked(job, key), {key})
    if not goes_on:
        return job
    if event.kind is WorkKind.CANCELLATION:
        return _replace(job, status=JobStatus.CANCELLING)
    return _wait_for_next(job)


@_apply.register
def _(event: e.WorkDiscarded, job: Job, envelope: EventEnvelope) -> Job:
    key = (event.kind, event.index)
    return _replace(_unparked(job, key), discarded=job.discarded | {key}) if key in job.parked else job


@_apply.register
def _(event: e.ArtifactErased, job: Job, envelope: EventEnvelope) -> Job:
    kept = tuple(a for a in job.artifacts if (a.kind, a.object.digest) != (event.kind, event.digest))
    return _replace(job, artifacts=kept)


@_apply.register
def _(event: e.ReplayPackaged, job: Job, envelope: EventEnvelope) -> Job:
    return _with_artifact(job, envelope, ArtifactKind.REPLAY_PACKAGE, event.artifact)
