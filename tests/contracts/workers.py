"""What workers and people do to a job, reduced to their events: the plainest decisions that keep
the contract.

The services' own `decide` functions look at outcomes besides; what they may append, with which
`next_kind`, is this.
"""

from __future__ import annotations

from contracts import streams as s
from contracts.streams import next_kind
from dragoman_contracts import events as e
from dragoman_contracts.deciding import end_phase
from dragoman_contracts.job import Job, WorkKey
from dragoman_contracts.pipeline import WorkItem, accepts_late, is_owed
from dragoman_contracts.vocabulary import JobStatus, PhaseKind, WorkKind
from dragoman_extract import domain as extract
from dragoman_intake import domain as intake
from dragoman_qa import domain as qa
from dragoman_reassemble import domain as reassemble
from dragoman_translate import domain as translate

CANCELLABLE = frozenset(
    {JobStatus.QUEUED, JobStatus.IN_PROGRESS, JobStatus.REASSEMBLY_PENDING, JobStatus.NEEDS_REVIEW}
)
"""Statuses in which a person may ask to stop (requirement E)."""


def begin(job: Job, key: WorkKey) -> tuple[e.Event, ...]:
    """What a worker appends with its lease: the start of the phase, unless that is under way."""
    kind = key.kind
    if kind in {WorkKind.TRANSLATION_PLAN, WorkKind.CANCELLATION}:
        return ()
    started = s.started(key.kind, job.pipeline)
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
    """What follows from an outcome: nothing where somebody else was first,
    the bare fact where the job was stopped.
    """
    if not is_owed(job, key) and not accepts_late(job, key):
        return ()
    match key.kind:
        case WorkKind.PREFLIGHT:
            return (
                (s.preflight_blocked(),)
                if is_blocked
                else _end(job, PhaseKind.PREFLIGHT, s.preflight_passed())
            )
        case WorkKind.EXTRACTION:
            return _end(job, PhaseKind.EXTRACTION, s.extracted())
        case WorkKind.TRANSLATION_PLAN:
            return _plan(job, batch_count)
        case WorkKind.TRANSLATION_BATCH:
            return _translate(job, key.index)
        case WorkKind.QA:
            verified = s.verified(verdict, None)
            is_clean = verdict is e.QaVerdict.REASSEMBLY_PENDING
            return _end(job, PhaseKind.QA, verified) if is_clean else (verified,)
        case WorkKind.REASSEMBLY:
            return _end(job, PhaseKind.REASSEMBLY, s.reassembled())
        case _:
            return (e.JobCancelled(),)


def _plan(job: Job, batch_count: int) -> tuple[e.Event, ...]:
    done = _end(job, PhaseKind.TRANSLATION, s.completed_translation())
    if job.plan is not None:
        return done
    return (s.planned(batch_count),) if batch_count else (s.planned(0), *done)


def _end(job: Job, kind: PhaseKind, result: e.PhaseResult) -> tuple[e.Event, ...]:
    return end_phase(job, job.phase_of_kind(kind), result)


def _translate(job: Job, index: int) -> tuple[e.Event, ...]:
    is_last = job.plan is not None and job.plan.batches.pending == (index,)
    if not is_last or job.is_stopped:
        return (s.batch(index),)
    return (s.batch(index), *_end(job, PhaseKind.TRANSLATION, s.completed_translation()))


def decide_as_service(
    job: Job, key: WorkKey, *, batch_count: int, verdict: e.QaVerdict, is_blocked: bool
) -> tuple[e.Event, ...]:
    """What the service that performs this work decides of a plain outcome."""
    item = WorkItem(
        work_id=key.work_id(job.job_id),
        project_id=job.project_id,
        job_id=job.job_id,
        version=job.version,
        kind=key.kind,
        index=key.index,
    )
    match key.kind:
        case WorkKind.PREFLIGHT:
            word = e.PreflightVerdict.BLOCKED if is_blocked else e.PreflightVerdict.ACCEPTED
            found = intake.PreflightOutcome(
                report=s.ref("preflight"),
                verdict=word,
                finding_codes=("docx.encrypted",),
                detected_locale=None,
            )
            return intake.decide_preflight(job, item, found)
        case WorkKind.EXTRACTION:
            return extract.decide(
                job, item, extract.ExtractionOutcome.model_validate(_fields(s.extracted()))
            )
        case WorkKind.TRANSLATION_PLAN:
            return translate.decide_plan(
                job, item, translate.PlanOutcome.model_validate(_fields(s.planned(batch_count)))
            )
        case WorkKind.TRANSLATION_BATCH:
            return translate.decide_batch(
                job, item, translate.BatchOutcome.model_validate(_fields(s.batch(key.index)))
            )
        case WorkKind.QA:
            return qa.decide(
                job, item, qa.VerificationOutcome.model_validate(_fields(s.verified(verdict)))
            )
        case WorkKind.REASSEMBLY:
            return reassemble.decide(
                job, item, reassemble.ReassemblyOutcome.model_validate(_fields(s.reassembled()))
            )
        case _:
            return intake.decide_cancellation(job, item, intake.CancellationOutcome())


def _fields(event: e.Event) -> dict[str, object]:
    """An event's fields as a service's outcome has them: without what is decided."""
    return event.model_dump(exclude={"next_kind", "next_phase", "index"})


def fail(job: Job, key: WorkKey) -> tuple[e.Event, ...]:
    """A failed attempt, on record while the work is still owed."""
    return (s.failed(key.kind, key.index),) if is_owed(job, key) else ()


def park(job: Job, key: WorkKey) -> tuple[e.Event, ...]:
    """The last attempt, likewise."""
    return (s.parked(key.kind, key.index),) if is_owed(job, key) else ()


def review(job: Job, pending_count: int) -> e.ReviewImported:
    """A review comes back; with nothing pending, the phase after it is owed."""
    return s.review_imported(pending_count, next_kind(job, PhaseKind.REVIEW))


def all_keys(job: Job) -> list[WorkKey]:
    """Every piece of work that could be asked of the job, and batches that it does not have."""
    batches = len(job.plan.batches) if job.plan else 0
    kinds = [kind for kind in WorkKind if kind is not WorkKind.TRANSLATION_BATCH]
    indexes = range(-1, batches + 2)
    return [WorkKey(kind) for kind in kinds] + [
        WorkKey(WorkKind.TRANSLATION_BATCH, index) for index in indexes
    ]
