"""Verification: units and targets in, a verdict for each and a report out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dragoman_contracts.job import Job
from dragoman_contracts.pipeline import WorkItem
from dragoman_contracts.policy import Policy
from dragoman_contracts.references import JSON_MEDIA_TYPE, ObjectRef
from dragoman_contracts.reports import RememberedDismissal, RememberedDismissals
from dragoman_contracts.resources import TermList
from dragoman_contracts.vocabulary import WorkKind
from dragoman_qa.domain import (
    RULES_VERSION,
    Beside,
    VerificationOutcome,
    decide,
    grammar_texts,
    verified,
)
from dragoman_qa.errors import NotTranslatedError
from dragoman_qa.ports import DocumentChecker, GrammarChecker, GrammarFindings, GrammarText
from dragoman_runtime.worker import ProjectObjects, Task, WorkContext
from dragoman_runtime.worker.task import fingerprint


def tasks(checker: DocumentChecker, grammar: GrammarChecker | None = None) -> tuple[Task[Any], ...]:
    """The work of this service; a task enters it here."""
    return (verification_task(checker, grammar),)


def verification_task(
    checker: DocumentChecker,
    grammar: GrammarChecker | None = None,
    recorded: ObjectRef | None = None,
) -> Task[VerificationOutcome]:
    """The QA phase, with the given checkers; with `recorded` answers of a grammar checker, none is
    asked.
    """

    async def perform(context: WorkContext) -> VerificationOutcome:
        job, objects = context.job, context.objects
        if job.extraction is None or job.plan is None or job.translation_plan is None:
            raise NotTranslatedError(f"Job {job.job_id} has no translation to verify; resume it.")
        policy = await objects.get_value(job.policy, Policy)
        units = await objects.get(job.extraction.units)
        plan = await objects.get(job.translation_plan)
        lists = [await objects.get(ref) for ref in job.plan.batches if ref is not None]
        said = recorded
        if said is None and grammar is not None:
            texts = await context.compute(grammar_texts, units, plan, lists, policy)
            if texts is not None:
                said = await _grammar(context, grammar, texts)
        beside = Beside(
            dismissals=await _dismissals(objects, policy),
            grammar=await objects.get_value(said, GrammarFindings) if said else None,
            terms=(await objects.get_value(policy.terms, TermList)).terms if policy.terms else (),
        )
        found = await context.compute(
            verified, checker, policy, job.locales.target, units, plan, lists, beside
        )
        report = found.report
        return VerificationOutcome(
            verdict=report.verdict,
            results=await objects.put(found.results, JSON_MEDIA_TYPE),
            qa_report=await objects.put_value(report),
            grammar=said,
            dismissals=policy.dismissals,
            passed_count=report.passed_count,
            review_count=report.review_count,
            blocked_count=report.blocked_count,
        )

    def with_grammar(job: Job, item: WorkItem) -> Mapping[str, Any]:
        named = {} if grammar is None else {"grammar": grammar.name}
        return {**inputs(job, item), **named}

    return Task(WorkKind.QA, VerificationOutcome, with_grammar, perform, decide)


async def _grammar(
    context: WorkContext, grammar: GrammarChecker, texts: Sequence[GrammarText]
) -> ObjectRef:
    """The findings of the grammar checker, as they are on record or newly asked for.

    An answer is kept under a pointer before anything else may fail, so that a repeated attempt, and
    a replay, judges by the same answer.
    """
    objects, job = context.objects, context.job
    asked = [each.model_dump() for each in texts]
    inputs = {
        "job": job.job_id,
        "checker": grammar.name,
        "locale": job.locales.target,
        "texts": asked,
    }
    pointer = fingerprint("grammar", inputs)
    kept = await objects.get_pointer(pointer)
    if kept is not None:
        return kept
    found = await grammar.check(texts, job.locales.target)
    return await objects.put_pointer(pointer, await objects.put_value(found))


async def _dismissals(objects: ProjectObjects, policy: Policy) -> tuple[RememberedDismissal, ...]:
    if policy.dismissals is None:
        return ()
    return (await objects.get_value(policy.dismissals, RememberedDismissals)).dismissals


def inputs(job: Job, item: WorkItem) -> Mapping[str, Any]:
    """The verdicts depend on units, plan and targets, on the locales,
    and on the policy's profile.
    """
    batches = job.plan.batches if job.plan else ()
    return {
        "units": job.extraction.units.digest if job.extraction else "",
        "plan": job.translation_plan.digest if job.translation_plan else "",
        "targets": [ref.digest for ref in batches if ref is not None],
        "policy": job.policy.digest,
        "locales": [job.locales.source, job.locales.target],
        "rules": RULES_VERSION,
    }
