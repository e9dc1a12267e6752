"""The document aggregate: its versions in order, and the jobs opened on them. Pure.

Opening a job is appended here in the same transaction as the job's first event; two submissions for one version, target
locale and pipeline meet on this stream's version, and one of them is told so.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from uuid import UUID

from dragoman_contracts import events as e
from dragoman_contracts.envelope import RecordedEvent
from dragoman_contracts.errors import PermanentError
from dragoman_contracts.locale import Locale
from dragoman_contracts.references import ObjectRef

JobKey = tuple[int, Locale, str]
"""The claim of a running job, held by one at a time: version number, target locale, pipeline name."""


class VersionRefusedError(PermanentError):
    """The revision strategy does not allow this content."""

    default_code = "document.version_refused"


@dataclass(frozen=True, slots=True)
class Document:
    """A document's versions, oldest first, and the last job opened for each key."""

    document_id: UUID
    project_id: UUID
    version: int
    sources: tuple[ObjectRef, ...] = ()
    last_jobs: tuple[tuple[JobKey, UUID], ...] = ()

    def last_job(self, key: JobKey) -> UUID | None:
        """The job last opened for this key; whether it still runs, its own stream says."""
        return dict(self.last_jobs).get(key)


def fold(recorded: Iterable[RecordedEvent], document: Document | None = None) -> Document | None:
    """The state after `recorded`, going on from `document`; None when there is no event yet."""
    for each in recorded:
        document = evolve(document, each)
    return document


def evolve(document: Document | None, recorded: RecordedEvent) -> Document:
    """The state after one more event."""
    event, envelope = recorded.event, recorded.envelope
    if document is None:
        document = Document(document_id=envelope.stream_id, project_id=envelope.project_id, version=0)
    if envelope.stream_id != document.document_id or envelope.version != document.version + 1:
        raise ValueError(f"Event {envelope.version} of {envelope.stream_id} does not follow {document.version}.")
    document = replace(document, version=envelope.version)
    match event:
        case e.DocumentVersionAdded(source=source):
            return replace(document, sources=(*document.sources, source))
        case e.JobOpened():
            key = (event.document_version, event.target_locale, event.pipeline_name)
            jobs = {**dict(document.last_jobs), key: event.job_id}
            return replace(document, last_jobs=tuple(jobs.items()))
        case _:
            return document


def decide_version(
    document: Document | None, source: ObjectRef, record: ObjectRef, strategy: e.RevisionStrategy
) -> tuple[int, tuple[e.Event, ...]]:
    """The version number a submitted file is, and the events that make it so (none where it is already known).

    Raises:
        VersionRefusedError: `same_version` was asked and the content is not that of any version.
    """
    known = document.sources if document else ()
    matches = [number for number, each in enumerate(known, start=1) if each.digest == source.digest]
    if strategy is e.RevisionStrategy.SAME_VERSION and not matches:
        raise VersionRefusedError(
            "No version of this document has this content; submit it with revision_strategy auto or new_version."
        )
    if matches and strategy is not e.RevisionStrategy.NEW_VERSION:
        return matches[-1], ()
    number = len(known) + 1
    registered = () if document else (e.DocumentRegistered(record=record),)
    return number, (*registered, e.DocumentVersionAdded(number=number, source=source, record=record))
