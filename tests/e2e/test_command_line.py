"""The `dragoman` command, as a person or a script uses it."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from docx import Document

from e2e.command_line import COMMAND, clean_environment, dragoman, started
from e2e.documents import own_document
from e2e.slow_model import foreign, slow_model
from servers.process import free_port, wait_until

_LANGUAGES = ("--source", "en", "--target", "ru", "--engine", "pseudo")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a document at its top, one in a folder below,
    and what is no document of anybody's.
    """
    for number, name in enumerate(("order.docx", "2024/Q1/Bestellung № 7.docx")):
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(own_document(number, paragraphs=3))
    (tmp_path / "in" / "~$order.docx").write_bytes(b"Word's lock")
    (tmp_path / "in" / "readme.txt").write_text("no document")
    return tmp_path / "in"


def translated(*arguments: str | Path, state: Path) -> subprocess.CompletedProcess[str]:
    """Translate with the pseudo engine."""
    return dragoman("translate", *arguments, *_LANGUAGES, "--state", state)


def body(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """The one JSON document that the command printed."""
    assert done.returncode == 0, done.stderr
    return cast("dict[str, Any]", json.loads(done.stdout))


def test_a_folder_keeps_its_names_and_is_reported_as_json_with_progress_beside_it(
    folder: Path,
) -> None:
    out, state = folder.parent / "out", folder.parent / "state"
    done = translated(folder, "-o", out, "--json", "--progress", "ndjson", state=state)
    report = body(done)
    names = ["2024/Q1/Bestellung № 7.docx", "order.docx"]
    assert [each["file"] for each in report["files"]] == names
    assert [each["output"] for each in report["files"]] == [str(out / name) for name in names]
    assert sorted(path for path in out.rglob("*") if path.is_file()) == [
        out / name for name in names
    ]
    assert report["counts"] == {"completed": 2}
    assert done.stdout.startswith("{")
    assert set(report) == {"files", "counts", "duration_s", "exit_code"}
    keys = {
        "file",
        "status",
        "job_id",
        "code",
        "message",
        "output",
        "draft",
        "report",
        "unit_count",
        "savings",
        "duration_s",
    }
    assert all(set(each) == keys for each in report["files"])
    assert Document(str(out / names[1])).paragraphs[0].text == foreign("Terms of delivery 0")

    lines = [cast("dict[str, Any]", json.loads(line)) for line in done.stderr.splitlines()]
    assert {line["event"] for line in lines} <= {"progress", "finished"}
    assert sorted(line["file"] for line in lines if line["event"] == "finished") == names
    assert all(0 <= line["progress_pct"] < 100 for line in lines if line["event"] == "progress")


def test_one_file_may_name_its_result_and_says_where_it_is(folder: Path) -> None:
    result = folder.parent / "results" / "заказ.docx"
    done = translated(folder / "order.docx", "-o", result, state=folder.parent / "state")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(result))
    assert done.stderr == ""
    assert list(result.parent.iterdir()) == [result]
    assert len(Document(str(result)).paragraphs) == 4


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("in/order.docx", "-o", "out", "--source", "en", "--target", "klingon!"), "klingon!"),
        (
            ("in/missing.docx", "-o", "out", "--source", "en", "--target", "ru"),
            "missing.docx is not there",
        ),
        (
            ("in", "-o", "in", "--source", "en", "--target", "ru"),
            "is a source; choose another output folder",
        ),
        (
            (
                "in/order.docx",
                "in/copy/order.docx",
                "-o",
                "out",
                "--source",
                "en",
                "--target",
                "ru",
            ),
            "Two files",
        ),
        (("empty", "-o", "out", "--source", "en", "--target", "ru"), "holds no DOCX file"),
        (("in", "-o", "out", "--source", "en"), "--target"),
        (
            ("in", "-o", "out", "--source", "en", "--target", "ru", "--engine", "bable"),
            "no engine 'bable'; choose from",
        ),
        (("in", "-o", "out", "--source", "en", "--target", "ru", "--progress", "loud"), "ndjson"),
    ],
    ids=[
        "locale",
        "missing file",
        "over its source",
        "same result",
        "empty folder",
        "no target",
        "engine",
        "progress",
    ],
)
def test_wrong_usage_is_2_with_the_reason_and_nothing_done(
    folder: Path, arguments: tuple[str, ...], complaint: str
) -> None:
    root = folder.parent
    (root / "empty").mkdir()
    (folder / "copy").mkdir()
    (folder / "copy" / "order.docx").write_bytes(own_document(3))
    done = subprocess.run(
        [COMMAND, "translate", *arguments, "--state", "state"],
        cwd=root,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2, done.stdout
    assert complaint in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert not (root / "state").exists()
    assert not (root / "out").exists()


def test_a_setting_that_cannot_be_used_is_2_and_names_its_variable(folder: Path) -> None:
    arguments = ("translate", folder, "-o", folder.parent / "out", *_LANGUAGES)
    done = dragoman(*arguments, environment={"DRAGOMAN_CONCURRENCY": "many"})
    assert done.returncode == 2
    assert "DRAGOMAN_CONCURRENCY" in done.stderr
    assert "Traceback" not in done.stderr


def test_help_and_doctor_and_an_unknown_service(tmp_path: Path) -> None:
    helped = dragoman("--help")
    assert helped.returncode == 0
    assert all(
        command in helped.stdout for command in ("translate", "up", "worker", "doctor", "jobs")
    )

    findings = {
        each["name"]: each
        for each in body(dragoman("doctor", "--state", tmp_path, "--json"))["findings"]
    }
    assert findings["state folder"]["is_ok"]
    assert "DRAGOMAN_OPENAI_MODEL" in findings["engine openai"]["message"]

    done = dragoman("worker", "nonsense")
    assert done.returncode == 2
    assert "intake" in done.stderr


@dataclass(frozen=True)
class Server:
    """A running `dragoman up`."""

    process: subprocess.Popen[bytes]
    url: str
    link: str


@contextmanager
def up(root: Path) -> Generator[Server]:
    """`dragoman up` on a free port for the block; when it is told to end, and was not killed,
    it must end cleanly.
    """
    log = root / "up.log"
    process = started("up", "--state", root / "state", "--port", "0", log=log)
    try:
        wait_until(
            lambda: "Dragoman is at" in log.read_text() or process.poll() is not None,
            timeout_s=90,
            what="up",
        )
        assert "link=" not in log.read_text(), "a log keeps what signs in"
        link = dragoman("sign-in-link", "--state", root / "state").stdout.strip()
        yield Server(process, link.partition("/console")[0], link)
        process.terminate()
        assert process.wait(60) in {0, -signal.SIGKILL}, log.read_text()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


@pytest.fixture
def finished(folder: Path) -> str:
    """The id of a job that a one-shot run finished."""
    done = translated(
        folder / "order.docx", "-o", folder.parent / "out", "--json", state=folder.parent / "state"
    )
    return body(done)["files"][0]["job_id"]


def jobs(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `dragoman jobs …` on the state folder."""
    return dragoman("jobs", *arguments, "--state", root / "state")


def test_jobs_are_looked_at_without_a_server(folder: Path, finished: str) -> None:
    root = folder.parent
    listed = body(jobs(root, "list", "--json"))["items"]
    assert [(job["job_id"], job["status"], job["file_name"]) for job in listed] == [
        (finished, "completed", "order.docx")
    ]
    events = body(jobs(root, "events", finished, "--json"))["items"]
    assert [events[0]["type"], events[-1]["type"]] == ["job.submitted", "job.completed"]
    refused = jobs(root, "cancel", finished)
    assert refused.returncode == 1
    assert "completed" in refused.stderr


def test_a_finished_job_is_run_anew_marked_failed_retried_and_given_up(
    folder: Path, finished: str
) -> None:
    root = folder.parent
    again = body(jobs(root, "rerun", finished, "--refresh", "--json"))
    assert (again["parent_job_id"], again["status"]) == (finished, "queued")
    job_id = again["job_id"]
    assert body(jobs(root, "mark-failed", job_id, "--json"))["status"] == "failed"
    assert body(jobs(root, "interrupted", "--json"))["items"] == [], "nothing was done yet"
    assert body(jobs(root, "retry", job_id, "--json"))["status"] == "queued"
    assert body(jobs(root, "mark-failed", job_id, "--json"))["is_marked_failed"]
    assert body(jobs(root, "discard", job_id, "--json"))["is_checkpoint_discarded"]
    refused = jobs(root, "retry", job_id)
    assert refused.returncode == 1
    assert "rerun it" in refused.stderr


def test_a_running_server_holds_the_state_folder_and_answers_for_it(
    folder: Path, finished: str
) -> None:
    root = folder.parent
    with up(root) as server:
        listed = jobs(root, "list")
        assert listed.returncode == 0, listed.stderr
        assert finished in listed.stdout
        assert (
            body(jobs(root, "events", finished, "--json"))["items"][-1]["type"] == "job.completed"
        )

        shown = jobs(root, "show", finished)
        assert shown.returncode == 0, shown.stderr
        assert "completed" in shown.stdout
        unknown = jobs(root, "show", "00000000-0000-0000-0000-000000000000")
        assert unknown.returncode == 1
        assert "Traceback" not in unknown.stderr

        by_server = translated(folder, "-o", root / "out", state=root / "state")
        assert by_server.returncode == 0, by_server.stderr
        assert by_server.stdout.splitlines()[-1].startswith("2 of 2 files translated in ")
        assert Document(str(root / "out" / "order.docx")).paragraphs[0].text == foreign(
            "Terms of delivery 0"
        )

        with httpx.Client(base_url=server.url, follow_redirects=True, timeout=30) as browser:
            assert browser.get("/health/ready").json()["status"] == "ready"
            assert "Sign in" in browser.get(server.link).text
    assert not (root / "state" / "server.json").exists(), (
        "the token of the command line goes with the server"
    )


def test_a_server_that_was_killed_does_not_stand_in_the_way(folder: Path, finished: str) -> None:
    root = folder.parent
    with up(root) as server:
        server.process.kill()
        server.process.wait()
    assert (root / "state" / "server.json").exists()
    assert body(jobs(root, "list", "--json"))["items"][0]["job_id"] == finished


def test_an_address_where_no_gateway_is_gives_one_line() -> None:
    token = {"DRAGOMAN_TOKEN": "drg_none"}
    with slow_model() as other:
        address = other.settings["DRAGOMAN_OPENAI_BASE_URL"]
        without_token = dragoman("jobs", "list", "--url", address)
        elsewhere = dragoman("jobs", "list", "--url", address, environment=token)
    nowhere = dragoman(
        "jobs", "list", "--url", f"http://127.0.0.1:{free_port()}", environment=token
    )
    assert [done.returncode for done in (without_token, elsewhere, nowhere)] == [1, 1, 1]
    assert "DRAGOMAN_TOKEN" in without_token.stderr
    assert "not as Dragoman does" in elsewhere.stderr
    assert "Is the server running?" in nowhere.stderr
