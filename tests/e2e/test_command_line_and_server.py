"""`dragoman translate --url`, `submit`, `watch` and `download`: a server does the work."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Generator
from pathlib import Path
from typing import Any

import httpx
import pytest
from docx import Document

from documents.encrypted import agile
from dragoman_standalone.server_record import ServerRecord, record_path
from e2e.command_line import dragoman, started
from e2e.documents import own_document
from e2e.slow_model import SlowModel, foreign, slow_model
from servers.process import wait_until

_TERMS = ("--source", "en", "--target", "ru")
_SECRET = "correct horse"


class Server:
    """A running `dragoman up`, and commands that ask it by its address."""

    def __init__(self, record: ServerRecord) -> None:
        self._record = record

    def told(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a command against the server's address."""
        token = {"DRAGOMAN_TOKEN": self._record.token}
        return dragoman(*arguments, "--url", self._record.url, environment=token)

    def post(self, path: str, body: dict[str, object]) -> None:
        """Enter something over the API."""
        token = {"Authorization": f"Bearer {self._record.token}"}
        httpx.post(f"{self._record.url}/api/v1/{path}", json=body, headers=token).raise_for_status()

    def asked(self, *arguments: str | Path, status: int = 0) -> dict[str, Any]:
        """The JSON that a command prints, which ends with this status."""
        done = self.told(*arguments, "--json")
        assert done.returncode == status, done.stdout + done.stderr
        return json.loads(done.stdout)


