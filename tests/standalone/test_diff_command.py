"""`dragoman diff` tells people and programs what differs, and exits as diff(1) does."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from documents.revisions import read
from documents.test_diff_gate import SOURCE, translated
from documents.wordml import bold, document, paragraph, run
from dragoman_documents import DocumentDiff
from dragoman_standalone.cli import app

OLD = document(paragraph(run("The old cat sat.")) + paragraph(run("Same here")))
NEW = document(
    paragraph(run("The new cat sat.")) + paragraph(run("Same here")) + paragraph(bold("More"))
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, data in (
        ("source", SOURCE),
        ("target", translated(SOURCE)),
        ("old", OLD),
        ("new", NEW),
    ):
        (tmp_path / f"{name}.docx").write_bytes(data)
    (tmp_path / "broken.docx").write_bytes(SOURCE[:100])
    return tmp_path


def diff(folder: Path, before: str, after: str, *options: str) -> Result:
    arguments = ["diff", str(folder / f"{before}.docx"), str(folder / f"{after}.docx"), *options]
    return CliRunner().invoke(app, arguments, catch_exceptions=False)


def test_the_same_documents_exit_with_0(folder: Path) -> None:
    result = diff(folder, "source", "source")
    assert (result.exit_code, result.stdout) == (0, "the same\n")


def test_a_translation_is_said_to_be_text_only(folder: Path) -> None:
    result = diff(folder, "source", "target")
    assert result.exit_code == 1
    assert "text only: 4 paragraphs changed and 1 text elsewhere" in result.stdout
    assert diff(folder, "source", "target", "--text-only").exit_code == 0


def test_changed_words_and_other_differences_are_listed(folder: Path) -> None:
    result = diff(folder, "old", "new", "--text-only")
    assert result.exit_code == 1
    assert "[-old-]{+new+}" in result.stdout
    assert "structure added: paragraph  More" in result.stdout


def test_json_is_one_document(folder: Path) -> None:
    found = DocumentDiff.model_validate_json(diff(folder, "old", "new", "--json").stdout)
    assert [each.change.value for each in found.differences] == ["changed", "added"]


def test_tracked_changes_lead_to_both_documents(folder: Path) -> None:
    out = folder / "sub" / "tracked.docx"
    assert diff(folder, "old", "new", "--tracked", str(out), "--author", "Ada").exit_code == 1
    assert read(out.read_bytes(), "accepted") == ["The new cat sat.", "Same here", "More"]
    assert read(out.read_bytes(), "rejected") == ["The old cat sat.", "Same here"]


@pytest.mark.parametrize("after", ["missing", "broken"])
def test_trouble_exits_with_2_and_says_what(folder: Path, after: str) -> None:
    result = diff(folder, "source", after)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert len(result.stderr) > 20
    problem = json.loads(diff(folder, "source", after, "--json").stdout)
    assert "".join(problem["detail"].split()) == "".join(result.stderr.split())
    said = {"missing": "usage.input", "broken": "document.truncated"}
    assert (problem["code"], problem["exit_code"]) == (said[after], 2)
