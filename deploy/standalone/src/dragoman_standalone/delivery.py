"""Writing what came of a job beside its source: the result,
or a draft with a report where a person must decide.
"""

from __future__ import annotations

from pathlib import Path

from dragoman_contracts.job import Job
from dragoman_contracts.references import ArtifactKind, ObjectRef
from dragoman_contracts.reports import PreflightReport, Severity
from dragoman_contracts.vocabulary import JobStatus
from dragoman_gateway.review.rules.sheet import UnitFilter
from dragoman_gateway.web.principals import local_principal
from dragoman_runtime.objects import get_value
from dragoman_runtime.worker.failure import ParkingReason
from dragoman_standalone.inputs import Input
from dragoman_standalone.outcome import FileOutcome
from dragoman_standalone.platform import Platform
from dragoman_standalone.private import as_usual
from dragoman_standalone.review_report import ReviewReport, report_of_units, units_of_rows

_SEE = "See the report, and the draft beside it."


def units_text(count: int) -> str:
    """How many units wait for a person, as a sentence."""
    return "1 unit needs review." if count == 1 else f"{count:,} units need review."


def blocked_text(count: int) -> str:
    """How many units are blocked, as a sentence."""
    if count == 1:
        return "1 unit has a blocking finding."
    return f"{count:,} units have blocking findings."


async def deliver(platform: Platform, file: Input, job: Job, duration_s: float) -> FileOutcome:
    """Write what the job gave, and say how it ended."""
    outcome = FileOutcome(
        file=file.name,
        status=job.status,
        job_id=job.job_id,
        unit_count=job.extraction.unit_count if job.extraction else 0,
        savings=job.plan.savings if job.plan else None,
        duration_s=round(duration_s, 3),
    )
    if job.status is JobStatus.COMPLETED and job.final_docx is not None:
        write(file.output, await platform.objects.get(job.project_id, job.final_docx))
        return outcome.model_copy(update={"output": str(file.output)})
    code, message = await _reason(platform, job)
    outcome = outcome.model_copy(update={"code": code, "message": message})
    if job.verification is None or job.status not in {JobStatus.NEEDS_REVIEW, JobStatus.BLOCKED}:
        return outcome
    report, draft = file.beside(".report.json"), file.beside(f".draft{file.output.suffix}")
    write(report, (await _report(platform, file, job)).model_dump_json(indent=2).encode() + b"\n")
    made = await platform.desks.review.drafts.draft(job.job_id, local_principal())
    write(draft, made.data)
    return outcome.model_copy(update={"report": str(report), "draft": str(draft)})


async def _report(platform: Platform, file: Input, job: Job) -> ReviewReport:
    desktop = await platform.desks.review.desktops.of(job)
    found = units_of_rows(desktop.rows(UnitFilter()))
    return report_of_units(file.name, job.job_id, job.status, found)


def write(path: Path, data: bytes) -> None:
    """Write a file whole or not at all, making its folders."""
    with as_usual():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(path.name + ".part")
        part.write_bytes(data)
        part.replace(path)


async def _reason(platform: Platform, job: Job) -> tuple[str, str]:
    """The code and the sentence of why the job does not go on."""
    match job.status:
        case JobStatus.NEEDS_REVIEW:
            count = job.review_pending_count
            return "qa.needs_review", f"{units_text(count)} {_SEE}"
        case JobStatus.BLOCKED if job.verification is not None:
            return "qa.blocked", f"{blocked_text(job.verification.blocked_count)} {_SEE}"
        case JobStatus.BLOCKED:
            return await _preflight_reason(platform, job)
        case JobStatus.CANCELLED:
            return "job.cancelled", "The job was cancelled; --resume goes on with it."
        case _:
            return await _parked_reason(platform, job)


async def _preflight_reason(platform: Platform, job: Job) -> tuple[str, str]:
    ref = _artifact(job, ArtifactKind.PREFLIGHT_REPORT)
    if ref is None:
        return "preflight.blocked", "Preflight blocked the document."
    report = await get_value(platform.objects, job.project_id, ref, PreflightReport)
    blockers = [finding for finding in report.findings if finding.severity is Severity.BLOCKER]
    return blockers[0].code, " ".join(finding.message for finding in blockers)


async def _parked_reason(platform: Platform, job: Job) -> tuple[str, str]:
    for trouble in job.parked.values():
        if trouble.reason is None:
            return trouble.code, "The work failed; --resume tries it again."
        reason = await get_value(platform.objects, job.project_id, trouble.reason, ParkingReason)
        return reason.code, reason.message
    return "job.failed", "The job failed; --resume tries it again."


def _artifact(job: Job, kind: ArtifactKind) -> ObjectRef | None:
    return next((artifact.object for artifact in job.artifacts if artifact.kind is kind), None)
