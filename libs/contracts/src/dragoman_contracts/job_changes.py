"""The changes each event makes to a job: one handler a type, `on_<event>`, over a draft that nobody
else has seen.

A handler puts another mapping or tuple in the place of the one there, since the states before share
it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dragoman_contracts import events as e
from dragoman_contracts.batches import Batches
from dragoman_contracts.envelope import RecordedEvent
from dragoman_contracts.job_common import (
    add_artifact,
    add_files,
    add_log,
    change_run,
    clear_failures,
    finish_phase,
    wait_for_next,
)
from dragoman_contracts.job_state import (
    Extraction,
    JobState,
    Trouble,
    Verification,
    WorkKey,
)
from dragoman_contracts.references import ArtifactKind, ObjectRef
from dragoman_contracts.review_changes import REVIEW_CHANGES
from dragoman_contracts.vocabulary import LIVE, RESUMABLE, JobStatus, PhaseKind, WorkKind


def _unpark(draft: JobState, key: WorkKey) -> None:
    draft.parked = {other: trouble for other, trouble in draft.parked.items() if other != key}


def _plan(draft: JobState, phase: str, plan: ObjectRef, batch_count: int, item_count: int) -> None:
    """Cut a phase into batches. A second plan changes nothing:
    it would forget the batches that are paid.
    """
    run = draft.runs.get(phase)
    if run is not None and run.plan is None:
        change_run(
            draft, phase, plan=plan, batches=Batches.owed(batch_count), item_count=item_count
        )


# --- phases of any kind ---------------------------------------------------------------------------------------------


def on_start_requested(draft: JobState, event: e.StartRequested, recorded: RecordedEvent) -> None:
    """A person said start."""
    draft.is_started = True


def on_phase_started(draft: JobState, event: e.PhaseStarted, recorded: RecordedEvent) -> None:
    """The phase runs, unless the job was stopped before its worker came to say so."""
    change_run(
        draft, event.phase, started_at=draft.runs[event.phase].started_at or recorded.occurred_at
    )
    if not draft.is_stopped:
        draft.status, draft.stage = JobStatus.IN_PROGRESS, event.phase


def on_phase_planned(draft: JobState, event: e.PhasePlanned, recorded: RecordedEvent) -> None:
    """The phase's batches are owed."""
    _plan(draft, event.phase, event.plan, event.batch_count, event.item_count)


def on_phase_batch_done(draft: JobState, event: e.PhaseBatchDone, recorded: RecordedEvent) -> None:
    """One more batch is there; in a chain it may say that another follows.
    Its cost counts each time it is reported.
    """
    run = draft.runs[event.phase]
    batches = run.batches if event.index < len(run.batches) else run.batches.with_next()
    changes: dict[str, Any] = {"usage": run.usage + event.usage}
    if batches.is_pending(event.index):
        batches = batches.with_output(event.index, event.output)
        changes |= {
            "batches": batches.with_next() if event.has_next else batches,
            "done_count": run.done_count + event.item_count,
            "failed_count": run.failed_count + event.failed_count,
            "cursor": event.cursor,
        }
    change_run(draft, event.phase, **changes)
    key = WorkKey(event.kind, event.index, event.phase)
    clear_failures(draft, {key})
    _stop_where_all_is_set_aside(draft, key)


def _stop_where_all_is_set_aside(draft: JobState, key: WorkKey) -> None:
    """The job fails once nothing of the phase is left but what waits for people."""
    phase = draft.phase_of(key)
    if phase is None or phase.step is None or not phase.step.parks_alone or draft.is_stopped:
        return
    if draft.runs[phase.name].batches.pending_count and not draft.has_work_beside(key):
        draft.status = JobStatus.FAILED


def on_phase_finished(draft: JobState, event: e.PhaseFinished, recorded: RecordedEvent) -> None:
    """The phase has its output, and the items that it counted where no batches did."""
    counts = (
        {"item_count": event.item_count, "done_count": event.item_count} if event.item_count else {}
    )
    change_run(draft, event.phase, output=event.output, **counts)
    add_files(draft, recorded, event.artifacts)
    add_log(draft, recorded, event.phase, event.log)
    finish_phase(
        draft,
        next((each for each in draft.pipeline.phases if each.name == event.phase), None),
        recorded,
    )


