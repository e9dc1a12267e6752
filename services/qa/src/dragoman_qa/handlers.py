"""Verification: units and targets in, a verdict for each and a report out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dragoman_contracts.job import Job
from dragoman_contracts.pipeline import WorkItem
from dragoman_contracts.policy import Policy
from dragoman_contracts.references import JSON_MEDIA_TYPE
from dragoman_contracts.vocabulary import WorkKind
from dragoman_qa.domain import RULES_VERSION, VerificationOutcome, decide, verified
from dragoman_qa.errors import NotTranslatedError
from dragoman_qa.ports import DocumentChecker
from dragoman_runtime.worker import Task, WorkContext


def verification_task(checker: DocumentChecker) -> Task[VerificationOutcome]:
    """The QA phase, with the given checker."""

    async def perform(context: WorkContext) -> VerificationOutcome:
        job, objects = context.job, context.objects
        if job.extraction is None or job.plan is None or job.translation_plan is None:
            raise NotTranslatedError(f"Job {job.job_id} has no translation to verify; resume it.")
        policy = await objects.get_value(job.policy, Policy)
        units = await objects.get(job.extraction.units)
        plan = await objects.get(job.translation_plan)
        lists = [await objects.get(ref) for ref in job.plan.batches if ref is not None]
        found = await context.compute(verified, checker, policy, job.locales.target, units, plan, lists)
        report = found.report
        return VerificationOutcome(
            verdict=report.verdict,
            results=await objects.put(found.results, JSON_MEDIA_TYPE),
            qa_report=await objects.put_value(report),
            passed_count=report.passed_count,
            review_count=report.review_count,
            blocked_count=report.blocked_count,
        )

    return Task(WorkKind.QA, VerificationOutcome, inputs, perform, decide)


def inputs(job: Job, item: WorkItem) -> Mapping[str, Any]:
    """The verdicts depend on units, plan and targets, on the locales, and on the policy's profile."""
    batches = job.plan.batches if job.plan else ()
    return {
        "units": job.extraction.units.digest if job.extraction else "",
        "plan": job.translation_plan.digest if job.translation_plan else "",
        "targets": [ref.digest for ref in batches if ref is not None],
        "policy": job.policy.digest,
        "locales": [job.locales.source, job.locales.target],
        "rules": RULES_VERSION,
    }
