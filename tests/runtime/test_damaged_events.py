"""A damaged event holds up its own job and no other, in both stores."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from dragoman_contracts.vocabulary import Stage
from dragoman_gateway.jobs.view.queries import JobQueries
from dragoman_gateway.jobs.view.rows import JobFilter
from dragoman_gateway.views import projectors
from dragoman_runtime.eventstore import DamagedEventError, EventStore, Jobs
from dragoman_runtime.objects import FileObjectStore
from dragoman_runtime.projection import create_views_engine
from services.gateway.desks import event_store
from services.gateway.histories import History

_DAMAGED = b'{"type": "\xff\xfe'


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str | None:
    return request.getfixturevalue("postgres_url") if request.param == "postgresql" else None


async def _damage(folder: Path, url: str | None, job_id: UUID, version: int, state: bytes) -> None:
    where = "WHERE originator_id = {} AND originator_version = {}"
    if url is None:
        with sqlite3.connect(folder / "events.db") as database:
            statement = f"UPDATE stored_events SET state = ? {where.format('?', '?')}"  # noqa: S608
            database.execute(statement, (state, job_id.hex, version))
        return
    connection = await asyncpg.connect(url)
    statement = f"UPDATE dragoman_events SET state = $1 {where.format('$2', '$3')}"  # noqa: S608
    await connection.execute(statement, state, job_id, version)
    await connection.close()


@pytest.fixture
async def damaged(
    tmp_path: Path, url: str | None
) -> AsyncIterator[tuple[EventStore, FileObjectStore, list[UUID]]]:
    """A log of three jobs, of which the second cannot be read from its third event on."""
    objects = FileObjectStore(tmp_path / "objects")
    await objects.open()
    store = await event_store(tmp_path, url)
    history = History(store, objects)
    ids = [await history.submit(f"{number}.docx") for number in range(3)]
    for job_id in ids:
        await history.advance(job_id, to=Stage.EXTRACTION)
    await store.aclose()
    await _damage(tmp_path, url, ids[1], 3, _DAMAGED)
    store = await event_store(tmp_path, url)  # which remembers nothing
    yield store, objects, ids
    await store.aclose()


async def test_a_damaged_event_is_named_where_its_job_is_read_and_skipped_in_the_log(
    damaged: tuple[EventStore, FileObjectStore, list[UUID]],
) -> None:
    store, _, ids = damaged
    named = f"Event 3 of stream {ids[1]} .*events verify"
    with pytest.raises(DamagedEventError, match=named):
        await store.read(ids[1])
    jobs = Jobs(store)
    with pytest.raises(DamagedEventError, match=named):
        await jobs.load(ids[1])
    loaded = await jobs.load_several(ids)
    assert {each.job_id for each in loaded} == {ids[0], ids[2]}
    whole = await store.tail(0, limit=500)
    assert whole[-1].position == await store.head_position() == len(whole) + 1
    pages, after = list[int](), 0
    while page := await store.tail(after, limit=4):
        pages.append(len(page))
        after = page[-1].position
    assert set(pages[:-1]) == {4}
    with pytest.raises(DamagedEventError, match=named):
        await store.tail(0, skips_damaged=False)


async def test_views_go_on_and_mark_the_job_whose_event_is_damaged(
    damaged: tuple[EventStore, FileObjectStore, list[UUID]],
) -> None:
    store, objects, ids = damaged
    engine = create_views_engine("sqlite+aiosqlite://")
    for each in projectors(store, objects, engine):
        await each.open()
        await each.catch_up()
        assert await each.position() == await store.head_position()
    rows = (await JobQueries(engine).list_jobs(JobFilter())).rows
    assert {row.job_id: row.trouble_code for row in rows} == {
        ids[0]: None,
        ids[1]: "event.damaged",
        ids[2]: None,
    }
    await engine.dispose()
