"""`dragoman parked`, `owed`, `resume` and `dead-letters` on a folder,
once a model server was away for too long.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from e2e.command_line import dragoman
from e2e.documents import own_document
from servers.process import free_port

_AWAY = {
    "DRAGOMAN_OPENAI_BASE_URL": f"http://127.0.0.1:{free_port()}/v1",
    "DRAGOMAN_OPENAI_MODEL": "away",
    "DRAGOMAN_BACKOFF_BASE_S": "0.05",
}


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder whose one job has failed: its only batch is parked."""
    tmp_path = tmp_path_factory.mktemp("failed")
    source = tmp_path / "order.docx"
    source.write_bytes(own_document(1, paragraphs=3))
    terms = (
        "--source",
        "en",
        "--target",
        "ru",
        "--engine",
        "openai",
        "--state",
        tmp_path / "state",
    )
    done = dragoman("translate", source, "-o", tmp_path / "out", *terms, environment=_AWAY)
    assert done.returncode == 1, done.stderr
    return tmp_path / "state"


@pytest.fixture
def state(failed: Path, tmp_path: Path) -> Path:
    """A copy of that folder, for one test."""
    return shutil.copytree(failed, tmp_path / "state")


def asked(state: Path, *arguments: str) -> dict[str, Any]:
    """What a command prints as JSON."""
    done = told(state, *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def told(state: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command on the folder."""
    return dragoman(*arguments, "--state", state)


@pytest.mark.slow
def test_parked_work_is_looked_at_redriven_and_owed_again(state: Path) -> None:
    (work,) = asked(state, "parked", "list")["items"]
    assert (work["kind"], work["index"], work["code"]) == (
        "translation_batch",
        0,
        "engine.unavailable",
    )
    assert asked(state, "parked", "list", "--code", "engine.refused")["items"] == []
    listed = told(state, "parked", "list").stdout
    assert work["job_id"] in listed, "ids are whole"
    assert "is DRAGOMAN_OPENAI_BASE_URL right? (engine.unavailable)" in listed.replace(
        "\n", " "
    ).replace("  ", "")
    assert "translation_batch 1, " in listed, "people count from 1"
    assert (
        "translation_batch 1"
        in told(state, "parked", "show", work["job_id"], "translation_batch", "1").stdout
    )
    shown = asked(state, "parked", "show", work["job_id"], "translation_batch")
    assert any(line.startswith("openai.py:") for line in shown["stack"])
    other = told(
        state, "parked", "redrive", work["job_id"], "index_articles", "3", "--phase", "the index"
    )
    assert (other.returncode, "is not parked" in other.stderr) == (1, True), other.stderr
    assert asked(state, "owed")["items"] == []

    assert asked(state, "parked", "redrive", "--all") == {"redriven_count": 1, "refused": []}

    assert asked(state, "parked", "list")["items"] == []
    (job,) = asked(state, "owed")["items"]
    assert (job["job_id"], job["status"]) == (work["job_id"], "queued")
    assert [each["kind"] for each in job["owed"]] == ["translation_batch"]
    assert asked(state, "owed", work["job_id"])["items"] == [job]


@pytest.mark.slow
def test_discarded_work_leaves_the_list_until_its_job_is_resumed(state: Path) -> None:
    (work,) = asked(state, "parked", "list")["items"]
    job_id = work["job_id"]
    assert asked(state, "parked", "discard", job_id, "translation_batch")["status"] == "failed"
    assert asked(state, "parked", "list")["items"] == []
    again = told(state, "parked", "redrive", job_id, "translation_batch")
    assert again.returncode == 1
    assert "Traceback" not in again.stderr

    (resumed,) = asked(state, "resume", "--all")["items"]

    assert (resumed["job_id"], resumed["status"], resumed["refused"]) == (job_id, "queued", None)
    assert asked(state, "resume", "--all")["items"] == [], "nothing is interrupted any more"
    assert told(state, "resume", job_id).returncode == 1
    assert told(state, "resume").returncode == 2
    assert asked(state, "dead-letters", "list")["items"] == []
