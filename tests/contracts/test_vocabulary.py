"""The words of the lifecycle: DESIGN §3's table, and maps that forget nothing."""

from __future__ import annotations

import re

import pytest

from dragoman_contracts import errors
from dragoman_contracts.steps import STEPS, queue_of, service_of, step_of_work, work_queues
from dragoman_contracts.subject_state import VersionRefusedError
from dragoman_contracts.vocabulary import (
    LIVE,
    RESTING,
    RESUMABLE,
    JobStatus,
    PhaseKind,
    Queue,
    Service,
    Stage,
    StatusViews,
    WorkKind,
    views_of_status,
)

S = JobStatus
# DESIGN §3: job, document (A), combined job (B), the same with a checkpoint that can be resumed,
# feature row (D).
TABLE = [
    (S.QUEUED, "pending", "queued", "queued", "pending"),
    (S.IN_PROGRESS, "running", "running", "running", "pending"),
    (S.REASSEMBLY_PENDING, "running", "running", "running", "pending"),
    (S.NEEDS_REVIEW, "running", "waiting", "waiting", None),
    (S.COMPLETED, "completed", "success", "success", "ready"),
    (S.FAILED, "failed", "failed", "interrupted", "failed"),
    (S.BLOCKED, "failed", "failed", "failed", None),
    (S.CANCELLING, "uploaded", "cancelled", "interrupted", None),
    (S.CANCELLED, "uploaded", "cancelled", "interrupted", None),
]


@pytest.mark.parametrize(("status", "document", "combined", "with_checkpoint", "feature"), TABLE)
def test_a_status_reads_in_other_vocabularies_as_designed(
    status: JobStatus, document: str, combined: str, with_checkpoint: str, feature: str | None
) -> None:
    for has_checkpoint, word in ((False, combined), (True, with_checkpoint)):
        assert views_of_status(status, has_checkpoint=has_checkpoint) == {
            StatusViews.DOCUMENT: document,
            StatusViews.COMBINED_JOB: word,
            StatusViews.FEATURE_ROW: feature,
        }


def test_the_table_holds_every_status() -> None:
    assert {row[0] for row in TABLE} == set(JobStatus)


def test_every_status_moves_or_rests_but_for_the_one_between() -> None:
    assert set(JobStatus) - {S.CANCELLING} == LIVE | RESTING
    assert not LIVE & RESTING
    assert RESUMABLE <= RESTING


def test_statuses_and_stages_are_those_of_requirement_e_and_cancelling() -> None:
    statuses = (
        "queued blocked in_progress needs_review reassembly_pending completed failed cancelled"
    )
    assert {status.value for status in JobStatus} == {*statuses.split(), "cancelling"}
    stages = [
        "intake",
        "preflight",
        "extraction",
        "translation",
        "qa",
        "review",
        "reassembly",
        "delivery",
    ]
    assert [stage.value for stage in Stage] == stages
    assert [kind.value for kind in PhaseKind] == stages[1:]


def test_every_kind_of_work_has_a_queue_and_a_service() -> None:
    works = {work for step in STEPS.values() for work in (step.first_work, step.batch_work) if work}
    assert {str(kind) for kind in WorkKind} <= works | {
        WorkKind.CANCELLATION,
        WorkKind.RETRANSLATION,
    }
    assert all(step_of_work(work) for work in works)
    assert (queue_of(WorkKind.CANCELLATION), service_of(WorkKind.CANCELLATION)) == (
        Queue.JOB_CONTROL,
        Service.INTAKE,
    )
    assert (queue_of(WorkKind.RETRANSLATION), service_of(WorkKind.RETRANSLATION)) == (
        Queue.TRANSLATE_BATCH,
        Service.TRANSLATE,
    )


def test_a_queue_serves_one_service() -> None:
    services: dict[Queue, set[Service]] = {}
    for step in STEPS.values():
        if step.first_work:
            services.setdefault(step.queue, set()).add(step.service)
    assert all(len(each) == 1 for each in services.values())


def test_work_that_no_step_has_is_unknown() -> None:
    assert step_of_work("qa_plan") is None
    with pytest.raises(KeyError):
        queue_of("qa_batch")


def test_queues_have_the_names_of_requirement_e_and_only_those_that_work_is_sent_to_are_declared() -> (
    None
):
    named = "job_control docx_extract retrieve_context translate_batch qa_verify review_io docx_reassemble maintenance"
    assert {queue.value for queue in Queue} <= {
        *named.split(),
        "command_run",
        "script_run",
        "ai_task",
        "index",
    }
    of_steps = {Queue.COMMAND_RUN, Queue.SCRIPT_RUN, Queue.AI_TASK, Queue.INDEX}
    assert set(work_queues()) == {queue_of(kind) for kind in WorkKind} | of_steps


ERRORS = [
    errors.DragomanError,
    errors.RetryableError,
    errors.PermanentError,
    errors.ConflictError,
    errors.ObjectMissingError,
    errors.ObjectCorruptError,
    errors.UnknownEventTypeError,
    errors.InvalidLocaleError,
    VersionRefusedError,
]


def test_every_error_has_a_code_of_its_own_that_an_event_may_carry() -> None:
    codes = [error.default_code for error in ERRORS]
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"[a-z][a-z0-9_.]*", code) for code in codes)


def test_an_error_takes_a_code_and_says_how_long_to_wait() -> None:
    error = errors.RetryableError(
        "The engine is busy; it is asked again.", code="engine.busy", retry_after_s=7.5
    )
    assert (error.code, error.retry_after_s) == ("engine.busy", 7.5)
    assert errors.RetryableError("The store is away.").code == "unavailable"
    assert str(error) == error.message
