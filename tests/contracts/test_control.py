"""What people do to a job that stands still: let parked work be done, give it up,
declare the job failed.
"""

from __future__ import annotations

import pytest

from contracts import streams as s
from contracts import workers
from dragoman_contracts import events as e
from dragoman_contracts.job import WorkKey
from dragoman_contracts.pipeline import accepts_late, is_owed, redrive_request, resume_request
from dragoman_contracts.vocabulary import JobStatus, WorkKind

BATCH_0 = WorkKey(WorkKind.TRANSLATION_BATCH, 0)
BATCH_1 = WorkKey(WorkKind.TRANSLATION_BATCH, 1)


def test_redriven_work_is_owed_again_with_all_that_had_stopped_for_it() -> None:
    stream = s.given(*s.UP_TO_PLAN, s.parked(BATCH_0.kind, BATCH_0.index))
    assert stream.owed == []
    recorded = stream.append(redrive_request(stream.job, BATCH_0))
    assert stream.owed == [BATCH_0, BATCH_1]
    assert s.routed(recorded) == stream.owed
    assert (stream.job.status, stream.job.parked, stream.job.stopped_at) == (
        JobStatus.QUEUED,
        {},
        None,
    )


def test_redriven_work_begins_with_its_first_attempt() -> None:
    stream = s.given(
        *s.UP_TO_PLAN, s.failed(BATCH_0.kind, BATCH_0.index), s.parked(BATCH_0.kind, BATCH_0.index)
    )
    stream.append(redrive_request(stream.job, BATCH_0))
    assert BATCH_0 not in stream.job.failures


def test_work_that_waits_for_its_next_attempt_goes_on_waiting_when_other_work_is_redriven() -> None:
    stream = s.given(
        *s.UP_TO_PLAN, s.failed(BATCH_1.kind, BATCH_1.index), s.parked(BATCH_0.kind, BATCH_0.index)
    )
    stream.append(redrive_request(stream.job, BATCH_0))
    assert list(stream.job.failures) == [BATCH_1]


def test_a_job_stays_failed_while_other_work_is_parked() -> None:
    stream = s.given(
        *s.UP_TO_PLAN, s.parked(BATCH_0.kind, BATCH_0.index), s.parked(BATCH_1.kind, BATCH_1.index)
    )
    recorded = stream.append(redrive_request(stream.job, BATCH_0))
    assert (stream.job.status, s.routed(recorded), stream.owed) == (JobStatus.FAILED, [], [])
    stream.append(redrive_request(stream.job, BATCH_1))
    assert stream.owed == [BATCH_0, BATCH_1]


def test_a_job_stays_failed_for_discarded_work_until_it_is_resumed() -> None:
    stream = s.given(
        *s.UP_TO_PLAN, s.parked(BATCH_0.kind, BATCH_0.index), s.parked(BATCH_1.kind, BATCH_1.index)
    )
    stream.append(s.discarded(BATCH_0.kind, BATCH_0.index))
    stream.append(redrive_request(stream.job, BATCH_1))
    assert (stream.job.status, stream.job.parked, stream.owed) == (JobStatus.FAILED, {}, [])
    stream.append(resume_request(stream.job))
    assert (stream.owed, stream.job.discarded) == ([BATCH_0, BATCH_1], frozenset())


def test_redriving_what_is_not_parked_changes_nothing() -> None:
    stream = s.given(*s.UP_TO_PLAN, s.parked(BATCH_0.kind, BATCH_0.index))
    again = redrive_request(stream.job, BATCH_0)
    stream.append(again)
    before = stream.job
    stream.append(again)
    assert (stream.job.status, stream.job.parked, stream.owed) == (
        before.status,
        {},
        [BATCH_0, BATCH_1],
    )
    stream.append(s.discarded(BATCH_1.kind, BATCH_1.index))
    assert stream.job.discarded == frozenset()


def test_a_parked_cancellation_goes_on_to_cancel() -> None:
    cancellation = WorkKey(WorkKind.CANCELLATION, 0)
    stream = s.given(
        *s.UP_TO_PLAN, e.CancelRequested(), s.parked(cancellation.kind, cancellation.index)
    )
    assert stream.job.status is JobStatus.FAILED
    recorded = stream.append(redrive_request(stream.job, cancellation))
    assert (stream.job.status, stream.owed, s.routed(recorded)) == (
        JobStatus.CANCELLING,
        [cancellation],
        stream.owed,
    )


