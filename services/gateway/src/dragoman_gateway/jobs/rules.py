"""The rules of a job that exists: whether it runs, when it is cancelled, started or resumed,
what troubles it. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from uuid import UUID

from pydantic import JsonValue

from dragoman_catalog.values import SavedPipeline
from dragoman_contracts.commands import CommandConfig, LinkedModel
from dragoman_contracts.events import (
    CancelRequested,
    CheckpointDiscarded,
    JobMarkedFailed,
    JobRemoved,
    ResumeRequested,
    StartRequested,
)
from dragoman_contracts.job import Job, Trouble, WorkKey
from dragoman_contracts.phases import Phase, Pipeline
from dragoman_contracts.pipeline import resume_request, start_request
from dragoman_contracts.pipeline_checks import check
from dragoman_contracts.references import SOURCES
from dragoman_contracts.vocabulary import LIVE, RESUMABLE, JobStatus
from dragoman_gateway.web.errors import (
    FieldRefusedError,
    JobStateError,
    KeyReusedError,
    RunningJobError,
    UnfinishedJobError,
)

WAITING_FOR_PEOPLE = frozenset({JobStatus.NEEDS_REVIEW, JobStatus.BLOCKED})
"""Statuses in which a person must act before anything can go on, if anything can."""

ATTENTION = WAITING_FOR_PEOPLE | RESUMABLE
"""Statuses of the jobs that may need a person's attention."""

NOT_RUNNING = WAITING_FOR_PEOPLE | {JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED}
"""Statuses in which a job leaves its scope to another one."""

MARKED_FAILED = "job.marked_failed"
"""The trouble code of a job that a person marked failed."""

CANCELLABLE = LIVE | {JobStatus.NEEDS_REVIEW}
"""Statuses of jobs that are worth cancelling: the others are at an end, or soon will be."""

_NOT_CANCELLABLE = frozenset({JobStatus.COMPLETED, JobStatus.BLOCKED, JobStatus.FAILED})


class OnUnfinished(StrEnum):
    """The wish of a submission about an interrupted job that holds its scope.

    `fresh` gives that job's checkpoint up and opens a new one; `keep` opens a new one beside it.
    """

    REFUSE = "refuse"
    RESUME = "resume"
    FRESH = "fresh"
    KEEP = "keep"


def needs_attention(job: Job) -> bool:
    """Whether a person has to look at the job: it is in review, blocked, failed, or interrupted.

    A failed job whose checkpoint was discarded was given up, and so was a cancelled job with
    nothing done.
    """
    if job.status is JobStatus.FAILED:
        return not job.is_checkpoint_discarded
    return job.status in WAITING_FOR_PEOPLE or job.is_interrupted


class JobAction(StrEnum):
    """An action on a job, as its links name it."""

    CANCEL = "cancel"
    PROCESS = "process"
    RESUME = "resume"
    RETRY = "retry"
    RERUN = "rerun"
    MARK_FAILED = "mark_failed"
    CHECKPOINT = "checkpoint"
    REMOVE = "remove"


def allowed_actions(job: Job) -> frozenset[JobAction]:
    """The actions that the job's state allows; the rules of each decide again when it is asked
    for.
    """
    can_go_on = job.status in RESUMABLE and not job.is_checkpoint_discarded
    has_source = any(artifact.kind in SOURCES for artifact in job.artifacts)
    allowed = {
        JobAction.CANCEL: job.status in LIVE | {JobStatus.NEEDS_REVIEW},
        JobAction.PROCESS: not job.is_started and job.status in LIVE,
        JobAction.RESUME: can_go_on and job.status is JobStatus.CANCELLED,
        JobAction.RETRY: can_go_on and job.status is JobStatus.FAILED,
        JobAction.RERUN: has_source and job.status in NOT_RUNNING,
        JobAction.MARK_FAILED: job.status in LIVE | {JobStatus.CANCELLING},
        JobAction.CHECKPOINT: can_go_on,
        JobAction.REMOVE: job.status in NOT_RUNNING and not job.is_removed,
    }
    return frozenset(action for action, is_allowed in allowed.items() if is_allowed)


def is_running(job: Job) -> bool:
    """Whether the job holds its scope, which is a document's version, target locale and pipeline:
    it moves, or is being stopped.

    A job that waits for people does not: another engine or a rerun beside it may be what they want.
    """
    return job.status not in NOT_RUNNING


