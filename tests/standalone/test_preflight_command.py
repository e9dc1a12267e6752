"""`dragoman preflight` says what documents hold, and refuses what a job would refuse."""

import json
from pathlib import Path

from typer.testing import CliRunner, Result

from documents.encrypted import agile
from documents.wordml import document, paragraph, run
from dragoman_standalone.cli import app

RICH = document(
    paragraph(
        run("The contract is signed by both parties in Dublin.", '<w:rFonts w:ascii="Cambria"/>')
    )
    + paragraph('<w:ins w:id="1">' + run("Newly added words.") + "</w:ins>")
)


def preflight(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["preflight", *map(str, arguments)], catch_exceptions=False)


def test_facts_and_findings_are_told(tmp_path: Path) -> None:
    file = tmp_path / "rich.docx"
    file.write_bytes(RICH)
    result = preflight(file)
    assert result.exit_code == 0
    for text in (
        "2 units, 12 words",
        "body 2",
        "en 1",
        "Cambria",
        "Tracked changes: 1. Inserted text",
        "(fonts)",
    ):
        assert text in result.stdout


def test_json_has_facts_or_the_refusal_of_each_file(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.docx", tmp_path / "bad.docx"
    good.write_bytes(RICH)
    bad.write_bytes(RICH[:100])
    result = preflight("--json", good, bad)
    assert result.exit_code == 3
    first, second = json.loads(result.stdout)
    assert (first["facts"]["words"], first["code"]) == (12, "")
    assert (second["facts"], second["code"]) == (None, "document.truncated")


def test_a_missing_file_hides_neither_the_others_nor_those_of_a_folder(tmp_path: Path) -> None:
    good, folder = tmp_path / "good.docx", tmp_path / "folder"
    (folder / "deep").mkdir(parents=True)
    for path in (good, folder / "a.docx", folder / "deep" / "b.docx"):
        path.write_bytes(RICH)
    (folder / "broken.docx").write_bytes(RICH[:100])
    result = preflight("--json", good, tmp_path / "none.docx", folder)
    assert result.exit_code == 2
    told = {each["file"]: (each["code"], bool(each["facts"])) for each in json.loads(result.stdout)}
    assert told == {
        "good.docx": ("", True),
        "none.docx": ("input.unreadable", False),
        "a.docx": ("", True),
        "broken.docx": ("document.truncated", False),
        "deep/b.docx": ("", True),
    }


def test_a_password_opens_and_its_lack_is_told(tmp_path: Path) -> None:
    file, password = tmp_path / "locked.docx", tmp_path / "password"
    # The encryption of small files pads them wrongly.
    words = "".join(f" {number * 7919:x}" for number in range(2000))
    file.write_bytes(agile(document(paragraph(run(words))), "secret"))
    password.write_text("secret\n")
    assert preflight("--password-file", password, file).exit_code == 0
    result = preflight(file)
    assert result.exit_code == 3
    assert "Submit it again with its password" in result.stdout


def test_a_file_that_is_not_there_is_wrong_usage(tmp_path: Path) -> None:
    assert preflight(tmp_path / "none.docx").exit_code == 2
