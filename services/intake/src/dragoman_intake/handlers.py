"""Preflight: the source's bytes in, a report and a verdict out. Cancellation:
waits until nothing is under way.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dragoman_contracts.job import Job
from dragoman_contracts.pipeline import WorkItem
from dragoman_contracts.policy import Policy
from dragoman_contracts.vocabulary import WorkKind
from dragoman_intake.domain import (
    RULES_VERSION,
    CancellationOutcome,
    PreflightOutcome,
    decide_cancellation,
    decide_preflight,
    inspected,
    report_on,
)
from dragoman_intake.ports import SourceInspector
from dragoman_runtime.worker import NotYetError, Task, WorkContext


def tasks(inspector: SourceInspector) -> tuple[Task[Any], ...]:
    """The work of this service; a task enters it here."""
    return (preflight_task(inspector), cancellation_task())


def preflight_task(inspector: SourceInspector) -> Task[PreflightOutcome]:
    """The preflight phase, over the given format."""

    async def perform(context: WorkContext) -> PreflightOutcome:
        job, objects = context.job, context.objects
        source = await objects.get(job.source)
        policy = await objects.get_value(job.policy, Policy)
        found = await context.compute(inspected, inspector, source, policy.extraction)
        report = report_on(
            job.source.digest,
            found.findings,
            found.facts,
            job.locales.source,
            found.language,
            was_encrypted=job.submitted.was_encrypted,
        )
        return PreflightOutcome(
            report=await objects.put_value(report),
            verdict=report.verdict,
            finding_codes=tuple(finding.code for finding in report.findings),
            detected_locale=report.detected_locale,
        )

    return Task(WorkKind.PREFLIGHT, PreflightOutcome, _inputs, perform, decide_preflight)


def cancellation_task() -> Task[CancellationOutcome]:
    """The end of a cancelled job. Its outcome is not kept:
    it says nothing but that now is the time.
    """

    async def perform(context: WorkContext) -> CancellationOutcome:
        if await context.other_leases():
            raise NotYetError(f"Work of job {context.job.job_id} is still under way.")
        return CancellationOutcome()

    return Task(WorkKind.CANCELLATION, CancellationOutcome, None, perform, decide_cancellation)


def _inputs(job: Job, item: WorkItem) -> Mapping[str, Any]:
    inputs = {
        "source": job.source.digest,
        "locale": job.locales.source,
        "policy": job.policy.digest,
        "rules": RULES_VERSION,
    }
    return inputs | ({"was_encrypted": True} if job.submitted.was_encrypted else {})
