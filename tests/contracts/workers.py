"""What workers and people do to a job, reduced to their events: the plainest decisions that keep the contract.

The services' own `decide` functions look at outcomes besides; what they may append, with which `next_kind`, is this.
"""

from __future__ import annotations

from contracts import streams as s
from dragoman_contracts import events as e
from dragoman_contracts.job import Job, WorkKey
from dragoman_contracts.pipeline import accepts_late, is_owed, next_kind
from dragoman_contracts.vocabulary import JobStatus, PhaseKind, WorkKind

CANCELLABLE = frozenset({JobStatus.QUEUED, JobStatus.IN_PROGRESS, JobStatus.REASSEMBLY_PENDING, JobStatus.NEEDS_REVIEW})
"""Statuses in which a person may ask to stop (requirement E)."""


def begin(job: Job, key: WorkKey) -> tuple[e.Event, ...]:
    """What a worker appends with its lease: the start of the phase, unless that is under way."""
    kind = key[0]
    if kind in {WorkKind.TRANSLATION_PLAN, WorkKind.CANCELLATION}:
        return ()
    started = s.started(kind, job.pipeline)
    is_under_way = job.status is JobStatus.IN_PROGRESS and job.stage == started.phase
    return () if is_under_way else (started,)


def finish(
    job: Job,
    key: WorkKey,
    *,
    batch_count: int = 2,
    verdict: e.QaVerdict = e.QaVerdict.REASSEMBLY_PENDING,
    is_blocked: bool = False,
) -> tuple[e.Event, ...]:
    """What follows from an outcome: nothing where somebody else was first, the bare fact where the job was stopped."""
    if not is_owed(job, key) and not accepts_late(job, key):
        return ()
    match key:
        case WorkKind.PREFLIGHT, _:
            passed = s.preflight_passed(next_kind(job, PhaseKind.PREFLIGHT))
            return (s.preflight_blocked() if is_blocked else passed,)
        case WorkKind.EXTRACTION, _:
            return (s.extracted(next_kind(job, PhaseKind.EXTRACTION)),)
        case WorkKind.TRANSLATION_PLAN, _:
            return _plan(job, batch_count)
        case WorkKind.TRANSLATION_BATCH, index:
            return _translate(job, index)
        case WorkKind.QA, _:
            return (s.verified(verdict, next_kind(job, PhaseKind.QA)),)
        case WorkKind.REASSEMBLY, _:
            return (s.reassembled(), e.JobCompleted())
        case _:
            return (e.JobCancelled(),)


def _plan(job: Job, batch_count: int) -> tuple[e.Event, ...]:
    done = s.completed_translation(next_kind(job, PhaseKind.TRANSLATION))
    if job.plan is not None:
        return (done,)
    return (s.planned(batch_count),) if batch_count else (s.planned(0), done)


def _translate(job: Job, index: int) -> tuple[e.Event, ...]:
    is_last = job.plan is not None and job.plan.pending == (index,)
    if not is_last or job.is_stopped:
        return (s.batch(index),)
    return (s.batch(index), s.completed_translation(next_kind(job, PhaseKind.TRANSLATION)))


def fail(job: Job, key: WorkKey) -> tuple[e.Event, ...]:
    """A failed attempt, on record while the work is still owed."""
    return (s.failed(*key),) if is_owed(job, key) else ()


def park(job: Job, key: WorkKey) -> tuple[e.Event, ...]:
    """The last attempt, likewise."""
    return (s.parked(*key),) if is_owed(job, key) else ()


def review(job: Job, pending_count: int) -> e.ReviewImported:
    """A review comes back; with nothing pending, the phase after it is owed."""
    return s.review_imported(pending_count, next_kind(job, PhaseKind.REVIEW))


def all_keys(job: Job) -> list[WorkKey]:
    """Every piece of work that could be asked of the job, and batches that it does not have."""
    batches = len(job.plan.batches) if job.plan else 0
    kinds = [kind for kind in WorkKind if kind is not WorkKind.TRANSLATION_BATCH]
    indexes = range(-1, batches + 2)
    return [(kind, 0) for kind in kinds] + [(WorkKind.TRANSLATION_BATCH, index) for index in indexes]
