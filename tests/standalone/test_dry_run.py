"""`dragoman translate --dry-run` counts and prices, and opens no job."""

import json
from pathlib import Path

from typer.testing import CliRunner, Result

from dragoman_standalone.cli import app
from e2e.documents import own_document


def run(folder: Path, *arguments: str | Path) -> Result:
    given = [*map(str, arguments), "--state", str(folder / "state")]
    return CliRunner().invoke(app, given)


def files(folder: Path) -> tuple[Path, Path]:
    made = folder / "a.docx", folder / "b.docx"
    for each in made:
        each.write_bytes(own_document(1, paragraphs=4))
    return made


def test_words_bands_and_costs_are_printed_and_no_job_is_opened(tmp_path: Path) -> None:
    first, second = files(tmp_path)
    result = run(
        tmp_path, "translate", first, second, "--source", "en", "--target", "es",
        "--engine", "pseudo", "--dry-run",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    for text in ("cross file repetition", "mt", "total", "pseudo: no tokens, no cost"):
        assert text in result.stdout
    jobs = run(tmp_path, "jobs", "list", "--json")
    assert json.loads(jobs.stdout)["items"] == []


def test_json_is_the_answer_of_the_api(tmp_path: Path) -> None:
    first, _ = files(tmp_path)
    result = run(
        tmp_path, "translate", first, "--source", "en", "--target", "es",
        "--engine", "openai", "--model", "gpt-4o", "--dry-run", "--json",
    )  # fmt: skip
    found = json.loads(result.stdout)
    assert found["files"][0]["name"] == "a.docx"
    assert float(found["costs"][0]["cost_low"]) > 0
    assert (found["costs"][0]["engine"], found["costs"][0]["model"]) == ("openai", "gpt-4o")


def test_without_a_dry_run_the_results_need_a_place(tmp_path: Path) -> None:
    first, _ = files(tmp_path)
    result = run(tmp_path, "translate", first, "--source", "en", "--target", "es")
    assert result.exit_code == 2
    assert "--out" in result.output


def test_a_file_that_is_no_document_is_said(tmp_path: Path) -> None:
    odd = tmp_path / "odd.docx"
    odd.write_bytes(b"PK not really")
    result = run(
        tmp_path, "translate", odd, "--source", "en", "--target", "es", "--engine", "pseudo",
        "--dry-run",
    )  # fmt: skip
    assert result.exit_code != 0
    assert "odd.docx" in result.output


def test_a_new_version_says_what_it_takes_over(tmp_path: Path) -> None:
    first, _ = files(tmp_path)
    asked = ("translate", first, "--source", "en", "--target", "es", "--engine", "pseudo")
    done = run(tmp_path, *asked, "--out", tmp_path / "out")
    assert done.exit_code in {0, 3}, done.output
    first.write_bytes(own_document(1, paragraphs=6))
    result = run(tmp_path, *asked, "--dry-run")
    assert result.exit_code == 0, result.output
    assert "previous version" in result.stdout
    assert "a.docx: takes over from job" in result.stdout
    assert "kept of the engine" in result.stdout
    anew = run(tmp_path, *asked, "--dry-run", "--new-version-of", "none")
    assert "previous version" not in anew.stdout