def require_free(holder: Job, on_unfinished: OnUnfinished) -> CheckpointDiscarded | None:
    """Refuse a new job beside `holder`, the last of its key; the event that must be true of it
    first, where one must.

    Raises:
        RunningJobError: the holder runs.
        UnfinishedJobError: the holder is interrupted, and it was not said that a new one may be
            opened.
    """
    if is_running(holder):
        raise RunningJobError(holder.job_id)
    if not holder.is_interrupted or on_unfinished is OnUnfinished.KEEP:
        return None
    if on_unfinished is OnUnfinished.FRESH:
        return CheckpointDiscarded()
    raise UnfinishedJobError(holder)


def require_same_request(job: Job, digest: str) -> None:
    """Refuse another request under the key of this job.

    Raises:
        KeyReusedError: the key was used for something else.
    """
    if job.submitted.request_digest != digest:
        raise KeyReusedError(
            f"This idempotency key made job {job.job_id} from another file or other fields; use a new key."
        )


def decide_cancel(job: Job) -> CancelRequested | None:
    """The event that stops the job; None where it is stopped, or being stopped, already.

    Raises:
        JobStateError: the job is at an end that cannot be cancelled (requirement E).
    """
    if job.status in _NOT_CANCELLABLE:
        raise JobStateError(
            f"Job {job.job_id} is {job.status}; only a job that is not at its end can be cancelled.",
            code="job.not_cancellable",
        )
    return None if job.status in {JobStatus.CANCELLED, JobStatus.CANCELLING} else CancelRequested()


def decide_start(job: Job) -> StartRequested | None:
    """The event that starts a job submitted with auto-start off; None where it was started, or is
    done.

    Raises:
        JobStateError: the job stands still for another reason; the message says what moves it.
    """
    if job.status in {JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.CANCELLING}:
        raise JobStateError(
            f"Job {job.job_id} is {job.status}; resume it instead.", code="job.not_startable"
        )
    if job.status is JobStatus.BLOCKED:
        raise JobStateError(
            f"Job {job.job_id} is blocked; {_after_block(job)}.", code="job.not_startable"
        )
    return None if job.is_started or not is_running(job) else start_request(job)


def decide_resume(job: Job) -> ResumeRequested:
    """The event that lets the job go on from its checkpoint.

    Raises:
        JobStateError: the job is neither failed nor cancelled, or its checkpoint was discarded.
    """
    if job.is_checkpoint_discarded:
        raise JobStateError(
            f"The checkpoint of job {job.job_id} was discarded; rerun it.", code="job.not_resumable"
        )
    if job.status in RESUMABLE:
        return resume_request(job)
    cures = {
        JobStatus.BLOCKED: _after_block(job),
        JobStatus.CANCELLING: "wait until it is cancelled",
        JobStatus.COMPLETED: "there is nothing left to do",
    }
    cure = cures.get(job.status, "it is not stopped")
    raise JobStateError(f"Job {job.job_id} is {job.status}; {cure}.", code="job.not_resumable")


def decide_retry(job: Job) -> ResumeRequested:
    """The event that lets a failed job go on from its checkpoint.

    Raises:
        JobStateError: the job is not failed, or its checkpoint was discarded.
    """
    if job.status is not JobStatus.FAILED:
        cure = (
            "resume it instead"
            if job.status is JobStatus.CANCELLED
            else "only a failed job can be retried"
        )
        raise JobStateError(f"Job {job.job_id} is {job.status}; {cure}.", code="job.not_retryable")
    return decide_resume(job)


def decide_mark_failed(job: Job) -> JobMarkedFailed | None:
    """The event that declares the job failed; None where it is failed already.

    Raises:
        JobStateError: the job is not in flight.
    """
    if job.status is JobStatus.FAILED:
        return None
    if job.status not in LIVE | {JobStatus.CANCELLING}:
        raise JobStateError(
            f"Job {job.job_id} is {job.status}; only a job in flight can be marked failed.",
            code="job.not_in_flight",
        )
    return JobMarkedFailed()


def decide_discard_checkpoint(job: Job) -> CheckpointDiscarded | None:
    """The event that discards what the job has done; None where that was discarded already.

    Raises:
        JobStateError: the job is neither failed nor cancelled.
    """
    if job.status not in RESUMABLE:
        raise JobStateError(
            f"Job {job.job_id} is {job.status}; only a failed or cancelled job has a checkpoint to discard.",
            code="job.no_checkpoint",
        )
    return None if job.is_checkpoint_discarded else CheckpointDiscarded()


