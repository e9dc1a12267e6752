"""Rebuilding a projection beside the live one, by whole streams, to compare or to take its place.

The tables that are built have names of their own. The projectors go on with the live tables until,
in one transaction that holds the row of the position, the last events are added and the tables
change names (ADR 0012). So a reader sees the old rows or the new rows, and a projector goes on
behind the position that it finds.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence, Set
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Protocol
from uuid import UUID

from sqlalchemy import JSON, Column, MetaData, Table, delete, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.schema import CreateIndex, DropTable
from sqlalchemy.sql.elements import quoted_name

from dragoman_contracts.errors import ConflictError, RetryableError
from dragoman_runtime.eventstore import Stored
from dragoman_runtime.eventstore.archive import Archive, Span, sound_streams, whole_streams
from dragoman_runtime.projection import (
    SCHEMA_LOCK,
    Log,
    Projection,
    ViewsUnavailableError,
    create_positions,
    execute,
    key_of,
    positions,
    rebuilds,
    translated_errors,
)
from dragoman_runtime.table_differences import Comparison, compare_tables

_REPLAY_LOCK = 0x7265706C6179  # "replay"
_PLACES = 4000
_BATCH = 500
_SWAP_TRIES = 30
_LOCK_TIMEOUT_MS = 2000
_STREAM = "job_id"  # the column by which rows of incomplete streams are found
_TRIES_AGAIN = frozenset({"55P03", "40P01"})  # lock_not_available, deadlock_detected
_PAUSE_S = 0.2

Row = Mapping[str, object]


class ReplayRunningError(ConflictError):
    """Another process replays into the same database."""

    default_code = "replay.running"


class ReplayLostError(RetryableError):
    """The tables that were built are gone, or readers held the live tables at every try to swap."""

    default_code = "replay.lost"


class StreamReader(Protocol):
    """A reader of whole streams that makes rows of them."""

    @property
    def name(self) -> str:
        """The projection's name."""
        ...

    def cost(self, stored: Stored) -> int:
        """The number of places in memory that this event takes; 1 unless it makes many rows."""
        ...

    @property
    def incomplete(self) -> Set[UUID]:
        """The streams of the last `rows_of` that lack values they once had, because objects of
        theirs were erased.
        """
        ...

    @property
    def unfoldable(self) -> Set[UUID]:
        """The streams of the last `rows_of` whose events make no sense together."""
        ...

    async def rows_of(
        self, streams: Sequence[Sequence[Stored]], damaged: Set[UUID] = frozenset()
    ) -> Sequence[tuple[Table, Sequence[Row]]]:
        """The rows that these streams leave in the tables.

        Each stream is whole, up to the end of the span, or to the first damaged event.
        """
        ...


class StreamProjection(StreamReader, Projection, Protocol):
    """A projection that can also be made stream by stream, each row once."""


@dataclass
class Filled:
    """The numbers of events read and of each reader's rows, the streams that lack erased values, and
    those passed over from a damaged event on, with its version (0: not known which).
    """

    events: int = 0
    damaged: dict[UUID, int] = field(default_factory=dict[UUID, int])
    incomplete: dict[str, set[UUID]] = field(default_factory=dict[str, set[UUID]])
    rows: Counter[str] = field(default_factory=Counter[str])

    def add(self, other: Filled) -> None:
        """Add the counts of another span."""
        self.events += other.events
        self.rows += other.rows
        self.damaged |= other.damaged
        for name, streams in other.incomplete.items():
            self.incomplete.setdefault(name, set()).update(streams)


def beside(metadata: MetaData, suffix: str) -> MetaData:
    """The same tables under names with this suffix; without one, the tables themselves."""
    if not suffix:
        return metadata
    copied = MetaData()
    for table in metadata.sorted_tables:
        copy = table.to_metadata(copied, name=f"{table.name}{suffix}")
        for index in copy.indexes:
            index.name = quoted_name(f"{index.name}{suffix}", quote=None)
    return copied


