"""The rules of translation: which events follow from a plan, from a batch, and from
units that people had translated again. Pure.
"""

from __future__ import annotations

from dragoman_contracts.deciding import end_phase
from dragoman_contracts.events import (
    BatchTranslated,
    Event,
    Savings,
    TranslationCompleted,
    TranslationPlanned,
    UnitsRetranslated,
    Usage,
)
from dragoman_contracts.job import Job
from dragoman_contracts.model import Value
from dragoman_contracts.pipeline import WorkItem, next_phase
from dragoman_contracts.references import ObjectRef
from dragoman_contracts.vocabulary import PhaseKind


class PlanOutcome(Value):
    """The stored plan, with the counts its event carries, and the matches that the plan names: in
    memories, and in the previous version.
    """

    plan: ObjectRef
    batch_count: int
    unit_count: int
    matches: ObjectRef | None = None
    previous: ObjectRef | None = None


class BatchOutcome(Value):
    """The stored targets of one batch, and the calls behind them.

    `payer` is the job that `usage` was paid for; outcomes of older versions do not say. Of the
    `answered_count` units with an answer from a call, `reused_count` have it from calls that were
    paid for before this job. `savings` are there where the plan counts them.
    """

    targets: ObjectRef
    unit_count: int
    calls: tuple[ObjectRef, ...]
    usage: Usage
    payer: str = ""
    answered_count: int = 0
    reused_count: int = 0
    reused: ObjectRef | None = None
    savings: Savings | None = None


class RetranslationOutcome(Value):
    """The stored drafts of the units of one request, and the calls behind them.

    `settled_count` of the units needed nobody before, and now do. For `reviewed_count` somebody
    stood, and `approved_count` of these were approved.
    """

    edits: ObjectRef
    unit_count: int
    failed_count: int
    settled_count: int
    reviewed_count: int
    approved_count: int
    calls: tuple[ObjectRef, ...]
    usage: Usage


def decide_plan(job: Job, item: WorkItem, outcome: PlanOutcome) -> tuple[Event, ...]:
    """TranslationPlanned, and the end of the phase where nothing is left to translate.

    A job that was stopped after its last batch had come in, and resumed, has a complete plan and
    owes only the end.
    """
    if job.plan is not None:
        return _completed(job) if job.plan.is_complete else ()
    planned = TranslationPlanned(
        plan=outcome.plan,
        batch_count=outcome.batch_count,
        unit_count=outcome.unit_count,
        matches=outcome.matches,
        previous=outcome.previous,
    )
    return (planned,) if outcome.batch_count else (planned, *_completed(job))


def decide_batch(job: Job, item: WorkItem, outcome: BatchOutcome) -> tuple[Event, ...]:
    """BatchTranslated, and the end of the phase after the last batch of a job that still moves.

    Nothing where the batch is there already: another worker was first. An outcome that another
    job paid for costs this one nothing.
    """
    if job.plan is None or job.plan.batches[item.index] is not None:
        return ()
    is_paid = outcome.payer in ("", str(job.job_id))
    translated = BatchTranslated(
        index=item.index,
        targets=outcome.targets,
        unit_count=outcome.unit_count,
        calls=outcome.calls,
        usage=outcome.usage if is_paid else Usage(),
        reused_count=outcome.reused_count if is_paid else outcome.answered_count,
        reused=outcome.reused,
        savings=outcome.savings
        if is_paid or outcome.savings is None
        else outcome.savings.paid_by_another(),
    )
    phase = next_phase(job)
    moves = phase is not None and phase.kind == PhaseKind.TRANSLATION
    is_last = job.plan.batches.pending_count == 1
    return (translated, *_completed(job)) if moves and is_last else (translated,)


def decide_retranslation(
    job: Job, item: WorkItem, outcome: RetranslationOutcome
) -> tuple[Event, ...]:
    """UnitsRetranslated; nothing where another worker was first, or no review is open any more."""
    if job.review is None or item.key not in job.retranslations_owed:
        return ()
    done = UnitsRetranslated(
        session_id=job.review.session_id,
        index=item.index,
        edits=outcome.edits,
        unit_count=outcome.unit_count,
        failed_count=outcome.failed_count,
        pending_count=job.review_pending_count + outcome.settled_count,
        reviewed_count=_less(job.review.reviewed_count, outcome.reviewed_count),
        approved_count=_less(job.review.approved_count, outcome.approved_count),
        calls=outcome.calls,
        usage=outcome.usage,
    )
    return (done,)


def _less(count: int | None, by: int) -> int | None:
    return None if count is None else max(0, count - by)


def _completed(job: Job) -> tuple[Event, ...]:
    return end_phase(job, job.phase_of_kind(PhaseKind.TRANSLATION), TranslationCompleted())
