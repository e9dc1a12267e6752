"""A review: what its events make of a job, and what its edits make of the units."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid5

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from contracts import streams as s
from contracts.streams import parked
from contracts.test_trace import REASSEMBLY, UP_TO_TRANSLATION, Trace
from dragoman_contracts import events as e
from dragoman_contracts.job import ReviewStatus, WorkKey
from dragoman_contracts.pipeline import owed, redrive_request, resume_request
from dragoman_contracts.references import ArtifactKind
from dragoman_contracts.reports import (
    QaFinding,
    ReviewStage,
    Severity,
    UnitVerdict,
    UnitVerification,
)
from dragoman_contracts.review import (
    Dismissal,
    EditOrigin,
    ReviewedUnit,
    ReviewState,
    Save,
    UnitEdit,
    before_last,
    pending_units,
    reviewed,
    stage_of,
    verdict_of,
)
from dragoman_contracts.vocabulary import JobStatus, Stage, WorkKind

IN_REVIEW = (JobStatus.NEEDS_REVIEW, Stage.REVIEW)
SESSION = uuid5(s.JOB, "session")


def in_review(verdict: e.QaVerdict = e.QaVerdict.NEEDS_REVIEW) -> Trace:
    """The trace of a job that QA gave to people."""
    trace = Trace(s.given(*UP_TO_TRANSLATION, s.started(WorkKind.QA)))
    status = JobStatus.BLOCKED if verdict is e.QaVerdict.BLOCKED else JobStatus.NEEDS_REVIEW
    trace.line(s.verified(verdict), stands=(status, Stage.REVIEW))
    return trace


def test_people_work_on_units_until_they_close_the_review() -> None:
    trace = in_review()
    trace.line(s.units_reviewed(2, "one"), stands=IN_REVIEW)
    trace.line(s.units_reviewed(0, "two"), stands=IN_REVIEW)
    job = trace.stream.job
    assert job.review is not None
    assert (job.review.saved_count, len(job.review.saves), job.review_pending_count) == (2, 2, 0)
    assert owed(job) == ()
    trace.line(
        s.review_closed(),
        routes=[REASSEMBLY],
        stands=(JobStatus.REASSEMBLY_PENDING, Stage.REASSEMBLY),
    )
    job = trace.stream.job
    assert job.review is not None
    assert job.review.status is ReviewStatus.CLOSED
    assert job.reviewed_targets == (s.ref("what people made of it"),)


AGAIN = WorkKey(WorkKind.RETRANSLATION, 0)


def test_a_retranslation_is_owed_beside_the_review_and_counts_as_a_save_of_who_asked() -> None:
    trace = in_review(e.QaVerdict.BLOCKED)
    blocked = (JobStatus.BLOCKED, Stage.REVIEW)
    trace.line(s.retranslation_requested(), routes=[AGAIN], owes=[AGAIN], stands=blocked)
    more = s.retranslation_requested(1)
    both = [AGAIN, WorkKey(WorkKind.RETRANSLATION, 1)]
    trace.line(more, routes=both[1:], owes=both, stands=blocked)
    trace.line(s.units_retranslated(), owes=both[1:], stands=IN_REVIEW)
    trace.line(s.units_retranslated(), owes=both[1:], stands=IN_REVIEW)  # told twice
    review = trace.stream.job.review
    assert review is not None
    assert [(each.edits, each.actor) for each in review.saves] == [
        (s.ref("drafts 0"), s.origin().actor)
    ]
    assert trace.stream.job.review_pending_count == 3
    trace.line(
        s.review_closed(3),
        routes=[REASSEMBLY],
        stands=(JobStatus.REASSEMBLY_PENDING, Stage.REASSEMBLY),
    )


def test_a_retranslation_that_is_parked_stops_no_review_and_can_be_driven_again() -> None:
    trace = in_review()
    trace.line(s.retranslation_requested(), routes=[AGAIN], owes=[AGAIN], stands=IN_REVIEW)
    trace.line(parked(WorkKind.RETRANSLATION), stands=IN_REVIEW)
    assert set(trace.stream.job.parked) == {AGAIN}
    redriven = redrive_request(trace.stream.job, AGAIN)
    trace.line(redriven, routes=[AGAIN], owes=[AGAIN], stands=IN_REVIEW)
    trace.line(parked(WorkKind.RETRANSLATION), stands=IN_REVIEW)
    trace.line(
        s.review_closed(),
        routes=[REASSEMBLY],
        stands=(JobStatus.REASSEMBLY_PENDING, Stage.REASSEMBLY),
    )
    trace.line(parked(WorkKind.REASSEMBLY), stands=(JobStatus.FAILED, Stage.REASSEMBLY))
    assert trace.stream.job.goes_on_without(REASSEMBLY)


def test_a_draft_is_passed_over_where_a_person_was_at_its_unit_since() -> None:
    typed = UnitEdit(unit_id="u1", origin=EditOrigin.TYPED, target=("Uno",))
    drafts = [
        UnitEdit(
            unit_id=f"u{n}",
            origin=EditOrigin.RETRANSLATED,
            target=("Otro",),
            stage=ReviewStage.DRAFT,
            based_on=0,
        )
        for n in (1, 2)
    ]
    state = reviewed(ReviewState(), [typed], save(5))
    state = reviewed(state, drafts, save(6))
    assert {name: unit.target for name, unit in state.units.items()} == {
        "u1": ("Uno",),
        "u2": ("Otro",),
    }


def test_the_state_of_a_review_takes_the_place_of_the_saves_before_it() -> None:
    trace = in_review()
    trace.line(s.units_reviewed(2, "one"), stands=IN_REVIEW)
    state = s.units_reviewed(1, "two").model_copy(update={"state": s.ref("the state")})
    trace.line(state, stands=IN_REVIEW)
    trace.line(s.units_reviewed(1, "three"), stands=IN_REVIEW)
    review = trace.stream.job.review
    assert review is not None
    assert (review.state, [each.edits for each in review.saves]) == (
        s.ref("the state"),
        [s.ref("three")],
    )


def test_a_job_that_qa_blocked_is_in_review_once_people_have_begun() -> None:
    trace = in_review(e.QaVerdict.BLOCKED)
    trace.line(s.units_reviewed(1), stands=IN_REVIEW)


def test_a_completed_job_is_opened_for_review_and_reassembled_again() -> None:
    trace = Trace(s.given(*UP_TO_TRANSLATION, s.started(WorkKind.QA)))
    trace.stream.append(s.verified(), s.started(WorkKind.REASSEMBLY))
    trace.stream.append(s.reassembled(), e.JobCompleted())
    assert trace.stream.job.status is JobStatus.COMPLETED
    trace.line(e.ReviewOpened(session_id=SESSION), stands=IN_REVIEW)
    trace.line(
        s.review_closed(),
        routes=[REASSEMBLY],
        stands=(JobStatus.REASSEMBLY_PENDING, Stage.REASSEMBLY),
    )
    assert [item.kind for item in owed(trace.stream.job)] == [WorkKind.REASSEMBLY]
    trace.stream.append(s.started(WorkKind.REASSEMBLY), s.reassembled(), e.JobCompleted())
    assert trace.stream.job.status is JobStatus.COMPLETED


def test_a_review_that_was_cancelled_is_resumed_with_its_saves() -> None:
    trace = in_review()
    trace.stream.append(s.units_reviewed(2, "one"), e.CancelRequested(), e.JobCancelled())
    trace.line(resume_request(trace.stream.job), stands=IN_REVIEW)
    assert trace.stream.job.review is not None
    assert trace.stream.job.review.saved_count == 1


def test_a_review_has_reviewers_and_a_day_it_is_due() -> None:
    trace = in_review()
    reviewer = uuid5(s.PROJECT, "a reviewer")
    due = s.NOON + timedelta(days=2)
    trace.line(
        e.ReviewAssigned(session_id=SESSION, due_at=due, reviewer_ids=(reviewer,)),
        stands=IN_REVIEW,
    )
    review = trace.stream.job.review
    assert review is not None
    assert (review.due_at, review.reviewer_ids) == (due, (reviewer,))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("tmx", ArtifactKind.REVIEW_TMX),
        ("xliff-2.1", ArtifactKind.REVIEW_XLIFF),
        ("bilingual-xlsx", ArtifactKind.REVIEW_BILINGUAL),
        ("html", ArtifactKind.REVIEW_REPORT),
    ],
)
def test_an_export_is_an_artifact_of_its_kind(name: str, kind: ArtifactKind) -> None:
    trace = in_review()
    trace.line(s.review_exported().model_copy(update={"format": name}), stands=IN_REVIEW)
    assert kind in {each.kind for each in trace.stream.job.artifacts}


# --- units ----------------------------------------------------------------------------------------


def save(version: int, actor: str = "user:ana") -> Save:
    """A save that made this version of the job."""
    return Save(
        version, actor, None, s.NOON + timedelta(seconds=version), s.ref(f"edits {version}")
    )


def typed(unit_id: str, text: str, stage: ReviewStage = ReviewStage.REVIEWED) -> UnitEdit:
    """A target that a person typed."""
    return UnitEdit(unit_id=unit_id, origin=EditOrigin.TYPED, target=(text,), stage=stage)


def found(
    unit_id: str, verdict: UnitVerdict = UnitVerdict.NEEDS_REVIEW, *codes: str
) -> UnitVerification:
    """QA's word on a unit."""
    findings = [QaFinding(code=code, severity=Severity.WARNING, message="-") for code in codes]
    return UnitVerification(unit_id=unit_id, verdict=verdict, findings=tuple(findings))


