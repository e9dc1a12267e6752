"""Events of the subjects that jobs are opened on, beside documents: sources of articles,
and objects of a class.
"""

from __future__ import annotations

from operator import not_
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from dragoman_contracts.events.base import Event, StreamType
from dragoman_contracts.references import NamedObject, ObjectRef
from dragoman_contracts.subject import Scope, SubjectKind
from dragoman_contracts.vocabulary import Service


class SourceRegistered(Event):
    """A project got a source of articles. `record` says which, and can be erased."""

    name: ClassVar[str] = "source.registered"
    stream_type: ClassVar[StreamType] = StreamType.SOURCE
    producer: ClassVar[Service | None] = Service.GATEWAY

    record: ObjectRef


class ObjectCreated(Event):
    """An object of a class was created.
    `record` holds the class and the first values of its fields, `documents` are the files that
    fields of it hold, by the field's name.
    """

    name: ClassVar[str] = "object.created"
    stream_type: ClassVar[StreamType] = StreamType.OBJECT
    producer: ClassVar[Service | None] = Service.GATEWAY

    record: ObjectRef
    documents: Annotated[tuple[NamedObject, ...], Field(exclude_if=not_)] = ()


class ObjectEdited(Event):
    """A person set fields of an object.
    `record` holds their new values, `documents` are the files among them, by the field's name.
    """

    name: ClassVar[str] = "object.edited"
    stream_type: ClassVar[StreamType] = StreamType.OBJECT
    producer: ClassVar[Service | None] = Service.GATEWAY

    record: ObjectRef
    documents: Annotated[tuple[NamedObject, ...], Field(exclude_if=not_)] = ()


class ObjectRemoved(Event):
    """A person took an object out of the lists, and its tasks with it.
    Its stream stays, and its objects go by retention.
    """

    name: ClassVar[str] = "object.removed"
    stream_type: ClassVar[StreamType] = StreamType.OBJECT
    producer: ClassVar[Service | None] = Service.GATEWAY


class SubjectJobOpened(Event):
    """A job was opened on a subject. Appended together with its JobSubmitted, so that one scope has
    one running job.

    A document has `document.job_opened` where its version, target locale and pipeline say the
    scope.
    """

    name: ClassVar[str] = "subject.job_opened"
    stream_type: ClassVar[StreamType] = StreamType.SOURCE  # or another: `told_in` says which
    producer: ClassVar[Service | None] = Service.GATEWAY

    kind: SubjectKind
    job_id: UUID
    scope: Scope

    @property
    def told_in(self) -> StreamType:
        """The stream of the subject."""
        return StreamType(self.kind.value)
