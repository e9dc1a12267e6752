"""The normative trace of DESIGN §2 and its other endings: what each append makes owed,
where the job then stands.
"""

from __future__ import annotations

import pytest

from contracts.streams import (
    UP_TO_EXTRACTION,
    UP_TO_PLAN,
    UP_TO_PREFLIGHT,
    UP_TO_QA,
    UP_TO_TRANSLATION,
    JobStream,
    batch,
    completed_translation,
    extracted,
    failed,
    given,
    next_kind,
    parked,
    planned,
    preflight_blocked,
    preflight_passed,
    reassembled,
    review_exported,
    review_imported,
    routed,
    started,
    submitted,
    verified,
)
from dragoman_contracts import events as e
from dragoman_contracts.job import WorkKey, fold
from dragoman_contracts.phases import Phase, Pipeline
from dragoman_contracts.pipeline import (
    accepts_late,
    due_at,
    first_kind,
    is_owed,
    next_phase,
    progress_pct,
    resume_request,
    start_request,
)
from dragoman_contracts.references import ArtifactKind
from dragoman_contracts.vocabulary import JobStatus, PhaseKind, Stage, WorkKind

PREFLIGHT: WorkKey = WorkKey(WorkKind.PREFLIGHT, 0)
EXTRACTION: WorkKey = WorkKey(WorkKind.EXTRACTION, 0)
PLAN: WorkKey = WorkKey(WorkKind.TRANSLATION_PLAN, 0)
BATCH_0: WorkKey = WorkKey(WorkKind.TRANSLATION_BATCH, 0)
BATCH_1: WorkKey = WorkKey(WorkKind.TRANSLATION_BATCH, 1)
QA: WorkKey = WorkKey(WorkKind.QA, 0)
REASSEMBLY: WorkKey = WorkKey(WorkKind.REASSEMBLY, 0)
CANCELLATION: WorkKey = WorkKey(WorkKind.CANCELLATION, 0)


class Trace:
    """A job's way, told line by line: append, then what is routed, owed and said of the job."""

    def __init__(self, stream: JobStream | None = None) -> None:
        self.stream = stream or JobStream()

    def line(
        self,
        *events: e.Event,
        routes: list[WorkKey] | None = None,
        owes: list[WorkKey] | None = None,
        stands: tuple[JobStatus, str],
    ) -> None:
        """One append. Where `owes` is not given, the job owes what was routed."""
        assert routed(self.stream.append(*events)) == (routes or [])
        assert self.stream.owed == (routes or [] if owes is None else owes)
        assert (self.stream.job.status, self.stream.job.stage) == stands


def test_a_job_of_two_batches_follows_the_normative_trace() -> None:
    trace = Trace()
    working = JobStatus.IN_PROGRESS
    trace.line(submitted(), routes=[PREFLIGHT], stands=(JobStatus.QUEUED, Stage.INTAKE))
    trace.line(started(WorkKind.PREFLIGHT), owes=[PREFLIGHT], stands=(working, Stage.PREFLIGHT))
    trace.line(preflight_passed(), routes=[EXTRACTION], stands=(JobStatus.QUEUED, Stage.EXTRACTION))
    trace.line(started(WorkKind.EXTRACTION), owes=[EXTRACTION], stands=(working, Stage.EXTRACTION))
    trace.line(extracted(), routes=[PLAN], stands=(JobStatus.QUEUED, Stage.TRANSLATION))
    trace.line(planned(2), routes=[BATCH_0, BATCH_1], stands=(JobStatus.QUEUED, Stage.TRANSLATION))
    trace.line(
        started(WorkKind.TRANSLATION_BATCH),
        batch(0),
        owes=[BATCH_1],
        stands=(working, Stage.TRANSLATION),
    )
    trace.line(batch(1), completed_translation(), routes=[QA], stands=(JobStatus.QUEUED, Stage.QA))
    trace.line(started(WorkKind.QA), owes=[QA], stands=(working, Stage.QA))
    trace.line(
        verified(), routes=[REASSEMBLY], stands=(JobStatus.REASSEMBLY_PENDING, Stage.REASSEMBLY)
    )
    trace.line(started(WorkKind.REASSEMBLY), owes=[REASSEMBLY], stands=(working, Stage.REASSEMBLY))
    trace.line(reassembled(), e.JobCompleted(), stands=(JobStatus.COMPLETED, Stage.DELIVERY))


