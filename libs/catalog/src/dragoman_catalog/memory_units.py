"""The units of memories: listed, searched as a concordance is, edited, removed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, delete, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from dragoman_catalog import memory_tables as t
from dragoman_catalog.database import reading, rows, write_audit, writing
from dragoman_catalog.errors import EntryMissingError
from dragoman_catalog.memory_rows import (
    UNIT_COLUMNS,
    next_seq,
    note_deleted,
    row_of,
    saved_unit,
    searchable,
    visible,
)
from dragoman_catalog.memory_values import SavedUnit, UnitsQuery
from dragoman_catalog.values import Editor
from dragoman_contracts.identity import new_id
from dragoman_contracts.locale import Locale
from dragoman_contracts.model import Value
from dragoman_memory import MemoryState, MemoryUnit

_U, _M = t.units, t.memories
_PAGE = 1_000


class MemoryUnits:
    """The units that count, of all memories."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def list(
        self, memory_id: UUID, query: UnitsQuery, *, after: int = 0, limit: int = 100
    ) -> list[SavedUnit]:
        """Units of a memory in the order they came in, behind the row `after`."""
        statement = (
            select(*UNIT_COLUMNS)
            .where(visible(memory_id), _U.c.row_id > after, *_conditions(query))
            .order_by(_U.c.row_id)
            .limit(limit)
        )
        async with reading(self._engine) as connection:
            return [saved_unit(row) for row in await rows(connection, statement)]

    async def count(self, memory_id: UUID, query: UnitsQuery) -> int:
        """How many units the query finds."""
        statement = select(func.count()).select_from(_U)
        statement = statement.where(visible(memory_id), *_conditions(query))
        async with reading(self._engine) as connection:
            return int((await connection.execute(statement)).scalar_one())

    async def each(
        self, memory_id: UUID, source: Locale, target: Locale, state: MemoryState | None = None
    ) -> AsyncIterator[MemoryUnit]:
        """All units of a pair of locales, a page in memory at a time."""
        query = UnitsQuery(source_locale=source, target_locale=target, state=state)
        after = 0
        while found := await self.list(memory_id, query, after=after, limit=_PAGE):
            for saved in found:
                yield saved.unit
            after = found[-1].row_id

    async def find(self, memory_id: UUID, unit_id: UUID) -> SavedUnit | None:
        """The unit; None where the memory has none of this id."""
        statement = select(*UNIT_COLUMNS).where(visible(memory_id), _U.c.unit_id == unit_id)
        async with reading(self._engine) as connection:
            found = await rows(connection, statement)
        return saved_unit(found[0]) if found else None

    async def candidates(
        self,
        homes: Collection[UUID] | None,
        memory_id: UUID | None = None,
        *,
        after: int = 0,
        limit: int = 100,
    ) -> list[SavedUnit]:
        """The units that wait for an admin's word, of the memories with these homes, or of all; or
        of one memory alone.
        """
        memories = select(_M.c.memory_id)
        if homes is not None:
            memories = memories.where(_M.c.project_id.in_(homes))
        if memory_id is not None:
            memories = memories.where(_M.c.memory_id == memory_id)
        statement = (
            select(*UNIT_COLUMNS)
            .where(
                _U.c.is_candidate,
                _U.c.row_id > after,
                _U.c.memory_id.in_(memories),
                visible(),
            )
            .order_by(_U.c.row_id)
            .limit(limit)
        )
        async with reading(self._engine) as connection:
            return [saved_unit(row) for row in await rows(connection, statement)]

    async def candidate(self, unit_id: UUID) -> SavedUnit | None:
        """The candidate of this id, of whichever memory."""
        statement = select(*UNIT_COLUMNS).where(
            _U.c.unit_id == unit_id, _U.c.is_candidate, visible()
        )
        async with reading(self._engine) as connection:
            found = await rows(connection, statement.limit(1))
        return saved_unit(found[0]) if found else None

    async def save(
        self,
        editor: Editor,
        now: datetime,
        memory_id: UUID,
        units: Sequence[MemoryUnit],
        *,
        action: str = "unit_edited",
        project_id: UUID | None = None,
    ) -> int:
        """Put units in the place of those with their ids; the number of those that were there. A
        unit that is saved is no candidate any more, unless that is its state.
        """
        if not units:
            return 0
        async with writing(self._engine) as connection:
            seq = await next_seq(connection, memory_id)
            found = await _found(connection, memory_id, [unit.unit_id for unit in units])
            there = [unit for unit in units if unit.unit_id in found]
            await note_deleted(
                connection,
                memory_id,
                [(found[u.unit_id]["entry_id"], found[u.unit_id]["segment_id"]) for u in there],
                seq,
            )
            for unit in there:
                old = found[unit.unit_id]
                is_candidate = unit.state is MemoryState.CANDIDATE
                row = row_of(
                    memory_id, unit, old["batch_id"], new_id(), seq, candidate=is_candidate
                )
                await connection.execute(
                    update(_U).where(_U.c.row_id == old["row_id"]).values(**row)
                )
                await _audited(connection, editor, now, action, project_id, old, unit)
        return len(there)

    async def remove(
        self,
        editor: Editor,
        now: datetime,
        memory_id: UUID,
        unit_ids: Sequence[UUID],
        *,
        action: str = "unit_removed",
        project_id: UUID | None = None,
    ) -> int:
        """Remove units; the number of those that were there."""
        async with writing(self._engine) as connection:
            seq = await next_seq(connection, memory_id)
            found = await _found(connection, memory_id, unit_ids)
            gone = [(row["entry_id"], row["segment_id"]) for row in found.values()]
            await note_deleted(connection, memory_id, gone, seq)
            ids = [row["row_id"] for row in found.values()]
            for start in range(0, len(ids), 500):
                await connection.execute(
                    delete(_U).where(_U.c.row_id.in_(ids[start : start + 500]))
                )
            for row in found.values():
                await _audited(connection, editor, now, action, project_id, row, None)
        return len(found)

    async def require(self, memory_id: UUID, unit_id: UUID) -> SavedUnit:
        """The unit.

        Raises:
            EntryMissingError: the memory has no such unit.
        """
        found = await self.find(memory_id, unit_id)
        if found is None:
            raise EntryMissingError(f"The memory has no unit {unit_id}; it may have been removed.")
        return found


