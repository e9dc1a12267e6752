"""Segments of memories being built: which units go into the next one, and its publication.

A build reads units in pages while others edit them. An edit takes a `seq` behind the build's, so it
is no part of it; the entry it replaced is noted as deleted, and stays so in the new segment.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from dragoman_catalog import memory_tables as t
from dragoman_catalog.database import one, reading, rows, values, writing
from dragoman_catalog.errors import EntryMissingError, SegmentsChangedError
from dragoman_catalog.memory_rows import UNIT_COLUMNS, saved_unit, visible
from dragoman_catalog.memory_values import BuildPlan, Memory, SavedSegment
from dragoman_contracts.locale import Locale
from dragoman_memory import MemoryUnit

_U, _S, _D, _M = t.units, t.segments, t.deletions, t.memories

Sizes = Sequence[tuple[UUID, int, int]]
"""The segments of a pair: id, units, and how many of these were deleted since."""

Choice = Callable[[int, Sizes], tuple[UUID, ...] | None]
"""Says which segments a new one replaces, given how many units are new; None: nothing is built."""


class MemorySegments:
    """The segments of memories, and those to be built."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def of_memory(self, memory_id: UUID) -> list[SavedSegment]:
        """The segments of a memory, the oldest first."""
        statement = select(_S).where(_S.c.memory_id == memory_id)
        async with reading(self._engine) as connection:
            return await values(
                connection, statement.order_by(_S.c.built_at, _S.c.segment_id), SavedSegment
            )

    async def find(self, segment_id: UUID) -> SavedSegment | None:
        """The segment; None where there is none."""
        async with reading(self._engine) as connection:
            return await one(
                connection, select(_S).where(_S.c.segment_id == segment_id), SavedSegment
            )

    async def next_build(self, memory_id: UUID, choice: Choice) -> BuildPlan | None:
        """The next segment to be built; None where there is nothing to do.

        Raises:
            EntryMissingError: there is no such memory.
        """
        async with reading(self._engine) as connection:
            memory = await one(connection, select(_M).where(_M.c.memory_id == memory_id), Memory)
            if memory is None:
                raise EntryMissingError(f"There is no memory {memory_id}.")
            fresh = await _fresh(connection, memory)
            sizes = await _sizes(connection, memory_id)
        for pair in sorted(fresh.keys() | sizes.keys()):
            replaced = choice(fresh.get(pair, 0), sizes.get(pair, []))
            if replaced is not None:
                return BuildPlan(
                    memory=memory,
                    source_locale=Locale(pair[0]),
                    target_locale=Locale(pair[1]),
                    replaced=replaced,
                    fresh_count=fresh.get(pair, 0),
                    seq=memory.seq,
                    segments_seq=memory.segments_seq,
                )
        return None

    async def units(
        self, plan: BuildPlan, after: int, limit: int
    ) -> list[tuple[int, UUID, MemoryUnit]]:
        """Units of the build behind the row `after`: row, entry's id, unit."""
        statement = (
            select(*UNIT_COLUMNS, _U.c.entry_id)
            .where(_of_build(plan), _U.c.row_id > after)
            .order_by(_U.c.row_id)
            .limit(limit)
        )
        async with reading(self._engine) as connection:
            found: Sequence[Any] = await rows(connection, statement)
        return [(row["row_id"], row["entry_id"], saved_unit(row).unit) for row in found]

    async def publish(
        self, plan: BuildPlan, segment: SavedSegment | None, last_row: int, now: datetime
    ) -> None:
        """Put the segment, of the build's units up to `last_row`, in the place of those that it
        replaces; None where these had no unit left.

        Raises:
            SegmentsChangedError: somebody else did so first.
        """
        memory_id = plan.memory.memory_id
        async with writing(self._engine) as connection:
            turn = await connection.execute(
                update(_M)
                .where(_M.c.memory_id == memory_id, _M.c.segments_seq == plan.segments_seq)
                .values(segments_seq=plan.segments_seq + 1)
            )
            if not turn.rowcount:
                raise SegmentsChangedError("The memory's segments changed; build anew.")
            new_id = segment.segment_id if segment else None
            await connection.execute(
                update(_U).where(_of_build(plan), _U.c.row_id <= last_row).values(segment_id=new_id)
            )
            mine = (_D.c.memory_id == memory_id) & (
                _D.c.segment_id.is_(None) | _D.c.segment_id.in_(plan.replaced)
            )
            await connection.execute(delete(_D).where(mine, _D.c.seq <= plan.seq))
            if new_id is not None:
                await connection.execute(update(_D).where(mine).values(segment_id=new_id))
            await connection.execute(delete(_S).where(_S.c.segment_id.in_(plan.replaced)))
            if segment is not None:
                refs = {
                    "index_object": segment.index_object.model_dump(mode="json"),
                    "units_object": segment.units_object.model_dump(mode="json"),
                }
                await connection.execute(
                    insert(_S).values(
                        **(segment.model_dump() | refs),
                    )
                )


def _of_build(plan: BuildPlan) -> ColumnElement[bool]:
    in_one = _U.c.segment_id.is_(None) | _U.c.segment_id.in_(plan.replaced)
    return (
        visible(plan.memory.memory_id, plan.seq)
        & (_U.c.source_locale == str(plan.source_locale))
        & (_U.c.target_locale == str(plan.target_locale))
        & (_U.c.seq <= plan.seq)
        & in_one
    )


async def _fresh(connection: AsyncConnection, memory: Memory) -> dict[tuple[str, str], int]:
    pair = (_U.c.source_locale, _U.c.target_locale)
    statement = (
        select(*pair, func.count().label("units"))
        .where(
            visible(memory.memory_id, memory.seq),
            _U.c.segment_id.is_(None),
            _U.c.seq <= memory.seq,
        )
        .group_by(*pair)
    )
    found = (await connection.execute(statement)).all()
    return {(str(row[0]), str(row[1])): int(row[2]) for row in found}


async def _sizes(
    connection: AsyncConnection, memory_id: UUID
) -> dict[tuple[str, str], list[tuple[UUID, int, int]]]:
    gone = (
        select(_D.c.segment_id, func.count().label("gone"))
        .where(_D.c.memory_id == memory_id)
        .group_by(_D.c.segment_id)
    )
    deleted = {row[0]: int(row[1]) for row in (await connection.execute(gone)).all()}
    found: dict[tuple[str, str], list[tuple[UUID, int, int]]] = {}
    for row in (
        await connection.execute(
            select(_S).where(_S.c.memory_id == memory_id).order_by(_S.c.built_at, _S.c.segment_id)
        )
    ).mappings():
        one_of = (row["segment_id"], int(row["unit_count"]), deleted.get(row["segment_id"], 0))
        found.setdefault((row["source_locale"], row["target_locale"]), []).append(one_of)
    return found
