"""How the console lists a job's events and the work it owes. Pure."""

from __future__ import annotations

from datetime import timedelta

import pytest

from contracts.streams import (
    NOON,
    UP_TO_EXTRACTION,
    UP_TO_PLAN,
    UP_TO_TRANSLATION,
    JobStream,
    batch,
    failed,
    given,
    parked,
    planned,
    reassembled,
    started,
    verified,
)
from dragoman_contracts import events as e
from dragoman_contracts.identity import work_id
from dragoman_contracts.vocabulary import WorkKind
from dragoman_gateway.jobs.detail.pending import pending_of
from dragoman_gateway.jobs.detail.timeline import PAGE, Chosen, Moment, listed, moments_of
from dragoman_runtime.eventstore import LiveLease


def completed() -> JobStream:
    """A job from its submission, through a failed attempt, to its end."""
    stream = given(
        *UP_TO_PLAN, failed(WorkKind.TRANSLATION_BATCH), *UP_TO_TRANSLATION[len(UP_TO_PLAN) :]
    )
    for event in (started(WorkKind.QA), verified(), started(WorkKind.REASSEMBLY)):
        stream.append(event)
    stream.append(reassembled(), e.JobCompleted())
    return stream


def of_many_batches(count: int) -> JobStream:
    """A job of so many batches, all of them translated."""
    return given(*UP_TO_EXTRACTION, planned(count), *(batch(index) for index in range(count)))


def versions(stream: JobStream, chosen: Chosen) -> list[int]:
    """The versions of the chosen events, as listed."""
    return [moment.version for moment in listed(moments_of(stream.recorded, {}), chosen).moments]


def names(stream: JobStream, chosen: Chosen) -> list[str]:
    """The names of the chosen events, the oldest first."""
    return [
        moment.name for moment in reversed(listed(moments_of(stream.recorded, {}), chosen).moments)
    ]


def test_the_list_begins_with_the_newest_and_names_who_acted() -> None:
    newest, *_, oldest = listed(moments_of(given(*UP_TO_PLAN).recorded, {}), Chosen()).moments
    assert (newest.text, newest.detail, newest.actor) == ("Phase started", "Translation", "test")
    assert (oldest.text, oldest.actor, oldest.is_by_person) == ("Job submitted", "user:1", True)


def test_an_event_belongs_to_the_phase_it_is_about_not_to_the_one_it_leads_to() -> None:
    phases = {moment.name: moment.phase for moment in moments_of(completed().recorded, {})}
    assert phases["job.submitted"] == "intake"
    assert phases["document.extracted"] == "extraction"
    assert phases["work.failed"] == phases["translation.completed"] == "translation"
    assert phases["document.reassembled"] == "reassembly"
    assert phases["job.completed"] == "delivery"


def test_events_are_chosen_by_kind_phase_actor_and_words() -> None:
    stream = completed()
    assert versions(stream, Chosen("people", actor="people")) == []
    assert versions(stream, Chosen(actor="people")) == [1]
    assert 1 not in versions(stream, Chosen(actor="services"))
    assert names(stream, Chosen("problems")) == ["work.failed"]
    assert names(stream, Chosen("document.reassembled")) == ["document.reassembled"]
    assert set(names(stream, Chosen(phase="preflight"))) == {"phase.started", "preflight.passed"}
    assert "phase.started" not in names(stream, Chosen("milestones"))
    assert names(stream, Chosen(text="ATTEMPT 1")) == ["work.failed"]
    extracted = next(
        each.data for each in stream.recorded if isinstance(each.data, e.DocumentExtracted)
    )
    assert "document.extracted" in names(stream, Chosen(text=extracted.units.digest)), (
        "what an event says is searched"
    )


def walked(moments: list[Moment], chosen: Chosen, start: int | None) -> list[int]:
    """All versions that are met from page to older page."""
    page = listed(moments, chosen, before=start)
    found = [moment.version for moment in page.moments]
    while page.older is not None:
        page = listed(moments, chosen, before=page.older)
        assert page.newer is not None
        found += [moment.version for moment in page.moments]
    return found


def test_a_long_list_is_walked_in_pages_without_gap_or_repetition() -> None:
    moments = moments_of(of_many_batches(PAGE * 2).recorded, {})
    assert walked(moments, Chosen(), None) == [moment.version for moment in reversed(moments)]
    batches = Chosen("translation.batch_translated")
    assert len(walked(moments, batches, None)) == PAGE * 2
    first = listed(moments, batches)
    assert first.older
    second = listed(moments, batches, before=first.older)
    assert listed(moments, batches, before=second.newer) == first


@pytest.mark.parametrize("shown", [1, 2, 50, 150, 205])
def test_the_event_whose_state_is_shown_is_always_on_the_page(shown: int) -> None:
    page = listed(moments_of(of_many_batches(PAGE * 2).recorded, {}), Chosen(), shown=shown)
    assert shown in {moment.version for moment in page.moments}


def test_owed_work_is_told_by_what_it_waits_for() -> None:
    stream = given(*UP_TO_EXTRACTION, planned(9), started(WorkKind.TRANSLATION_BATCH), batch(3))
    at = NOON + timedelta(minutes=5)
    stream.append(failed(WorkKind.TRANSLATION_BATCH, 0, retry_at=at))
    lease = {work_id(stream.job.job_id, WorkKind.TRANSLATION_BATCH, 1): LiveLease("one", NOON)}
    told = [(each.state, each.text, each.count, each.at) for each in pending_of(stream.job, lease)]
    assert told == [
        ("held", "Translation batch 2", 1, NOON),
        ("retry", "Translation batch 1", 1, at),
        ("waiting", "Translation batches 3, 5–9", 6, None),
    ]
    then = [each.text for each in pending_of(stream.job, None)]
    assert then == ["Translation batch 1", "Translation batches 2–3, 5–9"], (
        "of a past state nobody holds anything"
    )


def test_a_cancellation_tells_which_batches_it_waits_for() -> None:
    stream = given(*UP_TO_PLAN)
    stream.append(e.CancelRequested(), actor="user:1")
    lease = {work_id(stream.job.job_id, WorkKind.TRANSLATION_BATCH, 1): LiveLease("one", NOON)}
    told = [(each.state, each.text) for each in pending_of(stream.job, lease)]
    assert told == [("waiting", "Cancellation"), ("late", "Translation batch 2")]


def test_a_job_that_rests_owes_nothing() -> None:
    assert pending_of(given(*UP_TO_PLAN, parked(WorkKind.TRANSLATION_BATCH)).job, {}) == []
    assert [each.text for each in pending_of(given().job, {})] == ["Preflight"]
