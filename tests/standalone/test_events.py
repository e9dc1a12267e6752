"""`dragoman events`: the log read, copied and checked;
every byte that is changed behind its back is found.
"""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from typer.testing import CliRunner, Result

from dragoman_contracts import events as e
from dragoman_contracts.envelope import digest
from dragoman_contracts.references import ArtifactKind
from dragoman_gateway.views import projectors
from dragoman_runtime.eventstore import Jobs
from dragoman_runtime.eventstore.archive import PostgresArchive, SqliteArchive
from dragoman_runtime.eventstore.exchange import MalformedExportError, from_line, to_line
from dragoman_runtime.eventstore.postgres import PostgresEventStore
from dragoman_runtime.eventstore.sqlite import SqliteEventStore
from dragoman_runtime.migrations.run import migrate_events, sqlalchemy_url
from dragoman_runtime.objects.files import FileObjectStore
from dragoman_runtime.projection import create_views_engine
from dragoman_standalone.cli import app
from dragoman_standalone.lock import StateLock
from dragoman_standalone.log_checking import LogReport, checked_log
from dragoman_standalone.log_reading import EventFilter, exported, imported
from dragoman_standalone.settings import StoreSettings
from services.gateway.histories import ATLAS, History

_FLIPS = 80
_SEED = 4


@dataclass
class Site:
    """An installation with a history."""

    settings: StoreSettings
    store: SqliteEventStore | PostgresEventStore
    objects: FileObjectStore
    history: History

    def archive(self) -> SqliteArchive:
        """Its log, on SQLite."""
        return SqliteArchive(self.settings.state_dir / "events.db")

    async def check(self, *, objects: bool = False) -> LogReport:
        """What `dragoman events verify` finds."""
        return await checked_log(
            self.settings, lambda step, done, total: None, is_with_objects=objects
        )

    async def project(self) -> None:
        """Write the views."""
        folder, url = self.settings.state_dir, self.settings.postgres_url
        engine = create_views_engine(sqlalchemy_url(url or f"sqlite:///{folder / 'catalog.db'}"))
        for each in projectors(self.store, self.objects, engine):
            await each.open()
            await each.catch_up()
        await engine.dispose()

    async def rows(self) -> list[tuple[int, bytes]]:
        """Position and state of every event."""
        if isinstance(self.store, PostgresEventStore):
            found = await self.store.pool.fetch(
                "SELECT notification_id, state FROM dragoman_events ORDER BY 1"
            )
            return [(row[0], row[1]) for row in found]
        with closing(sqlite3.connect(self.settings.state_dir / "events.db")) as connection:
            return connection.execute(
                "SELECT rowid, state FROM stored_events ORDER BY 1"
            ).fetchall()

    async def write(self, position: int, state: bytes) -> None:
        """Change an event as nobody should."""
        if isinstance(self.store, PostgresEventStore):
            statement = "UPDATE dragoman_events SET state = $2 WHERE notification_id = $1"
            await self.store.pool.execute(statement, position, state)
            return
        with (
            closing(sqlite3.connect(self.settings.state_dir / "events.db")) as connection,
            connection,
        ):
            connection.execute(
                "UPDATE stored_events SET state = ? WHERE rowid = ?", (state, position)
            )


async def _site(folder: Path, url: str | None = None) -> Site:
    settings = StoreSettings.model_validate(
        {"state_dir": folder, "database_url": url, "objects_url": None}
    )
    objects = FileObjectStore(folder / "objects")
    await objects.open()  # makes the folder
    store: SqliteEventStore | PostgresEventStore
    if url:
        await migrate_events(url)
        store = await PostgresEventStore.connect(url)
    else:
        store = SqliteEventStore(folder / "events.db")
    return Site(settings, store, objects, History(store, objects))


@pytest.fixture(params=["sqlite", "postgresql"])
async def site(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Site]:
    url: str | None = (
        request.getfixturevalue("postgres_url") if request.param == "postgresql" else None
    )
    made = await _site(tmp_path / "site", url)
    await made.history.advance(await made.history.submit("contract.docx"))
    await made.history.advance(await made.history.submit("running.docx"), to="plan")
    await made.history.advance(await made.history.submit("Straße.docx"), to="qa")
    yield made
    await made.store.aclose()