def test_a_completed_job_shows_its_artifacts_usage_and_all_its_phases() -> None:
    stream = given(*UP_TO_QA, started(WorkKind.REASSEMBLY))
    stream.append(reassembled(), e.JobCompleted())
    job = stream.job
    assert [artifact.kind for artifact in job.artifacts] == [
        ArtifactKind.SOURCE_DOCX,
        ArtifactKind.PREFLIGHT_REPORT,
        ArtifactKind.EXTRACTION_MANIFEST,
        ArtifactKind.QA_REPORT,
        ArtifactKind.FINAL_DOCX,
        ArtifactKind.REASSEMBLY_MANIFEST,
    ]
    assert job.checkpoint_phases == tuple(phase.name for phase in job.pipeline.phases)
    assert job.plan is not None
    assert job.plan.usage == e.Usage(call_count=2, prompt_tokens=1000, response_tokens=800)
    assert job.final_docx == reassembled().final_docx
    assert progress_pct(job) == 100


def test_batches_may_come_back_in_any_order() -> None:
    stream = given(*UP_TO_PLAN, batch(1))
    assert stream.owed == [BATCH_0]
    assert routed(stream.append(batch(0), completed_translation())) == [QA]


def test_a_plan_of_zero_batches_completes_in_the_append_that_plans() -> None:
    trace = Trace(given(*UP_TO_EXTRACTION))
    trace.line(
        planned(0), completed_translation(), routes=[QA], stands=(JobStatus.QUEUED, Stage.QA)
    )


def test_preflight_that_blocks_ends_the_job() -> None:
    trace = Trace(given(started(WorkKind.PREFLIGHT)))
    trace.line(preflight_blocked(), stands=(JobStatus.BLOCKED, Stage.PREFLIGHT))
    assert trace.stream.job.finding_codes == ("docx.encrypted",)


def test_needs_review_waits_for_the_reviewer_and_then_goes_to_reassembly() -> None:
    trace = Trace(given(*UP_TO_TRANSLATION, started(WorkKind.QA)))
    in_review = (JobStatus.NEEDS_REVIEW, Stage.REVIEW)
    trace.line(verified(e.QaVerdict.NEEDS_REVIEW), stands=in_review)
    trace.line(review_exported(), stands=in_review)
    trace.line(review_imported(pending_count=1), stands=in_review)
    trace.line(
        review_imported(),
        routes=[REASSEMBLY],
        stands=(JobStatus.REASSEMBLY_PENDING, Stage.REASSEMBLY),
    )
    assert len(trace.stream.job.reviewed_targets) == 2


def test_a_job_that_qa_blocked_can_be_reviewed() -> None:
    trace = Trace(given(*UP_TO_TRANSLATION, started(WorkKind.QA)))
    trace.line(verified(e.QaVerdict.BLOCKED), stands=(JobStatus.BLOCKED, Stage.REVIEW))
    trace.line(review_exported(), stands=(JobStatus.BLOCKED, Stage.REVIEW))
    trace.line(review_imported(pending_count=2), stands=(JobStatus.NEEDS_REVIEW, Stage.REVIEW))
    trace.line(
        review_imported(),
        routes=[REASSEMBLY],
        stands=(JobStatus.REASSEMBLY_PENDING, Stage.REASSEMBLY),
    )


