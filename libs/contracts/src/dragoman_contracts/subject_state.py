"""The aggregates that jobs are opened on: a document's versions in order, and each scope's last
job. Pure.

Opening a job is appended here in the same transaction as the job's first event; two submissions for
one scope meet on this stream's version, and one of them is told so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from uuid import UUID

from dragoman_contracts import events as e
from dragoman_contracts.envelope import RecordedEvent
from dragoman_contracts.errors import PermanentError
from dragoman_contracts.references import ObjectRef
from dragoman_contracts.subject import document_scope


class VersionRefusedError(PermanentError):
    """The revision strategy does not allow this content."""

    default_code = "document.version_refused"


@dataclass(frozen=True, slots=True)
class Subject:
    """A document, a source or an object.

    `record` says which it is. `sources` are a document's versions, oldest first, and `records`
    their intake records; none of the others has any. One that `is_removed` is in no list.
    `last_jobs` is the job last opened for each scope.
    """

    subject_id: UUID
    project_id: UUID
    version: int
    record: ObjectRef | None = None
    sources: tuple[ObjectRef, ...] = ()
    records: tuple[ObjectRef, ...] = ()
    last_jobs: Mapping[str, UUID] = field(default_factory=dict[str, UUID])
    is_removed: bool = False

    def last_job(self, scope: str) -> UUID | None:
        """The job last opened for this scope; whether it still runs, its own stream says."""
        return self.last_jobs.get(scope)


def fold(recorded: Iterable[RecordedEvent], subject: Subject | None = None) -> Subject | None:
    """The state after `recorded`, going on from `subject`; None when there is no event yet."""
    for each in recorded:
        subject = evolve(subject, each)
    return subject


def evolve(subject: Subject | None, recorded: RecordedEvent) -> Subject:
    """The state after one more event.

    Raises:
        ValueError: the event is not the next of this stream.
    """
    if subject is None:
        subject = Subject(subject_id=recorded.stream_id, project_id=recorded.project_id, version=0)
    if recorded.stream_id != subject.subject_id or recorded.version != subject.version + 1:
        raise ValueError(
            f"Event {recorded.version} of {recorded.stream_id} does not follow {subject.version}."
        )
    subject = replace(subject, version=recorded.version)
    match recorded.data:
        case (
            e.DocumentRegistered(record=record)
            | e.SourceRegistered(record=record)
            | e.ObjectCreated(record=record)
        ):
            return replace(subject, record=record)
        case e.DocumentVersionAdded(source=source, record=record):
            return replace(
                subject,
                sources=(*subject.sources, source),
                records=(*subject.records, record),
                is_removed=False,
            )
        case e.DocumentRemoved() | e.ObjectRemoved():
            return replace(subject, is_removed=True)
        case e.JobOpened() as opened:
            scope = document_scope(
                opened.document_version, opened.target_locale, opened.pipeline_name
            )
            return _opened(subject, scope, opened.job_id)
        case e.SubjectJobOpened(scope=scope, job_id=job_id):
            return _opened(subject, scope, job_id)
        case _:
            return subject


def _opened(subject: Subject, scope: str, job_id: UUID) -> Subject:
    return replace(subject, last_jobs={**subject.last_jobs, scope: job_id})


def decide_version(
    document: Subject | None, source: ObjectRef, record: ObjectRef, strategy: e.RevisionStrategy
) -> tuple[int, tuple[e.Event, ...]]:
    """The version number a submitted file is, and the events that make it so (none where it is
    already known).

    Raises:
        VersionRefusedError: `same_version` was asked and the content is not that of any version.
    """
    known = document.sources if document else ()
    matches = [number for number, each in enumerate(known, start=1) if each.digest == source.digest]
    if strategy is e.RevisionStrategy.SAME_VERSION and not matches:
        raise VersionRefusedError(
            "No version of this document has this content; submit it with revision_strategy auto or new_version."
        )
    is_removed = document is not None and document.is_removed
    if matches and strategy is not e.RevisionStrategy.NEW_VERSION and not is_removed:
        return matches[-1], ()
    number = len(known) + 1
    registered = () if document else (e.DocumentRegistered(record=record),)
    return number, (
        *registered,
        e.DocumentVersionAdded(number=number, source=source, record=record),
    )


def decide_opened(job: e.JobSubmitted, job_id: UUID) -> e.Event | None:
    """The event of the job's subject that says the job was opened on it;
    None where it has no subject.
    """
    if job.subject is None:
        return None
    version, locales, name = job.subject.version, job.locales, job.pipeline.name
    if version and locales and job.scope == document_scope(version, locales.target, name):
        return e.JobOpened(
            job_id=job_id,
            document_version=version,
            target_locale=locales.target,
            pipeline_name=name,
        )
    return e.SubjectJobOpened(kind=job.subject.kind, job_id=job_id, scope=job.scope)
