"""Writing what came of a job beside its source: the result, or a draft with a report where a person must decide."""

from __future__ import annotations

import asyncio
from pathlib import Path

import dragoman_reassemble.app
from dragoman_contracts.job import Job
from dragoman_contracts.policy import Policy
from dragoman_contracts.references import ArtifactKind, ObjectRef
from dragoman_contracts.reports import PreflightReport, Severity
from dragoman_contracts.vocabulary import JobStatus
from dragoman_runtime.objects import get_value
from dragoman_runtime.worker.failure import ParkingReason
from dragoman_standalone.inputs import Input
from dragoman_standalone.outcome import FileOutcome
from dragoman_standalone.platform import Platform


async def deliver(platform: Platform, file: Input, job: Job, duration_s: float) -> FileOutcome:
    """Write what the job gave, and say how it ended."""
    outcome = FileOutcome(
        file=file.name,
        status=job.status,
        job_id=job.job_id,
        unit_count=job.extraction.unit_count if job.extraction else 0,
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
    write(report, await platform.objects.get(job.project_id, job.verification.results))
    write(draft, await draft_of(platform, job))
    return outcome.model_copy(update={"report": str(report), "draft": str(draft)})


async def draft_of(platform: Platform, job: Job) -> bytes:
    """The document as it would be with the targets as they are now."""
    objects, project_id = platform.objects, job.project_id
    policy = await get_value(objects, project_id, job.policy, Policy)
    source = await objects.get(project_id, job.source)
    units = b"" if job.extraction is None else await objects.get(project_id, job.extraction.units)
    lists = [await objects.get(project_id, ref) for ref in dragoman_reassemble.app.target_lists(job)]
    return await asyncio.to_thread(dragoman_reassemble.app.draft, source, units, lists, policy, job.locales.target)


def write(path: Path, data: bytes) -> None:
    """Write a file whole or not at all, making its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_bytes(data)
    part.replace(path)


async def _reason(platform: Platform, job: Job) -> tuple[str, str]:
    """The code and the sentence of why the job does not go on."""
    match job.status:
        case JobStatus.NEEDS_REVIEW:
            count = job.review_pending_count
            return "qa.needs_review", f"{count} units need review; see the report, and the draft beside it."
        case JobStatus.BLOCKED if job.verification is not None:
            count = job.verification.blocked_count
            return "qa.blocked", f"{count} units have blocking findings; see the report, and the draft beside it."
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
