"""The rules of documents: their status from their jobs, when it is set back, when one is removed.
Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from dragoman_contracts.envelope import RecordedEvent
from dragoman_contracts.events import DocumentRemoved, DocumentStatusReset, DocumentVersionAdded
from dragoman_contracts.job import Job
from dragoman_contracts.policy import IntakeRecord
from dragoman_contracts.references import ObjectRef
from dragoman_contracts.subject_state import Subject
from dragoman_contracts.subject_state import evolve as evolve_subject
from dragoman_contracts.vocabulary import JobStatus, StatusViews, views_of_status
from dragoman_gateway.jobs.rules import is_running
from dragoman_gateway.web.errors import JobStateError, RunningJobError


class DocumentStatus(StrEnum):
    """How far a document is, in requirement A's words."""

    UPLOADED = "uploaded"
    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Document:
    """A document as its stream tells of it.

    `reset_at` is when its status was last set back; what became of earlier jobs then says nothing.
    """

    subject: Subject
    registered_at: datetime
    updated_at: datetime
    added_at: tuple[datetime, ...] = ()
    reset_at: datetime | None = None


def fold(recorded: Iterable[RecordedEvent], document: Document | None = None) -> Document | None:
    """The document after `recorded`, going on from `document`; None where there is no event yet."""
    for each in recorded:
        document = evolve(document, each)
    return document


def evolve(document: Document | None, recorded: RecordedEvent) -> Document:
    """The document after one more event of its stream.

    Raises:
        ValueError: the event is not the next of this stream.
    """
    subject = evolve_subject(None if document is None else document.subject, recorded)
    if document is None:
        document = Document(subject, recorded.occurred_at, recorded.occurred_at)
    document = replace(document, subject=subject, updated_at=recorded.occurred_at)
    match recorded.data:
        case DocumentVersionAdded():
            return replace(document, added_at=(*document.added_at, recorded.occurred_at))
        case DocumentStatusReset():
            return replace(document, reset_at=recorded.occurred_at)
        case _:
            return document


def status_of_job(status: JobStatus) -> DocumentStatus:
    """The word for a document whose newest job has this status."""
    word = views_of_status(status, has_checkpoint=False)[StatusViews.DOCUMENT]
    return DocumentStatus(word or DocumentStatus.UPLOADED)


def statuses_of(document_status: DocumentStatus) -> frozenset[JobStatus]:
    """The statuses of a newest job that give a document this status."""
    return frozenset(each for each in JobStatus if status_of_job(each) is document_status)


def newest(document: Document, jobs: Iterable[Job]) -> Job | None:
    """The job that says how the document is: the one submitted last since its status was set back.
    None where there is none, or where that one was removed: then nothing is said of it.
    """
    counted = (
        job for job in jobs if document.reset_at is None or job.submitted_at > document.reset_at
    )
    last = max(counted, key=lambda job: (job.submitted_at, job.job_id), default=None)
    return None if last is None or last.is_removed else last


def decide_reset(document: Document, jobs: Iterable[Job]) -> DocumentStatusReset | None:
    """The event that sets the document back to uploaded; None where it is so already.

    Raises:
        RunningJobError: a job runs on it.
        JobStateError: its newest job is completed.
    """
    jobs = tuple(jobs)
    _require_at_rest(jobs)
    job = newest(document, jobs)
    status = DocumentStatus.UPLOADED if job is None else status_of_job(job.status)
    if status is DocumentStatus.UPLOADED:
        return None
    if status is DocumentStatus.COMPLETED:
        raise JobStateError(
            "The document is completed; only a pending or failed one is set back. Process it again instead.",
            code="document.not_resettable",
        )
    return DocumentStatusReset()


def decide_remove(document: Document, jobs: Iterable[Job]) -> DocumentRemoved | None:
    """The event that takes the document out of the lists; None where it is out of them already.

    Raises:
        RunningJobError: a job runs on it.
    """
    _require_at_rest(jobs)
    return None if document.subject.is_removed else DocumentRemoved()


def _require_at_rest(jobs: Iterable[Job]) -> None:
    for job in jobs:
        if is_running(job):
            raise RunningJobError(job.job_id)


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a document; `record` is None where it was erased."""

    number: int
    added_at: datetime
    source: ObjectRef
    record: IntakeRecord | None


@dataclass(frozen=True, slots=True)
class ShownDocument:
    """A document with its versions and the last job of each of its scopes, the newest job first.

    `job` is the one that says its status.
    """

    document: Document
    versions: tuple[Version, ...]
    jobs: tuple[Job, ...]
    job: Job | None

    @property
    def status(self) -> DocumentStatus:
        """How far the document is."""
        return DocumentStatus.UPLOADED if self.job is None else status_of_job(self.job.status)

    @property
    def record(self) -> IntakeRecord | None:
        """The names of its newest version."""
        return self.versions[-1].record if self.versions else None

    @property
    def title(self) -> str:
        """The name of its file; empty where it was erased."""
        return self.record.file_name if self.record else ""
