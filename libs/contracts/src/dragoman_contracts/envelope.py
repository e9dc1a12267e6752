"""The envelope: what every stored event carries besides its payload, and its one encoding.

The encoded state is JSON. On the wire the same bytes travel, with the envelope again as CloudEvents attributes.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, Field

from dragoman_contracts.errors import UnknownEventTypeError
from dragoman_contracts.events import EVENT_TYPES, Event, StreamType
from dragoman_contracts.identity import event_id
from dragoman_contracts.model import Value
from dragoman_contracts.references import Sha256
from dragoman_contracts.upcasting import upcast


class Origin(Value):
    """Who appends and why: the part of an envelope that is the same for all events of one append.

    `actor` comes from the credential (`user:<id>`, `service:extract`), never from a payload. `causation_id` is the
    event that made this work owed. `actor_record` is the sha256 of an erasable object with the person's name and
    address.
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


class RecordedEvent(Value):
    """An event as it stands in its stream: envelope and payload."""

    envelope: EventEnvelope
    event: Event

    @property
    def originator_id(self) -> UUID:
        """The stream id, under the name the event-sourcing library uses."""
        return self.envelope.stream_id

    @property
    def originator_version(self) -> int:
        """The version, under the name the event-sourcing library uses."""
        return self.envelope.version


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
    envelope = EventEnvelope(
        event_id=event_id(stream_id, version),
        type=event.name,
        schema_version=event.schema_version,
        project_id=project_id,
        stream_type=event.stream_type,
        stream_id=stream_id,
        version=version,
        occurred_at=occurred_at,
        origin=origin,
        previous_digest=previous_digest,
    )
    return RecordedEvent(envelope=envelope, event=event)


def encode(recorded: RecordedEvent) -> bytes:
    """The event's stored state: one JSON object, the envelope's fields and `data`."""
    state = recorded.envelope.model_dump(mode="json")
    state["data"] = recorded.event.model_dump(mode="json")
    return json.dumps(state, ensure_ascii=False, separators=(",", ":")).encode()


def decode(state: bytes) -> RecordedEvent:
    """The recorded event of a stored state, upcast to the current schema version.

    Fields this installation does not know are left out: an additive change keeps the version, and while services are
    updated one by one an older one must go on reading what a newer one wrote.

    Raises:
        UnknownEventTypeError: the type is not in the closed registry; a newer Dragoman wrote it, or nobody of ours did.
    """
    fields: dict[str, Any] = json.loads(state)
    data = fields.pop("data")
    cls = EVENT_TYPES.get(fields["type"])
    if cls is None:
        raise UnknownEventTypeError(f"Event type {fields['type']!r} is unknown; update this installation to read it.")
    data = upcast(cls, fields["schema_version"], data)
    fields["schema_version"] = cls.schema_version
    envelope = EventEnvelope.model_validate(fields, extra="ignore")
    return RecordedEvent(envelope=envelope, event=cls.model_validate(data, extra="ignore"))


def digest(state: bytes) -> str:
    """The sha256 of a stored state, which the next event of the stream carries as `previous_digest`."""
    return hashlib.sha256(state).hexdigest()
