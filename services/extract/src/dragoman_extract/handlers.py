"""The work of extract; and extraction itself: the source's bytes in, units and their manifest out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dragoman_contracts.job import Job
from dragoman_contracts.pipeline import WorkItem
from dragoman_contracts.policy import Policy
from dragoman_contracts.references import JSON_MEDIA_TYPE
from dragoman_contracts.vocabulary import WorkKind
from dragoman_extract.ai_tasks import ai_tasks
from dragoman_extract.command import command_task
from dragoman_extract.domain import RULES_VERSION, ExtractionOutcome, decide, extracted
from dragoman_extract.ports import CommandRunner, UnitExtractor
from dragoman_extract.script import script_task
from dragoman_extract.task_ports import ScriptHost, TaskModels
from dragoman_runtime.worker import Task, WorkContext


def tasks(
    extractor: UnitExtractor, runner: CommandRunner, host: ScriptHost, models: TaskModels
) -> tuple[Task[Any], ...]:
    """The work of this service; a task enters it here."""
    return (
        extraction_task(extractor),
        command_task(runner),
        script_task(host, runner),
        *ai_tasks(host, models),
    )


def extraction_task(extractor: UnitExtractor) -> Task[ExtractionOutcome]:
    """The extraction phase, over the given format."""

    async def perform(context: WorkContext) -> ExtractionOutcome:
        job, objects = context.job, context.objects
        policy = await objects.get_value(job.policy, Policy)
        source = await objects.get(job.source)
        rules = await objects.get(policy.segmentation) if policy.segmentation else None
        found = await context.compute(
            extracted,
            extractor,
            source,
            policy.extraction,
            job.locales.source,
            source_digest=job.source.digest,
            rules=rules,
        )
        manifest = found.manifest
        return ExtractionOutcome(
            units=await objects.put(found.units, JSON_MEDIA_TYPE),
            manifest=await objects.put_value(manifest),
            unit_count=manifest.unit_count,
            translatable_count=manifest.translatable_count,
            segment_count=manifest.segment_count,
            word_count=manifest.word_count,
        )

    return Task(WorkKind.EXTRACTION, ExtractionOutcome, inputs, perform, decide)


def inputs(job: Job, item: WorkItem) -> Mapping[str, Any]:
    """The units depend on the source, its locale and the policy, and on nothing else."""
    return {
        "source": job.source.digest,
        "locale": job.locales.source,
        "policy": job.policy.digest,
        "rules": RULES_VERSION,
    }
