"""`dragoman parse` and `dragoman pipelines`: files in, folders of results out, in one process."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from dragoman_standalone.cli import app
from parsing.files import pdf


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DRAGOMAN_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("DRAGOMAN_COMMAND_DIR", str(tmp_path / "commands"))
    monkeypatch.setenv("DRAGOMAN_PROCESSES", "0")
    (tmp_path / "in" / "deep").mkdir(parents=True)
    (tmp_path / "in" / "a.pdf").write_bytes(
        pdf([("A heading", 24, 80), ("and text that is longer", 11, 120)])
    )
    (tmp_path / "in" / "deep" / "b.md").write_text("# b\n")
    (tmp_path / "in" / "deep" / "left.xyz").write_text("is no document")
    return tmp_path


def dragoman(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def report(result: Result) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(result.stdout)
    assert found["exit_code"] == result.exit_code
    return found


def test_a_folder_is_parsed_and_asked_again_the_same_jobs_give_the_same(folder: Path) -> None:
    out = folder / "out"
    first = report(dragoman("parse", folder / "in", "-o", out, "--json"))
    assert first["counts"] == {"completed": 2}
    assert [(each["file"], each["output"]) for each in first["files"]] == [
        ("a.pdf", str(out / "a.pdf")),
        ("deep/b.md", str(out / "deep" / "b.md")),
    ]
    assert (out / "a.pdf" / "document.md").read_text() == "# A heading\n\nand text that is longer\n"
    assert json.loads((out / "a.pdf" / "pages.json").read_text())["pages"][0]["method"] == "text"
    assert (out / "deep" / "b.md" / "document.md").read_text() == "# b\n"
    (out / "a.pdf" / "document.md").unlink()
    again = report(dragoman("parse", folder / "in", "-o", out, "--json"))
    assert [each["job_id"] for each in again["files"]] == [
        each["job_id"] for each in first["files"]
    ]
    assert (out / "a.pdf" / "document.md").exists()
    fresh = report(dragoman("parse", folder / "in" / "a.pdf", "-o", out, "--json", "--fresh"))
    assert fresh["files"][0]["job_id"] != first["files"][0]["job_id"]
    shown = dragoman("jobs", "show", first["files"][0]["job_id"])
    assert "completed" in shown.stdout
    replayed = dragoman("replay", first["files"][0]["job_id"])
    assert replayed.exit_code == 0, replayed.output
    assert "taken" in replayed.stdout
    kept = dragoman("maintenance", "--json")
    assert json.loads(kept.stdout)["faults"] == []


def test_a_file_that_fails_says_why_with_its_log_beside_and_is_resumed(folder: Path) -> None:
    out, broken = folder / "out", folder / "broken.pdf"
    broken.write_bytes(b"%PDF-1.4 cut off")
    result = report(dragoman("parse", broken, "-o", out, "--json"))
    (file,) = result["files"]
    assert (result["exit_code"], file["code"], file["output"]) == (1, "command.failed", None)
    assert "no PDF that can be read" in file["message"]
    assert file["report"] == str(out / "broken.pdf.log")
    assert "no PDF" in (out / "broken.pdf.log").read_text()
    refused = report_of_problem(dragoman("parse", broken, "-o", out, "--json"))
    assert refused == (2, "usage.unfinished")
    resumed = report(dragoman("parse", broken, "-o", out, "--json", "--resume"))
    assert resumed["files"][0]["job_id"] == file["job_id"]


def report_of_problem(result: Result) -> tuple[int, str]:
    found: dict[str, Any] = json.loads(result.stdout)
    return result.exit_code, found["code"]


def test_what_cannot_begin_is_wrong_usage(folder: Path) -> None:
    (folder / "out").mkdir()
    (folder / "out" / "a.pdf").write_text("a file")
    (folder / "other").mkdir()
    (folder / "other" / "a.pdf").write_bytes(b"x")
    (folder / "empty").mkdir()
    a = folder / "in" / "a.pdf"
    for words, said in (
        (("parse", folder / "in" / "deep" / "left.xyz", "-o", folder / "new"), "of no kind"),
        (("parse", folder / "none.pdf", "-o", folder / "new"), "is not there"),
        (("parse", folder / "empty", "-o", folder / "new"), "holds no file"),
        (("parse", a, folder / "other" / "a.pdf", "-o", folder / "new"), "Two files are named"),
        (("parse", a, "-o", folder / "out"), "is a file"),
        (("parse", a, "-o", a / "x"), "is a file"),
        (("parse", a, "-o", folder / "new", "--resume", "--fresh"), "not both"),
    ):
        result = dragoman(*words)
        assert result.exit_code == 2, result.output
        assert said in " ".join(result.stderr.split())
    assert not (folder / "state").exists()


def test_pipelines_are_listed_and_run_by_name(folder: Path) -> None:
    listed = dragoman("pipelines", "list")
    assert "document-parse\t1\tactive\tdocument-parse\tdragoman-parse" in listed.stdout
    out = folder / "out"
    ran = report(
        dragoman("pipelines", "run", "document-parse", folder / "in" / "a.pdf", "-o", out, "--json")
    )
    assert ran["counts"] == {"completed": 1}
    for name, said in (("none", "no pipeline 'none'"), ("translate-docx", "needs languages")):
        result = dragoman("pipelines", "run", name, folder / "in" / "a.pdf", "-o", out, "--json")
        assert report_of_problem(result) == (2, "usage.input")
        assert said in " ".join(result.stderr.split())
