"""What is wrong with a job, in words: what happened, what to do about it, and where to look."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from dragoman_contracts.events import PreflightVerdict
from dragoman_contracts.job import Job, Trouble, WorkKey
from dragoman_contracts.references import ArtifactKind
from dragoman_contracts.reports import PreflightFinding, PreflightReport, Severity
from dragoman_contracts.vocabulary import JobStatus
from dragoman_gateway.gateway import Gateway
from dragoman_gateway.jobs.detail.facts import JobRecords, troubles
from dragoman_gateway.jobs.detail.page import actions_of
from dragoman_gateway.jobs.detail.words import cure_of
from dragoman_gateway.jobs.detail.work_words import work_text
from dragoman_gateway.web.addresses import parked_address, units_address
from dragoman_gateway.web.records import Records


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


async def problems_of(gateway: Gateway, job: Job, records: JobRecords) -> list[Problem]:
    """Everything that is wrong with the job, or that it waits for; the same code once."""
    problems = [_trouble(job, key, trouble, records.reasons.get(key, "")) for key, trouble in troubles(job)]
    once = list({problem.code: problem for problem in reversed(problems)}.values())[::-1]
    if job.status is JobStatus.BLOCKED and job.verification is None:
        once += await _preflight_problems(gateway, job)
    if job.status in {JobStatus.NEEDS_REVIEW, JobStatus.BLOCKED} and job.verification:
        once.append(_review_problem(job))
    if job.is_marked_failed:
        text = "A person declared it failed because it moved no more. Resume goes on from its checkpoint."
        once.append(Problem("bad", "The job was marked as failed", text, "", "job.marked_failed"))
    if job.is_checkpoint_discarded:
        text = "What it had done was given up, so it cannot be resumed. Run it again."
        once.append(Problem("quiet", "The checkpoint was discarded", text, "", "job.checkpoint_discarded"))
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
    return Problem("attention", heading, f"Attempt {trouble.attempt}.", "", trouble.code, trouble.retry_at)


async def warnings_of(gateway: Gateway, job: Job) -> list[PreflightFinding]:
    """What preflight noticed in a document that it let pass; bare codes where its report was erased."""
    if job.preflight_verdict is not PreflightVerdict.ACCEPTED_WITH_WARNINGS:
        return []
    report = await _preflight_report(gateway, job)
    if report is None:
        return [PreflightFinding(code=code, severity=Severity.WARNING, message="") for code in job.finding_codes]
    return [finding for finding in report.findings if finding.severity is Severity.WARNING]


async def _preflight_problems(gateway: Gateway, job: Job) -> list[Problem]:
    report = await _preflight_report(gateway, job)
    if report is None:
        return [Problem("bad", "Preflight blocked the document", "", cure_of(code), code) for code in job.finding_codes]
    return [
        Problem("bad", finding.message, "", finding.action, finding.code)
        for finding in report.findings
        if finding.severity is Severity.BLOCKER
    ]


async def _preflight_report(gateway: Gateway, job: Job) -> PreflightReport | None:
    kinds = (each for each in reversed(job.artifacts) if each.kind is ArtifactKind.PREFLIGHT_REPORT)
    artifact = next(kinds, None)
    return await Records(gateway.objects).find(job.project_id, artifact.object, PreflightReport) if artifact else None


def _review_problem(job: Job) -> Problem:
    count = job.review_pending_count
    units = f"{count:,} unit{'s' if count != 1 else ''}"
    cure = "Each of them says what was found."
    if job.status is JobStatus.BLOCKED:
        link = units_address(job.job_id, "blocked")
        return Problem("bad", f"The quality check blocked {units}", "", cure, "qa.blocked", link=link)
    heading = f"{units} need{'s' if count == 1 else ''} a person's look"
    link = units_address(job.job_id, "needs_review")
    return Problem("attention", heading, "", cure, "qa.needs_review", link=link)
