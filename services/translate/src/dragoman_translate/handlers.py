"""Translation: units in, a plan of batches out; a batch's units in, their targets and the calls on
record out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

from dragoman_contracts.errors import ObjectMissingError
from dragoman_contracts.job import Job
from dragoman_contracts.pipeline import WorkItem
from dragoman_contracts.policy import Policy
from dragoman_contracts.previous import PreviousMatches, PreviousVersion
from dragoman_contracts.references import ObjectRef
from dragoman_contracts.reports import TranslationPlan
from dragoman_contracts.resources import EngineChoice, MatchList, PackSnapshot, TermList
from dragoman_contracts.text import TargetList, UnitList, plain_text
from dragoman_contracts.vocabulary import WorkKind
from dragoman_linguistics import QA_RULES, profile_named
from dragoman_memory import KeepingTerms, previous_matches
from dragoman_runtime.objects.left_behind import calls_left_behind
from dragoman_runtime.telemetry import metrics
from dragoman_runtime.worker import ProjectObjects, Task, WorkContext
from dragoman_translate.batches import BatchTask, translate_batch
from dragoman_translate.domain import BatchOutcome, PlanOutcome, decide_batch, decide_plan
from dragoman_translate.errors import NotExtractedError
from dragoman_translate.hinting import approved_targets, hints_of
from dragoman_translate.keeping import Kept, neighbours_of
from dragoman_translate.planning import in_sample, plan_batches
from dragoman_translate.ports import (
    Answers,
    CallLedger,
    EngineContext,
    Engines,
    Found,
    Memories,
    ModelCall,
    Purse,
    RecordedCall,
    TranslationEngine,
)
from dragoman_translate.remembering import page_of
from dragoman_translate.shared_pace import SharedPace

RULES_VERSION = 2
"""Raised when the same units would be planned or asked for in another way."""

_NEIGHBOURS = 2


def translation_tasks(
    engines: Engines,
    answers: Answers,
    memories: Memories | None = None,
    purse: Purse | None = None,
) -> tuple[Task[PlanOutcome], Task[BatchOutcome]]:
    """The plan and the batches of the translation phase, with the engines to choose from, the
    answers on record, the memories to search, and the purse that calls are paid from.

    The pace that one batch measured sizes the calls of the next, as long as this process lives.
    """
    paces: defaultdict[tuple[str, str], SharedPace] = defaultdict(SharedPace)

    async def perform_plan(context: WorkContext) -> PlanOutcome:
        job, objects = context.job, context.objects
        policy = await objects.get_value(job.policy, Policy)
        engine = await engines.get(EngineChoice(engine=policy.engine, model=policy.model))
        await engine.check_pair(job.locales.source, job.locales.target)
        extracted = await objects.get_value(_units(job), UnitList)
        previous = await _previous(context, policy, extracted, engine)
        plan = await context.compute_here(
            plan_batches,
            in_sample(extracted.units, policy.sample),
            engine.capabilities,
            policy.batch_size,
            kept=Kept(previous).unit_ids,
        )
        plan = plan.model_copy(
            update={
                "inapplicable_checks": engine.capabilities.inapplicable_checks,
                "qa_rules": QA_RULES,
                "matches": await _matches(context, policy, extracted, memories),
                "previous": None if previous is None else await objects.put_value(previous),
                "counts_savings": True,
            }
        )
        return PlanOutcome(
            plan=await objects.put_value(plan),
            batch_count=len(plan.batches),
            unit_count=sum(len(batch) for batch in plan.batches),
            matches=plan.matches,
            previous=plan.previous,
        )

    async def perform_batch(context: WorkContext) -> BatchOutcome:
        job, objects = context.job, context.objects
        policy = await objects.get_value(job.policy, Policy)
        engine, *fallbacks = await engines.chain(
            (EngineChoice(engine=policy.engine, model=policy.model), *policy.fallbacks)
        )
        plan = await _plan(context)
        task = await _batch_task(context, policy, plan)
        ledger = ObjectLedger(context, purse, policy.cost_cap)
        translation = await translate_batch(
            engine,
            ledger,
            task,
            paces[engine.name, engine.signature.model],
            context.report,
            book=answers.book(job.project_id, objects),
            fallbacks=fallbacks,
        )
        await ledger.save(translation.found)
        targets = TargetList(target_locale=job.locales.target, targets=translation.targets)
        reused = translation.reused
        return BatchOutcome(
            targets=await objects.put_value(targets),
            unit_count=len(translation.targets),
            calls=translation.calls,
            usage=translation.usage,
            payer=task.payer,
            answered_count=translation.answered_count,
            reused_count=translation.reused_count,
            reused=await objects.put_value(page_of(reused)) if reused else None,
            savings=translation.savings if plan.counts_savings else None,
        )

    return (
        Task(WorkKind.TRANSLATION_PLAN, PlanOutcome, _plan_inputs, perform_plan, decide_plan),
        Task(
            WorkKind.TRANSLATION_BATCH,
            BatchOutcome,
            _batch_inputs,
            perform_batch,
            decide_batch,
            on_recalled=None if purse is None else partial(_saved, purse),
        ),
    )


async def _saved(purse: Purse, job: Job, objects: ProjectObjects, outcome: BatchOutcome) -> None:
    """Enter what a job saves by the outcome of a batch that another job paid for."""
    if outcome.payer in ("", str(job.job_id)):
        return
    found: list[Found] = []
    for ref in outcome.calls:
        try:
            call = await objects.get_value(ref, ModelCall)
        except ObjectMissingError:
            continue
        if call.payer == outcome.payer:
            found.append(Found(call.fingerprint))
    await purse.save(job, found)


class ObjectLedger(CallLedger):
    """The project's recorded calls: an object each, found again by a pointer from the call's
    fingerprint.

    A process that is killed between the two writes leaves a paid call without its pointer. The
    worker that takes over from it looks for those first. Each look-up is also where a cancelled job stops:
    before money is spent.
    """

    def __init__(
        self, context: WorkContext, purse: Purse | None = None, cap: Decimal | None = None
    ) -> None:
        self._context = context
        self._purse = purse
        self._cap = cap
        self._left_behind: dict[str, ObjectRef] | None = None

    async def recall(self, fingerprint: str, engine: TranslationEngine) -> RecordedCall | None:
        """The recorded call with this fingerprint. Where another worker was killed at this work, a
        call of this job is paid from the purse once more, which enters it once.
        """
        await self._context.stop_if_cancelled()
        ref = await self._context.objects.get_pointer(call_pointer(fingerprint))
        if ref is None:
            ref = await self._found_again(fingerprint)
        if ref is None:
            return None
        try:
            call = await self._context.objects.get_value(ref, ModelCall)
        except ObjectMissingError:  # erased: whoever asks again pays again
            await self._context.objects.delete_pointer(call_pointer(fingerprint))
            return None
        if self._context.is_takeover and call.payer == str(self._context.job.job_id):
            await self._pay(call, engine)
        return RecordedCall(call=call, ref=ref)

    async def _found_again(self, fingerprint: str) -> ObjectRef | None:
        if not self._context.is_takeover:
            return None
        objects = self._context.objects
        if self._left_behind is None:
            self._left_behind = await calls_left_behind(objects, _fingerprint_of)
        ref = self._left_behind.get(fingerprint)
        return None if ref is None else await objects.put_pointer(call_pointer(fingerprint), ref)

    async def allow(self, engine: TranslationEngine) -> None:
        """Ask the purse whether another call may be paid for."""
        if self._purse is not None and engine.capabilities.needs_network:
            await self._purse.allow(self._context.job, self._cap, engine)

    async def record(self, call: ModelCall, engine: TranslationEngine) -> ObjectRef:
        """Store a call and point to it, as long as it takes: its answer is paid."""
        name, usage = call.signature.name, call.reply.usage
        metrics.MODEL_CALLS_TOTAL.labels(name, call.reply.finish_reason).inc()
        metrics.MODEL_TOKENS_TOTAL.labels(name, "input").inc(usage.prompt_tokens)
        metrics.MODEL_TOKENS_TOTAL.labels(name, "cached").inc(usage.cached_tokens)
        metrics.MODEL_TOKENS_TOTAL.labels(name, "cache_write").inc(usage.cache_write_tokens)
        metrics.MODEL_TOKENS_TOTAL.labels(name, "output").inc(usage.response_tokens)
        objects, pointer = self._context.objects, call_pointer(call.fingerprint)
        ref = await self._context.persist(lambda: objects.put_value(call))
        held = await self._context.persist(lambda: objects.put_pointer(pointer, ref))
        await self._pay(call, engine)
        return held

    async def save(self, found: Sequence[Found]) -> None:
        """Let the purse enter that answers of these calls, which others had paid, were on record."""
        purse, job = self._purse, self._context.job
        if purse is not None and found:
            await self._context.persist(lambda: purse.save(job, found))

    async def _pay(self, call: ModelCall, engine: TranslationEngine) -> None:
        purse, job, usage = self._purse, self._context.job, call.reply.usage
        if purse is not None and engine.capabilities.needs_network:
            await self._context.persist(lambda: purse.pay(job, call.fingerprint, engine, usage))


def _fingerprint_of(data: bytes) -> str:
    return ModelCall.model_validate_json(data).fingerprint


def call_pointer(fingerprint: str) -> str:
    """The pointer under which a recorded call is found again."""
    return f"call-{fingerprint}"


async def _matches(
    context: WorkContext, policy: Policy, units: UnitList, memories: Memories | None
) -> ObjectRef | None:
    """The matches in the job's memories, as the plan keeps them; None where there are none."""
    if memories is None or not policy.memories:
        return None
    locales, objects = context.job.locales, context.objects
    subject = context.job.submitted.subject
    found = await memories.matches(
        objects,
        policy.memories,
        units,
        locales.source,
        locales.target,
        document=str(subject.id) if subject else "",
    )
    return await objects.put_value(found) if found.units else None


