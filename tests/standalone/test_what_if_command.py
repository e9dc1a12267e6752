"""Another engine over a finished job's units, compared, chosen from, and never in its place."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from documents.wordml import document, paragraph, run
from dragoman_contracts.sampling import UnitSample
from dragoman_standalone.cli import app
from ports.model_server import ModelServer

TEXTS = tuple(f"The supplier shall deliver part {word} today." for word in
              ("alpha", "beta", "gamma", "delta", "epsilon", "zeta"))  # fmt: skip


@pytest.fixture
def server() -> Iterator[ModelServer]:
    made = ModelServer()
    yield made
    made.close()


def invoke(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [*map(str, arguments)])


@pytest.fixture
def folder(tmp_path: Path, server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder with one job of the engine pseudo, and a server for openai."""
    monkeypatch.setenv("DRAGOMAN_OPENAI_BASE_URL", server.base_url)
    monkeypatch.setenv("DRAGOMAN_OPENAI_API_KEY", "k")
    file = tmp_path / "parts.docx"
    file.write_bytes(document("".join(paragraph(run(text)) for text in TEXTS)))
    result = invoke(
        "translate", file, "--out", tmp_path / "out", "--source", "en", "--target", "es",
        "--engine", "pseudo", "--state", tmp_path / "state",
    )  # fmt: skip
    assert result.exit_code in {0, 3}, result.output
    return tmp_path / "state"


def tried(folder: Path, *more: str) -> dict[str, Any]:
    result = invoke("what-if", "parts.docx", "--state", folder, "--json", *more)
    assert result.exit_code == 0, result.output
    told: dict[str, Any] = json.loads(result.stdout)
    return told


def job(folder: Path, job_id: str) -> dict[str, Any]:
    result = invoke("jobs", "show", job_id, "--state", folder, "--json")
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_both_sides_are_told_and_the_first_job_stays_as_it_is(
    folder: Path, server: ModelServer
) -> None:
    told = tried(folder, "--engine", "openai", "--model", "gpt-4o")
    assert told["is_complete"]
    assert told["unit_count"] == len(TEXTS)
    assert told["equal_count"] == 0
    assert told["first"]["engine"] == "pseudo"
    assert (told["trial"]["engine"], told["trial"]["model"]) == ("openai", "gpt-4o")
    assert {each["trial"]["target"] for each in told["units"]} == {t.upper() for t in TEXTS}
    assert float(told["first"]["cost"]) == 0
    assert float(told["trial"]["cost"]) > 0
    assert told["trial"]["tokens_in"] > 0
    assert sum(each["trial"]["tokens_in"] for each in told["units"]) == told["trial"]["tokens_in"]
    before = job(folder, told["job_id"])
    assert before["status"] in {"completed", "needs_review"}
    assert all(each["kind"] != "final_docx" for each in job(folder, told["what_if_job_id"])["artifacts"])  # fmt: skip


def test_a_sample_is_the_same_each_time_and_pays_for_no_more(
    folder: Path, server: ModelServer
) -> None:
    first = tried(folder, "--engine", "openai", "--model", "m", "--sample", "2")
    assert first["unit_count"] == 2
    asked = json.dumps([each["body"] for each in server.seen])
    assert sum(text in asked for text in TEXTS) <= 2 + 2 * 2  # its neighbours are shown
    count = len(server.seen)
    again = tried(folder, "--engine", "openai", "--model", "m", "--sample", "2")
    assert [each["unit_id"] for each in again["units"]] == [
        each["unit_id"] for each in first["units"]
    ]
    assert len(server.seen) == count, "what is on record is not paid again"


def test_the_jobs_own_engine_is_no_trial(folder: Path) -> None:
    result = invoke("what-if", "parts.docx", "--state", folder, "--engine", "pseudo")
    assert result.exit_code != 0
    assert "name another" in result.output


def test_a_sample_depends_on_seed_and_ids_alone() -> None:
    ids = [f"u{number}" for number in range(100)]
    chosen = UnitSample(count=10).of(ids)
    assert len(chosen) == 10
    assert UnitSample(count=10).of(reversed(ids)) == chosen
    assert UnitSample(count=10, seed="b").of(ids) != chosen
    assert UnitSample(count=500).of(ids) == frozenset(ids)
