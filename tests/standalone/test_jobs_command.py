"""`dragoman jobs`: lists for people and for programs, jobs by name, and what to do next."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from documents.wordml import document, paragraph, run
from dragoman_contracts.vocabulary import WorkKind
from dragoman_runtime.eventstore.sqlite import SqliteEventStore
from dragoman_runtime.objects.files import FileObjectStore
from dragoman_standalone import asking
from dragoman_standalone.cli import app
from dragoman_standalone.jobs_command import job_table
from dragoman_standalone.standing import standing_of
from services.gateway.histories import History

_LONG = "a name of a file that is too long for a line of any terminal, and goes on and on.docx"


@pytest.fixture
async def state(tmp_path: Path) -> Path:
    """A state folder of two jobs of one file, one of them done, and a failed job of another."""
    store, objects = SqliteEventStore(tmp_path / "events.db"), FileObjectStore(tmp_path / "objects")
    await objects.open()
    history = History(store, objects)
    await history.advance(await history.submit("offer.docx"))
    await history.submit("offer.docx", target="fr")
    await history.park(await history.submit(_LONG), WorkKind.PREFLIGHT)
    await store.aclose()
    return tmp_path


def told(state: Path, *arguments: str) -> Result:
    """Run `dragoman jobs …` on the folder, away from a terminal."""
    return CliRunner().invoke(
        app, ["jobs", *arguments, "--state", str(state)], catch_exceptions=False
    )


def listed(state: Path, *arguments: str) -> list[dict[str, Any]]:
    """The jobs that a list has."""
    return json.loads(told(state, "list", *arguments, "--json").stdout)["items"]


def test_a_list_away_from_a_terminal_has_a_line_of_whole_values_for_each_job(state: Path) -> None:
    rows = [line.split("\t") for line in told(state, "list").stdout.splitlines()]
    assert sorted(row[0] for row in rows) == [_LONG, "offer.docx", "offer.docx"]
    assert [row[-1] for row in rows] == [job["job_id"] for job in listed(state)]
    assert ["completed", "delivery", "100", "en → es"] in [row[1:5] for row in rows]


def test_a_list_on_a_terminal_of_80_columns_has_the_file_first_and_wraps_nothing(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = io.StringIO()
    terminal = Console(file=written, force_terminal=True, width=80, color_system=None)
    monkeypatch.setattr(asking, "Console", lambda: terminal)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    jobs = listed(state)
    asking.output({"items": jobs}, False, job_table)
    head, *rows = written.getvalue().splitlines()
    assert head.split()[0] == "file"
    assert len(rows) == 3
    assert max(len(row.rstrip()) for row in rows) <= 80
    assert sum("…" in row for row in rows) == 1
    assert all(
        row.rstrip().endswith(job["job_id"][:8]) for row, job in zip(rows, jobs, strict=True)
    )


def test_lists_are_narrowed_and_paged_as_in_the_api(state: Path) -> None:
    assert len(listed(state, "--q", "offer")) == 2
    assert listed(state, "--project", "nobody") == []
    assert len(listed(state, "--stage", "intake")) == 2
    first = json.loads(told(state, "list", "--limit", "2", "--json").stdout)
    (last,) = listed(state, "--cursor", first["next_cursor"])
    assert last["job_id"] not in {job["job_id"] for job in first["items"]}


def test_a_job_is_named_by_the_beginning_of_its_id_or_by_its_file(state: Path) -> None:
    failed = listed(state, "--status", "failed")[0]["job_id"]
    for name in (failed[:8], failed[:8].upper(), _LONG):
        shown = json.loads(told(state, "show", name, "--json").stdout)
        assert shown["job_id"] == failed
    assert told(state, "events", failed[:8]).exit_code == 0


def test_a_name_of_several_jobs_says_which_and_one_of_none_says_so(state: Path) -> None:
    result = told(state, "show", "offer.docx")
    assert result.exit_code == 1
    assert "'offer.docx' names 2 jobs: " in result.stderr
    for job in listed(state, "--q", "offer"):
        assert f"{job['job_id'][:8]} ({job['status']}, offer.docx" in result.stderr
    assert "No job has an id that begins with 'nosuch'" in told(state, "cancel", "nosuch").stderr


def test_a_failed_job_says_its_cause_and_the_next_step(state: Path) -> None:
    said = told(state, "show", _LONG).stdout
    assert "preflight\tfailed" in said
    assert "cause\t" in said
    assert "next\tput the cause right, then: dragoman jobs resume " in said


def test_a_job_is_run_again_with_another_engine_and_model(tmp_path: Path) -> None:
    file, state = tmp_path / "offer.docx", tmp_path / "state"
    file.write_bytes(document(paragraph(run("Some words."))))
    terms = ("--source", "en", "--target", "ru", "--engine", "pseudo", "--state", str(state))
    done = CliRunner().invoke(app, ["translate", str(file), "-o", str(tmp_path / "out"), *terms])
    assert done.exit_code == 0, done.output
    asked = ("rerun", "offer.docx", "--engine", "identity", "--model", "plain")
    again = json.loads(told(state, *asked, "--json").stdout)
    assert (again["engine"], again["model"]) == ("identity", "plain")


def test_a_replay_of_a_job_without_a_result_says_that_there_is_none_yet(state: Path) -> None:
    (failed,) = listed(state, "--status", "failed")
    result = CliRunner().invoke(
        app, ["replay", failed["job_id"], "--state", str(state)], catch_exceptions=False
    )
    assert "recorded no result yet\nmade     no result yet" in result.stdout
    assert "None" not in result.stdout


def _job(**fields: Any) -> dict[str, Any]:
    counts = {"planned_units": 9, "translated_units": 9, "review_pending_units": 2}
    counts |= {"blocked_units": 1}
    job = {"job_id": "942624ca-0000", "counts": counts, "is_past": False}
    job |= {"qa_verdict": "needs_review", "is_checkpoint_discarded": False}
    return job | {"preflight_findings": ["document.encrypted"]} | fields


@pytest.mark.parametrize(
    ("fields", "lines"),
    [
        (
            {"status": "needs_review"},
            ["2 units: text.untranslated 5, numbers 1", "dragoman download 942624ca -o OUT"],
        ),
        ({"status": "blocked"}, ["1 unit: text.untranslated 5, numbers 1", "jobs rerun 942624ca"]),
        ({"status": "blocked", "qa_verdict": None}, ["document.encrypted", "preflight FILE"]),
        ({"status": "cancelled"}, ["dragoman jobs resume 942624ca"]),
        ({"status": "failed", "is_checkpoint_discarded": True}, ["dragoman jobs rerun 942624ca"]),
        ({"status": "completed"}, ["9 of 9 units", "dragoman download 942624ca"]),
    ],
)
def test_a_job_that_rests_says_what_is_counted_and_what_to_do(
    fields: dict[str, Any], lines: list[str]
) -> None:
    said = " | ".join(value for _, value in standing_of(_job(**fields), _FINDINGS))
    assert all(line in said for line in lines), said


_FINDINGS = {"numbers": 1, "text.untranslated": 5}