def undone(state: ReviewState, unit_id: str, version: int) -> ReviewState:
    """The state after a person took the last edit of a unit back."""
    unit = state.units[unit_id]
    target, stage = before_last(unit)
    edit = UnitEdit(
        unit_id=unit_id,
        origin=EditOrigin.UNDONE,
        target=target,
        stage=stage,
        undoes=unit.history[-1].version,
    )
    return reviewed(state, [edit], save(version))


def test_undoing_goes_back_edit_by_edit_to_what_the_engine_said() -> None:
    state = ReviewState()
    for version, text in enumerate(["one", "two", "three"], 1):
        state = reviewed(state, [typed("u", text)], save(version))
    seen: list[object] = []
    for version in range(4, 7):
        state = undone(state, "u", version)
        seen.append(state.units["u"].target)
    assert seen == [("two",), ("one",), None]
    assert state.units["u"].stage is None
    assert len(state.units["u"].history) == 6


def test_an_edit_after_an_undo_is_what_is_undone_next() -> None:
    state = reviewed(ReviewState(), [typed("u", "one")], save(1))
    state = undone(reviewed(state, [typed("u", "two")], save(2)), "u", 3)
    state = reviewed(state, [typed("u", "four")], save(4))
    assert undone(state, "u", 5).units["u"].target == ("one",)


