"""Lists of a state folder that no server keeps the views of: whole and right,
without projecting the log for it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect, text

from dragoman_contracts.vocabulary import WorkKind
from dragoman_runtime.eventstore.sqlite import SqliteEventStore
from dragoman_runtime.objects.files import FileObjectStore
from dragoman_runtime.projection import create_views_engine
from dragoman_runtime.settings import load
from dragoman_standalone import client
from dragoman_standalone.asking import every
from dragoman_standalone.client import Api, api
from dragoman_standalone.settings import ClientSettings, StandaloneSettings
from services.gateway.histories import History


@pytest.fixture
async def state(tmp_path: Path) -> Path:
    """A state folder of a completed job and two with parked work, whose views nobody made."""
    store, objects = SqliteEventStore(tmp_path / "events.db"), FileObjectStore(tmp_path / "objects")
    await objects.open()
    history = History(store, objects)
    await history.advance(await history.submit("first.docx"))
    for name in ("second.docx", "third.docx"):
        await history.park(await history.submit(name), WorkKind.PREFLIGHT)
    await store.aclose()
    return tmp_path


async def _asked(
    state: Path, path: str, *, needs_view: bool = False, **query: str
) -> list[dict[str, Any]]:
    settings = load(StandaloneSettings, {"state_dir": state})
    async with api(settings, load(ClientSettings), needs_view=needs_view) as asked:
        assert isinstance(asked, Api)
        return await every(asked, path, **query)


async def _projected(state: Path) -> dict[str, int]:
    """How far each view has come, and that no view has tables but those."""
    engine = create_views_engine(f"sqlite+aiosqlite:///{state / 'catalog.db'}")
    async with engine.connect() as connection:
        rows = (
            await connection.execute(text("SELECT name, position FROM projection_positions"))
        ).all()
        tables = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
    await engine.dispose()
    assert not any(name.startswith(("view_units", "view_audit")) for name in tables)
    return {str(row[0]): int(row[1]) for row in rows}


async def test_a_view_that_is_near_is_brought_up_to_date(state: Path) -> None:
    assert [job["file_name"] for job in await _asked(state, "jobs")] == [
        "third.docx",
        "second.docx",
        "first.docx",
    ]
    assert (await _projected(state))["jobs"] > 0


async def test_jobs_are_listed_from_the_log_where_the_view_is_far_behind(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "_FEW_EVENTS", 3)
    assert [job["file_name"] for job in await _asked(state, "jobs")] == [
        "third.docx",
        "second.docx",
        "first.docx",
    ]
    assert [job["file_name"] for job in await _asked(state, "jobs", status="completed")] == [
        "first.docx"
    ]
    failed = await _asked(state, "jobs", status="failed")
    assert [job["file_name"] for job in failed] == ["third.docx", "second.docx"]
    assert await _projected(state) == {"jobs": 0}


async def test_parked_work_is_listed_from_the_whole_view_and_the_wait_is_told(
    state: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(client, "_FEW_EVENTS", 3)
    assert len(await _asked(state, "parked", needs_view=True)) == 2
    assert "events behind the log" in capsys.readouterr().err
    assert (await _projected(state))["jobs"] > 0