@pytest.fixture(scope="module")
def model() -> Generator[SlowModel]:
    """A model that gives every text back as it is."""
    with slow_model(does_translate=False) as model:
        yield model


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, model: SlowModel) -> Generator[Server]:
    """`dragoman up` on a folder of its own, with this model."""
    root = tmp_path_factory.mktemp("server")
    log = root / "up.log"
    words = ("up", "--state", root / "server", "--port", "0")
    environment = {**model.settings, "DRAGOMAN_BACKOFF_BASE_S": "0.05"}
    process = started(*words, log=log, environment=environment)
    try:
        wait_until(lambda: "Dragoman is at" in log.read_text(), timeout_s=90, what="up")
        record = record_path(root / "server").read_text(encoding="utf-8")
        yield Server(ServerRecord.model_validate_json(record))
    finally:
        process.terminate()
        process.wait(60)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a plain document, an encrypted one below it, and one that is none."""
    folder = tmp_path / "in"
    (folder / "deep").mkdir(parents=True)
    (folder / "order.docx").write_bytes(own_document(1, paragraphs=3))
    (folder / "deep" / "locked.docx").write_bytes(agile(own_document(2, paragraphs=3), _SECRET))
    (folder / "broken.docx").write_bytes(b"PK no document")
    return folder


def test_a_server_translates_a_folder_and_its_results_are_written_here(
    folder: Path, server: Server
) -> None:
    root = folder.parent
    (root / "password").write_text(_SECRET)
    words = ("translate", folder, "-o", root / "out", *_TERMS, "--engine", "pseudo")
    words = (*words, "--password-file", root / "password")
    report = server.asked(*words, status=3)
    broken, locked, order = report["files"]
    statuses = (broken["status"], locked["status"], order["status"])
    assert statuses == ("blocked", "completed", "completed")
    assert broken["code"].startswith("document.")
    assert broken["message"].endswith(".")
    text = Document(str(root / "out" / "deep" / "locked.docx")).paragraphs[0].text
    assert text == foreign("Terms of delivery 2")
    again = server.asked(*words, status=3)
    jobs = [each["job_id"] for each in report["files"]]
    assert [each["job_id"] for each in again["files"]] == jobs, "the same terms, the same job"


def test_jobs_are_submitted_watched_and_downloaded(folder: Path, server: Server) -> None:
    out = folder.parent / "out"
    file = folder.rename(folder.with_name("other")) / "order.docx"
    file.write_bytes(own_document(3, paragraphs=3))
    done = server.told("submit", file, *_TERMS, "--engine", "pseudo")
    assert done.returncode == 0, done.stdout + done.stderr
    job_id, name = done.stdout.strip().split("\t")
    assert name == "order.docx"
    watched = server.told("watch", job_id[:8])
    assert (watched.stdout.strip(), watched.stderr) == ("completed  order.docx", "")
    fetched = server.told("download", job_id[:8], "-o", out)
    assert Path(fetched.stdout.strip()) == out / "order.ru.docx"
    text = Document(str(out / "order.ru.docx")).paragraphs[0].text
    assert text == foreign("Terms of delivery 3")

    refused = server.asked(
        "submit", file, "--source", "en", "--target", "fi", "--engine", "apertium", status=1
    )
    assert refused["refused"][0]["code"] == "engine.pair_unsupported"


def test_documents_go_into_the_project_that_is_named(folder: Path, server: Server) -> None:
    server.post("projects", {"code": "legal", "name": "Legal"})
    file, order = folder / "order.docx", (*_TERMS, "--engine", "pseudo")
    (made,) = server.asked("submit", file, *order, "--project", "legal")["items"]
    out = folder.parent / "out"
    (done,) = server.asked("translate", file, "-o", out, *order, "--project", "legal")["files"]
    assert (done["job_id"], done["status"]) == (made["job_id"], "completed")
    assert server.asked("jobs", "show", made["job_id"])["project_code"] == "legal"
    (other,) = server.asked("submit", file, *order)["items"]
    assert server.asked("jobs", "show", other["job_id"])["project_code"] == "default"
    refused = server.asked("submit", file, *order, "--project", "nowhere", status=1)
    assert refused["refused"][0]["code"] == "project.unknown"
    nowhere = ("--state", folder.parent / "local", "--project", "nowhere", "--json")
    told = dragoman("translate", file, "-o", out, *order, *nowhere)
    assert (told.returncode, json.loads(told.stdout)["code"]) == (2, "project.unknown")


def test_a_job_that_failed_on_the_server_goes_on_with_resume_and_gives_its_report(
    folder: Path, server: Server, model: SlowModel
) -> None:
    out = folder.parent / "out"
    languages = ("--source", "en", "--target", "uk", "--engine", "openai")
    words = ("translate", folder / "order.docx", "-o", out, *languages)
    model.status = 401
    (failed,) = server.asked(*words, status=1)["files"]
    assert "DRAGOMAN_OPENAI_API_KEY" in failed["message"]
    refused = server.told(*words)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "Add --resume" in refused.stderr
    model.status = 200
    (resumed,) = server.asked(*words, "--resume", status=3)["files"]
    assert (resumed["job_id"], resumed["code"]) == (failed["job_id"], "qa.needs_review")
    found = json.loads(Path(resumed["report"]).read_text(encoding="utf-8"))
    first = found["units"][0]
    assert (first["number"], first["source"]) == (1, "Terms of delivery 1")
    assert first["findings"][0]["code"] == "text.untranslated"
    (fresh,) = server.asked(*words, "--fresh", status=3)["files"]
    assert fresh["job_id"] != failed["job_id"]
    fetched = server.told("download", fresh["job_id"], "-o", out)
    assert fetched.stdout.splitlines() == [
        str(out / "order.draft.docx"),
        str(out / "order.report.json"),
    ]
    assert Document(str(out / "order.draft.docx")).paragraphs[0].text == "Terms of delivery 1"


def test_a_folder_without_a_server_takes_jobs_but_watches_none(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = ("--state", folder.parent / "state")
    order = (folder / "order.docx", *_TERMS, "--engine", "pseudo")
    monkeypatch.chdir(folder)
    done = dragoman("submit", "order.docx", *order[1:], *state)
    assert done.returncode == 0, done.stderr
    job_id = done.stdout.split("\t")[0]
    watched = dragoman("watch", job_id[:8], *state)
    assert watched.returncode == 2
    assert "start `dragoman up`" in watched.stderr
    fetched = dragoman("download", job_id[:8], *state)
    assert fetched.returncode == 1
    assert "has no document to download" in fetched.stderr

    cancelled = dragoman("jobs", "cancel", job_id[:8], *state)
    assert "cancelling" in cancelled.stdout
    out = ("-o", folder.parent / "out", "--resume")
    resumed = dragoman("translate", *order, *out, *state, "--json")
    assert resumed.returncode == 0, resumed.stdout
    assert json.loads(resumed.stdout)["files"][0]["job_id"] == job_id
