"""The rules of a job that exists: whether it runs, when it is cancelled, started or resumed, what troubles it. Pure."""

from __future__ import annotations

from enum import StrEnum

from dragoman_contracts.events import (
    CancelRequested,
    CheckpointDiscarded,
    JobMarkedFailed,
    ResumeRequested,
    StartRequested,
)
from dragoman_contracts.job import Job, Trouble, WorkKey
from dragoman_contracts.pipeline import resume_request, start_request
from dragoman_contracts.vocabulary import LIVE, RESUMABLE, JobStatus
from dragoman_gateway.web.errors import JobStateError, KeyReusedError, RunningJobError, UnfinishedJobError

WAITING_FOR_PEOPLE = frozenset({JobStatus.NEEDS_REVIEW, JobStatus.BLOCKED})
"""Statuses in which a person must act before anything can go on, if anything can."""

NOT_RUNNING = WAITING_FOR_PEOPLE | {JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED}
"""Statuses in which a job leaves its scope to another one."""

MARKED_FAILED = "job.marked_failed"
"""The trouble code of a job that a person marked failed."""

_NOT_CANCELLABLE = frozenset({JobStatus.COMPLETED, JobStatus.BLOCKED, JobStatus.FAILED})


class OnUnfinished(StrEnum):
    """The wish of a submission about an interrupted job that holds its scope.

    `fresh` gives that job's checkpoint up and opens a new one; `keep` opens a new one beside it.
    """

    REFUSE = "refuse"
    RESUME = "resume"
    FRESH = "fresh"
    KEEP = "keep"


def is_running(job: Job) -> bool:
    """Whether the job holds its scope, which is a document's version, target locale and pipeline: it moves, or is being
    stopped.

    A job that waits for people does not: another engine or a rerun beside it may be what they want.
    """
    return job.status not in NOT_RUNNING


def require_free(holder: Job, on_unfinished: OnUnfinished) -> CheckpointDiscarded | None:
    """Refuse a new job beside `holder`, the last of its key; the event that must be true of it first, where one must.

    Raises:
        RunningJobError: the holder runs.
        UnfinishedJobError: the holder is interrupted, and it was not said that a new one may be opened.
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
    """The event that starts a job submitted with auto-start off; None where it was started, or is done.

    Raises:
        JobStateError: the job stands still for another reason; the message says what moves it.
    """
    if job.status in {JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.CANCELLING}:
        raise JobStateError(f"Job {job.job_id} is {job.status}; resume it instead.", code="job.not_startable")
    if job.status is JobStatus.BLOCKED:
        raise JobStateError(f"Job {job.job_id} is blocked; {_after_block(job)}.", code="job.not_startable")
    return None if job.is_started or not is_running(job) else start_request(job)


def decide_resume(job: Job) -> ResumeRequested:
    """The event that lets the job go on from its checkpoint.

    Raises:
        JobStateError: the job is neither failed nor cancelled, or its checkpoint was discarded.
    """
    if job.is_checkpoint_discarded:
        raise JobStateError(f"The checkpoint of job {job.job_id} was discarded; rerun it.", code="job.not_resumable")
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
        cure = "resume it instead" if job.status is JobStatus.CANCELLED else "only a failed job can be retried"
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
            f"Job {job.job_id} is {job.status}; only a job in flight can be marked failed.", code="job.not_in_flight"
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


def troubles(job: Job) -> list[tuple[WorkKey, Trouble]]:
    """The work that failed, parked work first, then in the order it happened."""
    parked = sorted(job.parked.items(), key=lambda each: each[1].occurred_at)
    failed = sorted(job.failures.items(), key=lambda each: each[1].occurred_at)
    return [*parked, *failed]


def trouble_code(job: Job) -> str | None:
    """Why a job does not go on, or has to wait: parked work first, then the failure retried latest, then preflight."""
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
    return "review its translations" if job.is_review_owed else "correct the document and submit it again"
