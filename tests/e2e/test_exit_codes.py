"""What `dragoman translate` leaves behind and how it ends, when all is well and when it is not."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import termios
from pathlib import Path
from typing import Any, cast

import pytest
from docx import Document

from documents.encrypted import agile
from e2e.command_line import COMMAND, clean_environment, dragoman
from e2e.documents import own_document
from e2e.slow_model import foreign, slow_model
from servers.process import wait_until

_PASSWORD = "correct horse 7 battery"
_ENCRYPTED = (
    bytes.fromhex("d0cf11e0a1b11ae1")
    + bytes(1024)
    + "EncryptedPackage".encode("utf-16-le")
    + bytes(1024)
)
"""How a DOCX with a password looks: an OLE file instead of a ZIP, with a stream of this name."""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """One short document."""
    path = tmp_path / "order.docx"
    path.write_bytes(own_document(1, paragraphs=3))
    return path


def translated(
    source: Path,
    *more: str | Path,
    engine: str = "openai",
    environment: dict[str, str] | None = None,
) -> tuple[int, dict[str, Any]]:
    """Translate into `out` beside the source; the exit status and the report."""
    root = source.parent
    done = dragoman(
        *(
            "translate",
            source,
            "-o",
            root / "out",
            "--source",
            "en",
            "--target",
            "ru",
            "--engine",
            engine,
        ),
        *("--state", root / "state", "--json", *more),
        environment=environment,
    )
    assert done.stdout, done.stderr
    report = cast("dict[str, Any]", json.loads(done.stdout))
    assert report["exit_code"] == done.returncode
    return done.returncode, report


def test_all_translated_is_0(source: Path) -> None:
    with slow_model() as model:
        code, report = translated(source, environment=model.settings)
    assert code == 0
    assert report["counts"] == {"completed": 1}
    text = Document(report["files"][0]["output"]).paragraphs[0].text
    assert text == foreign("Terms of delivery 1")


def test_a_refused_key_is_1_with_the_variable_to_set_and_the_next_run_resumes(source: Path) -> None:
    with slow_model(status=401) as model:
        code, report = translated(source, environment=model.settings)
        file = report["files"][0]
        assert code == 1
        assert file["status"] == "failed"
        assert "DRAGOMAN_OPENAI_API_KEY" in file["message"]
        assert not (source.parent / "out").exists()
        assert len(model.asked) == 1, "a refused key is not tried again"

        model.status = 200
        code, report = translated(source, "--resume", environment=model.settings)
        assert (code, report["files"][0]["job_id"]) == (0, file["job_id"])


def test_an_encrypted_document_is_3_with_the_cure_while_others_are_delivered(source: Path) -> None:
    folder = source.parent / "in"
    folder.mkdir()
    source.rename(folder / "order.docx")
    (folder / "secret.docx").write_bytes(_ENCRYPTED)
    code, report = translated(folder, engine="pseudo")
    good, bad = report["files"]
    assert code == 3
    assert (good["status"], bad["status"]) == ("completed", "blocked")
    assert bad["code"] == "document.encrypted"
    assert "password" in bad["message"]
    assert bad["output"] is None
    assert sorted(path.name for path in (folder.parent / "out").iterdir()) == ["order.docx"]


def test_one_password_opens_all_encrypted_documents_of_a_run_and_is_kept_nowhere(
    source: Path,
) -> None:
    folder, root = source.parent / "in", source.parent
    folder.mkdir()
    for number in (1, 2):
        (folder / f"{number}.docx").write_bytes(
            agile(own_document(number, paragraphs=3), _PASSWORD)
        )
    source.rename(folder / "plain.docx")

    code, report = translated(folder, engine="pseudo")
    assert (code, report["counts"]) == (3, {"blocked": 2, "completed": 1})
    code, report = translated(
        folder, engine="pseudo", environment={"DRAGOMAN_DOCUMENT_PASSWORD": "guessed"}
    )
    assert (code, report["counts"]) == (1, {"failed": 2, "completed": 1})
    assert {each["code"] for each in report["files"]} == {"document.wrong_password", ""}

    secret = root / "secret.txt"
    secret.write_text(f"{_PASSWORD}\n", encoding="utf-8")
    code, report = translated(folder, "--password-file", secret, engine="pseudo")
    assert (code, report["counts"]) == (0, {"completed": 3})
    assert Document(report["files"][0]["output"]).paragraphs[0].text == foreign(
        "Terms of delivery 1"
    )
    secret.unlink()
    files = [path for path in root.rglob("*") if path.is_file()]
    assert not [path for path in files if _PASSWORD.encode() in path.read_bytes()]

    jobs = [each["job_id"] for each in report["files"]]
    code, again = translated(
        folder, engine="pseudo", environment={"DRAGOMAN_DOCUMENT_PASSWORD": _PASSWORD}
    )
    assert (code, [each["job_id"] for each in again["files"]]) == (0, jobs), (
        "the same file and password: the same job"
    )
    shown = dragoman("jobs", "show", jobs[0], "--state", root / "state", "--json")
    assert "was_encrypted" in shown.stdout


def test_switches_of_the_command_line_reach_the_result(tmp_path: Path) -> None:
    source = tmp_path / "manual.docx"
    made = Document()
    made.sections[0].header.paragraphs[0].text = "A heading line"
    made.add_paragraph("Read this")
    made.add_paragraph("print this", style="Intense Quote")
    made.save(str(source))
    code, report = translated(
        source, "--exclude", "headers", "--do-not-translate-style", "IntenseQuote", engine="pseudo"
    )
    assert code == 0
    result = Document(report["files"][0]["output"])
    assert [each.text for each in result.paragraphs] == [foreign("Read this"), "print this"]
    assert result.sections[0].header.paragraphs[0].text == "A heading line"

    done = dragoman(
        *("translate", source, "-o", tmp_path / "out", "--source", "en", "--target", "ru"),
        "--exclude",
        "headrs",
    )
    assert done.returncode == 2
    assert "headers" in done.stderr


def test_an_encrypted_document_is_asked_for_its_password_on_a_terminal(source: Path) -> None:
    source.write_bytes(agile(source.read_bytes(), _PASSWORD))
    root = source.parent
    languages = ("--source", "en", "--target", "ru", "--engine", "pseudo")
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [COMMAND, "translate", source, "-o", root / "out", *languages, "--state", root / "state"],
        env=clean_environment(),
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=theirs,
    ) as process:
        try:
            wait_until(
                lambda: not termios.tcgetattr(ours)[3] & termios.ECHO,
                timeout_s=60,
                what="a hidden prompt",
            )
            assert b"Password of order.docx" in os.read(ours, 1024)
            os.write(ours, f"{_PASSWORD}\n".encode())
            assert process.wait(60) == 0
        finally:
            process.kill()
            os.close(theirs)
    os.close(ours)
    assert Document(str(root / "out" / "order.docx")).paragraphs[0].text == foreign(
        "Terms of delivery 1"
    )


def test_a_translation_that_needs_review_is_3_with_a_draft_and_a_report(source: Path) -> None:
    # Word opens the draft only under its source's suffix.
    source = source.rename(source.with_suffix(".docm"))
    with slow_model(does_translate=False) as model:
        code, report = translated(source, environment=model.settings)
    file = report["files"][0]
    assert code == 3
    assert (file["status"], file["code"], file["output"]) == (
        "needs_review",
        "qa.needs_review",
        None,
    )
    assert Document(file["draft"]).paragraphs[0].text == "Terms of delivery 1"
    text = Path(file["report"]).read_text(encoding="utf-8")
    found = json.loads(text)
    assert text.count("\n") > 20, "a person can read it"
    assert (found["file"], found["unit_count"]) == ("order.docm", len(found["units"]))
    count = found["units_with_findings"]
    assert [bool(each["findings"]) for each in found["units"]] == [
        number < count for number in range(len(found["units"]))
    ]
    assert "text.untranslated" in found["findings_by_code"]
    first = found["units"][0]
    assert (first["number"], first["source"]) == (1, "Terms of delivery 1")
    assert (first["target"], first["verdict"]) == ("Terms of delivery 1", "needs_review")
    assert first["findings"][0]["code"] == "text.untranslated"
    shown = dragoman("jobs", "show", "order.docm", "--state", source.parent / "state")
    assert "to review\t" in shown.stdout
    assert " units: text.untranslated " in shown.stdout
    assert "next\tlook at the units in the console, or: dragoman download " in shown.stdout
    assert sorted(path.name for path in (source.parent / "out").iterdir()) == [
        "order.draft.docm",
        "order.report.json",
    ]

    # The server is gone by now.
    code, again = translated(source, "--fresh", environment=model.settings)
    assert (code, again["files"][0]["status"]) == (3, "needs_review"), (
        "its recorded calls need no server"
    )
    assert again["files"][0]["job_id"] != file["job_id"]


def test_languages_that_an_engine_cannot_do_are_2_and_no_job_is_made(source: Path) -> None:
    state = ("--state", source.parent / "state", "--source", "en", "--target", "ru")
    code, _ = translated(source, engine="pseudo")
    assert code == 0
    more = source.with_name("other.docx")
    more.write_bytes(own_document(2))
    folder = ("-o", source.parent / "out", *state, "--engine", "apertium")
    done = dragoman("translate", more, *folder)
    assert done.returncode == 2
    assert done.stderr.startswith("Apertium has no pair from en to ru on this machine: ")
    jobs = dragoman("jobs", "list", "--state", source.parent / "state")
    assert [line.split("\t")[0] for line in jobs.stdout.splitlines()] == ["order.docx"]