def test_a_pipeline_without_a_review_phase_still_waits_for_the_review() -> None:
    kinds = [
        PhaseKind.PREFLIGHT,
        PhaseKind.EXTRACTION,
        PhaseKind.TRANSLATION,
        PhaseKind.QA,
        PhaseKind.REASSEMBLY,
    ]
    pipeline = Pipeline(
        name="short", phases=tuple(Phase(name=kind.value, kind=kind) for kind in kinds)
    )
    trace = Trace(given(*UP_TO_TRANSLATION, started(WorkKind.QA), first=submitted(pipeline)))
    trace.line(verified(e.QaVerdict.NEEDS_REVIEW), stands=(JobStatus.NEEDS_REVIEW, Stage.REVIEW))
    trace.stream.append(e.CancelRequested(), e.JobCancelled())
    trace.line(resume_request(trace.stream.job), stands=(JobStatus.NEEDS_REVIEW, Stage.REVIEW))
    trace.line(
        review_imported(),
        routes=[REASSEMBLY],
        stands=(JobStatus.REASSEMBLY_PENDING, Stage.REASSEMBLY),
    )


def test_failed_work_stays_owed_and_says_when_it_is_due() -> None:
    trouble = failed(WorkKind.TRANSLATION_BATCH, 1)
    trace = Trace(given(*UP_TO_PLAN, batch(0)))
    trace.line(trouble, owes=[BATCH_1], stands=(JobStatus.IN_PROGRESS, Stage.TRANSLATION))
    assert due_at(trace.stream.job, BATCH_1) == trouble.retry_at
    trace.line(batch(1), completed_translation(), routes=[QA], stands=(JobStatus.QUEUED, Stage.QA))
    assert trace.stream.job.failures == {}


def test_parked_work_fails_the_job_and_resume_owes_only_what_accepts_late() -> None:
    trace = Trace(given(*UP_TO_PLAN, batch(0)))
    trace.line(parked(WorkKind.TRANSLATION_BATCH, 1), stands=(JobStatus.FAILED, Stage.TRANSLATION))
    assert trace.stream.job.parked[BATCH_1].code == "engine.unauthorised"
    assert trace.stream.job.checkpoint_phases == ("preflight", "extraction")
    resume = resume_request(trace.stream.job)
    trace.line(resume, routes=[BATCH_1], stands=(JobStatus.QUEUED, Stage.TRANSLATION))
    assert trace.stream.job.parked == {}
    trace.line(batch(1), completed_translation(), routes=[QA], stands=(JobStatus.QUEUED, Stage.QA))


@pytest.mark.parametrize(
    ("history", "kind", "stands"),
    [
        ((), WorkKind.PREFLIGHT, (JobStatus.QUEUED, Stage.PREFLIGHT)),
        (UP_TO_PREFLIGHT, WorkKind.EXTRACTION, (JobStatus.QUEUED, Stage.EXTRACTION)),
        (UP_TO_EXTRACTION, WorkKind.TRANSLATION_PLAN, (JobStatus.QUEUED, Stage.TRANSLATION)),
        (UP_TO_TRANSLATION, WorkKind.QA, (JobStatus.QUEUED, Stage.QA)),
        (UP_TO_QA, WorkKind.REASSEMBLY, (JobStatus.REASSEMBLY_PENDING, Stage.REASSEMBLY)),
    ],
)
def test_resume_goes_on_with_the_phase_that_failed(
    history: tuple[e.Event, ...], kind: WorkKind, stands: tuple[JobStatus, str]
) -> None:
    trace = Trace(given(*history, started(kind), parked(kind)))
    assert trace.stream.job.status is JobStatus.FAILED
    trace.line(resume_request(trace.stream.job), routes=[WorkKey(kind)], stands=stands)


