"""The job: its state as a fold of its stream. Pure: nothing but `evolve(job, event)` gives the next state."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import singledispatch
from typing import Any, TypeVar, overload

from dragoman_contracts import events as e
from dragoman_contracts.envelope import EventEnvelope, RecordedEvent
from dragoman_contracts.job_state import Extraction, Job, PhaseRun, Plan, Trouble, Verification, WorkKey
from dragoman_contracts.phases import Phase
from dragoman_contracts.references import Artifact, ArtifactKind, ObjectRef
from dragoman_contracts.vocabulary import LIVE, PHASE_OF, RESUMABLE, JobStatus, PhaseKind, Stage, WorkKind

__all__ = [
    "Extraction",
    "Job",
    "PhaseRun",
    "Plan",
    "Trouble",
    "Verification",
    "WorkKey",
    "begin",
    "current_phase",
    "evolve",
    "fold",
]

_S = TypeVar("_S", bound="Job | Plan")


@overload
def fold(recorded: Iterable[RecordedEvent], job: Job) -> Job: ...


@overload
def fold(recorded: Iterable[RecordedEvent], job: Job | None = None) -> Job | None: ...


def fold(recorded: Iterable[RecordedEvent], job: Job | None = None) -> Job | None:
    """The state after `recorded`, going on from `job`; None when there is no event yet.

    Raises:
        ValueError: the stream does not begin with JobSubmitted, or a version is missing.
    """
    draft = None if job is None else _copied(job)
    for each in recorded:
        if draft is None:
            draft = begin(each)
        else:
            _advance(draft, each)
    return draft


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
    draft = _copied(job)
    _advance(draft, recorded)
    return draft


def _advance(draft: Job, recorded: RecordedEvent) -> None:
    """Take one more event into a state that nobody has seen yet."""
    if recorded.stream_id != draft.job_id or recorded.version != draft.version + 1:
        raise ValueError(f"Event {recorded.version} of {recorded.stream_id} does not follow version {draft.version}.")
    _CHANGES[type(recorded.data)](recorded.data, draft, recorded)
    at = recorded.occurred_at
    stopped_at = (draft.stopped_at or at) if draft.status in RESUMABLE else None
    _set(draft, version=recorded.version, head_at=at, stopped_at=stopped_at)


def _copied(state: _S) -> _S:
    """As `dataclasses.replace`, which is slow."""
    copy = object.__new__(type(state))
    copy.__dict__.update(state.__dict__)
    return copy


def _replace(plan: Plan, **changes: Any) -> Plan:
    changed = _copied(plan)
    changed.__dict__.update(changes)
    return changed


def _set(draft: Job, **changes: Any) -> Job:
    """Change a state that nobody has seen yet: the fold makes one copy, however many changes its events bring."""
    fields = draft.__dict__
    count = len(fields)
    fields.update(changes)
    if len(fields) != count:
        raise TypeError(f"A job lacks some of {', '.join(changes)}")
    return draft


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
    return _set(job, artifacts=(*job.artifacts, artifact))


def _finish(job: Job, kind: PhaseKind, at: datetime) -> Job:
    """Close the phase of this kind, where the pipeline has one, and wait for the next, unless the job is stopped."""
    phase = job.phase_of_kind(kind)
    if phase is not None:
        started_at = job.runs[phase.name].started_at
        job = _set(job, runs={**job.runs, phase.name: PhaseRun(started_at, at)})
    job = _cleared(job, {key for key in job.failures if PHASE_OF.get(key[0]) is kind})
    return job if job.is_stopped else _wait_for_next(job)


def _wait_for_next(job: Job) -> Job:
    """Wait for people where a review is owed, else for the worker of the first phase that is not finished."""
    following = current_phase(job)
    if following is None:
        return job
    if job.is_review_owed:
        review = job.phase_of_kind(PhaseKind.REVIEW)
        return _set(job, status=_status_in_review(job), stage=review.name if review else Stage.REVIEW)
    reassembles = following.kind is PhaseKind.REASSEMBLY
    status = JobStatus.REASSEMBLY_PENDING if reassembles else JobStatus.QUEUED
    return _set(job, status=status, stage=following.name)


def _status_in_review(job: Job) -> JobStatus:
    """Blocked until a first review comes back, where QA blocked it; else in need of review."""
    verdict = job.verification.verdict if job.verification else None
    is_blocked = verdict is e.QaVerdict.BLOCKED and not job.reviewed_targets
    return JobStatus.BLOCKED if is_blocked else JobStatus.NEEDS_REVIEW


def _cleared(job: Job, keys: set[WorkKey]) -> Job:
    if not job.failures:
        return job
    return _set(job, failures={key: trouble for key, trouble in job.failures.items() if key not in keys})


def _unparked(job: Job, key: WorkKey) -> Job:
    return _set(job, parked={other: trouble for other, trouble in job.parked.items() if other != key})


@singledispatch
def _apply(event: e.Event, job: Job, envelope: EventEnvelope) -> Job:
    """Facts that change nothing but the version (exports, events of other streams)."""
    return job


@_apply.register
def _(event: e.StartRequested, job: Job, envelope: EventEnvelope) -> Job:
    return _set(job, is_started=True)


@_apply.register
def _(event: e.PhaseStarted, job: Job, envelope: EventEnvelope) -> Job:
    run = job.runs[event.phase]
    runs = {**job.runs, event.phase: PhaseRun(run.started_at or envelope.occurred_at, run.finished_at)}
    if job.is_stopped:
        return _set(job, runs=runs)
    return _set(job, runs=runs, status=JobStatus.IN_PROGRESS, stage=event.phase)


@_apply.register
def _(event: e.PreflightPassed, job: Job, envelope: EventEnvelope) -> Job:
    job = _set(job, preflight_verdict=event.verdict, finding_codes=event.finding_codes)
    job = _with_artifact(job, envelope, ArtifactKind.PREFLIGHT_REPORT, event.report)
    return _finish(job, PhaseKind.PREFLIGHT, envelope.occurred_at)


@_apply.register
def _(event: e.PreflightBlocked, job: Job, envelope: EventEnvelope) -> Job:
    job = _set(job, preflight_verdict=e.PreflightVerdict.BLOCKED, finding_codes=event.finding_codes)
    job = _with_artifact(job, envelope, ArtifactKind.PREFLIGHT_REPORT, event.report)
    job = _cleared(job, {(WorkKind.PREFLIGHT, 0)})
    return job if job.is_stopped else _set(job, status=JobStatus.BLOCKED)


@_apply.register
def _(event: e.DocumentExtracted, job: Job, envelope: EventEnvelope) -> Job:
    extraction = Extraction(
        units=event.units,
        unit_count=event.unit_count,
        translatable_count=event.translatable_count,
        segment_count=event.segment_count,
        word_count=event.word_count,
    )
    job = _with_artifact(_set(job, extraction=extraction), envelope, ArtifactKind.EXTRACTION_MANIFEST, event.manifest)
    return _finish(job, PhaseKind.EXTRACTION, envelope.occurred_at)


@_apply.register
def _(event: e.TranslationPlanned, job: Job, envelope: EventEnvelope) -> Job:
    if job.plan is not None:
        return job  # a second plan would forget the batches that are paid
    count = event.batch_count
    return _set(job, plan=Plan(event.plan, event.unit_count, batches=(None,) * count, pending_count=count))


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
    return _cleared(_set(job, plan=plan), {(WorkKind.TRANSLATION_BATCH, event.index)})


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
    job = _set(
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
        job = _set(job, runs={**job.runs, review.name: PhaseRun(started_at=envelope.occurred_at)})
    return _with_artifact(job, envelope, ArtifactKind.REVIEW_TMX, event.artifact)


@_apply.register
def _(event: e.ReviewImported, job: Job, envelope: EventEnvelope) -> Job:
    targets = (*job.reviewed_targets, event.targets)
    is_owed = event.pending_count > 0
    job = _set(job, review_pending_count=event.pending_count, reviewed_targets=targets, is_review_owed=is_owed)
    job = _with_artifact(job, envelope, ArtifactKind.REVIEW_IMPORT_TMX, event.artifact)
    if not is_owed:
        return _finish(job, PhaseKind.REVIEW, envelope.occurred_at)
    return job if job.is_stopped else _wait_for_next(job)


@_apply.register
def _(event: e.DocumentReassembled, job: Job, envelope: EventEnvelope) -> Job:
    job = _with_artifact(_set(job, final_docx=event.final_docx), envelope, ArtifactKind.FINAL_DOCX, event.final_docx)
    job = _with_artifact(job, envelope, ArtifactKind.REASSEMBLY_MANIFEST, event.manifest)
    if job.is_stopped:
        return job  # not finished: what a resume owes is the reassembly, whose end is also the delivery
    return _finish(job, PhaseKind.REASSEMBLY, envelope.occurred_at)


@_apply.register
def _(event: e.JobCompleted, job: Job, envelope: EventEnvelope) -> Job:
    if job.is_stopped:
        return job
    job = _finish(job, PhaseKind.DELIVERY, envelope.occurred_at)
    return _set(job, status=JobStatus.COMPLETED)


@_apply.register
def _(event: e.CancelRequested, job: Job, envelope: EventEnvelope) -> Job:
    return _set(job, status=JobStatus.CANCELLING)


@_apply.register
def _(event: e.JobCancelled, job: Job, envelope: EventEnvelope) -> Job:
    return _cleared(_set(job, status=JobStatus.CANCELLED), {(WorkKind.CANCELLATION, 0)})


@_apply.register
def _(event: e.ResumeRequested, job: Job, envelope: EventEnvelope) -> Job:
    if job.is_checkpoint_discarded:
        return job
    free = _set(job, failures={}, parked={}, discarded=frozenset(), is_marked_failed=False)
    return _wait_for_next(_set(free, is_started=True))


@_apply.register
def _(event: e.JobMarkedFailed, job: Job, envelope: EventEnvelope) -> Job:
    if job.status not in LIVE | {JobStatus.CANCELLING}:
        return job
    return _set(job, status=JobStatus.FAILED, is_marked_failed=True)


@_apply.register
def _(event: e.CheckpointDiscarded, job: Job, envelope: EventEnvelope) -> Job:
    if job.status not in RESUMABLE:
        return job
    return _set(job, failures={}, parked={}, is_checkpoint_discarded=True)


@_apply.register
def _(event: e.WorkFailed, job: Job, envelope: EventEnvelope) -> Job:
    trouble = Trouble(event.code, event.attempt, envelope.occurred_at, retry_at=event.retry_at)
    return _set(job, failures={**job.failures, (event.kind, event.index): trouble})


@_apply.register
def _(event: e.WorkParked, job: Job, envelope: EventEnvelope) -> Job:
    if job.is_checkpoint_discarded:
        return job  # nobody can let it be done any more
    key = (event.kind, event.index)
    trouble = Trouble(event.code, event.attempt, envelope.occurred_at, reason=event.reason)
    job = _cleared(_set(job, parked={**job.parked, key: trouble}), {key})
    is_late = job.is_stopped and event.kind is not WorkKind.CANCELLATION
    return job if is_late else _set(job, status=JobStatus.FAILED)


@_apply.register
def _(event: e.WorkRedriven, job: Job, envelope: EventEnvelope) -> Job:
    key = (event.kind, event.index)
    goes_on = job.goes_on_without(key)
    job = _cleared(_unparked(job, key), {key})
    if not goes_on:
        return job
    if event.kind is WorkKind.CANCELLATION:
        return _set(job, status=JobStatus.CANCELLING)
    return _wait_for_next(job)


@_apply.register
def _(event: e.WorkDiscarded, job: Job, envelope: EventEnvelope) -> Job:
    key = (event.kind, event.index)
    return _set(_unparked(job, key), discarded=job.discarded | {key}) if key in job.parked else job


@_apply.register
def _(event: e.ArtifactErased, job: Job, envelope: EventEnvelope) -> Job:
    kept = tuple(a for a in job.artifacts if (a.kind, a.object.digest) != (event.kind, event.digest))
    return _set(job, artifacts=kept)


@_apply.register
def _(event: e.ReplayPackaged, job: Job, envelope: EventEnvelope) -> Job:
    return _with_artifact(job, envelope, ArtifactKind.REPLAY_PACKAGE, event.artifact)


_CHANGES = {cls: _apply.dispatch(cls) for cls in e.EVENT_TYPES.values()}
