"""Verification: units and targets in, a verdict for each and a report out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

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
    judged_texts,
    profile_of,
    verified,
)
from dragoman_qa.errors import NotTranslatedError
from dragoman_qa.judge_ports import JudgeModels
from dragoman_qa.judging import NO_MODELS, judged
from dragoman_qa.ports import (
    DocumentChecker,
    GrammarChecker,
    GrammarFindings,
    Judgement,
)
from dragoman_runtime.worker import ProjectObjects, Task, WorkContext
from dragoman_runtime.worker.task import fingerprint


@dataclass(frozen=True, slots=True)
class Recorded:
    """The answers of a grammar checker and of a judge that are on record; None where none was asked."""

    grammar: ObjectRef | None = None
    judgement: ObjectRef | None = None


def tasks(
    checker: DocumentChecker,
    grammar: GrammarChecker | None = None,
    models: JudgeModels | None = None,
) -> tuple[Task[Any], ...]:
    """The work of this service; a task enters it here."""
    return (verification_task(checker, grammar, models),)


def verification_task(
    checker: DocumentChecker,
    grammar: GrammarChecker | None = None,
    models: JudgeModels | None = None,
    recorded: Recorded | None = None,
) -> Task[VerificationOutcome]:
    """The QA phase, with the given checkers and the models that may judge; with `recorded` answers
    nobody is asked.
    """

    async def perform(context: WorkContext) -> VerificationOutcome:
        job, objects = context.job, context.objects
        if job.extraction is None or job.plan is None or job.translation_plan is None:
            raise NotTranslatedError(f"Job {job.job_id} has no translation to verify; resume it.")
        policy = await objects.get_value(job.policy, Policy)
        units = await objects.get(job.extraction.units)
        plan = await objects.get(job.translation_plan)
        lists = [await objects.get(ref) for ref in job.plan.batches if ref is not None]
        said = recorded or Recorded(
            grammar=await _grammar(context, grammar, units, plan, lists, policy),
            judgement=await _judgement(context, models, units, plan, lists, policy),
        )
        judgement = await objects.get_value(said.judgement, Judgement) if said.judgement else None
        beside = Beside(
            dismissals=await _dismissals(objects, policy),
            grammar=await objects.get_value(said.grammar, GrammarFindings)
            if said.grammar
            else None,
            judgement=judgement,
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
            grammar=said.grammar,
            dismissals=policy.dismissals,
            judgement=said.judgement,
            calls=judgement.calls if judgement else (),
            passed_count=report.passed_count,
            review_count=report.review_count,
            blocked_count=report.blocked_count,
        )

    def with_grammar(job: Job, item: WorkItem) -> Mapping[str, Any]:
        named = {} if grammar is None else {"grammar": grammar.name}
        return {**inputs(job, item), **named}

    async def on_recalled(job: Job, objects: ProjectObjects, outcome: VerificationOutcome) -> None:
        if models is not None and outcome.calls:
            await models.save(job, outcome.calls)

    return Task(
        WorkKind.QA, VerificationOutcome, with_grammar, perform, decide, on_recalled=on_recalled
    )


async def _judgement(
    context: WorkContext,
    models: JudgeModels | None,
    units: bytes,
    plan: bytes,
    lists: Sequence[bytes],
    policy: Policy,
) -> ObjectRef | None:
    """The advice of the policy's judge; None where it names none. An equal question is recalled."""
    texts = await context.compute(judged_texts, units, plan, lists, policy)
    if not texts:
        return None
    judge = UUID(profile_of(policy).judge)
    found = await judged(context, models or NO_MODELS, judge, policy, texts)
    return await context.persist(lambda: context.objects.put_value(found))


async def _grammar(
    context: WorkContext,
    grammar: GrammarChecker | None,
    units: bytes,
    plan: bytes,
    lists: Sequence[bytes],
    policy: Policy,
) -> ObjectRef | None:
    """The findings of the grammar checker, as they are on record or newly asked for; None where it is
    not asked.

    An answer is kept under a pointer before anything else may fail, so that a repeated attempt, and
    a replay, judges by the same answer.
    """
    if grammar is None:
        return None
    texts = await context.compute(grammar_texts, units, plan, lists, policy)
    if texts is None:
        return None
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