async def _found(
    connection: AsyncConnection, memory_id: UUID, unit_ids: Sequence[UUID]
) -> dict[UUID, Mapping[str, Any]]:
    columns = (*UNIT_COLUMNS, _U.c.unit_id, _U.c.batch_id, _U.c.entry_id)
    found: dict[UUID, Mapping[str, Any]] = {}
    for start in range(0, len(unit_ids), 500):
        some = unit_ids[start : start + 500]
        statement = select(*columns).where(visible(memory_id), _U.c.unit_id.in_(some))
        for row in await rows(connection, statement):
            found[UUID(str(row["unit_id"]))] = row
    return found


def _conditions(query: UnitsQuery) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    for column, wanted in (
        (_U.c.source_locale, query.source_locale),
        (_U.c.target_locale, query.target_locale),
    ):
        if wanted is not None:
            found.append(column == str(wanted))
    if query.text:
        text = searchable(query.text)
        found.append(_has(_U.c.source_text, text) | _has(_U.c.target_text, text))
    if query.source:
        found.append(_has(_U.c.source_text, searchable(query.source)))
    if query.target:
        found.append(_has(_U.c.target_text, searchable(query.target)))
    if query.state is not None:
        found.append(_U.c.state == query.state.rank)
    if query.origin:
        found.append(_U.c.origin == query.origin)
    if query.older_than is not None:
        found.append(_U.c.dated_at < query.older_than)
    if query.is_candidate is not None:
        found.append(_U.c.is_candidate.is_(query.is_candidate))
    if query.is_conflict:
        found.append(_others(is_same_target=False))
    if query.is_duplicate:
        found.append(_others(is_same_target=True))
    return found


def _has(column: ColumnElement[str], text: str) -> ColumnElement[bool]:
    return column.contains(text, autoescape=True)


def _others(*, is_same_target: bool) -> ColumnElement[bool]:
    """Whether another unit of the pair has the same source, with the same target or another."""
    other = _U.alias("other")
    same = other.c.target_digest == _U.c.target_digest
    held = select(t.batches.c.batch_id).where(t.batches.c.published_at.is_(None))
    inner: Select[Any] = select(other.c.row_id).where(
        other.c.memory_id == _U.c.memory_id,
        other.c.source_digest == _U.c.source_digest,
        other.c.source_locale == _U.c.source_locale,
        other.c.target_locale == _U.c.target_locale,
        other.c.row_id != _U.c.row_id,
        same if is_same_target else ~same,
        other.c.batch_id.not_in(held),
    )
    return exists(inner.correlate(_U))


class _Said(Value):
    """The part of a unit that an audit row's digest is made of."""

    record: str


async def _audited(
    connection: AsyncConnection,
    editor: Editor,
    now: datetime,
    action: str,
    project_id: UUID | None,
    before: Mapping[str, Any],
    after: MemoryUnit | None,
) -> None:
    await write_audit(
        connection,
        editor,
        now,
        action=f"memory.{action}",
        entity_id=str(before["unit_id"]),
        project_id=project_id,
        before=_Said(record=str(before["record"])),
        after=after and _Said(record=after.model_dump_json(exclude_defaults=True)),
    )
