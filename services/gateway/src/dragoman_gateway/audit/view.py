"""The view of the audit: every event of a job or a document,
with who made it and from where; how it is read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Index,
    MetaData,
    RowMapping,
    String,
    Table,
    Text,
    Uuid,
    and_,
    delete,
    false,
    insert,
    select,
    true,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncEngine

from dragoman_contracts.model import Value
from dragoman_contracts.policy import ActorRecord
from dragoman_gateway.web.columns import from_micros, to_micros
from dragoman_gateway.web.records import Records
from dragoman_runtime.eventstore import Stored
from dragoman_runtime.projection import Write, translated_errors, versioned
from dragoman_runtime.rebuild import Row, beside
from dragoman_runtime.table_differences import ERASED

AUDIT_VERSION = 2
"""Raise it with every change of the table, which is then built anew."""

_SERVICE = "service:"
_Key = tuple[UUID, str]

audit_metadata = MetaData()

_audit = versioned("view_audit", AUDIT_VERSION)
audit = Table(
    _audit,
    audit_metadata,
    Column("event_id", String(36), primary_key=True),
    Column("occurred_at", BigInteger, nullable=False),
    Column("project_id", Uuid, nullable=False),
    Column("actor", Text, nullable=False),
    Column("is_by_service", Boolean, nullable=False),
    Column("actor_name", Text, nullable=False, info={ERASED: ""}),
    Column("source_address", Text, nullable=False, info={ERASED: ""}),
    Column("action", String(80), nullable=False),
    Column("entity", String(40), nullable=False),
    Column("entity_id", String(36), nullable=False),
    Column("before_digest", String(64), nullable=False),
    Column("after_digest", String(64), nullable=False),
    Index(f"{_audit}_newest", "occurred_at", "event_id"),
    Index(f"{_audit}_who", "is_by_service", "occurred_at", "event_id"),
    Index(f"{_audit}_entity", "entity_id", "occurred_at"),
    Index(f"{_audit}_actor", "actor", "occurred_at"),
)
"""One row an event of a job or a document."""


@dataclass(frozen=True, slots=True)
class AuditKey:
    """Where in an audit list a row stands: lists go from the newest to the oldest,
    by time and then by id.
    """

    occurred_at: datetime
    entry_id: str


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which audit entries to list. Times are a half-open interval; None leaves a side open.

    `is_by_service` False leaves out what services did by themselves; None means either.
    """

    project_ids: frozenset[UUID] | None = None
    actor: str | None = None
    action: str | None = None
    entity_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    is_by_service: bool | None = None


class AuditRow(Value):
    """One thing somebody did: `action` is the event's name, `entity` the kind of stream or of
    catalogue entry.

    `entry_id` is unique among all audit entries (the event's id, or the catalogue audit row's) and
    ends no tie by chance. Name and address are empty where they were erased or no person acted.
    """

    entry_id: str
    occurred_at: datetime
    project_id: UUID | None
    actor: str
    actor_name: str = ""
    source_address: str = ""
    action: str
    entity: str
    entity_id: str
    before_digest: str = ""
    after_digest: str = ""

    @property
    def key(self) -> AuditKey:
        """Where in the list this row stands."""
        return AuditKey(self.occurred_at, self.entry_id)


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
        """A row for every event. An event is never changed,
        so a row that is there is written as it was.
        """
        actors = await self._actors(batch)
        rows = [_row(each, actors) for each in batch]
        ids = [row["event_id"] for row in rows]
        return [
            Write(delete(self._audit).where(self._audit.c.event_id.in_(ids))),
            Write(insert(self._audit), rows),
        ]

    @property
    def incomplete(self) -> frozenset[UUID]:
        """None: what was erased leaves columns empty, which is compared as such."""
        return frozenset()

    @property
    def unfoldable(self) -> frozenset[UUID]:
        """None: every event is a row of its own."""
        return frozenset()

    async def rows_of(
        self, streams: Sequence[Sequence[Stored]], damaged: Set[UUID] = frozenset()
    ) -> Sequence[tuple[Table, Sequence[Row]]]:
        """A row for every event."""
        events = [each for stream in streams for each in stream]
        actors = await self._actors(events)
        return ((self._audit, [_row(each, actors) for each in events]),)

    def committed(self) -> None:
        """Nothing is kept: a person's name may be erased between two batches."""

    async def _actors(self, batch: Sequence[Stored]) -> dict[_Key, ActorRecord | None]:
        envelopes = (each.recorded for each in batch)
        wanted = {(each.project_id, each.origin.actor_record) for each in envelopes}
        keys = [(project_id, digest) for project_id, digest in wanted if digest]
        found = await asyncio.gather(*(self._records.find(*key, ActorRecord) for key in keys))
        return dict(zip(keys, found, strict=True))