def test_cancelling_owes_the_cancellation_until_intake_closes_the_job() -> None:
    trace = Trace(given(*UP_TO_PLAN, batch(0)))
    trace.line(
        e.CancelRequested(), routes=[CANCELLATION], stands=(JobStatus.CANCELLING, Stage.TRANSLATION)
    )
    trouble = failed(WorkKind.CANCELLATION)
    trace.line(trouble, owes=[CANCELLATION], stands=(JobStatus.CANCELLING, Stage.TRANSLATION))
    trace.line(e.JobCancelled(), stands=(JobStatus.CANCELLED, Stage.TRANSLATION))
    assert trace.stream.job.failures == {}


def test_a_cancellation_that_is_parked_leaves_a_failed_job_that_can_be_resumed() -> None:
    trace = Trace(given(*UP_TO_PLAN, e.CancelRequested()))
    trace.line(parked(WorkKind.CANCELLATION), stands=(JobStatus.FAILED, Stage.TRANSLATION))
    resume = resume_request(trace.stream.job)
    trace.line(resume, routes=[BATCH_0, BATCH_1], stands=(JobStatus.QUEUED, Stage.TRANSLATION))


@pytest.mark.parametrize("closing", [(), (e.JobCancelled(),)], ids=["cancelling", "cancelled"])
def test_a_late_batch_is_recorded_advances_nothing_and_is_not_paid_again(
    closing: tuple[e.Event, ...],
) -> None:
    trace = Trace(given(*UP_TO_PLAN, e.CancelRequested(), *closing))
    before = trace.stream.job
    assert accepts_late(before, BATCH_0)
    assert not is_owed(before, BATCH_0)
    trace.line(batch(0), owes=trace.stream.owed, stands=(before.status, before.stage))
    assert not accepts_late(trace.stream.job, BATCH_0)
    if not closing:
        trace.stream.append(e.JobCancelled())
    resume = resume_request(trace.stream.job)
    trace.line(resume, routes=[BATCH_1], stands=(JobStatus.QUEUED, Stage.TRANSLATION))


def test_when_the_last_batch_came_late_resume_owes_the_plan_which_then_completes_translation() -> (
    None
):
    trace = Trace(given(*UP_TO_PLAN, batch(0), e.CancelRequested(), batch(1), e.JobCancelled()))
    resume = resume_request(trace.stream.job)
    trace.line(resume, routes=[PLAN], stands=(JobStatus.QUEUED, Stage.TRANSLATION))
    trace.line(completed_translation(), routes=[QA], stands=(JobStatus.QUEUED, Stage.QA))


LATE: list[
    tuple[tuple[e.Event, ...], tuple[e.Event, ...], list[WorkKey], tuple[JobStatus, str]]
] = [
    ((), (preflight_passed(None),), [EXTRACTION], (JobStatus.QUEUED, Stage.EXTRACTION)),
    ((), (preflight_blocked(),), [PREFLIGHT], (JobStatus.QUEUED, Stage.PREFLIGHT)),
    (UP_TO_PREFLIGHT, (extracted(None),), [PLAN], (JobStatus.QUEUED, Stage.TRANSLATION)),
    (
        UP_TO_TRANSLATION,
        (verified(next_kind=None),),
        [REASSEMBLY],
        (JobStatus.REASSEMBLY_PENDING, Stage.REASSEMBLY),
    ),
    (
        UP_TO_TRANSLATION,
        (verified(e.QaVerdict.NEEDS_REVIEW),),
        [],
        (JobStatus.NEEDS_REVIEW, Stage.REVIEW),
    ),
    (UP_TO_TRANSLATION, (verified(e.QaVerdict.BLOCKED),), [], (JobStatus.BLOCKED, Stage.REVIEW)),
    (
        UP_TO_QA,
        (reassembled(), e.JobCompleted()),
        [REASSEMBLY],
        (JobStatus.REASSEMBLY_PENDING, Stage.REASSEMBLY),
    ),
]


