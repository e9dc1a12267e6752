"""The outcome of each file, as the command line tells it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from enum import IntEnum
from uuid import UUID

from dragoman_contracts.events import Savings
from dragoman_contracts.model import Value
from dragoman_contracts.vocabulary import JobStatus


class ExitCode(IntEnum):
    """The meanings of the command's exit status."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    GATE = 3
    INTERRUPTED = 130


class FileOutcome(Value):
    """One file's end. `message` says what is wrong and what to do; empty where all is well.

    `output` is the result; `draft` a document to look at, and `report` QA's findings, where a
    person must decide. `savings` tell units and words by where their translation came from.
    """

    file: str
    status: JobStatus
    job_id: UUID | None = None
    code: str = ""
    message: str = ""
    output: str | None = None
    draft: str | None = None
    report: str | None = None
    unit_count: int = 0
    savings: Savings | None = None
    duration_s: float = 0.0


class RunReport(Value):
    """The whole run, as `--json` prints it."""

    files: tuple[FileOutcome, ...]
    counts: dict[str, int]
    duration_s: float
    exit_code: int


def exit_code_of(files: Sequence[FileOutcome]) -> ExitCode:
    """Failed where one failed, gate where one was stopped by a check, else done."""
    statuses = {each.status for each in files}
    if statuses & {JobStatus.FAILED, JobStatus.CANCELLED}:
        return ExitCode.FAILED
    if statuses & {JobStatus.BLOCKED, JobStatus.NEEDS_REVIEW}:
        return ExitCode.GATE
    return ExitCode.DONE


def report_of(files: Sequence[FileOutcome], duration_s: float) -> RunReport:
    """The report of a run that came to its end."""
    return RunReport(
        files=tuple(files),
        counts=dict(Counter(each.status.value for each in files)),
        duration_s=round(duration_s, 3),
        exit_code=exit_code_of(files),
    )
