"""Units that come in together: staged bit by bit, then published wholly, or dropped wholly.

Nobody sees a staged unit. Staging can begin again where it ended: rows and the number of entries
that were read are written in one transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, exists, func, insert, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from dragoman_catalog import memory_tables as t
from dragoman_catalog.database import one, reading, values, writing
from dragoman_catalog.errors import MemoryBatchGoneError
from dragoman_catalog.memory_rows import entry_of, insert_new, next_seq, row_of, visible
from dragoman_catalog.memory_values import BatchKind, Memory, MemoryBatch
from dragoman_contracts.references import ObjectRef
from dragoman_memory import MemoryState, MemoryUnit

_B, _U = t.batches, t.units
_GONE = "What was staged of this import is gone; import the file again."


class MemoryBatches:
    """The batches of units of all memories."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def begin(
        self,
        batch_id: UUID,
        memory: Memory,
        kind: BatchKind,
        now: datetime,
        *,
        job_id: UUID | None = None,
        source: ObjectRef | None = None,
    ) -> MemoryBatch:
        """The batch as it is: begun now, or earlier by somebody who did not come to the end."""
        async with writing(self._engine) as connection:
            found = await _batch(connection, batch_id)
            if found is not None:
                return found
            batch = MemoryBatch(
                batch_id=batch_id,
                memory_id=memory.memory_id,
                project_id=memory.project_id,
                kind=kind,
                job_id=job_id,
                source=source,
                begun_at=now,
            )
            row = batch.model_dump() | {"source": source and source.model_dump(mode="json")}
            await connection.execute(insert(_B).values(**row))
        return batch

    async def find(self, batch_id: UUID) -> MemoryBatch | None:
        """The batch; None where there is none."""
        async with reading(self._engine) as connection:
            return await _batch(connection, batch_id)

    async def of_memory(self, memory_id: UUID, limit: int = 50) -> list[MemoryBatch]:
        """The batches of a memory, the newest first."""
        statement = select(_B).where(_B.c.memory_id == memory_id)
        statement = statement.order_by(_B.c.begun_at.desc(), _B.c.batch_id).limit(limit)
        async with reading(self._engine) as connection:
            return await values(connection, statement, MemoryBatch)

    async def waiting(self, kind: BatchKind) -> list[MemoryBatch]:
        """The batches of a kind that were neither published nor dropped, the oldest first."""
        statement = select(_B).where(
            _B.c.kind == str(kind), _B.c.published_at.is_(None), _B.c.dropped_at.is_(None)
        )
        async with reading(self._engine) as connection:
            return await values(connection, statement.order_by(_B.c.begun_at), MemoryBatch)

    async def stage(
        self, batch: MemoryBatch, units: Sequence[MemoryUnit], entry_count: int
    ) -> None:
        """Keep units of the batch, for which so many entries of its file were read in all.

        Raises:
            MemoryBatchGoneError: the batch was dropped, or removed with its memory.
        """
        is_review = batch.kind is BatchKind.REVIEW
        staged = [
            row_of(
                batch.memory_id,
                unit,
                batch.batch_id,
                entry_of(unit.unit_id, batch.batch_id),
                0,
                candidate=is_review or unit.state is MemoryState.CANDIDATE,
            )
            for unit in units
        ]
        async with writing(self._engine) as connection:
            changed = await connection.execute(
                update(_B)
                .where(
                    _B.c.batch_id == batch.batch_id,
                    _B.c.published_at.is_(None),
                    _B.c.dropped_at.is_(None),
                )
                .values(entry_count=entry_count)
            )
            if not changed.rowcount:
                raise MemoryBatchGoneError(_GONE)
            await insert_new(connection, staged)

    async def restart(self, batch: MemoryBatch) -> None:
        """Forget what was staged, to begin anew."""
        async with writing(self._engine) as connection:
            await connection.execute(
                delete(_U).where(_U.c.batch_id == batch.batch_id, _not_published(batch))
            )
            await connection.execute(
                update(_B)
                .where(_B.c.batch_id == batch.batch_id, _B.c.published_at.is_(None))
                .values(entry_count=0, dropped_at=None)
            )

    async def publish(
        self, batch: MemoryBatch, now: datetime, *, is_dry: bool = False
    ) -> MemoryBatch:
        """Let the batch count, in one moment: a unit takes the place of the one with its id; one
        that says the same, or the same with less trust, leaves it.

        A dry run counts the same, and drops the batch. Nothing to do where that was done.

        Raises:
            MemoryBatchGoneError: the batch was dropped, or removed with its memory.
        """
        async with writing(self._engine) as connection:
            seq = await next_seq(connection, batch.memory_id)
            found = await _batch(connection, batch.batch_id)
            if found is None or (found.dropped_at is not None and not is_dry):
                raise MemoryBatchGoneError(_GONE)
            if found.published_at is not None or found.dropped_at is not None:
                return found
            counts = await _merged(connection, found, seq, is_dry=is_dry)
            if is_dry:
                await connection.execute(delete(_U).where(_U.c.batch_id == batch.batch_id))
                ending = {"dropped_at": now}
            else:
                ending = {"published_at": now, "published_seq": seq}
            await connection.execute(
                update(_B).where(_B.c.batch_id == batch.batch_id).values(**counts, **ending)
            )
        return found.model_copy(update=counts | ending)

    async def drop(self, batch_id: UUID, now: datetime) -> None:
        """Give up a batch that was not published, with all that was staged."""
        async with writing(self._engine) as connection:
            dropped = await connection.execute(
                update(_B)
                .where(_B.c.batch_id == batch_id, _B.c.published_at.is_(None))
                .values(dropped_at=now)
            )
            if dropped.rowcount:
                await connection.execute(delete(_U).where(_U.c.batch_id == batch_id))

    async def forget(self, memory_id: UUID, now: datetime, age: timedelta) -> int:
        """Give up the imports of a memory that began so long ago and came to no end; their number."""
        statement = select(_B.c.batch_id).where(
            _B.c.memory_id == memory_id,
            _B.c.kind == str(BatchKind.IMPORT),
            _B.c.published_at.is_(None),
            _B.c.dropped_at.is_(None),
            _B.c.begun_at < now - age,
        )
        async with reading(self._engine) as connection:
            old = [row[0] for row in (await connection.execute(statement)).all()]
        for each in old:
            await self.drop(each, now)
        return len(old)