@pytest.mark.parametrize(("history", "late", "routes", "stands"), LATE)
def test_a_late_result_of_a_phase_waits_for_the_resume(
    history: tuple[e.Event, ...],
    late: tuple[e.Event, ...],
    routes: list[WorkKey],
    stands: tuple[JobStatus, str],
) -> None:
    trace = Trace(given(*history, e.CancelRequested(), e.JobCancelled()))
    cancelled = trace.stream.job
    trace.line(*late, stands=(JobStatus.CANCELLED, cancelled.stage))
    trace.line(resume_request(trace.stream.job), routes=routes, stands=stands)


@pytest.mark.parametrize("key", [PLAN, REASSEMBLY, CANCELLATION])
def test_what_costs_nothing_is_made_again_rather_than_recorded_late(key: WorkKey) -> None:
    assert not accepts_late(given(*UP_TO_PREFLIGHT, e.CancelRequested()).job, key)


def test_a_late_result_says_that_nothing_is_owed() -> None:
    for stopping in (e.CancelRequested(), parked(WorkKind.EXTRACTION)):
        assert next_kind(given(*UP_TO_PREFLIGHT, stopping).job, PhaseKind.EXTRACTION) is None


@pytest.mark.parametrize("index", [-1, 2])
def test_a_batch_that_is_not_in_the_plan_is_not_owed(index: int) -> None:
    assert not is_owed(given(*UP_TO_PLAN).job, WorkKey(WorkKind.TRANSLATION_BATCH, index))


def test_a_job_that_goes_on_accepts_nothing_that_is_not_owed() -> None:
    stream = given(*UP_TO_PLAN, batch(0))
    assert not accepts_late(stream.job, BATCH_0)
    assert not accepts_late(stream.job, EXTRACTION)
    stream.append(parked(WorkKind.TRANSLATION_BATCH, 1))
    assert accepts_late(stream.job, BATCH_1)
    assert not accepts_late(stream.job, BATCH_0)
    assert not accepts_late(stream.job, EXTRACTION)


def test_a_job_cancelled_in_review_is_resumed_into_review() -> None:
    trace = Trace(
        given(
            *UP_TO_TRANSLATION,
            verified(e.QaVerdict.NEEDS_REVIEW),
            e.CancelRequested(),
            e.JobCancelled(),
        )
    )
    trace.line(resume_request(trace.stream.job), stands=(JobStatus.NEEDS_REVIEW, Stage.REVIEW))


def test_a_result_reassembled_twice_is_one_artifact() -> None:
    stream = given(*UP_TO_QA, e.CancelRequested(), reassembled(), e.JobCancelled())
    stream.append(resume_request(stream.job))
    stream.append(reassembled(), e.JobCompleted())
    kinds = [artifact.kind for artifact in stream.job.artifacts]
    assert kinds.count(ArtifactKind.FINAL_DOCX) == 1
    assert stream.job.status is JobStatus.COMPLETED


def test_with_auto_start_off_preflight_runs_and_the_rest_waits_for_the_start() -> None:
    trace = Trace()
    trace.line(
        submitted(is_auto_start=False), routes=[PREFLIGHT], stands=(JobStatus.QUEUED, Stage.INTAKE)
    )
    trace.stream.append(started(WorkKind.PREFLIGHT))
    owed_after_preflight = next_kind(trace.stream.job, PhaseKind.PREFLIGHT)
    trace.line(preflight_passed(owed_after_preflight), stands=(JobStatus.QUEUED, Stage.EXTRACTION))
    assert next_phase(trace.stream.job) is None
    trace.line(
        start_request(trace.stream.job),
        routes=[EXTRACTION],
        stands=(JobStatus.QUEUED, Stage.EXTRACTION),
    )


def test_a_start_that_comes_before_preflight_ends_makes_nothing_owed_yet() -> None:
    trace = Trace(given(started(WorkKind.PREFLIGHT), first=submitted(is_auto_start=False)))
    stands = (JobStatus.IN_PROGRESS, Stage.PREFLIGHT)
    trace.line(start_request(trace.stream.job), owes=[PREFLIGHT], stands=stands)
    assert next_kind(trace.stream.job, PhaseKind.PREFLIGHT) == WorkKind.EXTRACTION