async def _previous(
    context: WorkContext, policy: Policy, units: UnitList, engine: TranslationEngine
) -> PreviousMatches | None:
    """The matches in the previous version that the job pinned, as the plan keeps them; None where it
    pinned none.
    """
    pin, locales = policy.previous_version, context.job.locales
    if pin is None:
        return None
    earlier = await context.objects.get_value(pin.units, PreviousVersion)
    made_by = EngineChoice(engine=engine.signature.name, model=engine.signature.model)
    terms = KeepingTerms(
        source=locales.source,
        target=locales.target,
        keeps_engines=pin.made_by == made_by,
        context_changed=policy.context_changed,
    )
    return await context.compute_here(previous_matches, units, earlier, terms)


async def _plan(context: WorkContext) -> TranslationPlan:
    ref = context.job.translation_plan
    if ref is None:
        raise NotExtractedError(f"Job {context.job.job_id} has no translation plan; resume it.")
    return await context.objects.get_value(ref, TranslationPlan)


async def _batch_task(context: WorkContext, policy: Policy, plan: TranslationPlan) -> BatchTask:
    """The batch's units in the plan's order, with the texts around them, their terms and matches."""
    job, objects = context.job, context.objects
    extracted = await objects.get_value(_units(job), UnitList)
    units = extracted.units
    places = sorted(extracted.places[unit_id] for unit_id in plan.batches[context.item.index])
    batch = tuple(units[place] for place in places)
    matches, terms = await pinned_hints(context, policy, plan)
    earlier = Kept(
        await objects.get_value(plan.previous, PreviousMatches) if plan.previous else None
    )
    approved = approved_targets(matches, batch)
    kept = earlier.of(batch, approved)
    asked = [unit for unit in batch if unit.unit_id not in approved and unit.unit_id not in kept]
    if kept and asked:  # the others are not shown: the texts around those that are help more
        places = [extracted.places[unit.unit_id] for unit in asked]
    before = units[max(0, places[0] - _NEIGHBOURS) : places[0]]
    after = units[places[-1] + 1 : places[-1] + 1 + _NEIGHBOURS]
    moved = earlier.moved().intersection(unit.unit_id for unit in asked)
    return BatchTask(
        index=context.item.index,
        source_locale=job.locales.source,
        target_locale=job.locales.target,
        units=batch,
        approved=approved,
        kept=kept,
        moved=neighbours_of(extracted, moved) if moved else {},
        context=EngineContext(
            instructions=await instructions_of(context, policy),
            domain=policy.domain_pack_code,
            preceding=tuple(plain_text(unit.source) for unit in before),
            following=tuple(plain_text(unit.source) for unit in after),
        ),
        hints=await context.compute_here(
            hints_of, asked, terms.terms, matches, job.locales.source, earlier.examples()
        ),
        model=policy.model,
        nonce=policy.nonce,
        payer=str(job.job_id),
        attempt=context.attempt,
        max_attempts=job.submitted.rules.max_attempts,
        profile=profile_named(policy.qa_profile, policy.qa),
        redaction=policy.redaction,
    )