@asynccontextmanager
async def replaying_alone(engine: AsyncEngine) -> AsyncGenerator[None]:
    """Be the only process that rebuilds views in this database, for the block.

    The lock belongs to a session of PostgreSQL, or to an open file beside SQLite's; it ends with a
    process that dies.

    Raises:
        ReplayRunningError: another process has the lock.
    """
    refused = ReplayRunningError(
        "Another replay is at work on these views. Wait until it has ended."
    )
    if engine.dialect.name == "postgresql":
        async with translated_errors(), engine.connect() as connection:
            autocommit = await connection.execution_options(isolation_level="AUTOCOMMIT")
            tried = await autocommit.execute(
                text("SELECT pg_try_advisory_lock(:key)"), {"key": _REPLAY_LOCK}
            )
            if not tried.scalar_one():
                raise refused
            try:
                yield
            finally:
                await autocommit.execute(
                    text("SELECT pg_advisory_unlock(:key)"), {"key": _REPLAY_LOCK}
                )
        return
    file = os.open(f"{engine.url.database}.replay", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise refused from error
        yield
    finally:
        os.close(file)


async def begin(engine: AsyncEngine) -> int:
    """Drop the tables that earlier replays left unfinished, and give this replay a number that no
    other has.

    Call it within `replaying_alone`.
    """
    async with translated_errors(), _writing(engine).begin() as connection:
        if connection.dialect.name == "postgresql":
            await connection.execute(
                text("SELECT pg_advisory_xact_lock(:key)"), {"key": SCHEMA_LOCK}
            )
        await create_positions(connection)
        for row in await connection.execute(select(rebuilds.c.tables).where(~rebuilds.c.is_live)):
            await _drop(connection, str(row[0]).split(","))
        await connection.execute(delete(rebuilds).where(~rebuilds.c.is_live))
        newest = await connection.execute(select(func.coalesce(func.max(rebuilds.c.generation), 0)))
        return int(newest.scalar_one()) + 1


async def fill(
    archive: Archive,
    span: Span,
    readers: Sequence[StreamReader],
    engine: AsyncEngine,
    told: Callable[[int], None],
    *,
    page: int = 4000,
) -> Filled:
    """Write the rows of a span's streams into the tables of these readers.

    `told` is called with the number of events of each page.
    """
    filled = Filled()
    async for streams in whole_streams(archive, span, limit=page):
        stored = sound_streams(streams, filled.damaged)
        for reader in readers:
            for group in _groups(reader, stored):
                for table, rows in await reader.rows_of(group, filled.damaged.keys()):
                    await _copy(engine, table, rows)
                    filled.rows[reader.name] += len(rows)
                filled.incomplete.setdefault(reader.name, set()).update(reader.incomplete)
                filled.damaged = {**dict.fromkeys(reader.unfoldable, 0), **filled.damaged}
        count = sum(map(len, streams))
        filled.events += count
        told(count)
    return filled


def _groups(
    reader: StreamReader, streams: Sequence[Sequence[Stored]]
) -> Iterator[Sequence[Sequence[Stored]]]:
    """The streams in groups, each no larger than memory should hold the rows of."""
    group: list[Sequence[Stored]] = []
    places = 0
    for stream in streams:
        group.append(stream)
        places += sum(reader.cost(each) for each in stream)
        if places >= _PLACES:
            yield group
            group, places = [], 0
    if group:
        yield group


class Rebuild:
    """One projection's tables, built beside the live ones."""

    def __init__(
        self, log: Log, engine: AsyncEngine, projection: StreamProjection, generation: int
    ) -> None:
        """`projection` writes into tables whose names end with the `suffix_of` this generation."""
        self.projection: Final = projection
        self.position = 0
        self._log = log
        self._engine = engine
        self._generation = generation
        suffix = suffix_of(generation)
        self._tables = {
            table.name.removesuffix(suffix): table for table in projection.metadata.sorted_tables
        }
        self._mine = (
            (rebuilds.c.name == projection.name)
            & (rebuilds.c.version == projection.version)
            & (rebuilds.c.generation == generation)
        )

    async def create(self) -> None:
        """Make the tables, without indexes where those can be made at the end."""
        values = {
            "name": self.projection.name,
            "version": self.projection.version,
            "generation": self._generation,
        }
        names = ",".join(table.name for table in self._tables.values())
        async with translated_errors(), _writing(self._engine).begin() as connection:
            await connection.execute(insert(rebuilds).values(**values, tables=names, is_live=False))
            await connection.run_sync(self.projection.metadata.create_all)
            for table in self._tables.values():
                for index in table.indexes:
                    await connection.execute(text(f'DROP INDEX "{index.name}"'))
                # SQLite cannot drop the primary key of a table, nor add one later.
                if connection.dialect.name == "postgresql":
                    await connection.execute(
                        text(f'ALTER TABLE "{table.name}" DROP CONSTRAINT "{table.name}_pkey"')
                    )

    async def finish(self, position: int) -> None:
        """Make the indexes, once the tables hold all events up to this position."""
        async with translated_errors(), _writing(self._engine).begin() as connection:
            for table in self._tables.values():
                if connection.dialect.name == "postgresql":
                    key = ", ".join(f'"{column.name}"' for column in table.primary_key)
                    await connection.execute(
                        text(f'ALTER TABLE "{table.name}" ADD PRIMARY KEY ({key})')
                    )
                for index in sorted(table.indexes, key=lambda each: str(each.name)):
                    await connection.execute(CreateIndex(index))
                # Without statistics the planner takes the new table for almost empty, until
                # autovacuum has seen it.
                if connection.dialect.name == "postgresql":
                    await connection.execute(text(f'ANALYZE "{table.name}"'))
        self.position = position

    async def catch_up(self) -> int:
        """Add the events that came into the log meanwhile. Gives their number."""
        total = 0
        while count := await self._step(None):
            total += count
        return total

    async def swap(self) -> None:
        """Put the tables in the place of the live ones, at the same position or a later one.

        Raises:
            ReplayLostError: another replay dropped the tables, or readers never let go of the old
                ones.
        """
        for _ in range(_SWAP_TRIES):
            await self.catch_up()
            try:
                async with translated_errors(), _writing(self._engine).begin() as connection:
                    await self._swap_in(connection)
                    return
            except DBAPIError as error:
                if getattr(error.orig, "sqlstate", None) not in _TRIES_AGAIN:
                    raise
            await asyncio.sleep(_PAUSE_S)
        raise ReplayLostError(
            f"Long queries hold the {self.projection.name} view. Try again when they have ended."
        )

    async def compare(
        self,
        *,
        show: int = 10,
        incomplete: Set[UUID] = frozenset(),
        damaged: Set[UUID] = frozenset(),
    ) -> Comparison:
        """Compare with the live rows, both at one position; not those of `damaged` streams.

        Rows of `incomplete` streams may differ.

        Raises:
            ViewsUnavailableError: the live view has no tables, or always went past the position of
                the rebuilt ones.
        """
        for _ in range(_SWAP_TRIES):
            async with translated_errors(), _writing(self._engine).begin() as connection:
                live = await self._live_position(connection)
                while (
                    live is not None
                    and self.position < live
                    and await self._step(connection, until=live)
                ):
                    pass
            if live is None:
                break
            async with translated_errors(), self._engine.connect() as connection:
                # One snapshot for the position and all rows. In PostgreSQL's default each statement
                # has its own.
                if connection.dialect.name == "postgresql":
                    connection = await connection.execution_options(
                        isolation_level="REPEATABLE READ"
                    )
                position = select(positions.c.position).where(key_of(self.projection))
                if (await connection.execute(position)).scalar() == self.position:
                    return await self._compared(connection, show, incomplete, damaged)
            await asyncio.sleep(_PAUSE_S)
        name = self.projection.name
        raise ViewsUnavailableError(
            f"The {name} view is not there, or does not come to rest: replay it without --verify."
        )

    async def drop(self) -> None:
        """Drop the tables that were built."""
        async with translated_errors(), _writing(self._engine).begin() as connection:
            await _drop(connection, [table.name for table in self._tables.values()])
            await connection.execute(delete(rebuilds).where(self._mine))

    async def _step(self, connection: AsyncConnection | None, *, until: int | None = None) -> int:
        """Add the next events, in this connection's transaction or in one of its own."""
        batch = await self._log.tail(self.position, limit=_BATCH)
        if until is not None:
            batch = [each for each in batch if each.position <= until]
        if not batch:
            return 0
        writes = await self.projection.prepare(batch)
        if connection is not None:
            for write in writes:
                await execute(connection, write)
        else:
            async with translated_errors(), _writing(self._engine).begin() as own:
                for write in writes:
                    await execute(own, write)
        self.projection.committed()
        self.position = batch[-1].position
        return len(batch)

    async def _live_position(self, connection: AsyncConnection) -> int | None:
        """The position of the live projection, locked until the transaction ends."""
        locked = select(positions.c.position).where(key_of(self.projection)).with_for_update()
        return (await connection.execute(locked)).scalar_one_or_none()

    async def _swap_in(self, connection: AsyncConnection) -> None:
        # Every query behind a waiting DROP TABLE waits too, so the wait is short and is tried
        # again.
        if connection.dialect.name == "postgresql":
            await connection.execute(text(f"SET LOCAL lock_timeout = {_LOCK_TIMEOUT_MS}"))
        live, start = await self._live_position(connection), self.position
        try:
            while (
                live is not None
                and self.position < live
                and await self._step(connection, until=live)
            ):
                pass
            await self._claim(connection)
            for name, table in self._tables.items():
                await connection.execute(text(f'DROP TABLE IF EXISTS "{name}"'))
                await connection.execute(text(f'ALTER TABLE "{table.name}" RENAME TO "{name}"'))
            await self._set_position(connection, is_new=live is None)
        except BaseException:
            self.position = start  # what was added is rolled back
            raise
        of_name = (rebuilds.c.name == self.projection.name) & (
            rebuilds.c.version == self.projection.version
        )
        await connection.execute(delete(rebuilds).where(of_name & ~self._mine))

    async def _claim(self, connection: AsyncConnection) -> None:
        claimed = await connection.execute(update(rebuilds).where(self._mine).values(is_live=True))
        if claimed.rowcount != 1:
            raise ReplayLostError("Another replay dropped the tables of this one. Try again.")

    async def _set_position(self, connection: AsyncConnection, *, is_new: bool) -> None:
        if not is_new:
            moved = update(positions).where(key_of(self.projection))
            await connection.execute(moved.values(position=self.position, is_caught_up=True))
            return
        values = {
            "name": self.projection.name,
            "version": self.projection.version,
            "position": self.position,
        }
        await connection.execute(
            insert(positions).values(**values, is_caught_up=True, tables=",".join(self._tables))
        )

    async def _compared(
        self,
        connection: AsyncConnection,
        show: int,
        incomplete: Set[UUID],
        damaged: Set[UUID],
    ) -> Comparison:
        comparison = Comparison(self.position)
        for name, rebuilt in self._tables.items():
            live = rebuilt.to_metadata(MetaData(), name=name)
            comparison.rows += int(
                (await connection.execute(select(func.count()).select_from(rebuilt))).scalar_one()
            )
            await compare_tables(connection, live, rebuilt, comparison, show, incomplete, damaged)
        return comparison


def suffix_of(generation: int) -> str:
    """The ending of the names of a generation's tables and indexes."""
    return f"_g{generation}"


async def _copy(engine: AsyncEngine, table: Table, rows: Sequence[Row]) -> None:
    """Insert many rows, the fastest way the database has."""
    if not rows:
        return
    if engine.dialect.name != "postgresql":
        async with translated_errors(), _writing(engine).begin() as connection:
            await connection.execute(insert(table), rows)
        return
    columns: list[Column[Any]] = list(table.columns)
    names, as_json = (
        [column.name for column in columns],
        [c.name for c in columns if isinstance(c.type, JSON)],
    )
    records = [_record(row, names, as_json) for row in rows]
    async with translated_errors(), engine.connect() as connection:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        await driver.copy_records_to_table(table.name, records=records, columns=names)


def _record(row: Row, names: Sequence[str], as_json: Sequence[str]) -> tuple[object, ...]:
    if not as_json:
        return tuple([row.get(name) for name in names])
    return tuple(json.dumps(row[name]) if name in as_json else row.get(name) for name in names)


async def _drop(connection: AsyncConnection, names: Sequence[str]) -> None:
    for name in names:
        await connection.execute(DropTable(Table(name, MetaData()), if_exists=True))


def _writing(engine: AsyncEngine) -> AsyncEngine:
    return engine.execution_options(is_writing=True)
