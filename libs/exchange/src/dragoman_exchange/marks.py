"""Marks: which job a file belongs to, and what a unit was at export, in one line each.

dragoman:job/25e85430-cf0e-5ba5-9969-16a578c762e0/document/none/version/3
5f0c1a2b3c4d5e6f translated                 the digest of the target, and the stage
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from dragoman_contracts.reports import ReviewStage
from dragoman_exchange.model import ReviewDocument, ReviewUnit, target_digest

_JOB = re.compile(
    r"dragoman:job/(?P<job>[0-9a-fA-F-]{36})/document/(?P<document>[0-9a-fA-F-]{36}|none)"
    r"/version/(?P<version>\d{1,9})"
)
_BASE = re.compile(r"(?P<base>[0-9a-f]{16})\s+(?P<stage>[a-z]+)")


@dataclass(frozen=True, slots=True)
class JobMark:
    """The job, document and version that a file says it was exported from, as the file has them;
    None where it says nothing.
    """

    job_id: str | None = None
    document_id: str | None = None
    version: str | None = None


def job_mark(document: ReviewDocument) -> str:
    """The line that names the job, document and version."""
    return (
        f"dragoman:job/{document.job_id}/document/{document.document_id or 'none'}"
        f"/version/{document.version}"
    )


def read_job_mark(text: str | None) -> JobMark:
    """The mark in a text, wherever in it; a mark that says nothing where there is none."""
    match = _JOB.search("".join((text or "").split()))
    if match is None:
        return JobMark()
    document = match["document"].lower()
    return JobMark(match["job"].lower(), None if document == "none" else document, match["version"])


def base_mark(unit: ReviewUnit) -> str:
    """The line that tells later what the unit's target and stage were at export."""
    return f"{target_digest(unit.target)} {unit.stage}"


def read_base_mark(text: str | None) -> tuple[str | None, ReviewStage | None]:
    """Digest and stage at export; None where the file lost them."""
    match = _BASE.search(text or "")
    return (match["base"], stage_named(match["stage"])) if match else (None, None)


def stage_named(name: str | None) -> ReviewStage | None:
    """The stage of this name, in any case; None for any other text."""
    try:
        return ReviewStage((name or "").strip().lower())
    except ValueError:
        return None
