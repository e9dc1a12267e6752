"""`dragoman replay` makes the views again beside the live ones, on both databases."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import signal
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import (
    Column,
    Executable,
    MetaData,
    Table,
    Uuid,
    delete,
    insert,
    inspect,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.schema import CreateTable, DropTable
from typer.testing import CliRunner

from contracts.streams import parked as parked_work
from dragoman_contracts import events as e
from dragoman_contracts.policy import ActorRecord
from dragoman_contracts.vocabulary import WorkKind
from dragoman_gateway.audit.view import audit
from dragoman_gateway.documents.view import documents
from dragoman_gateway.jobs.view.queries import JobQueries
from dragoman_gateway.jobs.view.rows import JobFilter
from dragoman_gateway.jobs.view.tables import artifacts, jobs, parked
from dragoman_gateway.objects.view import objects as objects_view
from dragoman_gateway.views import projectors
from dragoman_runtime import rebuild
from dragoman_runtime.eventstore.live_jobs import PostgresLiveJobs, SqliteLiveJobs
from dragoman_runtime.eventstore.postgres import PostgresEventStore
from dragoman_runtime.eventstore.sqlite import SqliteEventStore
from dragoman_runtime.migrations.run import migrate_events, sqlalchemy_url
from dragoman_runtime.objects.files import FileObjectStore
from dragoman_runtime.objects.values import put_value
from dragoman_runtime.projection import (
    Projector,
    ViewsUnavailableError,
    create_views_engine,
    positions,
    rebuilds,
)
from dragoman_runtime.rebuild import ReplayLostError, ReplayRunningError
from dragoman_standalone.cli import app
from dragoman_standalone.lock import StateLock
from dragoman_standalone.replaying import LIVE_JOBS, VIEWS, Order, ReplayReport, replay
from dragoman_standalone.settings import StoreSettings
from services.gateway.histories import ATLAS, Document, History

_TABLES = (jobs, artifacts, parked, documents, objects_view, audit)
_NEEDS_REVIEW = Document(verdict=e.QaVerdict.NEEDS_REVIEW)


@dataclass
class Site:
    """An installation with a history, and its projectors, which a test lets go on."""

    settings: StoreSettings
    store: SqliteEventStore | PostgresEventStore
    objects: FileObjectStore
    engine: AsyncEngine
    history: History

    async def replay(self, *names: str, verify: bool = False, processes: int = 1) -> ReplayReport:
        """What `dragoman replay` does."""
        order = Order(names or VIEWS, is_verify=verify, processes=processes)
        return await replay(self.settings, order, lambda step, done, total: None)

    async def projected(self) -> tuple[Projector, ...]:
        """Projectors of a process, at the end of the log."""
        made = projectors(self.store, self.objects, self.engine)
        for each in made:
            await each.open()
            await each.catch_up()
        return made

    async def rows(self) -> dict[str, Sequence[Any]]:
        """Every row of every view."""
        async with self.engine.connect() as connection:
            return {
                table.name: (
                    await connection.execute(select(table).order_by(*table.primary_key))
                ).all()
                for table in _TABLES
            }

    async def table_names(self) -> set[str]:
        """The tables of the views that are there."""
        async with self.engine.connect() as connection:
            names = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
        return {name for name in names if name.startswith("view_")}

    async def execute(self, *statements: Executable) -> None:
        """Statements on the database of the views."""
        async with self.engine.begin() as connection:
            for each in statements:
                await connection.execute(each)

    async def jobs_of_all_kinds(self) -> None:
        """Completed, in review, running, failed, cancelled; a document without a job; an object."""
        await self.history.register("paper.pdf")
        for number in range(6):
            await self.history.advance(await self.history.submit(f"done-{number}.docx"))
        await self.history.advance(
            await self.history.submit("review.docx", document=_NEEDS_REVIEW), to="qa"
        )
        await self.history.advance(await self.history.submit("running.docx"), to="plan")
        await self.history.block(await self.history.submit("blocked.docx"))
        await self.history.say(
            await self.history.submit("failed.docx"), parked_work(WorkKind.PREFLIGHT)
        )
        cancelled = await self.history.submit("cancelled.docx")
        await self.history.say(cancelled, e.CancelRequested(), actor="user:ada")
        await self.history.say(cancelled, e.JobCancelled())
        await self.history.fill("note")


@pytest.fixture(params=["sqlite", "postgresql"])
async def site(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Site]:
    store: SqliteEventStore | PostgresEventStore
    if request.param == "sqlite":
        settings = StoreSettings(state_dir=tmp_path, database_url=None, objects_url=None)
        store = SqliteEventStore(tmp_path / "events.db")
        url = f"sqlite:///{tmp_path / 'catalog.db'}"
    else:
        url = request.getfixturevalue("postgres_url")
        settings = StoreSettings.model_validate({"state_dir": tmp_path, "database_url": url})
        await migrate_events(url)
        store = await PostgresEventStore.connect(url)
    objects = FileObjectStore(tmp_path / "objects")
    await objects.open()
    engine = create_views_engine(sqlalchemy_url(url))
    yield Site(settings, store, objects, engine, History(store, objects))
    await engine.dispose()
    await store.aclose()


async def test_a_replay_gives_the_rows_that_event_by_event_projection_gave(site: Site) -> None:
    await site.jobs_of_all_kinds()
    await site.projected()
    before = await site.rows()
    assert all(before.values())
    report = await site.replay()
    assert await site.rows() == before
    assert {view.projection: view.row_count for view in report.views} == {
        "jobs": sum(len(before[table.name]) for table in (jobs, artifacts, parked)),
        "documents": len(before[documents.name]),
        "objects": len(before[objects_view.name]),
        "audit": len(before[audit.name]),
    }
    assert report.event_count == await site.store.head_position()
    assert await site.table_names() == {table.name for table in _TABLES}


async def test_dropped_tables_come_back_equal_and_a_waiting_projector_goes_on(site: Site) -> None:
    await site.jobs_of_all_kinds()
    (jobs_projector, *_) = await site.projected()
    before = await site.rows()
    await site.execute(*map(DropTable, _TABLES))
    await site.history.submit("late.docx")
    with pytest.raises(ViewsUnavailableError):
        await jobs_projector.step()
    await site.replay()
    assert await jobs_projector.step() == 0
    await site.history.submit("later.docx")
    assert await jobs_projector.catch_up() == 1
    after = await site.rows()
    assert all(row in after[audit.name] for row in before[audit.name])
    assert len(after[jobs.name]) == len(before[jobs.name]) + 2
    assert all(row in after[jobs.name] for row in before[jobs.name])


async def test_a_start_on_dropped_tables_begins_again_instead_of_showing_nothing(
    site: Site,
) -> None:
    await site.jobs_of_all_kinds()
    await site.projected()
    before = await site.rows()
    await site.execute(DropTable(artifacts))
    await site.projected()
    assert await site.rows() == before


async def test_indexes_and_keys_are_those_of_a_fresh_view(site: Site) -> None:
    async def shapes() -> dict[str, set[tuple[str | None, ...]]]:
        async with site.engine.connect() as connection:
            return await connection.run_sync(
                lambda sync: {
                    table.name: {
                        *(
                            tuple(index["column_names"])
                            for index in inspect(sync).get_indexes(table.name)
                        ),
                        tuple(inspect(sync).get_pk_constraint(table.name)["constrained_columns"]),
                    }
                    for table in _TABLES
                }
            )

    await site.projected()
    fresh = await shapes()
    for _ in range(2):
        await site.replay()
        assert await shapes() == fresh


async def test_projectors_and_readers_go_on_while_replays_swap(site: Site) -> None:
    await site.jobs_of_all_kinds()
    replicas = [*await site.projected(), *await site.projected()]
    views = JobQueries(site.engine)
    running = [asyncio.create_task(each.run()) for each in replicas]
    seen: list[int] = []
    is_over = False

    async def read() -> None:
        while not is_over:
            seen.append(len((await views.list_jobs(JobFilter(), limit=20)).rows))
            await asyncio.sleep(0.005)

    async def submit() -> None:
        number = 0
        while not is_over:
            await site.history.submit(f"meanwhile-{number}.docx")
            number += 1
            await asyncio.sleep(0.05)

    others = [
        asyncio.create_task(read()),
        asyncio.create_task(read()),
        asyncio.create_task(submit()),
    ]
    try:
        for _ in range(2):
            await site.replay()
    finally:
        is_over = True
        await asyncio.gather(*others)
        for each in running:
            each.cancel()
        await asyncio.gather(*running, return_exceptions=True)
    assert min(seen) >= 10
    await site.projected()
    report = await site.replay(verify=True)
    assert report.is_equal
    assert {view.position for view in report.views} == {await site.store.head_position()}


async def test_verify_finds_rows_that_were_changed_missing_or_made_up(site: Site) -> None:
    await site.jobs_of_all_kinds()
    await site.projected()
    assert (await site.replay(verify=True)).is_equal
    before = await site.rows()
    changed = before[jobs.name][0].job_id
    await site.execute(
        update(jobs).where(jobs.c.job_id == changed).values(status="lost", progress_pct=7),
        delete(audit).where(audit.c.action == "job.cancelled"),
    )
    wrong = await site.rows()
    report = await site.replay(verify=True)
    assert not report.is_equal
    found = {view.projection: view for view in report.views}
    assert [(row.table, row.what) for row in found["jobs"].first] == [
        (jobs.name, "status progress_pct")
    ]
    assert found["jobs"].first[0].key == {"job_id": str(changed)}
    assert [row.what for row in found["audit"].first] == ["missing"]
    assert await site.rows() == wrong
    assert await site.table_names() == {table.name for table in _TABLES}
    await site.replay()
    assert await site.rows() == before


async def test_what_was_erased_is_no_difference_and_leaves_the_views_with_the_next_replay(
    site: Site,
) -> None:
    await site.history.advance(await site.history.submit("contract.docx"))
    await site.projected()
    actor = ActorRecord(actor_id=None, display_name="Ada Lovelace", source_address="192.0.2.7")
    await site.objects.delete(ATLAS, await put_value(site.objects, ATLAS, actor))
    report = await site.replay(verify=True)
    assert report.is_equal
    assert {view.projection: view.erased_rows for view in report.views} == {
        "jobs": 1,
        "documents": 0,
        "objects": 0,
        "audit": 1,
    }
    await site.replay()
    assert "Ada" not in str(await site.rows())


async def test_two_replays_do_not_meddle_and_a_killed_one_leaves_nothing_behind(site: Site) -> None:
    await site.jobs_of_all_kinds()
    await site.projected()
    before = await site.rows()
    async with rebuild.replaying_alone(site.engine):
        with pytest.raises(ReplayRunningError):
            await site.replay()
        generation = await rebuild.begin(site.engine)
        left = f"view_jobs_v1_g{generation}"
        row = {
            "name": "jobs",
            "version": 1,
            "generation": generation,
            "tables": left,
            "is_live": False,
        }
        leftover = Table(left, MetaData(), Column("job_id", Uuid))
        await site.execute(CreateTable(leftover), insert(rebuilds).values(row))
    assert len(await site.table_names()) == len(_TABLES) + 1
    await site.replay("audit")
    assert await site.table_names() == {table.name for table in _TABLES}
    assert await site.rows() == before


async def test_a_replay_that_fails_leaves_the_views_as_they_were(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    await site.jobs_of_all_kinds()
    await site.projected()
    before = await site.rows()

    async def fails(self: rebuild.Rebuild, position: int) -> None:
        raise ViewsUnavailableError("The disk is full.")

    monkeypatch.setattr(rebuild.Rebuild, "finish", fails)
    with pytest.raises(ViewsUnavailableError):
        await site.replay()
    assert await site.table_names() == {table.name for table in _TABLES}
    assert await site.rows() == before


async def test_several_processes_give_what_one_gives(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    await site.jobs_of_all_kinds()
    await site.projected()
    before = await site.rows()
    monkeypatch.setattr("dragoman_standalone.replaying._SPAN_EVENTS", 60)
    report = await site.replay(processes=2)
    assert report.processes == 2
    assert report.event_count == await site.store.head_position()
    assert await site.rows() == before


async def test_a_killed_process_ends_the_replay_and_leaves_the_views_as_they_were(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    await site.jobs_of_all_kinds()
    await site.projected()
    before = await site.rows()
    monkeypatch.setattr("dragoman_standalone.replaying._SPAN_EVENTS", 60)
    replaying = asyncio.create_task(site.replay(processes=2))
    os.kill((await _first_child()).pid or 0, signal.SIGKILL)
    with pytest.raises(ReplayLostError, match="killed"):
        await replaying
    assert await site.table_names() == {table.name for table in _TABLES}
    assert await site.rows() == before


async def _first_child() -> BaseProcess:
    async with asyncio.timeout(30):
        while True:
            if children := multiprocessing.active_children():
                return children[0]
            await asyncio.sleep(0.01)


async def test_live_jobs_are_found_again(site: Site) -> None:
    await site.jobs_of_all_kinds()
    live_jobs = (
        SqliteLiveJobs(site.store)
        if isinstance(site.store, SqliteEventStore)
        else PostgresLiveJobs(site.store)
    )
    assert (await site.replay(LIVE_JOBS, verify=True)).is_equal, "the reconciler will read of it"
    async with site.store.lock_position(LIVE_JOBS) as position:
        assert position is not None
        await position.advance(await site.store.head_position())
    report = await site.replay(LIVE_JOBS, verify=True)
    assert report.views[0].differing_rows == 1
    if isinstance(site.store, PostgresEventStore):
        await site.store.pool.execute("DROP TABLE live_jobs")
    await site.replay(LIVE_JOBS)
    assert (await site.replay(LIVE_JOBS, verify=True)).is_equal
    now = site.history.now.replace(year=9999)
    (job_id,) = await live_jobs.claim(now, now)
    assert str(job_id) in json.dumps(report.model_dump(mode="json"))


async def test_a_job_told_to_stop_where_nothing_is_at_work_is_no_difference(site: Site) -> None:
    job_id = await site.history.submit("review.docx", document=_NEEDS_REVIEW)
    await site.history.advance(job_id, to="qa")
    async with site.store.lock_position(LIVE_JOBS) as position:
        assert position is not None
        await position.advance(await site.store.head_position())
    await site.history.say(job_id, e.CancelRequested(), actor="user:ada")
    report = await site.replay(LIVE_JOBS, verify=True)
    assert (report.is_equal, report.views[0].row_count) == (True, 1)


async def test_beside_a_process_that_has_the_state_folder_only_live_jobs_are_left_out(
    tmp_path: Path,
) -> None:
    store = SqliteEventStore(tmp_path / "events.db")
    objects = FileObjectStore(tmp_path / "objects")
    await objects.open()
    await History(store, objects).submit("contract.docx")
    lock = StateLock(tmp_path)
    lock.acquire()
    settings = StoreSettings(state_dir=tmp_path, database_url=None, objects_url=None)
    report = await replay(settings, Order(), lambda step, done, total: None)
    lock.release()
    assert report.skipped == (LIVE_JOBS,)
    assert [view.row_count for view in report.views] == [2, 0, 0, 1]
    engine = create_views_engine(sqlalchemy_url(f"sqlite:///{tmp_path / 'catalog.db'}"))
    async with engine.connect() as connection:
        assert set((await connection.execute(select(positions.c.position))).scalars()) == {1}
    await engine.dispose()
    await store.aclose()


@pytest.mark.parametrize("kind", ["no JSON", "another event", "missing"])
async def test_a_damaged_job_is_passed_over_and_named_and_the_others_are_replayed(
    site: Site, kind: str
) -> None:
    damaged = await site.history.submit("damaged.docx")
    await site.history.advance(damaged, to="qa")
    whole = await site.history.submit("whole.docx")
    await site.history.advance(whole)
    await site.projected()
    first = (await site.store.read_states(damaged))[0]
    state = {"no JSON": b'{"type": "\xff\xfe', "another event": first}.get(kind)
    await _overwritten(site, damaged, 3, state)

    report = await site.replay(*VIEWS, LIVE_JOBS, verify=True)
    assert [each.stream_id for each in report.damaged] == [damaged]
    assert report.damaged[0].version == (0 if kind == "missing" else 3)
    assert {view.projection for view in report.views if view.differing_rows} <= {LIVE_JOBS}
    await site.replay()
    listed = {
        row.job_id: row.trouble_code
        for row in (await JobQueries(site.engine).list_jobs(JobFilter())).rows
    }
    assert listed == {damaged: "event.damaged", whole: None}
    assert (await site.replay(verify=True)).is_equal


def test_the_command_names_what_it_passed_over_and_ends_with_3(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DRAGOMAN_DATABASE_URL", raising=False)

    async def prepared() -> UUID:
        store, objects = SqliteEventStore(tmp_path / "events.db"), FileObjectStore(tmp_path / "o")
        await objects.open()
        job_id = await History(store, objects).submit("damaged.docx")
        await History(store, objects).submit("whole.docx")
        await store.execute(
            "UPDATE stored_events SET state = ? WHERE originator_id = ?", (b"{", job_id.hex)
        )
        await store.aclose()
        return job_id

    job_id = asyncio.run(prepared())
    for more in ([], ["--verify"]):
        done = CliRunner().invoke(app, ["replay", "--state", str(tmp_path), *more])
        assert done.exit_code == 3, done.output
        assert f"{job_id}: damaged, and passed over from its event 1 on." in done.output
    done = CliRunner().invoke(app, ["replay", "--state", str(tmp_path), "--json"])
    assert json.loads(done.stdout)["damaged"] == [{"stream_id": str(job_id), "version": 1}]


async def _overwritten(site: Site, job_id: UUID, version: int, state: bytes | None) -> None:
    """Write other bytes into an event of the database, or take the event out of it."""
    value = () if state is None else (state,)
    if isinstance(site.store, PostgresEventStore):
        where = "WHERE originator_id = $1 AND originator_version = $2"
        change = "UPDATE dragoman_events SET state = $3" if value else "DELETE FROM dragoman_events"
        await site.store.pool.execute(f"{change} {where}", job_id, version, *value)
        return
    where = "WHERE originator_id = ? AND originator_version = ?"
    change = "UPDATE stored_events SET state = ?" if value else "DELETE FROM stored_events"
    await site.store.execute(f"{change} {where}", (*value, job_id.hex, version))
