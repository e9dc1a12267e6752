"""A projector writes each batch once, takes turns with replicas, waits out trouble,
makes room for a successor.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from pathlib import Path

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import Column, Integer, MetaData, String, Table, insert, inspect, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.streams import NOON, PROJECT, origin, submitted
from dragoman_contracts.identity import new_id
from dragoman_runtime.eventstore import Append, Head, Stored, StoreUnavailableError
from dragoman_runtime.eventstore.sqlite import SqliteEventStore
from dragoman_runtime.migrations.run import sqlalchemy_url
from dragoman_runtime.projection import (
    LogWindow,
    Projector,
    ViewsUnavailableError,
    Write,
    create_views_engine,
    translated_errors,
    versioned,
)
from dragoman_runtime.sql_errors import is_passing
from servers.postgres import PostgresServer

_SLOW_QUERY = """
WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 1000000)
SELECT n FROM numbers ORDER BY n DESC
"""


class Journal:
    """A projection that writes one row an event: its position and the version that wrote it."""

    name = "journal"

    def __init__(self, version: int = 1, *, cost: int = 1) -> None:
        self.version = version
        self.metadata = MetaData()
        self.rows = Table(
            versioned("journal", version),
            self.metadata,
            Column("position", Integer, primary_key=True),
            Column("written_by", String(20), nullable=False),
        )
        self.batches: list[int] = []
        self.committed_count = 0
        self.has_committed = asyncio.Event()
        self.before_writing: Callable[[], AbstractAsyncContextManager[None]] | None = None
        self._cost = cost

    def cost(self, stored: Stored) -> int:
        return self._cost

    async def prepare(self, batch: Sequence[Stored]) -> Sequence[Write]:
        if self.before_writing is not None:
            async with self.before_writing():
                pass
        self.batches.append(len(batch))
        rows = [{"position": each.position, "written_by": f"v{self.version}"} for each in batch]
        return [Write(insert(self.rows), rows)]

    def committed(self) -> None:
        self.committed_count += 1
        self.has_committed.set()


class FailingStore(SqliteEventStore):
    """A store that cannot be reached for a while."""

    outages = 0

    async def tail(
        self,
        after: int,
        *,
        limit: int = 500,
        types: Collection[str] | None = None,
        skips_damaged: bool = True,
    ) -> list[Stored]:
        if self.outages:
            self.outages -= 1
            raise StoreUnavailableError("The event database is away.")
        return await super().tail(after, limit=limit, types=types, skips_damaged=skips_damaged)


@pytest.fixture(params=["sqlite", "postgresql"])
def views_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'views.db'}"
    url: str = request.getfixturevalue("postgres_url")
    return url.replace("postgresql://", "postgresql+asyncpg://")


@pytest.fixture
async def engine(views_url: str) -> AsyncIterator[AsyncEngine]:
    engine = create_views_engine(views_url)
    yield engine
    await engine.dispose()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[FailingStore]:
    store = FailingStore(tmp_path / "events.db")
    yield store
    await store.aclose()


async def append(store: SqliteEventStore, count: int) -> None:
    appends = [
        Append(new_id(), PROJECT, Head(), (submitted(),), origin(), NOON) for _ in range(count)
    ]
    await store.commit(appends)


async def positions_in(engine: AsyncEngine, journal: Journal) -> list[int]:
    async with engine.connect() as connection:
        return list(
            (
                await connection.execute(select(journal.rows.c.position).order_by("position"))
            ).scalars()
        )


async def tables_of(engine: AsyncEngine) -> set[str]:
    async with engine.connect() as connection:
        names = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
    return {name for name in names if name.startswith("journal")}


async def test_the_log_is_written_in_batches_each_event_once(
    store: FailingStore, engine: AsyncEngine
) -> None:
    journal = Journal()
    projector = Projector(store, engine, journal, batch=4)
    await projector.open()
    await append(store, 10)
    assert await projector.lag() == 10
    assert await projector.catch_up() == 10
    assert await projector.catch_up() == 0
    assert journal.batches == [4, 4, 2]
    assert await positions_in(engine, journal) == list(range(1, 11))
    assert await projector.lag() == 0
    assert (
        REGISTRY.get_sample_value("dragoman_projection_lag_events", {"projection": "journal"}) == 0
    )


async def test_a_costly_event_has_a_transaction_of_its_own(
    store: FailingStore, engine: AsyncEngine
) -> None:
    journal = Journal(cost=9)
    projector = Projector(store, engine, journal, batch=4)
    await projector.open()
    await append(store, 3)
    assert await projector.catch_up() == 3
    assert journal.batches == [1, 1, 1]


async def test_rows_and_position_are_stored_together_or_not_at_all(
    store: FailingStore, engine: AsyncEngine
) -> None:
    journal = Journal()
    projector = Projector(store, engine, journal)
    await projector.open()
    async with engine.begin() as connection:
        await connection.execute(
            insert(journal.rows), {"position": 3, "written_by": "somebody else"}
        )
    await append(store, 3)
    with pytest.raises(Exception, match=r"(?i)unique"):
        await projector.step()
    assert await projector.position() == 0
    assert await positions_in(engine, journal) == [3]
    assert journal.committed_count == 0


async def test_a_batch_that_another_replica_wrote_meanwhile_is_dropped(
    store: FailingStore, engine: AsyncEngine
) -> None:
    mine, other = Journal(), Journal()
    first, second = Projector(store, engine, mine), Projector(store, engine, other)
    await first.open()
    await second.open()
    await append(store, 5)

    @asynccontextmanager
    async def other_is_faster() -> AsyncGenerator[None]:
        await second.step()
        yield

    mine.before_writing = other_is_faster
    assert await first.step() == 0
    assert (mine.committed_count, other.committed_count) == (0, 1)
    assert await positions_in(engine, mine) == [1, 2, 3, 4, 5]


async def test_replicas_at_the_same_time_write_each_event_once(
    store: FailingStore, engine: AsyncEngine
) -> None:
    journals = [Journal() for _ in range(4)]
    projectors = [Projector(store, engine, journal, batch=3) for journal in journals]
    await asyncio.gather(*(projector.open() for projector in projectors))
    await append(store, 60)
    while await projectors[0].position() < 60:
        await asyncio.gather(*(projector.step() for projector in projectors))
    assert await positions_in(engine, journals[0]) == list(range(1, 61))


async def test_while_the_position_is_locked_a_replica_does_not_wait(
    store: FailingStore, postgres_url: str, tmp_path: Path
) -> None:
    engine = create_views_engine(postgres_url.replace("postgresql://", "postgresql+asyncpg://"))
    projector = Projector(store, engine, Journal())
    await projector.open()
    await append(store, 1)
    async with engine.begin() as connection:
        await connection.execute(text("SELECT position FROM projection_positions FOR UPDATE"))
        assert await asyncio.wait_for(projector.step(), 5) == 0
    assert await projector.step() == 1
    await engine.dispose()


async def test_projectors_that_share_a_window_read_the_log_once(
    store: FailingStore, engine: AsyncEngine
) -> None:
    window = LogWindow(store, capacity=6)
    await append(store, 9)
    first = await window.tail(0, limit=4)
    store.outages = 1  # what was read is not asked for again
    assert await window.tail(0, limit=4) == first
    assert [each.position for each in await window.tail(1, limit=2)] == [2, 3]
    store.outages = 0
    assert [each.position for each in await window.tail(4, limit=9)] == [5, 6, 7, 8, 9]
    assert await window.tail(9) == []
    await append(store, 1)
    assert [each.position for each in await window.tail(9)] == [10]
    # Left the window: read again.
    assert [each.position for each in await window.tail(1, limit=3)] == [
        2,
        3,
        4,
    ]
    assert [each.position for each in await window.tail(0)] == list(range(1, 11))
    assert await window.head_position() == 10


async def test_trouble_with_the_store_is_waited_out(
    store: FailingStore, engine: AsyncEngine
) -> None:
    journal = Journal()
    projector = Projector(store, engine, journal)
    await projector.open()
    await append(store, 2)
    store.outages = 2
    running = asyncio.create_task(projector.run())
    try:
        async with asyncio.timeout(20):
            await journal.has_committed.wait()
    finally:
        running.cancel()
    assert await positions_in(engine, journal) == [1, 2]
    assert store.outages == 0


async def test_a_database_that_is_away_is_trouble_that_passes() -> None:
    engine = create_views_engine("postgresql+asyncpg://nobody@127.0.0.1:1/none")
    with pytest.raises(ViewsUnavailableError):
        async with translated_errors(), engine.connect():
            pass
    await engine.dispose()


async def test_a_postgres_that_crashes_and_recovers_is_trouble_that_passes_all_the_while(
    postgres: PostgresServer, postgres_url: str
) -> None:
    engine = create_views_engine(sqlalchemy_url(postgres_url))
    restarting = asyncio.create_task(asyncio.to_thread(_crash, postgres))
    refused = 0
    while not restarting.done():
        try:
            async with translated_errors(), engine.connect() as connection:
                await connection.execute(text("SELECT 1"))
        except ViewsUnavailableError:
            refused += 1
        await asyncio.sleep(0.001)
    await restarting
    await engine.dispose()
    assert refused


def _crash(postgres: PostgresServer) -> None:
    postgres.stop_immediately()
    postgres.start()


@pytest.mark.parametrize(
    ("sqlstate", "passes"),
    [
        ("57P03", True),
        ("53100", True),
        ("53300", True),
        ("08006", True),
        ("40P01", True),
        ("42P01", False),
    ],
)
def test_a_database_error_passes_or_not_by_its_sqlstate(sqlstate: str, passes: bool) -> None:
    error = DBAPIError("SELECT 1", {}, _DriverError(sqlstate))
    assert is_passing(error) is passes


class _DriverError(Exception):
    def __init__(self, sqlstate: str) -> None:
        super().__init__(sqlstate)
        self.sqlstate = sqlstate


async def test_another_version_is_built_beside_the_old_one_and_replaces_it_once_caught_up(
    store: FailingStore, engine: AsyncEngine
) -> None:
    await append(store, 6)
    old = Projector(store, engine, Journal(1))
    await old.open()
    await old.catch_up()

    journal = Journal(2)
    new = Projector(store, engine, journal, batch=3)
    await new.open()
    await new.step()
    assert not new.is_caught_up
    await Projector(store, engine, Journal(2)).open()  # a restart in the midst keeps the old tables
    assert await tables_of(engine) == {"journal_v1", "journal_v2"}
    assert await old.step() == 0

    await new.catch_up()
    assert new.is_caught_up
    assert await tables_of(engine) == {"journal_v1", "journal_v2"}
    await Projector(store, engine, Journal(2)).open()
    assert await tables_of(engine) == {"journal_v2"}
    assert await positions_in(engine, journal) == [1, 2, 3, 4, 5, 6]


async def test_a_write_that_is_cancelled_lets_go_of_sqlite_at_once(tmp_path: Path) -> None:
    engine = create_views_engine(f"sqlite+aiosqlite:///{tmp_path / 'views.db'}")
    writing = engine.execution_options(is_writing=True)
    async with writing.begin() as connection:
        await connection.execute(text("CREATE TABLE counted (n INTEGER)"))

    # The error is kept: it holds the frames, and these the cursor of the query, which keeps SQLite
    # from ending the transaction as it closes the connection.
    kept: list[asyncio.CancelledError] = []

    async def write() -> None:
        try:
            async with writing.begin() as connection:
                await connection.execute(text("INSERT INTO counted VALUES (1)"))
                await connection.execute(text(_SLOW_QUERY))
        except asyncio.CancelledError as error:
            kept.append(error)

    task = asyncio.create_task(write())
    await asyncio.sleep(0.1)
    task.cancel()
    await task
    assert kept
    other = sqlite3.connect(tmp_path / "views.db", timeout=5, isolation_level=None)
    with closing(other):
        other.execute("BEGIN IMMEDIATE")
        assert other.execute("SELECT count(*) FROM counted").fetchone() == (0,)
    await engine.dispose()