async def _flip(site: Site, rows: Sequence[tuple[int, bytes]], times: int = _FLIPS) -> list[str]:
    """Flip one bit in one byte of one of the events, many times, each put right again; where the
    fault was found.

    `here`: at its event, `beside`: at one beside it, and nothing where nobody noticed.
    """
    luck = random.Random(_SEED)  # noqa: S311 - to be the same each time
    found: list[str] = []
    for _ in range(times):
        position, state = luck.choice(rows)
        changed = bytearray(state)
        changed[luck.randrange(len(state))] ^= 1 << luck.randrange(8)
        await site.write(position, bytes(changed))
        faults = [each.position for each in (await site.check()).faults]
        found.append("here" if faults == [position] else "beside" if faults else "")
        await site.write(position, state)
    return found


def _stream_of(state: bytes) -> UUID:
    return UUID(json.loads(state)["stream_id"])


async def test_any_flipped_byte_is_found_at_its_event(site: Site) -> None:
    await site.project()
    report = await site.check()
    assert (report.faults, report.unwitnessed_count) == ((), 0)
    found = await _flip(site, await site.rows())
    print(f"{_FLIPS} bytes flipped (seed {_SEED}): {found.count('here')} found at their event")
    assert found == ["here"] * _FLIPS


async def test_a_flipped_byte_beside_the_state_is_found_too(tmp_path: Path) -> None:
    site = await _site(tmp_path / "site")
    await site.history.advance(await site.history.submit("contract.docx"))
    await site.project()
    columns = ("originator_id", "originator_version", "topic")
    luck, file = random.Random(_SEED), tmp_path / "site" / "events.db"  # noqa: S311 - to be the same each time
    with closing(sqlite3.connect(file)) as connection:
        query = f"SELECT rowid, {', '.join(columns)} FROM stored_events"  # noqa: S608 - ours
        rows = connection.execute(query).fetchall()

    def write(position: int, column: str, value: bytes | int) -> bool:
        taken = "CAST(? AS TEXT)" if isinstance(value, bytes) else "?"
        with closing(sqlite3.connect(file)) as connection, connection:
            statement = f"UPDATE OR IGNORE stored_events SET {column} = {taken} WHERE rowid = ?"  # noqa: S608 - ours
            return connection.execute(statement, (value, position)).rowcount == 1

    for _ in range(_FLIPS // 2):
        position, *values = luck.choice(rows)
        column, value = luck.choice(list(zip(columns, values, strict=True)))
        kept = value if isinstance(value, int) else value.encode()
        if isinstance(kept, int):
            changed: bytes | int = kept ^ 1 << luck.randrange(8)
        else:
            place = luck.randrange(len(kept))
            changed = (
                kept[:place] + bytes([kept[place] ^ 1 << luck.randrange(8)]) + kept[place + 1 :]
            )
        if write(position, column, changed):  # not where another event has that place
            assert (await site.check()).faults, (position, column, changed)
            assert write(position, column, kept)
    assert (await site.check()).faults == ()
    await site.store.aclose()


async def test_without_an_audit_view_all_but_a_last_event_is_covered(site: Site) -> None:
    rows = await site.rows()
    heads = {_stream_of(state): (position, state) for position, state in rows}
    report = await site.check()
    assert (report.faults, report.unwitnessed_count) == ((), len(heads))
    times = _FLIPS // 4
    assert "" not in await _flip(site, [row for row in rows if row not in heads.values()], times)
    found = await _flip(site, list(heads.values()), times)
    print(
        f"{times} bytes of last events flipped (seed {_SEED}): {times - found.count('')} found without a witness"
    )
    assert 0 < found.count("") < times


async def test_what_was_exported_is_imported_byte_for_byte_once(site: Site, tmp_path: Path) -> None:
    file = tmp_path / "log.ndjson"
    archive = (
        PostgresArchive(site.store.pool)
        if isinstance(site.store, PostgresEventStore)
        else site.archive()
    )
    count = await exported(archive, EventFilter(), file)
    first = file.read_bytes()
    await exported(archive, EventFilter(), file)
    assert file.read_bytes() == first
    assert count == len(await site.rows())
    for line in first.splitlines():
        fields = json.loads(line)
        assert {"specversion", "id", "source", "type", "subject", "time", "datacontenttype"} <= set(
            fields
        )
        assert fields["data"]["event_id"] == fields["id"]
        version = fields["data"]["schema_version"]
        assert fields["dataschema"] == f"urn:dragoman:schema:event.{fields['type']}.v{version}"

    there = StoreSettings.model_validate({"state_dir": tmp_path / "there", "database_url": None})
    added = await imported(there, file, lambda done: None)
    assert (added.added, added.present) == (count, 0)
    again = await imported(there, file, lambda done: None)
    assert (again.added, again.present) == (0, count)
    copy = SqliteArchive(tmp_path / "there" / "events.db")
    assert [row.state for row in await copy.tail(0)] == [state for _, state in await site.rows()]
    await copy.aclose()
    store = SqliteEventStore(tmp_path / "there" / "events.db")
    for job_id in site.history.documents:
        assert await Jobs(store).load(job_id) == await Jobs(site.store).load(job_id)
    await store.aclose()


async def test_a_line_that_was_changed_and_a_stream_that_differs_are_refused(
    tmp_path: Path,
) -> None:
    here, there = await _site(tmp_path / "here"), await _site(tmp_path / "there")
    job_id = await here.history.submit("contract.docx", key="one")
    await there.history.submit("contract.docx", key="one", target="fr")
    archive, file = here.archive(), tmp_path / "log.ndjson"
    await exported(archive, EventFilter(), file)
    text = file.read_text()
    with pytest.raises(MalformedExportError, match=str(job_id)):
        from_line(text.replace('"es"', '"it"'))
    for wrong in ("", "{}", "[]", '{"data": 1}', text[: len(text) // 2]):
        with pytest.raises(MalformedExportError):
            from_line(wrong)
    await there.store.aclose()
    result = _run("import", str(file), "--state", str(tmp_path / "there"))
    assert result.exit_code == 3
    assert str(job_id) in result.stderr

    lock = StateLock(tmp_path / "there")
    lock.acquire()
    assert _run("import", str(file), "--state", str(tmp_path / "there")).exit_code == 2
    lock.release()
    await here.history.advance(job_id, to="preflight")
    rest = [to_line(row) for row in (await archive.tail(0))[1:]]
    file.write_text("\n".join(rest))
    result = _run("import", str(file), "--state", str(tmp_path / "empty"))
    assert result.exit_code == 3
    assert "version 0" in result.stderr
    await archive.aclose()
    await here.store.aclose()


async def test_state_that_is_no_json_of_ours_is_exported_as_its_bytes(site: Site) -> None:
    position, state = (await site.rows())[0]
    await site.write(position, state.replace(b":", b": ", 1))
    archive = (
        PostgresArchive(site.store.pool)
        if isinstance(site.store, PostgresEventStore)
        else site.archive()
    )
    (row,) = await archive.tail(0, limit=1)
    line = to_line(row)
    assert "data_base64" in json.loads(line)
    assert from_line(line).state == row.state
    report = await site.check()
    assert [(each.position, each.kind) for each in report.faults] == [(position, "form")]


async def test_objects_that_are_gone_or_changed_are_found_and_erased_ones_are_not_faults(
    tmp_path: Path,
) -> None:
    site = await _site(tmp_path / "site")
    job_id = await site.history.submit("contract.docx")
    await site.history.advance(job_id, to="extraction")
    report = await site.check(objects=True)
    assert (report.faults, report.erased_count) == ((), 0)
    assert report.object_count > 3
    job, _ = await Jobs(site.store).load(job_id)
    await site.objects.delete(ATLAS, job.needed_input(e.INTAKE_INPUT))
    source = job.source
    await site.objects.delete(ATLAS, source)
    (fault,) = (await site.check(objects=True)).faults
    assert (fault.version, fault.kind, source.digest in fault.message) == (1, "object", True)
    await site.history.say(
        job_id, e.ArtifactErased(kind=ArtifactKind.SOURCE_DOCX, digest=source.digest)
    )
    report = await site.check(objects=True)
    assert (report.faults, report.erased_count) == ((), 2)

    job, _ = await Jobs(site.store).load(job_id)
    assert job.extraction
    await site.objects.delete(ATLAS, job.extraction.units)
    assert len((await site.check(objects=True)).faults) == 1
    await site.history.say(
        job_id, *(e.ArtifactErased(kind=a.kind, digest=a.object.digest) for a in job.artifacts)
    )
    assert (
        await site.check(objects=True)
    ).faults == ()  # with its last artifact, a job lets go of all
    await site.store.aclose()


async def test_a_cut_stream_and_a_gap_are_found(site: Site) -> None:
    await site.project()
    rows = await site.rows()
    job_id = _stream_of(rows[0][1])
    last = max(json.loads(state)["version"] for _, state in rows if _stream_of(state) == job_id)
    for version, kind, at in ((last, "cut", last - 1), (3, "gap", 4)):
        if isinstance(site.store, PostgresEventStore):
            statement = (
                "DELETE FROM dragoman_events WHERE originator_id = $1 AND originator_version = $2"
            )
            await site.store.pool.execute(statement, job_id, version)
        else:
            with (
                closing(sqlite3.connect(site.settings.state_dir / "events.db")) as connection,
                connection,
            ):
                statement = (
                    "DELETE FROM stored_events WHERE originator_id = ? AND originator_version = ?"
                )
                connection.execute(statement, (job_id.hex, version))
        (fault,) = (await site.check()).faults
        assert (fault.stream_id, fault.kind, fault.version) == (job_id, kind, at)


async def test_the_commands_read_a_folder_that_a_process_has(tmp_path: Path) -> None:
    site = await _site(tmp_path / "site")
    job_id = await site.history.submit("contract.docx")
    await site.history.advance(job_id)
    lock = StateLock(tmp_path / "site")
    lock.acquire()
    state = ("--state", str(tmp_path / "site"))
    lines = [
        json.loads(line)
        for line in _run("list", "--json", "--limit", "3", *state).stdout.splitlines()
    ]
    assert [line["sequence"] for line in lines] == ["1", "2", "3"]
    started = _run(
        "list", "--type", "phase.started", "--job", str(job_id), "--json", *state
    ).stdout.splitlines()
    assert {json.loads(line)["type"] for line in started} == {"phase.started"}
    listed = _run("list", *state).stdout
    assert listed.count(str(job_id)) == len(await site.rows())
    assert "job.submitted" in listed
    assert _run("list", "--until", "2020-01-01", "--json", *state).stdout == ""
    shown: list[dict[str, Any]] = [
        json.loads(_run("show", name, *state).stdout)
        for name in ("2", f"{job_id}:2", lines[1]["id"])
    ]
    assert shown[0] == shown[1] == shown[2]
    assert (shown[0]["position"], shown[0]["digest"]) == (2, digest((await site.rows())[1][1]))
    assert _run("show", "999", *state).exit_code == 2
    (last,) = _run("tail", "-n", "1", *state).stdout.splitlines()
    assert json.loads(last)["type"] == "job.completed"
    assert _run("verify", *state).exit_code == 0
    position, kept = (await site.rows())[4]
    await site.write(position, kept.replace(b"service:", b"servicf:"))
    result = _run("verify", *state)
    assert result.exit_code == 3
    assert f"job {job_id} version 5 position 5: changed" in result.stdout
    assert _run("verify", "--state", str(tmp_path / "nowhere")).exit_code == 2
    lock.release()
    await site.store.aclose()


def _run(*words: str) -> Result:
    """The command, in a thread, where it can have an event loop of its own."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(CliRunner().invoke, app, ["events", *words]).result()