def require_fit(saved: SavedPipeline) -> Pipeline:
    """Refuse a pipeline that takes no jobs, or not on a document.

    Raises:
        FieldRefusedError: it was retired, this installation lacks a step of it, or it needs more
            than a document has.
    """
    if saved.is_retired:
        raise FieldRefusedError(
            "pipeline",
            f"Pipeline {saved.name!r} was retired and takes no new jobs.",
            code="pipeline.retired",
        )
    found = check(saved.pipeline)
    if found.faults:
        fault = found.faults[0]
        place = ".".join(map(str, fault.place))
        message = f"Pipeline {saved.name!r} cannot run here: {place}: {fault.message}"
        raise FieldRefusedError("pipeline", message, code="pipeline.unfit")
    return saved.pipeline


def require_no_languages(pipeline: Pipeline) -> Pipeline:
    """Refuse a pipeline that needs a source and a target language, where none are said.

    Raises:
        FieldRefusedError: it needs them.
    """
    if needs_languages(pipeline):
        raise FieldRefusedError(
            "pipeline_id",
            f"Pipeline {pipeline.name!r} needs languages; submit the file with source_language and target_language.",
            code="pipeline.unfit",
        )
    return pipeline


def needs_languages(pipeline: Pipeline) -> bool:
    """Whether a phase of the pipeline needs the languages to translate between."""
    return "locales" in check(pipeline).needs


def linked_models(pipeline: Pipeline) -> tuple[UUID, ...]:
    """The ids of the models that the pipeline's commands link to."""
    return tuple(
        config.model_id for config in map(_command, pipeline.phases) if config and config.model_id
    )


def with_run_values(
    pipeline: Pipeline, models: Mapping[UUID, LinkedModel | None], nonce: str
) -> Pipeline:
    """The pipeline as a job takes it: with the models that its commands link to, as they are now,
    and the nonce of a run that must not use an earlier one's outcome.

    Raises:
        FieldRefusedError: a model is gone or disabled.
    """
    phases: list[Phase] = []
    for phase in pipeline.phases:
        config = _command(phase)
        if config is not None:
            model = models.get(config.model_id) if config.model_id else None
            if config.model_id and model is None:
                raise FieldRefusedError(
                    "pipeline_id",
                    f"Phase {phase.name!r} of pipeline {pipeline.name!r} links to a model that is gone or "
                    "disabled; link it to another, or enable that one.",
                    code="pipeline.model_missing",
                )
            filled = config.model_copy(update={"model": model, "nonce": nonce})
            stored: dict[str, JsonValue] = filled.model_dump(mode="json", exclude_defaults=True)
            phase = phase.model_copy(update={"config": stored})
        phases.append(phase)
    return pipeline.model_copy(update={"phases": tuple(phases)})


def _command(phase: Phase) -> CommandConfig | None:
    return CommandConfig.model_validate(phase.config) if phase.kind == "command" else None


def decide_remove(job: Job) -> JobRemoved | None:
    """The event that takes the job out of the lists; None where it is out of them already.

    Raises:
        JobStateError: the job runs.
    """
    if is_running(job):
        raise JobStateError(
            f"Job {job.job_id} is {job.status}; cancel it first.", code="job.not_removable"
        )
    return None if job.is_removed else JobRemoved()


def troubles(job: Job) -> list[tuple[WorkKey, Trouble]]:
    """The work that failed, parked work first, then in the order it happened."""
    parked = sorted(job.parked.items(), key=lambda each: each[1].occurred_at)
    failed = sorted(job.failures.items(), key=lambda each: each[1].occurred_at)
    return [*parked, *failed]


def trouble_code(job: Job) -> str | None:
    """Why a job does not go on, or has to wait: parked work first,
    then the failure retried latest, then preflight.
    """
    found = [trouble.code for _, trouble in troubles(job)]
    if job.parked:
        return found[0]
    if job.is_marked_failed:
        return MARKED_FAILED
    if found:
        return found[-1]
    if job.status is JobStatus.BLOCKED and job.verification is None and job.finding_codes:
        return job.finding_codes[0]
    return None


def _after_block(job: Job) -> str:
    return (
        "review its translations"
        if job.is_review_owed
        else "correct the document and submit it again"
    )