async def pinned_hints(
    context: WorkContext, policy: Policy, plan: TranslationPlan
) -> tuple[MatchList, TermList]:
    """The matches that the job's plan found in its memories, and the terms that the job pinned."""
    objects = context.objects
    matches = await objects.get_value(plan.matches, MatchList) if plan.matches else MatchList()
    terms = await objects.get_value(policy.terms, TermList) if policy.terms else TermList()
    return matches, terms


async def instructions_of(context: WorkContext, policy: Policy) -> str:
    """The words of the domain pack for the engine."""
    if policy.pack is None:
        return ""
    pack = await context.objects.get_value(policy.pack, PackSnapshot)
    return "\n\n".join(text for text in (pack.prompt.strip(), pack.style_guide.strip()) if text)


def _units(job: Job) -> ObjectRef:
    if job.extraction is None:
        raise NotExtractedError(f"Job {job.job_id} has no extracted units; resume it.")
    return job.extraction.units


def _plan_inputs(job: Job, item: WorkItem) -> Mapping[str, Any]:
    return {
        "units": _units(job).digest,
        "policy": job.policy.digest,
        "locales": [job.locales.source, job.locales.target],
        "rules": RULES_VERSION,
    }


def _batch_inputs(job: Job, item: WorkItem) -> Mapping[str, Any]:
    plan = job.translation_plan.digest if job.translation_plan else ""
    return {**_plan_inputs(job, item), "plan": plan, "index": item.index}
