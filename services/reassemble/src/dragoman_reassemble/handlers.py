"""Reassembly: the source and the targets in, the final document and its manifest out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dragoman_contracts.job import Job
from dragoman_contracts.pipeline import WorkItem
from dragoman_contracts.policy import Policy
from dragoman_contracts.references import DOCX_MEDIA_TYPE, ObjectRef
from dragoman_contracts.reports import ReassemblyManifest
from dragoman_contracts.vocabulary import WorkKind
from dragoman_reassemble.domain import RULES_VERSION, ReassemblyOutcome, decide, reassembled
from dragoman_reassemble.ports import DocumentMerger
from dragoman_runtime.worker import Task, WorkContext


def tasks(merger: DocumentMerger) -> tuple[Task[Any], ...]:
    """The work of this service; a task enters it here."""
    return (reassembly_task(merger),)


def reassembly_task(merger: DocumentMerger) -> Task[ReassemblyOutcome]:
    """The reassembly phase, over the given format."""

    async def perform(context: WorkContext) -> ReassemblyOutcome:
        job, objects = context.job, context.objects
        policy = await objects.get_value(job.policy, Policy)
        source = await objects.get(job.source)
        units = b"" if job.extraction is None else await objects.get(job.extraction.units)
        lists = [await objects.get(ref) for ref in target_lists(job)]
        merged = await context.compute(
            reassembled, merger, source, units, lists, policy, job.locales.target
        )
        final_docx = await objects.put(merged.data, DOCX_MEDIA_TYPE)
        manifest = ReassemblyManifest(
            source_digest=job.source.digest,
            final_digest=final_docx.digest,
            target_lists=tuple(ref.digest for ref in target_lists(job)),
            unit_count=merged.unit_count,
            changed_parts=merged.changed_parts,
        )
        return ReassemblyOutcome(final_docx=final_docx, manifest=await objects.put_value(manifest))

    return Task(WorkKind.REASSEMBLY, ReassemblyOutcome, inputs, perform, decide)


def target_lists(job: Job) -> tuple[ObjectRef, ...]:
    """The job's target lists in the order in which they count: batches, then reviews."""
    batches = job.plan.batches if job.plan else ()
    return (*(ref for ref in batches if ref is not None), *job.reviewed_targets)


def inputs(job: Job, item: WorkItem) -> Mapping[str, Any]:
    """The document depends on the source, the targets, the locale and the policy's options."""
    return {
        "source": job.source.digest,
        "units": job.extraction.units.digest if job.extraction else "",
        "targets": [ref.digest for ref in target_lists(job)],
        "locale": job.locales.target,
        "policy": job.policy.digest,
        "rules": RULES_VERSION,
    }
