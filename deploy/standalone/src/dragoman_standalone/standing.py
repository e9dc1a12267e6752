"""Where a job that rests stands, and what a person does next. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dragoman_contracts.vocabulary import JobStatus

_SHORT_CHARS = 8


def standing_of(job: Mapping[str, Any], findings: Mapping[str, int]) -> list[tuple[str, str]]:
    """The counts of a job and the next step, as the lines of a card.

    `findings` counts what quality checks found, by code.
    """
    return [*_counted(job, findings), *_next(job)]


def _counted(job: Mapping[str, Any], findings: Mapping[str, int]) -> list[tuple[str, str]]:
    counts: Mapping[str, int | None] = job["counts"]
    lines: list[tuple[str, str]] = []
    if counts["planned_units"]:
        lines.append(
            ("translated", f"{counts['translated_units']} of {counts['planned_units']} units")
        )
    match job["status"]:
        case JobStatus.NEEDS_REVIEW:
            lines.append(("to review", _units(counts["review_pending_units"], findings)))
        case JobStatus.BLOCKED if job["qa_verdict"] is not None:
            lines.append(("blocked", _units(counts["blocked_units"], findings)))
        case JobStatus.BLOCKED:
            lines.append(("blocked by", ", ".join(job["preflight_findings"])))
        case _:
            pass
    return lines


def _units(count: int | None, findings: Mapping[str, int]) -> str:
    most = sorted(findings.items(), key=lambda each: -each[1])
    said = ", ".join(f"{code} {number}" for code, number in most)
    return f"{count or 0} unit{'' if count == 1 else 's'}" + (f": {said}" if said else "")


def _next(job: Mapping[str, Any]) -> list[tuple[str, str]]:
    short = str(job["job_id"])[:_SHORT_CHARS]
    if job["is_past"]:
        return []
    match job["status"]:
        case JobStatus.FAILED | JobStatus.CANCELLED if job["is_checkpoint_discarded"]:
            step = f"dragoman jobs rerun {short}"
        case JobStatus.FAILED:
            step = f"put the cause right, then: dragoman jobs resume {short}"
        case JobStatus.CANCELLED:
            step = f"dragoman jobs resume {short}"
        case JobStatus.NEEDS_REVIEW:
            step = f"look at the units in the console, or: dragoman download {short} -o OUT"
        case JobStatus.BLOCKED if job["qa_verdict"] is not None:
            step = f"dragoman download {short} -o OUT, or: dragoman jobs rerun {short}"
        case JobStatus.BLOCKED:
            step = "put the file right (dragoman preflight FILE says how), and submit it again"
        case JobStatus.COMPLETED:
            step = f"dragoman download {short} -o OUT"
        case _:
            return []
    return [("next", step)]
