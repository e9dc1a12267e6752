"""The changes that several events make to a job; the handlers are in `job_changes` and
`review_changes`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from dragoman_contracts import events as e
from dragoman_contracts.envelope import RecordedEvent
from dragoman_contracts.job_state import JobState, WorkKey, current_phase
from dragoman_contracts.phases import Phase
from dragoman_contracts.references import Artifact, ArtifactKind, NamedObject, ObjectRef
from dragoman_contracts.vocabulary import JobStatus, PhaseKind, Stage


def add_artifact(
    draft: JobState, recorded: RecordedEvent, kind: ArtifactKind, ref: ObjectRef
) -> None:
    """Add what the event shows to people, unless the job has it already."""
    _add(draft, recorded, [(kind, "", ref)])


def add_files(draft: JobState, recorded: RecordedEvent, files: Iterable[NamedObject]) -> None:
    """Add files that a phase made; two with equal bytes and different names are two artifacts."""
    _add(draft, recorded, [(ArtifactKind.FILE, each.name, each.object) for each in files])


def add_log(draft: JobState, recorded: RecordedEvent, phase: str, log: ObjectRef | None) -> None:
    """Add the log of the program that a phase ran, under the phase's name; None adds nothing."""
    if log is not None:
        _add(draft, recorded, [(ArtifactKind.COMMAND_LOG, f"{phase}.log", log)])


def _add(
    draft: JobState,
    recorded: RecordedEvent,
    shown: Iterable[tuple[ArtifactKind, str, ObjectRef]],
) -> None:
    known = {(each.kind, each.name, each.object.digest) for each in draft.artifacts}
    days = draft.submitted.rules.retention_days
    added: list[Artifact] = []
    for kind, name, ref in shown:
        if (kind, name, ref.digest) in known:
            continue
        known.add((kind, name, ref.digest))
        added.append(
            Artifact(
                kind=kind,
                object=ref,
                name=name,
                producer_event_id=recorded.event_id,
                created_at=recorded.occurred_at,
                retention_expires_at=recorded.occurred_at + timedelta(days=days) if days else None,
            )
        )
    draft.artifacts = (*draft.artifacts, *added)


def change_run(draft: JobState, phase: str, **changes: Any) -> None:
    """Change how far a phase has come. A phase that the pipeline lacks has not come anywhere."""
    run = draft.runs.get(phase)
    if run is not None:
        draft.runs = {**draft.runs, phase: replace(run, **changes)}


def finish_phase(draft: JobState, phase: Phase | None, recorded: RecordedEvent) -> None:
    """Close the phase, where the pipeline has it, and wait for the next,
    unless the job is stopped.
    """
    if phase is not None:
        change_run(draft, phase.name, finished_at=recorded.occurred_at)
        clear_failures(draft, {key for key in draft.failures if draft.phase_of(key) is phase})
    if not draft.is_stopped:
        wait_for_next(draft)


def wait_for_next(draft: JobState) -> None:
    """Wait for people where a review is owed,
    else for the worker of the first phase that is not finished.
    """
    following = current_phase(draft)
    if following is None:
        return
    if draft.is_review_owed:
        review = draft.phase_of_kind(PhaseKind.REVIEW)
        draft.status, draft.stage = (
            _status_in_review(draft),
            review.name if review else Stage.REVIEW,
        )
        return
    reassembles = following.kind == PhaseKind.REASSEMBLY
    draft.status = JobStatus.REASSEMBLY_PENDING if reassembles else JobStatus.QUEUED
    draft.stage = following.name


def _status_in_review(draft: JobState) -> JobStatus:
    """Blocked until people have begun, where QA blocked it; else in need of review."""
    verdict = draft.verification.verdict if draft.verification else None
    has_begun = bool(draft.reviewed_targets) or (draft.review and draft.review.saved_count)
    is_blocked = verdict is e.QaVerdict.BLOCKED and not has_begun
    return JobStatus.BLOCKED if is_blocked else JobStatus.NEEDS_REVIEW


def clear_failures(draft: JobState, keys: set[WorkKey]) -> None:
    """Forget the failed attempts of this work."""
    if draft.failures:
        draft.failures = {
            key: trouble for key, trouble in draft.failures.items() if key not in keys
        }