async def _batch(connection: AsyncConnection, batch_id: UUID) -> MemoryBatch | None:
    return await one(connection, select(_B).where(_B.c.batch_id == batch_id), MemoryBatch)


def _not_published(batch: MemoryBatch) -> ColumnElement[bool]:
    published = select(_B.c.batch_id).where(
        _B.c.batch_id == batch.batch_id, _B.c.published_at.is_not(None)
    )
    return _U.c.batch_id.not_in(published)


async def _merged(
    connection: AsyncConnection, batch: MemoryBatch, seq: int, *, is_dry: bool
) -> dict[str, Any]:
    """Take out of the batch what says nothing new, and out of the memory what it replaces."""
    mine = _U.c.batch_id == batch.batch_id
    live = _U.alias("live")
    is_live = (
        (live.c.memory_id == batch.memory_id)
        & (live.c.batch_id != batch.batch_id)
        & live.c.batch_id.not_in(
            select(_B.c.batch_id).where(
                _B.c.memory_id == batch.memory_id, _B.c.published_at.is_(None)
            )
        )
    )
    same_texts = (live.c.source_digest == _U.c.source_digest) & (
        live.c.target_digest == _U.c.target_digest
    )
    trusted = (
        live.c.state >= _U.c.state if batch.kind is BatchKind.REVIEW else live.c.state > _U.c.state
    )
    says_it = or_(live.c.content_digest == _U.c.content_digest, same_texts & trusted)
    unchanged = await connection.execute(
        delete(_U).where(mine, exists().where(is_live, live.c.unit_id == _U.c.unit_id, says_it))
    )
    ids = select(_U.c.unit_id).where(mine).scalar_subquery()
    # Not `is_live` with the alias: a DELETE names the table itself.
    replaced = visible(batch.memory_id) & (_U.c.batch_id != batch.batch_id) & _U.c.unit_id.in_(ids)
    changed = await connection.execute(select(func.count()).select_from(_U).where(replaced))
    count = await connection.execute(select(func.count()).select_from(_U).where(mine))
    changed_count, unit_count = int(changed.scalar_one()), int(count.scalar_one())
    if not is_dry and changed_count:
        columns = ["entry_id", "memory_id", "segment_id", "seq"]
        gone = select(_U.c.entry_id, _U.c.memory_id, _U.c.segment_id, literal(seq)).where(replaced)
        await connection.execute(insert(t.deletions).from_select(columns, gone))
        await connection.execute(delete(_U).where(replaced))
    return {
        "unit_count": unit_count,
        "changed_count": changed_count,
        "new_count": unit_count - changed_count,
        "unchanged_count": unchanged.rowcount,
    }
