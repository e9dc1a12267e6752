"""The envelope: what every stored event carries besides its payload, and its one encoding.

The encoded state is JSON. On the wire the same bytes travel, with the envelope again as CloudEvents
attributes.
"""

from __future__ import annotations

import hashlib
import json
import re
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, Field, create_model

from dragoman_contracts.errors import UnknownEventTypeError
from dragoman_contracts.events import EVENT_TYPES, Event, StreamType
from dragoman_contracts.identity import event_id
from dragoman_contracts.model import Value
from dragoman_contracts.references import Sha256
from dragoman_contracts.upcasting import OLDER_FORMS, older_form, upcast


class Origin(Value):
    """Who appends and why: the part of an envelope that is the same for all events of one append.

    `actor` comes from the credential (`user:<id>`, `service:extract`), never from a payload.
    `causation_id` is the event that made this work owed. `actor_record` is the sha256 of an
    erasable object with the person's name and address.
    """

    actor: Annotated[str, Field(max_length=120)]
    correlation_id: UUID
    causation_id: UUID | None = None
    traceparent: Annotated[str, Field(max_length=120)] | None = None
    attempt: Annotated[int, Field(ge=1)] = 1
    producer: Annotated[str, Field(max_length=120)] = ""
    actor_record: Sha256 | None = None


class EventEnvelope(Value):
    """Everything a stored event says besides its payload."""

    event_id: UUID
    type: Annotated[str, Field(pattern=r"^[a-z][a-z_.]*$", max_length=80)]
    schema_version: int
    project_id: UUID
    stream_type: StreamType
    stream_id: UUID
    version: Annotated[int, Field(ge=1)]
    occurred_at: AwareDatetime
    origin: Origin
    previous_digest: Annotated[str, Field(max_length=64)]


class RecordedEvent(EventEnvelope):
    """An event as it stands in its stream: its envelope's fields, and the payload.
    `record` and `decode` give it.
    """

    data: Event

    @property
    def originator_id(self) -> UUID:
        """The stream id, under the name the event-sourcing library uses."""
        return self.stream_id

    @property
    def originator_version(self) -> int:
        """The version, under the name the event-sourcing library uses."""
        return self.version


RECORDED_TYPES: dict[str, type[RecordedEvent]] = {
    name: create_model(f"Recorded{cls.__name__}", __base__=RecordedEvent, data=(cls, ...))
    for name, cls in EVENT_TYPES.items()
}
"""Per event type, so that envelope and payload are parsed, checked and written in one pass."""

_HEAD = re.compile(rb'\{"event_id":"[0-9a-f-]{36}","type":"([a-z_.]+)","schema_version":([0-9]+),')
"""How `encode` begins: it tells type and version before anything is parsed."""


def record(
    event: Event,
    *,
    project_id: UUID,
    stream_id: UUID,
    version: int,
    occurred_at: datetime,
    origin: Origin,
    previous_digest: str,
) -> RecordedEvent:
    """The event with its envelope, ready to be stored at `version` of its stream."""
    return RECORDED_TYPES[event.name](
        event_id=event_id(stream_id, version),
        type=event.name,
        schema_version=event.schema_version,
        project_id=project_id,
        stream_type=event.told_in,
        stream_id=stream_id,
        version=version,
        occurred_at=occurred_at,
        origin=origin,
        previous_digest=previous_digest,
        data=event,
    )


def encode(recorded: RecordedEvent) -> bytes:
    """The event's stored state: one JSON object, the envelope's fields and `data`.

    An event whose newest version is read but not written yet (`upcasting`) is stored as the version
    before it.
    """
    if (recorded.type, recorded.schema_version) in OLDER_FORMS:
        fields = recorded.model_dump(mode="json")
        older = older_form(recorded.data, fields["data"])
        if older is not None:
            fields |= {"schema_version": recorded.schema_version - 1, "data": older}
            return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()
    return recorded.model_dump_json().encode()


def schema_urn(name: str, version: int) -> str:
    """The `$id` of the schema that a version of an event has, which CloudEvents names in
    `dataschema`.
    """
    return f"urn:dragoman:schema:event.{name}.v{version}"


def schema_version_of(state: bytes) -> int:
    """The version of the event's schema that a stored state is of, as `encode` wrote it.

    Raises:
        ValueError: `encode` wrote no such state.
    """
    head = _HEAD.match(state)
    if head is None:
        raise ValueError("this is no state of an event")
    return int(head[2])


def decode(state: bytes) -> RecordedEvent:
    """The recorded event of a stored state, upcast to the current schema version.

    Fields this installation does not know are left out: an additive change keeps the version, and
    while services are updated one by one an older one must go on reading what a newer one wrote.

    Raises:
        UnknownEventTypeError: the type is not in the closed registry; a newer Dragoman wrote it, or
            nobody of ours did.
        pydantic.ValidationError: the state is damaged.
    """
    head = _HEAD.match(state)
    if head is not None:
        model = RECORDED_TYPES.get(head[1].decode())
        if model is not None and int(head[2]) == EVENT_TYPES[head[1].decode()].schema_version:
            return model.model_validate_json(state, extra="ignore")
    return _decode_any(state)


def _decode_any(state: bytes) -> RecordedEvent:
    """Decode what an older or a newer version wrote, or others in another order."""
    fields: dict[str, Any] = json.loads(state)
    cls = EVENT_TYPES.get(fields["type"])
    if cls is None:
        raise UnknownEventTypeError(
            f"Event type {fields['type']!r} is unknown; update this installation to read it."
        )
    data = upcast(cls, fields["schema_version"], fields["data"])
    fields |= {"schema_version": cls.schema_version, "data": data}
    return RECORDED_TYPES[cls.name].model_validate(fields, extra="ignore")


def digest(state: bytes) -> str:
    """The sha256 of a stored state, which the next event of the stream carries
    as `previous_digest`.
    """
    return hashlib.sha256(state).hexdigest()
