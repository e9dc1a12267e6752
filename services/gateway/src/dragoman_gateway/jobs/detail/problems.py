"""The troubles of a job in words: what happened, what to do about it, and where to look. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from dragoman_contracts.events import PreflightVerdict
from dragoman_contracts.job import Job, Trouble, WorkKey
from dragoman_contracts.reports import PreflightFinding, PreflightReport, Severity
from dragoman_contracts.vocabulary import JobStatus
from dragoman_gateway.jobs.detail.facts import JobRecords
from dragoman_gateway.jobs.detail.page import actions_of
from dragoman_gateway.jobs.detail.words import cure_of
from dragoman_gateway.jobs.detail.work_words import work_text
from dragoman_gateway.jobs.rules import troubles
from dragoman_gateway.web.addresses import correction_address, parked_address, review_address


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong, in words: what happened, what to do, and the stable code."""

    tone: str
    heading: str
    text: str
    cure: str
    code: str
    retry_at: datetime | None = None
    link: str = ""
    link_text: str = "See them"


_PASSED = frozenset({PreflightVerdict.ACCEPTED, PreflightVerdict.ACCEPTED_WITH_WARNINGS})


def tells_of_preflight(job: Job) -> bool:
    """Whether the page shows what preflight found, and so needs its report."""
    is_blocked = job.status is JobStatus.BLOCKED and job.verification is None
    return is_blocked or (job.preflight_verdict in _PASSED and bool(job.finding_codes))


def problems_of(job: Job, records: JobRecords, report: PreflightReport | None) -> list[Problem]:
    """Everything that is wrong with the job, or that it waits for; the same code once."""
    problems = [
        _trouble(job, key, trouble, records.reasons.get(key, "")) for key, trouble in troubles(job)
    ]
    once = list({problem.code: problem for problem in reversed(problems)}.values())[::-1]
    if job.status is JobStatus.BLOCKED and job.verification is None:
        once += _preflight_problems(job, report)
    if job.status in {JobStatus.NEEDS_REVIEW, JobStatus.BLOCKED} and job.verification:
        once.append(_review_problem(job))
    if job.is_marked_failed:
        text = "A person declared it failed because it moved no more. Resume goes on from its checkpoint."
        once.append(Problem("bad", "The job was marked as failed", text, "", "job.marked_failed"))
    if job.is_checkpoint_discarded:
        text = "What it had done was discarded, so it cannot be resumed. Run it again."
        once.append(
            Problem("quiet", "The checkpoint was discarded", text, "", "job.checkpoint_discarded")
        )
    if not job.is_started and actions_of(job).can_start:
        text = "It was submitted to wait after the checks. Press Start processing to let it go on."
        once.append(Problem("quiet", "The job waits for a start", text, "", "job.waits"))
    return once


def _trouble(job: Job, key: WorkKey, trouble: Trouble, reason: str) -> Problem:
    work = work_text(key)
    if trouble.retry_at is None:
        cure = cure_of(trouble.code, is_explained=bool(reason))
        return Problem(
            "bad",
            f"{work} failed",
            reason,
            cure,
            trouble.code,
            link=parked_address(job.job_id, key),
            link_text="Details",
        )
    heading = f"{work} failed and will be tried again"
    return Problem(
        "attention", heading, f"Attempt {trouble.attempt}.", "", trouble.code, trouble.retry_at
    )


def noticed_in(job: Job, report: PreflightReport | None) -> list[PreflightFinding]:
    """The findings of preflight in a document that it let pass, warnings first;
    bare codes where its report was erased.
    """
    if job.preflight_verdict not in _PASSED:
        return []
    if report is None:
        return [
            PreflightFinding(code=code, severity=Severity.INFO, message="")
            for code in job.finding_codes
        ]
    return sorted(report.findings, key=lambda each: each.severity is not Severity.WARNING)


def _preflight_problems(job: Job, report: PreflightReport | None) -> list[Problem]:
    if report is None:
        return [
            _correctable(job, "Preflight blocked the document", cure_of(code), code)
            for code in job.finding_codes
        ]
    return [
        _correctable(job, finding.message, finding.action, finding.code)
        for finding in report.findings
        if finding.severity is Severity.BLOCKER
    ]


def _correctable(job: Job, heading: str, cure: str, code: str) -> Problem:
    link = correction_address(job.job_id)
    return Problem("bad", heading, "", cure, code, link=link, link_text="Upload a corrected file")


def _review_problem(job: Job) -> Problem:
    count = job.review_pending_count
    units = f"{count:,} unit{'s' if count != 1 else ''}"
    cure = "Each of them says what was found."
    link, text = review_address(job.job_id), "Review them"
    if job.status is JobStatus.BLOCKED:
        heading = f"The quality check blocked {units}"
        return Problem("bad", heading, "", cure, "qa.blocked", link=link, link_text=text)
    heading = f"{units} need{'s' if count == 1 else ''} a person's look"
    return Problem("attention", heading, "", cure, "qa.needs_review", link=link, link_text=text)
