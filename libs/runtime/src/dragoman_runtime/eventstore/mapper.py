"""The mapper: our stored events as the `eventsourcing` library reads and writes them.

Name it in a library Application's environment,
`MAPPER_TOPIC=dragoman_runtime.eventstore.mapper:EventMapper`, and the Application reads our SQLite
or PostgreSQL store through `events.get` and its notification log. Topics are our stable event
names; an unknown one is refused and never imported.
"""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import Mapper, StoredEvent

from dragoman_contracts.envelope import RecordedEvent, decode, encode
from dragoman_contracts.errors import UnknownEventTypeError
from dragoman_contracts.events import EVENT_TYPES


class EventMapper(Mapper[UUID]):
    """Maps RecordedEvent to the library's StoredEvent and back; compressor and cipher are honoured
    when configured.
    """

    def to_stored_event(self, domain_event: DomainEventProtocol[UUID]) -> StoredEvent:
        """The stored form of a RecordedEvent."""
        recorded = cast(RecordedEvent, domain_event)
        state = encode(recorded)
        if self.compressor:
            state = self.compressor.compress(state)
        if self.cipher:
            state = self.cipher.encrypt(state)
        return StoredEvent(
            recorded.originator_id, recorded.originator_version, recorded.type, state
        )

    def to_domain_event(self, stored_event: StoredEvent) -> Any:
        """The RecordedEvent of a stored event.

        Raises:
            UnknownEventTypeError: the topic is not in the closed registry.
        """
        if stored_event.topic not in EVENT_TYPES:
            raise UnknownEventTypeError(
                f"Event type {stored_event.topic!r} is unknown; update this installation."
            )
        state = stored_event.state
        if self.cipher:
            state = self.cipher.decrypt(state)
        if self.compressor:
            state = self.compressor.decompress(state)
        return decode(state)
