"""Numbers, moments and outcomes, as people read them."""

from pathlib import Path

import pytest

from dragoman_contracts.vocabulary import JobStatus
from dragoman_standalone.outcome import FileOutcome, report_of
from dragoman_standalone.printing import counted, print_report, when_text


@pytest.mark.parametrize(
    ("count", "noun", "text"),
    [
        (0, "unit", "0 units"),
        (1, "attempt", "1 attempt"),
        (2, "attempt", "2 attempts"),
        (1, "process", "1 process"),
        (2, "process", "2 processes"),
        (1200, "unit", "1,200 units"),
    ],
)
def test_a_number_agrees_with_its_noun(count: int, noun: str, text: str) -> None:
    assert counted(count, noun) == text


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        ("2026-11-29T12:20:56.123456Z", "2026-11-29 12:20:56Z"),
        ("2026-11-29T01:20:56.9+02:00", "2026-11-28 23:20:56Z"),
        ("", ""),
        (None, ""),
    ],
)
def test_a_moment_has_no_fractions_and_is_of_utc(moment: str | None, text: str) -> None:
    assert when_text(moment) == text


def test_each_file_of_a_run_has_a_line_those_that_are_done_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done = [
        FileOutcome(file=name, status=JobStatus.COMPLETED, output=str(tmp_path / name))
        for name in ("a.docx", "b.docx")
    ]
    failed = FileOutcome(file="c.docx", status=JobStatus.FAILED, code="x.y", message="Mend it.")
    print_report(report_of([done[0], failed, done[1]], 2.5))
    assert capsys.readouterr().out.splitlines() == [
        str(tmp_path / "a.docx"),
        "failed  c.docx: Mend it. (x.y)",
        str(tmp_path / "b.docx"),
        "2 of 3 files translated in 2.5 s",
    ]
