"""Memory units as rows, and the conditions that all queries of them share."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import ColumnElement, Table, and_, insert, not_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from dragoman_catalog import memory_tables as t
from dragoman_catalog.errors import EntryMissingError
from dragoman_catalog.memory_values import SavedUnit
from dragoman_contracts.model import from_json
from dragoman_contracts.text import plain_text
from dragoman_memory import MemoryUnit, exact_digest
from dragoman_memory.unit import text_digest

_U, _B, _M = t.units, t.batches, t.memories
UNIT_COLUMNS = (_U.c.row_id, _U.c.memory_id, _U.c.is_candidate, _U.c.segment_id, _U.c.record)


def row_of(
    memory_id: UUID, unit: MemoryUnit, batch_id: UUID, entry_id: UUID, seq: int, *, candidate: bool
) -> dict[str, Any]:
    """The row of a unit."""
    record = unit.model_dump_json(exclude_defaults=True)
    # The same file that is imported again says nothing new.
    said = unit.model_copy(update={"origin": ""}).model_dump_json(exclude_defaults=True)
    return {
        "memory_id": memory_id,
        "batch_id": batch_id,
        "unit_id": unit.unit_id,
        "entry_id": entry_id,
        "seq": seq,
        "segment_id": None,
        "source_locale": str(unit.source_locale),
        "target_locale": str(unit.target_locale),
        "state": unit.state.rank,
        "is_candidate": candidate,
        "source_text": searchable(plain_text(unit.source)),
        "target_text": searchable(plain_text(unit.target)),
        "source_digest": signed(exact_digest(unit.source)),
        "target_digest": signed(exact_digest(unit.target)),
        "content_digest": signed(text_digest(said)),
        "origin": unit.origin[:200],
        "dated_at": unit.changed_at or unit.created_at,
        "record": record,
    }


def entry_of(unit_id: UUID, batch_id: UUID) -> UUID:
    """The id that a unit of a batch has in segments."""
    return uuid5(unit_id, batch_id.hex)


def searchable(text: str) -> str:
    """The text as it is looked for: composed, and without case. PostgreSQL keeps no NUL."""
    return unicodedata.normalize("NFC", text).casefold().replace("\x00", "")


def signed(digest: int) -> int:
    """A digest as the databases keep 64 bits."""
    return digest - 2**64 if digest >= 2**63 else digest


def visible(memory_id: UUID | None = None, until: int | None = None) -> ColumnElement[bool]:
    """Whether a unit counts: its batch was published, and not behind `until` where it is given."""
    held = _B.c.published_at.is_(None)
    if until is not None:
        held |= _B.c.published_seq > until
    hidden = select(_B.c.batch_id).where(held)
    if memory_id is None:
        return not_(_U.c.batch_id.in_(hidden))
    hidden = hidden.where(_B.c.memory_id == memory_id)
    return and_(_U.c.memory_id == memory_id, not_(_U.c.batch_id.in_(hidden)))


def saved_unit(row: Mapping[str, Any]) -> SavedUnit:
    """A row of `UNIT_COLUMNS` as a value."""
    return SavedUnit(
        row_id=row["row_id"],
        memory_id=row["memory_id"],
        unit=from_json(MemoryUnit, str(row["record"]).encode()),
        is_candidate=row["is_candidate"],
        is_indexed=row["segment_id"] is not None,
    )


async def insert_new(connection: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows of units; those whose unit the batch has already are left out."""
    if rows:
        await connection.execute(
            _ignoring(connection, _U, ["memory_id", "unit_id", "batch_id"]), list(rows)
        )


async def note_deleted(
    connection: AsyncConnection,
    memory_id: UUID,
    entries: Iterable[tuple[UUID, UUID | None]],
    seq: int,
) -> None:
    """Note that entries of segments (or of one that is being built now) count no more."""
    rows = [
        {"entry_id": entry, "memory_id": memory_id, "segment_id": segment, "seq": seq}
        for entry, segment in entries
    ]
    if rows:
        await connection.execute(insert(t.deletions), rows)


async def next_seq(connection: AsyncConnection, memory_id: UUID) -> int:
    """The memory's next `seq`. Until the transaction ends nobody else changes its units.

    Raises:
        EntryMissingError: there is no such memory.
    """
    one = _M.c.memory_id == memory_id
    changed = await connection.execute(update(_M).where(one).values(seq=_M.c.seq + 1))
    if not changed.rowcount:
        raise EntryMissingError(f"There is no memory {memory_id}; it may have been removed.")
    return int((await connection.execute(select(_M.c.seq).where(one))).scalar_one())


def _ignoring(connection: AsyncConnection, table: Table, columns: list[str]) -> Any:
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table).on_conflict_do_nothing(index_elements=columns)
    return postgresql.insert(table).on_conflict_do_nothing(index_elements=columns)
