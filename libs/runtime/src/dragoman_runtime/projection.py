"""The base of batched projections: tables that a reader of the log keeps, in another database than
the log's.

A projection says which rows the events of a batch change (`prepare`: it may fetch objects and fold;
no transaction is open). The projector writes these rows and the position in one transaction, with
the row of the position locked, so that replicas take turns and every batch counts once. Another
`version` of a projection has tables and a position of its own. It is built from the beginning of
the log beside the old version; once it has caught up, the next process that starts drops the tables
of the old version. `rebuild` builds the same version again.
"""

from __future__ import annotations

import asyncio
import sqlite3
from bisect import bisect_right
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Protocol

import structlog
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Executable,
    Integer,
    MetaData,
    String,
    Table,
    event,
    insert,
    inspect,
    select,
    text,
    update,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from typing_extensions import override

from dragoman_contracts.errors import DragomanError, RetryableError
from dragoman_runtime.eventstore import Stored
from dragoman_runtime.sql_engine import postgres_engine
from dragoman_runtime.sql_errors import LOST, is_passing
from dragoman_runtime.telemetry import say_waiting
from dragoman_runtime.telemetry.metrics import PROJECTION_EVENTS_TOTAL, PROJECTION_LAG_EVENTS

SCHEMA_LOCK = 0x7669657773  # "views"
_MAX_ROWS_A_STATEMENT = 5000
_UNDEFINED_TABLE = "42P01"
_log = structlog.stdlib.get_logger()