def on_phase_refused(draft: JobState, event: e.PhaseRefused, recorded: RecordedEvent) -> None:
    """The job cannot be done as it is."""
    draft.finding_codes = event.codes
    clear_failures(draft, {key for key in draft.failures if key.phase == event.phase})
    if not draft.is_stopped:
        draft.status = JobStatus.BLOCKED


# --- the phases of a translation ------------------------------------------------------------------------------------


def on_preflight_passed(draft: JobState, event: e.PreflightPassed, recorded: RecordedEvent) -> None:
    """The document can be translated."""
    draft.preflight_verdict, draft.finding_codes = event.verdict, event.finding_codes
    add_artifact(draft, recorded, ArtifactKind.PREFLIGHT_REPORT, event.report)
    finish_phase(draft, draft.phase_of_kind(PhaseKind.PREFLIGHT), recorded)


def on_preflight_blocked(
    draft: JobState, event: e.PreflightBlocked, recorded: RecordedEvent
) -> None:
    """The document cannot be translated as it is."""
    draft.preflight_verdict, draft.finding_codes = e.PreflightVerdict.BLOCKED, event.finding_codes
    add_artifact(draft, recorded, ArtifactKind.PREFLIGHT_REPORT, event.report)
    clear_failures(draft, {WorkKey(WorkKind.PREFLIGHT)})
    if not draft.is_stopped:
        draft.status = JobStatus.BLOCKED


def on_document_extracted(
    draft: JobState, event: e.DocumentExtracted, recorded: RecordedEvent
) -> None:
    """The units are there."""
    draft.extraction = Extraction(
        units=event.units,
        unit_count=event.unit_count,
        translatable_count=event.translatable_count,
        segment_count=event.segment_count,
        word_count=event.word_count,
    )
    add_artifact(draft, recorded, ArtifactKind.EXTRACTION_MANIFEST, event.manifest)
    finish_phase(draft, draft.phase_of_kind(PhaseKind.EXTRACTION), recorded)


def on_translation_planned(
    draft: JobState, event: e.TranslationPlanned, recorded: RecordedEvent
) -> None:
    """The units are cut into batches."""
    phase = draft.phase_of_kind(PhaseKind.TRANSLATION)
    if phase is not None:
        _plan(draft, phase.name, event.plan, event.batch_count, event.unit_count)


def on_batch_translated(draft: JobState, event: e.BatchTranslated, recorded: RecordedEvent) -> None:
    """The targets of a batch are there. The batch's cost counts each time it is reported."""
    phase, run = draft.phase_of_kind(PhaseKind.TRANSLATION), draft.plan
    if phase is None or run is None or event.index >= len(run.batches):
        raise ValueError(
            f"Job {draft.job_id} has a translated batch {event.index} that is not in its plan."
        )
    changes: dict[str, Any] = {"usage": run.usage + event.usage}
    if run.batches.is_pending(event.index):
        changes["batches"] = run.batches.with_output(event.index, event.targets)
        changes["done_count"] = run.done_count + event.unit_count
        changes["reused_count"] = run.reused_count + event.reused_count
        if event.savings is not None:
            changes["savings"] = (run.savings or e.Savings()) + event.savings
    change_run(draft, phase.name, **changes)
    clear_failures(draft, {WorkKey(WorkKind.TRANSLATION_BATCH, event.index)})


def on_translation_completed(
    draft: JobState, event: e.TranslationCompleted, recorded: RecordedEvent
) -> None:
    """Every batch is there."""
    finish_phase(draft, draft.phase_of_kind(PhaseKind.TRANSLATION), recorded)


