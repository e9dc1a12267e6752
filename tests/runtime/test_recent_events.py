"""The end of the log in memory: it says the same as the file, or that it does not know."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from dragoman_runtime.eventstore import Stored
from dragoman_runtime.eventstore.recent_events import RecentEvents
from dragoman_runtime.eventstore.sqlite import SqliteEventStore
from runtime.logs import sqlite_store, submit


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteEventStore]:
    """A log of ten events."""
    async with sqlite_store(tmp_path) as opened:
        for _ in range(10):
            await submit(opened)
        yield opened


async def log(store: SqliteEventStore) -> list[Stored]:
    """The whole log."""
    return await store.tail(0)


async def test_every_part_of_the_log_reads_the_same_from_memory_and_from_the_file(
    store: SqliteEventStore, tmp_path: Path
) -> None:
    async with sqlite_store(tmp_path) as from_file:
        for after in range(12):
            for limit in (1, 4, 500):
                assert await store.tail(after, limit=limit) == await from_file.tail(
                    after, limit=limit
                )


async def test_what_reaches_further_back_than_is_kept_is_not_known(store: SqliteEventStore) -> None:
    recent = RecentEvents(capacity=3)
    stored = await log(store)
    assert recent.behind(0, 500) is None, "nothing is kept yet"

    recent.add(stored)

    assert recent.behind(6, 500) is None
    assert recent.behind(7, 500) == stored[7:]
    assert recent.behind(10, 500) == []


async def test_a_gap_lets_it_begin_anew(store: SqliteEventStore) -> None:
    recent = RecentEvents()
    stored = await log(store)

    recent.add(stored[:4])
    recent.add(stored[6:])

    assert recent.behind(3, 500) is None
    assert recent.behind(6, 500) == stored[6:]


async def test_it_knows_the_last_version_of_the_streams_it_saw(store: SqliteEventStore) -> None:
    recent = RecentEvents()
    stored = await log(store)
    stream_id = stored[0].recorded.originator_id
    assert not recent.is_head(stream_id, 1)

    recent.add(stored)

    assert recent.is_head(stream_id, 1)
    assert not recent.is_head(stream_id, 2)