def test_a_save_that_is_known_changes_nothing() -> None:
    state = reviewed(ReviewState(), [typed("u", "one")], save(3))
    assert reviewed(state, [typed("u", "again")], save(3)) is state


def test_comments_and_dismissals_leave_the_text_alone() -> None:
    state = reviewed(ReviewState(), [typed("u", "one")], save(1))
    remark = UnitEdit(
        unit_id="u",
        origin=EditOrigin.TYPED,
        comment="Check the term.",
        dismissed=Dismissal(code="numbers.added", reason="A page number."),
    )
    unit = reviewed(state, [remark], save(2)).units["u"]
    assert (unit.target, len(unit.history), unit.version) == (("one",), 1, 2)
    assert [each.text for each in unit.comments] == ["Check the term."]
    assert unit.dismisses("numbers.added")


def test_whether_a_unit_needs_a_person() -> None:
    waits, passed = found("u", UnitVerdict.NEEDS_REVIEW, "a", "b"), found("u", UnitVerdict.PASSED)
    draft = ReviewedUnit(version=1, stage=ReviewStage.DRAFT)
    assert verdict_of(waits, None) is UnitVerdict.NEEDS_REVIEW
    assert verdict_of(waits, ReviewedUnit(version=1)) is UnitVerdict.NEEDS_REVIEW
    assert verdict_of(waits, draft) is UnitVerdict.NEEDS_REVIEW
    assert verdict_of(passed, draft) is UnitVerdict.NEEDS_REVIEW
    for stage in (ReviewStage.TRANSLATED, ReviewStage.REVIEWED, ReviewStage.APPROVED):
        assert verdict_of(waits, ReviewedUnit(version=1, stage=stage)) is UnitVerdict.HUMAN_VERIFIED
    one = (Dismissal(code="a", reason="right"),)
    both = (*one, Dismissal(code="b", reason="right"))
    assert verdict_of(waits, ReviewedUnit(version=1, dismissed=one)) is UnitVerdict.NEEDS_REVIEW
    assert verdict_of(waits, ReviewedUnit(version=1, dismissed=both)) is UnitVerdict.PASSED


def test_the_stage_of_a_unit_nobody_touched_follows_from_the_verdict() -> None:
    assert stage_of(UnitVerdict.PASSED, None) is ReviewStage.TRANSLATED
    assert stage_of(UnitVerdict.BLOCKED, None) is ReviewStage.DRAFT
    assert stage_of(None, None) is ReviewStage.DRAFT
    approved = ReviewedUnit(version=1, stage=ReviewStage.APPROVED)
    assert stage_of(UnitVerdict.BLOCKED, approved) is ReviewStage.APPROVED


@for_all(
    st.lists(
        st.tuples(
            st.sampled_from("abc"), st.sampled_from(["x", "y", "z"]), st.sampled_from(ReviewStage)
        )
    )
)
def test_a_state_read_from_any_save_on_is_the_same(
    edits: list[tuple[str, str, ReviewStage]],
) -> None:
    saves = [
        (save(i), [typed(unit, text, stage)]) for i, (unit, text, stage) in enumerate(edits, 1)
    ]
    whole = ReviewState()
    for each, of_save in saves:
        whole = reviewed(whole, of_save, each)
    for cut in range(len(saves)):
        first = ReviewState()
        for each, of_save in saves[:cut]:
            first = reviewed(first, of_save, each)
        read = ReviewState.model_validate_json(first.model_dump_json())
        for each, of_save in saves[cut:]:
            read = reviewed(read, of_save, each)
        assert read == whole


def test_the_units_that_are_left_come_in_document_order() -> None:
    verdicts = [found("c"), found("a", UnitVerdict.PASSED), found("b", UnitVerdict.BLOCKED)]
    state = reviewed(ReviewState(), [typed("c", "done")], save(1))
    assert pending_units(verdicts, state.units) == ["b"]