async def audited_digests(
    engine: AsyncEngine, stream_ids: Sequence[UUID]
) -> dict[UUID, dict[UUID, str]]:
    """By stream, and there by event id, the digest that each event had when the audit was written.

    Raises:
        ViewsUnavailableError: the view, or its database, is not there.
    """
    ids = [str(each) for each in stream_ids]
    statement = select(audit.c.entity_id, audit.c.event_id, audit.c.after_digest).where(
        audit.c.entity_id.in_(ids)
    )
    found: dict[UUID, dict[UUID, str]] = {}
    async with translated_errors(), engine.connect() as connection:
        for entity_id, audited_id, digest in await connection.execute(statement):
            found.setdefault(UUID(entity_id), {})[UUID(audited_id)] = str(digest)
    return found


def _row(stored: Stored, actors: dict[_Key, ActorRecord | None]) -> dict[str, object]:
    origin = stored.recorded.origin
    actor = (
        actors.get((stored.recorded.project_id, origin.actor_record))
        if origin.actor_record
        else None
    )
    return {
        "event_id": str(stored.recorded.event_id),
        "occurred_at": to_micros(stored.recorded.occurred_at),
        "project_id": stored.recorded.project_id,
        "actor": origin.actor,
        "is_by_service": origin.actor.startswith(_SERVICE),
        "actor_name": actor.display_name if actor else "",
        "source_address": actor.source_address if actor else "",
        "action": stored.recorded.type,
        "entity": stored.recorded.stream_type.value,
        "entity_id": str(stored.recorded.stream_id),
        "before_digest": stored.recorded.previous_digest,
        "after_digest": stored.digest,
    }


class AuditQueries:
    """The audit as the projection wrote it. It may lag behind the log."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def page(
        self, which: AuditFilter, *, before: AuditKey | None = None, limit: int = 100
    ) -> list[AuditRow]:
        """Every event of jobs and documents that the filter lets through, the newest first, behind
        `before`.

        Raises:
            RetryableError: the database cannot be reached.
        """
        statement = (
            select(audit)
            .where(_audited(which))
            .order_by(audit.c.occurred_at.desc(), audit.c.event_id.desc())
            .limit(limit)
        )
        if before is not None:
            key = (to_micros(before.occurred_at), before.entry_id)
            statement = statement.where(tuple_(audit.c.occurred_at, audit.c.event_id) < key)
        async with translated_errors(), self._engine.connect() as connection:
            return [_audit_row(row) for row in (await connection.execute(statement)).mappings()]


def _audited(which: AuditFilter) -> ColumnElement[bool]:
    terms: list[ColumnElement[bool]] = [true()]
    if which.project_ids is not None:
        terms.append(audit.c.project_id.in_(which.project_ids) if which.project_ids else false())
    for column, value in (
        (audit.c.actor, which.actor),
        (audit.c.action, which.action),
        (audit.c.entity_id, which.entity_id),
    ):
        if value is not None:
            terms.append(column == value)
    if which.is_by_service is not None:
        terms.append(audit.c.is_by_service.is_(which.is_by_service))
    if which.since is not None:
        terms.append(audit.c.occurred_at >= to_micros(which.since))
    if which.until is not None:
        terms.append(audit.c.occurred_at < to_micros(which.until))
    return and_(*terms)


def _audit_row(row: RowMapping) -> AuditRow:
    return AuditRow.model_validate(
        {
            **{name: row[name] for name in AuditRow.model_fields if name in row},
            "entry_id": row["event_id"],
            "occurred_at": from_micros(row["occurred_at"]),
        }
    )
