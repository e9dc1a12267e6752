"""How the outcome of files is told to people."""

from __future__ import annotations

from datetime import UTC, datetime

from rich.console import Console

from dragoman_contracts.events import Savings
from dragoman_contracts.vocabulary import JobStatus
from dragoman_standalone.outcome import FileOutcome, RunReport


def counted(count: int, noun: str) -> str:
    """A number with its noun: `1 unit`, `1,200 units`, `2 processes`."""
    ending = "" if count == 1 else "es" if noun.endswith("s") else "s"
    return f"{count:,} {noun}{ending}"


def when_text(moment: str | None) -> str:
    """A moment of the API's without more precision than people read: `2026-11-29 12:20:56Z`."""
    if not moment:
        return ""
    return f"{datetime.fromisoformat(moment).astimezone(UTC):%Y-%m-%d %H:%M:%SZ}"


def print_outcome(console: Console, outcome: FileOutcome) -> None:
    """A line for a file: the path of its result, or why there is none; then what lies beside."""
    if outcome.status is JobStatus.COMPLETED:
        said = outcome.output or f"{outcome.status.value}  {outcome.file}"
    else:
        said = f"{outcome.status.value}  {outcome.file}: {outcome.message} ({outcome.code})"
    beside = [f"    {path}" for path in (outcome.draft, outcome.report) if path]
    for line in (said, *beside):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def saved_text(savings: Savings | None) -> str:
    """The units that needed no call, and those that did; empty where every unit did."""
    if savings is None or savings.is_nothing:
        return ""
    counted = {
        "kept of the previous version": savings.previous_version,
        "from memory": savings.memory,
        "paid for earlier": savings.on_record,
        "repeated": savings.repetitions,
        "translated": savings.translated,
    }
    said = [f"{each.unit_count:,} {text}" for text, each in counted.items() if each.unit_count]
    return f"  units: {', '.join(said)}"


def print_report(report: RunReport, done_text: str = "translated") -> None:
    """A line for each file, and how many are done where there are several."""
    console = Console(highlight=False)
    if len(report.files) == 1 and report.files[0].output:
        said = f"{report.files[0].output}  ({report.duration_s:.1f} s)"
        console.print(said, markup=False, soft_wrap=True)
        if saved := saved_text(report.files[0].savings):
            console.print(saved, markup=False, soft_wrap=True)
        return
    for each in report.files:
        print_outcome(console, each)
    done = sum(each.output is not None for each in report.files)
    files = counted(len(report.files), "file")
    console.print(f"{done} of {files} {done_text} in {report.duration_s:.1f} s")
