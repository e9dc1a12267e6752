"""Translation memories: entered, edited, removed; what each has, and what a job pins of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import case, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from dragoman_catalog import memory_tables as t
from dragoman_catalog.database import (
    one,
    reading,
    require_one,
    require_version,
    rows,
    values,
    write_audit,
    writing,
)
from dragoman_catalog.errors import CatalogUnavailableError, EntryMissingError
from dragoman_catalog.memory_rows import visible
from dragoman_catalog.memory_values import Memory, PairCount, PinnedSegments, SavedSegment
from dragoman_catalog.values import Editor
from dragoman_contracts.identity import new_id
from dragoman_contracts.locale import Locale

_M, _U = t.memories, t.units
_TURNS = 5


class Memories:
    """The memories of projects and of the installation."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def all(self, homes: Collection[UUID] | None = None) -> list[Memory]:
        """The memories whose home is one of these, or all, by name."""
        statement = select(_M).order_by(_M.c.name, _M.c.memory_id)
        if homes is not None:
            statement = statement.where(_M.c.project_id.in_(homes))
        async with reading(self._engine) as connection:
            return await values(connection, statement, Memory)

    async def find(self, memory_id: UUID) -> Memory | None:
        """The memory; None where there is none."""
        async with reading(self._engine) as connection:
            return await _memory(connection, memory_id)

    async def create(
        self, editor: Editor, now: datetime, home: UUID, name: str, description: str = ""
    ) -> Memory:
        """Enter a memory.

        Raises:
            EntryExistsError: its home has one of this name.
        """
        memory = Memory(
            memory_id=new_id(),
            project_id=home,
            name=name,
            description=description,
            version=1,
            created_at=now,
            created_by=editor.actor,
        )
        async with writing(self._engine) as connection:
            await connection.execute(insert(_M).values(**memory.model_dump()))
            await _audited(connection, editor, now, "created", None, memory)
        return memory

    async def edit(
        self,
        editor: Editor,
        now: datetime,
        memory_id: UUID,
        *,
        version: int,
        name: str | None = None,
        description: str | None = None,
    ) -> Memory:
        """Give a memory another name or description.

        Raises:
            EntryMissingError: there is no such memory.
            StaleEditError: it was edited since `version`.
            EntryExistsError: its home has one of this name.
        """
        async with writing(self._engine) as connection:
            before = await _required(connection, memory_id)
            require_version(before.version, version)
            said = {"name": name, "description": description, "version": version + 1}
            changed = {key: value for key, value in said.items() if value is not None}
            done = await connection.execute(
                update(_M)
                .where(_M.c.memory_id == memory_id, _M.c.version == version)
                .values(**changed)
            )
            require_one(done.rowcount)
            after = before.model_copy(update=changed)
            await _audited(connection, editor, now, "edited", before, after)
        return after

    async def remove(self, editor: Editor, now: datetime, memory_id: UUID, version: int) -> None:
        """Remove a memory with all its units. Jobs that pinned it keep what they pinned.

        Raises:
            EntryMissingError, StaleEditError: as `edit`.
        """
        async with writing(self._engine) as connection:
            before = await _required(connection, memory_id)
            require_version(before.version, version)
            for table in (t.units, t.deletions, t.segments, t.batches, t.memories):
                await connection.execute(delete(table).where(table.c.memory_id == memory_id))
            await _audited(connection, editor, now, "removed", before, None)

    async def set_index_job(self, memory_id: UUID, job_id: UUID) -> None:
        """Remember the job that builds the memory's segments."""
        async with writing(self._engine) as connection:
            await connection.execute(
                update(_M).where(_M.c.memory_id == memory_id).values(index_job_id=job_id)
            )

    async def counts(self, memory_ids: Sequence[UUID]) -> dict[UUID, list[PairCount]]:
        """How many units the memories have in each pair of locales."""
        pair = (_U.c.memory_id, _U.c.source_locale, _U.c.target_locale)
        indexed = func.sum(case((_U.c.segment_id.is_(None), 0), else_=1))
        statement = (
            select(*pair, func.count().label("units"), indexed.label("indexed"))
            .where(_U.c.memory_id.in_(memory_ids), visible())
            .group_by(*pair)
            .order_by(*pair)
        )
        found: dict[UUID, list[PairCount]] = {each: [] for each in memory_ids}
        async with reading(self._engine) as connection:
            for row in (await connection.execute(statement)).mappings():
                found[row["memory_id"]].append(
                    PairCount(
                        source_locale=Locale(row["source_locale"]),
                        target_locale=Locale(row["target_locale"]),
                        unit_count=row["units"],
                        indexed_count=row["indexed"],
                    )
                )
        return found

    async def is_behind(self, memory_id: UUID) -> bool:
        """Whether the memory has units that no segment holds."""
        statement = select(_U.c.row_id).where(visible(memory_id), _U.c.segment_id.is_(None))
        async with reading(self._engine) as connection:
            return (await connection.execute(statement.limit(1))).first() is not None

    async def pinned(self, memory_id: UUID, source: Locale, target: Locale) -> PinnedSegments:
        """The segments of a pair of languages as they are now, with what was deleted of them.

        Raises:
            CatalogUnavailableError: they change faster than they can be read.
        """
        for _ in range(_TURNS):
            async with reading(self._engine) as connection:
                before = await _segments_seq(connection, memory_id)
                found = await values(connection, _segments_of(memory_id), SavedSegment)
                segments = [
                    each
                    for each in found
                    if each.source_locale.language == source.language
                    and each.target_locale.language == target.language
                ]
                ids = [each.segment_id for each in segments]
                gone = select(t.deletions.c.entry_id).where(t.deletions.c.segment_id.in_(ids))
                deleted = [row[0] for row in (await connection.execute(gone)).all()]
                # On PostgreSQL each statement sees its own moment.
                if before == await _segments_seq(connection, memory_id):
                    return PinnedSegments(segments=tuple(segments), deleted=tuple(sorted(deleted)))
        raise CatalogUnavailableError("The memory's segments change right now; ask again.")


async def _memory(connection: AsyncConnection, memory_id: UUID) -> Memory | None:
    return await one(connection, select(_M).where(_M.c.memory_id == memory_id), Memory)


async def _required(connection: AsyncConnection, memory_id: UUID) -> Memory:
    found = await _memory(connection, memory_id)
    if found is None:
        raise EntryMissingError(f"There is no memory {memory_id}.")
    return found


async def _segments_seq(connection: AsyncConnection, memory_id: UUID) -> Any:
    found = await rows(connection, select(_M.c.segments_seq).where(_M.c.memory_id == memory_id))
    return [row["segments_seq"] for row in found]


def _segments_of(memory_id: UUID) -> Any:
    table = t.segments
    return (
        select(table)
        .where(table.c.memory_id == memory_id)
        .order_by(table.c.built_at, table.c.segment_id)
    )


async def _audited(
    connection: AsyncConnection,
    editor: Editor,
    now: datetime,
    what: str,
    before: Memory | None,
    after: Memory | None,
) -> None:
    memory = after or before
    if memory is None:
        return
    await write_audit(
        connection,
        editor,
        now,
        action=f"memory.{what}",
        entity_id=str(memory.memory_id),
        project_id=None if memory.is_shared else memory.project_id,
        before=before,
        after=after,
    )