def on_translation_verified(
    draft: JobState, event: e.TranslationVerified, recorded: RecordedEvent
) -> None:
    """QA has spoken; where nothing needs a person, or no document follows, no review is owed."""
    draft.verification = Verification(
        verdict=event.verdict,
        results=event.results,
        passed_count=event.passed_count,
        review_count=event.review_count,
        blocked_count=event.blocked_count,
    )
    draft.is_review_owed = (
        draft.makes_document and event.verdict is not e.QaVerdict.REASSEMBLY_PENDING
    )
    draft.review_pending_count = event.review_count + event.blocked_count
    add_artifact(draft, recorded, ArtifactKind.QA_REPORT, event.qa_report)
    finish_phase(draft, draft.phase_of_kind(PhaseKind.QA), recorded)
    if not draft.is_review_owed:
        finish_phase(draft, draft.phase_of_kind(PhaseKind.REVIEW), recorded)


def on_document_reassembled(
    draft: JobState, event: e.DocumentReassembled, recorded: RecordedEvent
) -> None:
    """The document is there. A stopped job's reassembly stays owed: its end, on resume,
    is also the delivery.
    """
    draft.final_docx = event.final_docx
    add_artifact(draft, recorded, ArtifactKind.FINAL_DOCX, event.final_docx)
    add_artifact(draft, recorded, ArtifactKind.REASSEMBLY_MANIFEST, event.manifest)
    if not draft.is_stopped:
        finish_phase(draft, draft.phase_of_kind(PhaseKind.REASSEMBLY), recorded)


# --- the job as a whole ---------------------------------------------------------------------------------------------


def on_job_completed(draft: JobState, event: e.JobCompleted, recorded: RecordedEvent) -> None:
    """The job is at its end; phases that nobody performs end with it."""
    if draft.is_stopped:
        return
    for phase in draft.pipeline.phases:
        if not draft.is_finished(phase):
            finish_phase(draft, phase, recorded)
    draft.status = JobStatus.COMPLETED


def on_cancel_requested(draft: JobState, event: e.CancelRequested, recorded: RecordedEvent) -> None:
    """Workers are to stop."""
    draft.status = JobStatus.CANCELLING


def on_job_cancelled(draft: JobState, event: e.JobCancelled, recorded: RecordedEvent) -> None:
    """Nobody is at work any more."""
    draft.status = JobStatus.CANCELLED
    clear_failures(draft, {WorkKey(WorkKind.CANCELLATION)})


def on_resume_requested(draft: JobState, event: e.ResumeRequested, recorded: RecordedEvent) -> None:
    """The job goes on from its checkpoint, with all troubles forgotten."""
    if draft.is_checkpoint_discarded:
        return
    draft.failures, draft.parked, draft.discarded = {}, {}, frozenset()
    draft.is_marked_failed, draft.is_started, draft.is_removed = False, True, False
    wait_for_next(draft)


def on_job_removed(draft: JobState, event: e.JobRemoved, recorded: RecordedEvent) -> None:
    """A person took the job out of the lists."""
    draft.is_removed = True


def on_job_marked_failed(
    draft: JobState, event: e.JobMarkedFailed, recorded: RecordedEvent
) -> None:
    """A person gave up on a job that moves no more."""
    if draft.status in LIVE | {JobStatus.CANCELLING}:
        draft.status, draft.is_marked_failed = JobStatus.FAILED, True


def on_checkpoint_discarded(
    draft: JobState, event: e.CheckpointDiscarded, recorded: RecordedEvent
) -> None:
    """A person gave up what a stopped job has done."""
    if draft.status in RESUMABLE:
        draft.failures, draft.parked, draft.is_checkpoint_discarded = {}, {}, True


# --- pieces of work -------------------------------------------------------------------------------------------------


def on_work_failed(draft: JobState, event: e.WorkFailed, recorded: RecordedEvent) -> None:
    """An attempt failed, and another is due later."""
    trouble = Trouble(event.code, event.attempt, recorded.occurred_at, retry_at=event.retry_at)
    draft.failures = {**draft.failures, _key(event): trouble}


