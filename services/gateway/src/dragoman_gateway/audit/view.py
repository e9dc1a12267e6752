"""The projection of the audit: every event of a job or a document, with who made it and from where."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import MetaData, Table, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from dragoman_contracts.policy import ActorRecord
from dragoman_gateway.jobs.view.tables import AUDIT_VERSION, audit, audit_metadata, to_micros
from dragoman_gateway.web.records import Records
from dragoman_runtime.eventstore import Stored
from dragoman_runtime.projection import Write, translated_errors
from dragoman_runtime.rebuild import Row, beside

_Key = tuple[UUID, str]


class AuditProjection:
    """Writes `view_audit`."""

    name = "audit"
    version = AUDIT_VERSION

    def __init__(self, records: Records, suffix: str = "") -> None:
        """Tables whose names end with `suffix` are those of a rebuild."""
        self._records = records
        self._metadata = beside(audit_metadata, suffix)
        self._audit = self._metadata.tables[audit.name + suffix]

    @property
    def metadata(self) -> MetaData:
        """The audit's table."""
        return self._metadata

    def cost(self, stored: Stored) -> int:
        """One place: an event is one row."""
        return 1

    async def prepare(self, batch: Sequence[Stored]) -> Sequence[Write]:
        """A row for every event. An event is never changed, so a row that is there is written as it was."""
        actors = await self._actors(batch)
        rows = [_row(each, actors) for each in batch]
        ids = [row["event_id"] for row in rows]
        return [Write(delete(self._audit).where(self._audit.c.event_id.in_(ids))), Write(insert(self._audit), rows)]

    @property
    def incomplete(self) -> frozenset[UUID]:
        """None: what was erased leaves columns empty, which is compared as such."""
        return frozenset()

    async def rows_of(self, streams: Sequence[Sequence[Stored]]) -> Sequence[tuple[Table, Sequence[Row]]]:
        """A row for every event."""
        events = [each for stream in streams for each in stream]
        actors = await self._actors(events)
        return ((self._audit, [_row(each, actors) for each in events]),)

    def committed(self) -> None:
        """Nothing is kept: a person's name may be erased between two batches."""

    async def _actors(self, batch: Sequence[Stored]) -> dict[_Key, ActorRecord | None]:
        envelopes = (each.recorded.envelope for each in batch)
        wanted = {(each.project_id, each.origin.actor_record) for each in envelopes}
        keys = [(project_id, digest) for project_id, digest in wanted if digest]
        found = await asyncio.gather(*(self._records.find(*key, ActorRecord) for key in keys))
        return dict(zip(keys, found, strict=True))


async def audited_digests(engine: AsyncEngine, stream_ids: Sequence[UUID]) -> dict[UUID, dict[UUID, str]]:
    """By stream, and there by event id, the digest that each event had when the audit was written.

    Raises:
        ViewsUnavailableError: the view, or its database, is not there.
    """
    ids = [str(each) for each in stream_ids]
    statement = select(audit.c.entity_id, audit.c.event_id, audit.c.after_digest).where(audit.c.entity_id.in_(ids))
    found: dict[UUID, dict[UUID, str]] = {}
    async with translated_errors(), engine.connect() as connection:
        for entity_id, audited_id, digest in await connection.execute(statement):
            found.setdefault(UUID(entity_id), {})[UUID(audited_id)] = str(digest)
    return found


def _row(stored: Stored, actors: dict[_Key, ActorRecord | None]) -> dict[str, object]:
    envelope = stored.recorded.envelope
    origin = envelope.origin
    actor = actors.get((envelope.project_id, origin.actor_record)) if origin.actor_record else None
    return {
        "event_id": str(envelope.event_id),
        "occurred_at": to_micros(envelope.occurred_at),
        "project_id": envelope.project_id,
        "actor": origin.actor,
        "actor_name": actor.display_name if actor else "",
        "source_address": actor.source_address if actor else "",
        "action": envelope.type,
        "entity": envelope.stream_type.value,
        "entity_id": str(envelope.stream_id),
        "before_digest": envelope.previous_digest,
        "after_digest": stored.digest,
    }