_metadata = MetaData()
positions = Table(
    "projection_positions",
    _metadata,
    Column("name", String(80), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("is_caught_up", Boolean, nullable=False),
    Column("tables", String(2000), nullable=False),
)
rebuilds = Table(
    "projection_rebuilds",
    _metadata,
    Column("name", String(80), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("generation", Integer, primary_key=True),
    Column("tables", String(2000), nullable=False),
    Column("is_live", Boolean, nullable=False),
)
"""The tables that were built beside the live ones (`rebuild`); `is_live` marks those that took the
live ones' place.
"""


class ViewsUnavailableError(RetryableError):
    """The database of the views cannot be reached, or another writer holds it for too long."""

    default_code = "views.unavailable"


@dataclass(frozen=True, slots=True)
class Write:
    """One statement, run once for all `rows` together. Without rows it is run as it is."""

    statement: Executable
    rows: Sequence[Mapping[str, object]] = ()


class Projection(Protocol):
    """A read model. Its writes are idempotent: a batch that was written before changes nothing."""

    @property
    def name(self) -> str:
        """The stable name; with `version` the key of the position."""
        ...

    @property
    def version(self) -> int:
        """The version, to be raised with every change of the tables or of the values in them."""
        ...

    @property
    def metadata(self) -> MetaData:
        """The tables, named for their version (`versioned`)."""
        ...

    def cost(self, stored: Stored) -> int:
        """The number of a batch's 500 places that this event takes; 1 unless it makes many rows."""
        ...

    async def prepare(self, batch: Sequence[Stored]) -> Sequence[Write]:
        """The writes that the events lead to, in order.

        May fetch objects; runs outside any transaction.
        """
        ...

    def committed(self) -> None:
        """Note that the writes prepared last are stored: the states folded for them may be kept."""
        ...


class Log(Protocol):
    """The log that a projector reads: the event store, or a window on it that projectors share."""

    async def tail(self, after: int, *, limit: int = 500) -> list[Stored]:
        """Events of the log behind position `after`, in its order.

        Empty only where the log has no more.
        """
        ...

    async def head_position(self) -> int:
        """The position of the last event; 0 when there is none."""
        ...


class LogWindow:
    """The end of the log, read and decoded once for all the projectors of a process."""

    def __init__(self, store: Log, *, capacity: int = 2000) -> None:
        self._store = store
        self._capacity = capacity
        self._window: list[Stored] = []
        self._lock = asyncio.Lock()

    async def tail(self, after: int, *, limit: int = 500) -> list[Stored]:
        """The log behind `after`: from the window,
        and only behind the window's end from the store.
        """
        async with self._lock:
            known = self._known(after, limit)
            if known:
                return known
            read = await self._store.tail(after, limit=limit)
            # A projector that lags reads behind the window and must not move it back for the
            # others.
            if not self._window or self._window[-1].position <= after:
                kept = self._window if self._window and self._window[-1].position == after else []
                self._window = [*kept, *read][-self._capacity :]
            return read

    async def head_position(self) -> int:
        """The position of the last event, as the store knows it."""
        return await self._store.head_position()

    def _known(self, after: int, limit: int) -> list[Stored]:
        if not self._window or after < self._window[0].position - 1:
            return []
        start = bisect_right(self._window, after, key=lambda stored: stored.position)
        return self._window[start : start + limit]


def versioned(table: str, version: int) -> str:
    """The physical name of a table of a projection's version."""
    return f"{table}_v{version}"


def key_of(projection: Projection) -> ColumnElement[bool]:
    """The condition that finds a projection's position."""
    return (positions.c.name == projection.name) & (positions.c.version == projection.version)


async def create_positions(connection: AsyncConnection) -> None:
    """Make the tables of positions and rebuilds where there are none."""
    await connection.run_sync(_metadata.create_all)


def create_views_engine(url: str, *, pool_size: int = 8) -> AsyncEngine:
    """An engine on the views' database: `sqlite+aiosqlite:///…` or `postgresql+asyncpg://…`, where
    up to `pool_size` connections are kept.

    On SQLite, transactions that write take the write lock when they begin (BEGIN IMMEDIATE). A
    transaction that began with a read and wants to write later gets SQLITE_BUSY at once where
    another has written since: it cannot wait.
    """
    if not url.startswith("sqlite"):
        return postgres_engine(url, pool_size=pool_size)
    engine = create_async_engine(url, connect_args={"timeout": 30, "factory": _SqliteConnection})
    event.listen(engine.sync_engine, "connect", _configure_sqlite)
    event.listen(engine.sync_engine, "begin", _begin_sqlite)
    return engine


class _SqliteConnection(sqlite3.Connection):
    """A connection that ends its transaction when it is closed.

    SQLite itself keeps the transaction, and with it the write lock, of a connection that is closed
    while a statement of it is held: after a cancelled task that would be until the garbage is
    collected.
    """

    @override
    def close(self) -> None:
        with suppress(sqlite3.Error):  # it is closed already
            self.rollback()
        super().close()


def _configure_sqlite(connection: Any, record: object) -> None:
    connection.isolation_level = (
        None  # else the driver begins transactions itself, at the first write
    )
    cursor = connection.cursor()
    # With WAL readers and the writer do not block each other. NORMAL may lose the last commits in a
    # power cut, but never damages the file; the projection then goes on from the position that is
    # left.
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=30000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    is_writing = connection.get_execution_options().get("is_writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writing else "BEGIN")


@asynccontextmanager
async def translated_errors() -> AsyncGenerator[None]:
    """Turn errors of the views' database that pass by themselves into ViewsUnavailableError."""
    try:
        yield
    except (DBAPIError, *LOST) as error:
        if isinstance(error, DBAPIError):
            if getattr(error.orig, "sqlstate", None) == _UNDEFINED_TABLE:
                raise ViewsUnavailableError(
                    "A view has no table. Run `dragoman replay`."
                ) from error
            if not is_passing(error):
                raise
        raise ViewsUnavailableError(
            f"The views database cannot be reached: {type(error).__name__}."
        ) from error


class Projector:
    """Keeps one projection up with the log."""

    def __init__(
        self,
        log: Log,
        engine: AsyncEngine,
        projection: Projection,
        *,
        busy: timedelta = timedelta(milliseconds=10),
        idle: timedelta = timedelta(milliseconds=500),
        batch: int = 500,
    ) -> None:
        self._source = log
        self._reading = engine
        self._writing = engine.execution_options(is_writing=True)
        self.projection: Final = projection
        self._busy_s, self._idle_s = busy.total_seconds(), idle.total_seconds()
        self._batch = batch
        self._key = key_of(projection)
        self._is_caught_up = False

    @property
    def is_caught_up(self) -> bool:
        """Whether this process has seen the projection at the end of the log, so that its tables
        are complete.
        """
        return self._is_caught_up

    async def open(self) -> None:
        """Create the tables and the position where there are none, and drop an older version once
        this one is caught up.

        Raises:
            ViewsUnavailableError: the database cannot be reached.
        """
        projection = self.projection
        async with translated_errors(), self._writing.begin() as connection:
            if connection.dialect.name == "postgresql":
                await connection.execute(
                    text("SELECT pg_advisory_xact_lock(:key)"), {"key": SCHEMA_LOCK}
                )
            await create_positions(connection)
            names = [table.name for table in projection.metadata.sorted_tables]
            is_whole = set(names) <= set(
                await connection.run_sync(lambda sync: inspect(sync).get_table_names())
            )
            if not is_whole:  # some of the tables are of no use without the others
                await connection.run_sync(projection.metadata.drop_all)
                await connection.run_sync(projection.metadata.create_all)
                await connection.execute(
                    update(positions).where(self._key).values(position=0, is_caught_up=False)
                )
            row = (
                await connection.execute(select(positions.c.is_caught_up).where(self._key))
            ).one_or_none()
            if row is None:
                values = {"name": projection.name, "version": projection.version, "position": 0}
                await connection.execute(
                    insert(positions).values(**values, is_caught_up=False, tables=",".join(names))
                )
            elif row[0]:
                await self._drop_older(connection)

    async def run(self) -> None:
        """Project for ever; ends only when cancelled. Trouble with a store is waited out."""
        wait_s = self._busy_s
        while True:
            try:
                count = await self.step()
            except DragomanError as error:
                say_waiting("projection.waiting", error.code, projection=self.projection.name)
                count, wait_s = 0, self._idle_s
            wait_s = self._busy_s if count else min(wait_s * 2, self._idle_s)
            if count < self._batch:
                await asyncio.sleep(wait_s)

    async def catch_up(self) -> int:
        """Project until the log has nothing new. Gives the number of events."""
        total = 0
        while count := await self.step():
            total += count
        return total

    async def step(self) -> int:
        """Project one batch behind the position.

        Gives the number of events, 0 also while another replica projects.
        """
        position = await self.position()
        batch = self._cut(await self._source.tail(position, limit=self._batch))
        if not batch:
            await self._note_caught_up()
            return 0
        writes = await self.projection.prepare(batch)
        if not await self._write(writes, position, batch[-1].position):
            return 0
        self.projection.committed()
        PROJECTION_EVENTS_TOTAL.labels(self.projection.name).inc(len(batch))
        return len(batch)

    async def position(self) -> int:
        """The position in the log up to which events are projected."""
        async with translated_errors(), self._reading.connect() as connection:
            return (
                await connection.execute(select(positions.c.position).where(self._key))
            ).scalar_one()

    async def lag(self) -> int:
        """The number of events of the log that are not projected yet. Also sets the metric."""
        behind = max(await self._source.head_position() - await self.position(), 0)
        PROJECTION_LAG_EVENTS.labels(self.projection.name).set(behind)
        return behind

    def _cut(self, stored: Sequence[Stored]) -> Sequence[Stored]:
        """The first events, as many as a transaction should hold, and at least one."""
        places = self._batch
        for count, each in enumerate(stored):
            places -= self.projection.cost(each)
            if places < 0:
                return stored[: max(count, 1)]
        return stored

    async def _write(self, writes: Sequence[Write], position: int, new_position: int) -> bool:
        """Store rows and position together; False where another replica writes this batch, or has
        written it.
        """
        async with (
            translated_errors(),
            self._writing.connect() as connection,
            connection.begin() as transaction,
        ):
            # SKIP LOCKED gives no row while another replica has the lock, instead of waiting for
            # it.
            locked = select(positions.c.position).where(self._key).with_for_update(skip_locked=True)
            if (await connection.execute(locked)).scalar_one_or_none() != position:
                await transaction.rollback()
                return False
            for write in writes:
                await execute(connection, write)
            await connection.execute(
                update(positions).where(self._key).values(position=new_position)
            )
        return True

    async def _note_caught_up(self) -> None:
        if self._is_caught_up:
            return
        async with translated_errors(), self._writing.begin() as connection:
            await connection.execute(update(positions).where(self._key).values(is_caught_up=True))
        self._is_caught_up = True

    async def _drop_older(self, connection: AsyncConnection) -> None:
        name, version = self.projection.name, self.projection.version
        is_older = (positions.c.name == name) & (positions.c.version < version)
        for row in await connection.execute(select(positions.c.tables).where(is_older)):
            for table in str(row[0]).split(","):
                await connection.execute(text(f"DROP TABLE IF EXISTS {table}"))
        await connection.execute(positions.delete().where(is_older))


async def execute(connection: AsyncConnection, write: Write) -> None:
    """Run one write in the connection's transaction."""
    if not write.rows:
        await connection.execute(write.statement)
        return
    for start in range(0, len(write.rows), _MAX_ROWS_A_STATEMENT):
        await connection.execute(write.statement, write.rows[start : start + _MAX_ROWS_A_STATEMENT])