def on_work_parked(draft: JobState, event: e.WorkParked, recorded: RecordedEvent) -> None:
    """Work waits for a person, and the job with it, at once or when the batches beside are done.
    A late event of a stopped job is remembered and moves nothing.
    """
    add_log(draft, recorded, event.phase, event.log)
    if draft.is_checkpoint_discarded:
        return  # nobody can let it be done any more
    key = _key(event)
    trouble = Trouble(event.code, event.attempt, recorded.occurred_at, reason=event.reason)
    draft.parked = {**draft.parked, key: trouble}
    clear_failures(draft, {key})
    if event.kind == WorkKind.RETRANSLATION:
        return  # people go on reviewing without
    if event.kind == WorkKind.CANCELLATION or not (draft.is_stopped or draft.has_work_beside(key)):
        draft.status = JobStatus.FAILED


def on_work_redriven(draft: JobState, event: e.WorkRedriven, recorded: RecordedEvent) -> None:
    """Parked work is to be done; the job goes on where nothing else holds it."""
    key = _key(event)
    goes_on = draft.goes_on_without(key)
    _unpark(draft, key)
    clear_failures(draft, {key})
    if goes_on and event.kind == WorkKind.CANCELLATION:
        draft.status = JobStatus.CANCELLING
    elif goes_on:
        wait_for_next(draft)


def on_work_discarded(draft: JobState, event: e.WorkDiscarded, recorded: RecordedEvent) -> None:
    """Parked work will not be done."""
    key = _key(event)
    if key in draft.parked:
        _unpark(draft, key)
        draft.discarded |= {key}


def _key(event: e.WorkFailed | e.WorkParked | e.WorkRedriven | e.WorkDiscarded) -> WorkKey:
    return WorkKey(event.kind, event.index, event.phase)


def on_artifact_erased(draft: JobState, event: e.ArtifactErased, recorded: RecordedEvent) -> None:
    """An artifact is gone, under all the names that its bytes had."""
    draft.artifacts = tuple(
        a for a in draft.artifacts if (a.kind, a.object.digest) != (event.kind, event.digest)
    )


def on_replay_packaged(draft: JobState, event: e.ReplayPackaged, recorded: RecordedEvent) -> None:
    """A replay package can be downloaded."""
    add_artifact(draft, recorded, ArtifactKind.REPLAY_PACKAGE, event.artifact)


Change = Callable[[JobState, Any, RecordedEvent], None]

CHANGES: Mapping[type[e.Event], Change] = {
    e.StartRequested: on_start_requested,
    e.PhaseStarted: on_phase_started,
    e.PhasePlanned: on_phase_planned,
    e.PhaseBatchDone: on_phase_batch_done,
    e.PhaseFinished: on_phase_finished,
    e.PhaseRefused: on_phase_refused,
    e.PreflightPassed: on_preflight_passed,
    e.PreflightBlocked: on_preflight_blocked,
    e.DocumentExtracted: on_document_extracted,
    e.TranslationPlanned: on_translation_planned,
    e.BatchTranslated: on_batch_translated,
    e.TranslationCompleted: on_translation_completed,
    e.TranslationVerified: on_translation_verified,
    **REVIEW_CHANGES,
    e.DocumentReassembled: on_document_reassembled,
    e.JobCompleted: on_job_completed,
    e.CancelRequested: on_cancel_requested,
    e.JobCancelled: on_job_cancelled,
    e.ResumeRequested: on_resume_requested,
    e.JobMarkedFailed: on_job_marked_failed,
    e.CheckpointDiscarded: on_checkpoint_discarded,
    e.JobRemoved: on_job_removed,
    e.WorkFailed: on_work_failed,
    e.WorkParked: on_work_parked,
    e.WorkRedriven: on_work_redriven,
    e.WorkDiscarded: on_work_discarded,
    e.ArtifactErased: on_artifact_erased,
    e.ReplayPackaged: on_replay_packaged,
}
"""The handler of each type of event. Types without a handler change nothing: exports,
events of other streams.
"""
