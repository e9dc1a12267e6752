"""Events of a document: registered, a version added, a job opened on a version."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from dragoman_contracts.events.base import Event, StreamType
from dragoman_contracts.locale import Locale
from dragoman_contracts.references import ObjectRef, Sha256
from dragoman_contracts.vocabulary import Service


class RevisionStrategy(StrEnum):
    """How a submission under a known external reference is taken up (row 90).

    `auto`: identical content is the same version, other content a new one. `new_version`: always a
    new version. `same_version`: identical content only; anything else is refused.
    """

    AUTO = "auto"
    NEW_VERSION = "new_version"
    SAME_VERSION = "same_version"


class DocumentRegistered(Event):
    """A project met an external reference for the first time.
    `record` names it and can be erased.
    """

    name: ClassVar[str] = "document.registered"
    stream_type: ClassVar[StreamType] = StreamType.DOCUMENT
    producer: ClassVar[Service | None] = Service.GATEWAY

    record: ObjectRef
    family_key_digest: Sha256 | None = None


class DocumentVersionAdded(Event):
    """A document has a new version: other content, or the same under a new label."""

    name: ClassVar[str] = "document.version_added"
    stream_type: ClassVar[StreamType] = StreamType.DOCUMENT
    producer: ClassVar[Service | None] = Service.GATEWAY

    number: Annotated[int, Field(ge=1)]
    source: ObjectRef
    record: ObjectRef


class JobOpened(Event):
    """A job was opened on a version. Appended together with its JobSubmitted,
    so that one key has one running job.
    """

    name: ClassVar[str] = "document.job_opened"
    stream_type: ClassVar[StreamType] = StreamType.DOCUMENT
    producer: ClassVar[Service | None] = Service.GATEWAY

    job_id: UUID
    document_version: Annotated[int, Field(ge=1)]
    target_locale: Locale
    pipeline_name: Annotated[str, Field(max_length=80)]


class DocumentStatusReset(Event):
    """A person set a document back to uploaded: what became of the jobs before says nothing of it
    any more.
    """

    name: ClassVar[str] = "document.status_reset"
    stream_type: ClassVar[StreamType] = StreamType.DOCUMENT
    producer: ClassVar[Service | None] = Service.GATEWAY


class DocumentRemoved(Event):
    """A person took a document out of the lists. It takes no jobs until a file comes in for it
    again; its objects go by retention.
    """

    name: ClassVar[str] = "document.removed"
    stream_type: ClassVar[StreamType] = StreamType.DOCUMENT
    producer: ClassVar[Service | None] = Service.GATEWAY
