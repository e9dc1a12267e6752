"""`dragoman review`, `export` and `import` on a folder that no server works on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from dragoman_runtime.eventstore.sqlite import SqliteEventStore
from dragoman_runtime.objects.files import FileObjectStore
from dragoman_standalone.cli import app
from services.gateway.histories import History
from services.gateway.test_review_api import TWICE

FILE = "offer.docx"


@pytest.fixture
async def state(tmp_path: Path) -> Path:
    """A state folder with a job in review: units 8 and 9 of 9 wait for a person."""
    folder = tmp_path / "state"
    folder.mkdir()
    store, objects = SqliteEventStore(folder / "events.db"), FileObjectStore(folder / "objects")
    await objects.open()
    history = History(store, objects)
    await history.advance(await history.submit(FILE, document=TWICE), to="qa")
    await store.aclose()
    return folder


def run(state: Path, *arguments: str, code: int = 0) -> Result:
    """Run a command on the folder, away from a terminal."""
    result = CliRunner().invoke(app, [*arguments, "--state", str(state)], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result


def told(state: Path, *arguments: str, code: int = 0) -> dict[str, Any]:
    """The JSON that a command prints."""
    answer: dict[str, Any] = json.loads(run(state, *arguments, "--json", code=code).stdout)
    return answer


def test_a_job_is_reviewed_from_the_command_line(state: Path) -> None:
    listed = run(state, "review", "list", FILE).stdout.splitlines()
    assert [line.split("\t")[:2] for line in listed] == [
        ["8", "needs_review"],
        ["9", "needs_review"],
    ]
    edited = run(state, "review", "edit", FILE, "9", "Pago a 14 días.").stdout
    assert edited == "unit 9 saved, and 1 like it; 1 left\n"
    accepted = run(state, "review", "accept", FILE, "--unit", "8").stdout
    assert accepted == "1 accepted, 0 skipped, 0 left\n"
    finished = run(state, "review", "finish", FILE)
    assert finished.stdout.endswith(" reassembly_pending\n")
    assert "start `dragoman up`" in finished.stderr


def test_what_is_left_keeps_the_review_open(state: Path) -> None:
    refused = CliRunner().invoke(app, ["review", "finish", FILE, "--state", str(state)])
    assert refused.exit_code != 0
    assert told(state, "review", "finish", FILE, "--as-they-are")["status"] == "reassembly_pending"


def test_a_file_goes_out_and_comes_back(state: Path, tmp_path: Path) -> None:
    out = tmp_path / "back.tmx"
    run(state, "export", FILE, "--format", "tmx", "-o", str(out))
    text = out.read_text(encoding="utf-8")
    engine = "Las facturas son pagaderas en un plazo de 15 días."
    assert engine in text
    out.write_text(text.replace(engine, "Pago a 14 días."), encoding="utf-8")
    look = run(state, "import", FILE, str(out), "--dry-run").stdout
    assert look.startswith("2 would be applied, 7 unchanged, 0 refused")
    assert told(state, "import", FILE, str(out))["pending_units"] == 1
    out.write_text(text.replace("Confidentiality", "Secrecy"), encoding="utf-8")
    refused = run(state, "import", FILE, str(out), code=3).stdout
    assert "exchange.source_changed" in refused
    missing = CliRunner().invoke(app, ["import", FILE, "none.tmx", "--state", str(state)])
    assert missing.exit_code == 2
