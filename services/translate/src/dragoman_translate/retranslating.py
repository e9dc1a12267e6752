"""Translates units once more, by the engine that a reviewer named: a draft for each, on record.

request   {units: [{unit_id, version, is_pending}], engine: "apertium", model: ""}
edits     [{unit_id, origin: "retranslated", target, stage: "draft", based_on: version, call}]
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from dragoman_contracts.events import Usage
from dragoman_contracts.job import Job
from dragoman_contracts.pipeline import WorkItem
from dragoman_contracts.policy import Policy
from dragoman_contracts.references import ObjectRef
from dragoman_contracts.reports import ReviewStage, TranslationPlan
from dragoman_contracts.resources import EngineChoice, MatchList, TermList
from dragoman_contracts.review import (
    EditOrigin,
    RetranslationRequest,
    ReviewEdits,
    UnitAsked,
    UnitEdit,
    stage_counts,
)
from dragoman_contracts.text import Unit, UnitList, UnitTarget, plain_text
from dragoman_contracts.vocabulary import WorkKind
from dragoman_linguistics import DEFAULT_PROFILE, QaProfile, profile_named, verify_units
from dragoman_runtime.worker import Task, WorkContext
from dragoman_translate.batches import BatchTask, BatchTranslation, translate_batch
from dragoman_translate.domain import RetranslationOutcome, decide_retranslation
from dragoman_translate.errors import NotExtractedError
from dragoman_translate.handlers import (
    RULES_VERSION,
    ObjectLedger,
    instructions_of,
    pinned_hints,
)
from dragoman_translate.hinting import hints_of
from dragoman_translate.pacing import Pace
from dragoman_translate.planning import plan_batches
from dragoman_translate.ports import EngineContext, Engines, Purse, TranslationEngine
from dragoman_translate.shared_pace import SharedPace

_NEIGHBOURS = 2


class _About(NamedTuple):
    """All that the batches of a request have in common."""

    policy: Policy
    request: RetranslationRequest
    extracted: UnitList
    instructions: str
    matches: MatchList
    terms: TermList


def retranslation_task(engines: Engines, purse: Purse | None = None) -> Task[RetranslationOutcome]:
    """The translation of units that a reviewer asked for, with the engines to choose from, and the
    purse that calls are paid from.
    """
    paces: defaultdict[tuple[str, str], SharedPace] = defaultdict(SharedPace)

    async def perform(context: WorkContext) -> RetranslationOutcome:
        job, objects = context.job, context.objects
        request = await objects.get_value(_request_of(job, context.item), RetranslationRequest)
        policy = await objects.get_value(job.policy, Policy)
        engine = await engines.get(EngineChoice(engine=request.engine, model=request.model))
        await engine.check_pair(job.locales.source, job.locales.target)
        if job.extraction is None or job.translation_plan is None:
            raise NotExtractedError(f"Job {job.job_id} has no extracted units; resume it.")
        extracted = await objects.get_value(job.extraction.units, UnitList)
        plan = await objects.get_value(job.translation_plan, TranslationPlan)
        pace = paces[engine.name, engine.signature.model]
        ledger = ObjectLedger(context, purse, policy.cost_cap)
        about = _About(
            policy,
            request,
            extracted,
            await instructions_of(context, policy),
            *await pinned_hints(context, policy, plan),
        )
        made = await _translated(context, ledger, engine, pace, about)
        answered, edits = _drafts(job, request, extracted, plan.qa_rules, _profile(policy), made)
        reviewed, approved = stage_counts(each.stage for each in answered)
        return RetranslationOutcome(
            edits=await objects.put_value(ReviewEdits(edits=tuple(edits))),
            unit_count=len(edits),
            failed_count=len(request.units) - len(edits),
            settled_count=sum(not each.is_pending for each in answered),
            reviewed_count=reviewed,
            approved_count=approved,
            calls=tuple(dict.fromkeys(ref for each in made for ref in each.calls)),
            usage=sum((each.usage for each in made), Usage()),
        )

    return Task(
        WorkKind.RETRANSLATION, RetranslationOutcome, _inputs, perform, decide_retranslation
    )


async def _translated(
    context: WorkContext,
    ledger: ObjectLedger,
    engine: TranslationEngine,
    pace: Pace,
    about: _About,
) -> list[BatchTranslation]:
    """The units of the request, batch after batch: calls of earlier attempts are recalled."""
    units, places = about.extracted.units, about.extracted.places
    asked = [units[places[each.unit_id]] for each in about.request.units if each.unit_id in places]
    plan = plan_batches(asked, engine.capabilities, about.policy.batch_size)
    made = list[BatchTranslation]()
    for index, unit_ids in enumerate(plan.batches):
        task = await _task(context, about, index, unit_ids)
        made.append(await translate_batch(engine, ledger, task, pace, context.report))
    return made


async def _task(
    context: WorkContext, about: _About, index: int, unit_ids: Sequence[str]
) -> BatchTask:
    """A batch of the request: with the texts around its units, their terms and their examples from
    memory, and without what no provider may see, as in the translation of the whole document.

    Its nonce makes each request a new question: who asks again wants another answer. For the same
    reason no approved translation is taken instead.
    """
    job, policy, units = context.job, about.policy, about.extracted.units
    places = sorted(about.extracted.places[unit_id] for unit_id in unit_ids)
    batch = tuple(units[place] for place in places)
    before = units[max(0, places[0] - _NEIGHBOURS) : places[0]]
    after = units[places[-1] + 1 : places[-1] + 1 + _NEIGHBOURS]
    return BatchTask(
        index=index,
        source_locale=job.locales.source,
        target_locale=job.locales.target,
        units=batch,
        context=EngineContext(
            instructions=about.instructions,
            domain=policy.domain_pack_code,
            preceding=tuple(plain_text(unit.source) for unit in before),
            following=tuple(plain_text(unit.source) for unit in after),
        ),
        hints=await context.compute_here(
            hints_of, batch, about.terms.terms, about.matches, job.locales.source
        ),
        model=about.request.model,
        payer=str(job.job_id),
        nonce=f"{policy.nonce}again-{context.item.index}",
        attempt=context.attempt,
        max_attempts=job.submitted.rules.max_attempts,
        profile=_profile(policy),
        redaction=policy.redaction,
    )


def _drafts(
    job: Job,
    request: RetranslationRequest,
    extracted: UnitList,
    qa_rules: int,
    profile: QaProfile,
    made: Sequence[BatchTranslation],
) -> tuple[list[UnitAsked], list[UnitEdit]]:
    """The units that got an answer, and a draft for each."""
    unanswered = {unit_id for each in made for unit_id in each.unanswered}
    targets = {
        target.unit_id: target
        for each in made
        for target in each.targets
        if target.unit_id not in unanswered
    }
    answered = [each for each in request.units if each.unit_id in targets]
    edits = [
        _draft(
            job,
            extracted.units[extracted.places[asked.unit_id]],
            asked,
            targets[asked.unit_id],
            qa_rules,
            profile,
        )
        for asked in answered
    ]
    return answered, edits


def _draft(
    job: Job, unit: Unit, asked: UnitAsked, target: UnitTarget, qa_rules: int, profile: QaProfile
) -> UnitEdit:
    (found,) = verify_units(
        [(unit, target)], job.locales.source, job.locales.target, profile=profile, rules=qa_rules
    )
    return UnitEdit(
        unit_id=unit.unit_id,
        origin=EditOrigin.RETRANSLATED,
        target=target.target,
        stage=ReviewStage.DRAFT,
        findings=found.findings,
        based_on=asked.version,
        call=target.call,
    )


def _profile(policy: Policy) -> QaProfile:
    try:
        return profile_named(policy.qa_profile, policy.qa)
    except ValueError:
        return DEFAULT_PROFILE


def _request_of(job: Job, item: WorkItem) -> ObjectRef:
    if job.review is None or item.index >= len(job.review.retranslations):
        raise NotExtractedError(f"Nobody asked for retranslation {item.index} of job {job.job_id}.")
    return job.review.retranslations[item.index].request


def _inputs(job: Job, item: WorkItem) -> Mapping[str, Any]:
    return {
        "request": _request_of(job, item).digest,
        "index": item.index,
        "units": job.extraction.units.digest if job.extraction else "",
        "plan": job.translation_plan.digest if job.translation_plan else "",
        "policy": job.policy.digest,
        "locales": [job.locales.source, job.locales.target],
        "rules": RULES_VERSION,
    }
