"""Commands that are told of servers leave the local folder alone; `resume --all` takes all jobs."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from contracts.streams import JOB
from dragoman_contracts.vocabulary import WorkKind
from dragoman_runtime.eventstore.sqlite import SqliteEventStore
from dragoman_runtime.objects.files import FileObjectStore
from dragoman_standalone.cli import app
from services.gateway.histories import History

_SERVERS = {"DRAGOMAN_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}
_GATEWAY = {"DRAGOMAN_URL": "http://127.0.0.1:1", "DRAGOMAN_TOKEN": "none"}
_CURES = {"DRAGOMAN_DATABASE_URL": "DRAGOMAN_URL", "DRAGOMAN_URL": "DRAGOMAN_DATABASE_URL"}


def run(*arguments: str, **environment: str | None) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(app, arguments, env=environment, catch_exceptions=False)


@pytest.mark.parametrize(
    ("environment", "command"),
    [
        (_SERVERS, "jobs list"),
        (_SERVERS, f"jobs show {JOB}"),
        (_SERVERS, "owed"),
        (_SERVERS, "resume --all"),
        (_SERVERS, "parked list"),
        (_SERVERS, "dead-letters list"),
        (_SERVERS, "up"),
        (_SERVERS, "translate pyproject.toml -o out --source en --target de"),
        (_GATEWAY, "events list"),
        (_GATEWAY, "replay"),
        (_GATEWAY, "maintenance"),
    ],
)
def test_a_command_told_of_servers_refuses_and_makes_no_folder(
    tmp_path: Path, environment: dict[str, str], command: str
) -> None:
    folder = tmp_path / "state"
    done = run(*command.split(), **environment, DRAGOMAN_STATE_DIR=str(folder))

    assert done.exit_code == 2, done.output
    said = " ".join(done.output.split())
    assert all(f"{name} " in said and _CURES[name] in said for name in list(environment)[:1]), said
    assert not folder.exists()


def test_resume_all_takes_every_failed_job_and_says_how_many(tmp_path: Path) -> None:
    asyncio.run(_failed_early(tmp_path))

    done = CliRunner().invoke(app, ["resume", "--all", "--json", "--state", str(tmp_path)])

    assert done.exit_code == 0, done.output
    assert [each["status"] for each in json.loads(done.stdout)["items"]] == ["queued", "queued"]
    assert "2 of 2 jobs go on." in done.stderr


async def _failed_early(folder: Path) -> None:
    """Two jobs that failed before any of their work was finished."""
    store, objects = SqliteEventStore(folder / "events.db"), FileObjectStore(folder / "objects")
    await objects.open()
    history = History(store, objects)
    for name in ("first.docx", "second.docx"):
        await history.park(await history.submit(name), WorkKind.PREFLIGHT)
    await store.aclose()