def test_parked_work_of_a_job_that_waits_for_its_start_does_not_start_it() -> None:
    preflight = WorkKey(WorkKind.PREFLIGHT, 0)
    stream = s.given(
        s.started(WorkKind.PREFLIGHT),
        s.parked(preflight.kind, preflight.index),
        first=s.submitted(is_auto_start=False),
    )
    stream.append(redrive_request(stream.job, preflight))
    assert (stream.owed, stream.job.is_started) == ([preflight], False)
    stream.append(s.preflight_passed(None))
    assert stream.owed == []


@pytest.mark.parametrize("before", [(), (e.CancelRequested(),)])
def test_a_job_marked_failed_records_what_comes_late_and_moves_only_when_resumed(
    before: tuple[e.Event, ...],
) -> None:
    stream = s.given(*s.UP_TO_PLAN, s.batch(0), *before, e.JobMarkedFailed())
    assert (stream.job.status, stream.owed, stream.job.is_interrupted) == (
        JobStatus.FAILED,
        [],
        True,
    )
    assert accepts_late(stream.job, BATCH_1)
    stream.append(*workers.finish(stream.job, BATCH_1))
    assert (stream.job.status, stream.owed) == (JobStatus.FAILED, [])
    assert stream.job.plan is not None
    assert stream.job.plan.is_complete
    recorded = stream.append(resume_request(stream.job))
    assert stream.owed == [WorkKey(WorkKind.TRANSLATION_PLAN)], (
        "only the end of the phase, which costs nothing"
    )
    assert (s.routed(recorded), stream.job.is_marked_failed) == (stream.owed, False)


def test_redriving_does_not_undo_a_mark() -> None:
    stream = s.given(*s.UP_TO_PLAN, e.JobMarkedFailed(), s.parked(BATCH_0.kind, BATCH_0.index))
    recorded = stream.append(redrive_request(stream.job, BATCH_0))
    assert (stream.job.status, stream.job.parked, s.routed(recorded)) == (JobStatus.FAILED, {}, [])


@pytest.mark.parametrize("event", [e.JobMarkedFailed(), e.CheckpointDiscarded()])
def test_a_job_at_its_end_is_neither_marked_failed_nor_given_up(event: e.Event) -> None:
    stream = s.given(*s.UP_TO_QA, s.reassembled(), e.JobCompleted())
    before = stream.job
    stream.append(event)
    assert (stream.job.status, stream.job.is_checkpoint_discarded) == (before.status, False)


def test_a_checkpoint_that_was_given_up_is_not_resumed_and_nothing_of_it_stays_parked() -> None:
    stream = s.given(*s.UP_TO_PLAN, s.parked(BATCH_0.kind, BATCH_0.index))
    assert stream.job.is_interrupted
    stream.append(e.CheckpointDiscarded())
    assert (stream.job.is_interrupted, stream.job.parked) == (False, {})
    stream.append(s.parked(BATCH_1.kind, BATCH_1.index))
    stream.append(e.ResumeRequested(batch_indexes=(0, 1)))
    assert (stream.job.status, stream.owed, stream.job.parked) == (JobStatus.FAILED, [], {})


def test_late_paid_work_is_recorded_even_where_the_checkpoint_was_given_up() -> None:
    stream = s.given(*s.UP_TO_PLAN, e.JobMarkedFailed(), e.CheckpointDiscarded())
    stream.append(*workers.finish(stream.job, BATCH_0))
    assert stream.job.plan is not None
    assert stream.job.plan.usage.call_count == 1
    assert not is_owed(stream.job, BATCH_1)


def test_a_job_is_stopped_since_it_failed_not_since_something_came_late() -> None:
    stream = s.given(*s.UP_TO_PLAN, s.parked(BATCH_0.kind, BATCH_0.index))
    since = stream.job.stopped_at
    stream.append(*workers.finish(stream.job, BATCH_1))
    assert (stream.job.stopped_at, stream.job.head_at > since if since else None) == (since, True)


def test_a_redrive_is_about_the_work_that_was_parked() -> None:
    stream = s.given(*s.UP_TO_PLAN, s.parked(BATCH_1.kind, BATCH_1.index))
    event = redrive_request(stream.job, BATCH_1)
    assert (event.work_id, event.kind, event.index) == (
        BATCH_1.work_id(s.JOB),
        BATCH_1.kind,
        BATCH_1.index,
    )