def test_resuming_a_job_that_waited_for_its_start_starts_it() -> None:
    trace = Trace(
        given(
            *UP_TO_PREFLIGHT,
            e.CancelRequested(),
            e.JobCancelled(),
            first=submitted(is_auto_start=False),
        )
    )
    resume = resume_request(trace.stream.job)
    trace.line(resume, routes=[EXTRACTION], stands=(JobStatus.QUEUED, Stage.EXTRACTION))


def test_a_worker_that_begins_late_moves_a_cancelled_job_nowhere() -> None:
    trace = Trace(given(*UP_TO_EXTRACTION, planned(), e.CancelRequested(), e.JobCancelled()))
    trace.line(started(WorkKind.TRANSLATION_BATCH), stands=(JobStatus.CANCELLED, Stage.TRANSLATION))


@pytest.mark.parametrize(
    "result", [preflight_passed(), preflight_blocked()], ids=["passed", "blocked"]
)
def test_a_phase_that_ends_leaves_no_failure_of_its_work_behind(result: e.Event) -> None:
    stream = given(started(WorkKind.PREFLIGHT), failed(WorkKind.PREFLIGHT))
    assert stream.job.failures.keys() == {PREFLIGHT}
    stream.append(result)
    assert stream.job.failures == {}


def test_starting_a_started_job_routes_nothing() -> None:
    assert start_request(given(*UP_TO_PLAN).job) == e.StartRequested()


def test_starting_a_cancelled_job_routes_nothing() -> None:
    stream = given(
        *UP_TO_PREFLIGHT,
        e.CancelRequested(),
        e.JobCancelled(),
        first=submitted(is_auto_start=False),
    )
    assert start_request(stream.job) == e.StartRequested()


def test_a_second_plan_or_batch_forgets_nothing_and_counts_nothing_twice() -> None:
    stream = given(*UP_TO_PLAN, batch(0), planned(3), batch(0))
    plan = stream.job.plan
    assert plan is not None
    assert plan.done_count == 20
    assert plan.usage.call_count == 2
    assert stream.owed == [BATCH_1]


@pytest.mark.parametrize("events", [UP_TO_EXTRACTION, UP_TO_PLAN], ids=["no plan", "two planned"])
def test_a_batch_that_was_not_planned_is_refused(events: tuple[e.Event, ...]) -> None:
    stream = given(*events, batch(2))
    with pytest.raises(ValueError, match="not in its plan"):
        _ = stream.job


def test_a_stream_must_begin_with_its_submission_and_miss_no_version() -> None:
    stream = given(*UP_TO_PREFLIGHT)
    for broken in (stream.recorded[1:], stream.recorded[:1] + stream.recorded[2:]):
        with pytest.raises(ValueError, match=r"does not (begin|follow)"):
            fold(broken)


def test_progress_counts_units_by_the_weight_of_their_phase() -> None:
    assert progress_pct(given(*UP_TO_PREFLIGHT).job) == 2
    assert progress_pct(given(*UP_TO_PLAN).job) == 8
    assert progress_pct(given(*UP_TO_PLAN, batch(0)).job) == 48
    assert progress_pct(given(*UP_TO_TRANSLATION).job) == 88
    assert progress_pct(given(*UP_TO_QA).job) == 94


def test_progress_is_below_100_while_the_end_is_not_on_record() -> None:
    assert progress_pct(given(*UP_TO_QA, reassembled()).job) == 99


def test_a_pipeline_that_begins_with_waiting_is_no_beginning() -> None:
    with pytest.raises(ValueError, match="nobody performs"):
        first_kind(Pipeline(name="p", phases=(Phase(name="review", kind=PhaseKind.REVIEW),)))
