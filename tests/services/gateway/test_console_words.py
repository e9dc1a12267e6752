"""What the console makes of a job's state: durations, sizes,
stages and their states, counts. Pure.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from contracts.streams import (
    NOON,
    UP_TO_EXTRACTION,
    UP_TO_PLAN,
    UP_TO_QA,
    UP_TO_TRANSLATION,
    JobStream,
    batch,
    extracted,
    failed,
    given,
    parked,
    preflight_blocked,
    reassembled,
    started,
    submitted,
    verified,
)
from dragoman_contracts import events as e
from dragoman_contracts.events import EVENT_TYPES, StreamType
from dragoman_contracts.references import ArtifactKind
from dragoman_contracts.vocabulary import JobStatus, Stage, WorkKind
from dragoman_gateway.jobs.detail.page import (
    actions_of,
    duration_text,
    size_text,
    steps_of,
    unit_counts,
)
from dragoman_gateway.jobs.detail.words import ARTIFACTS, EVENTS, STAGES, STATUSES, cure_of

LATER = NOON + timedelta(minutes=2)


def states(stream: JobStream) -> dict[str, str]:
    return {step.name: step.state for step in steps_of(stream.job, LATER)}


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1, "0 ms"),
        (0.04, "40 ms"),
        (1.44, "1.4 s"),
        (12.4, "12 s"),
        (59.4, "59 s"),
        (185, "3 min 05 s"),
        (7800, "2 h 10 min"),
    ],
)
def test_a_duration_is_said_as_people_say_it(seconds: float, text: str) -> None:
    assert duration_text(timedelta(seconds=seconds)) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (812, "812 B"), (1100, "1.1 kB"), (24_100, "24 kB"), (3_200_000, "3.2 MB")],
)
def test_a_size_is_said_as_people_say_it(size: int, text: str) -> None:
    assert size_text(size) == text


def test_the_stages_behind_are_done_and_the_one_under_way_runs_with_its_time() -> None:
    stream = given(*UP_TO_PLAN, batch(0))
    assert states(stream) == {
        "preflight": "done",
        "extraction": "done",
        "translation": "running",
        "qa": "pending",
        "reassembly": "pending",
        "delivery": "pending",
    }
    translation = steps_of(stream.job, LATER)[2]
    assert (translation.detail, translation.duration) == ("20 of 40", "1 min 54 s")


def test_a_stage_that_waits_for_its_next_attempt_does_not_look_as_if_it_ran() -> None:
    stream = given(*UP_TO_PLAN, failed(WorkKind.TRANSLATION_BATCH))
    assert states(stream)["translation"] == "waiting"


def test_a_stage_that_failed_or_was_blocked_is_where_the_job_stopped() -> None:
    assert (
        states(given(*UP_TO_PLAN, parked(WorkKind.TRANSLATION_BATCH)))["translation"] == "stopped"
    )
    assert states(given(started(WorkKind.PREFLIGHT), preflight_blocked()))["preflight"] == "stopped"


def test_review_is_a_stage_only_where_somebody_has_to_look() -> None:
    assert "review" not in states(given(*UP_TO_QA))
    doubtful = given(*UP_TO_TRANSLATION, started(WorkKind.QA), verified(e.QaVerdict.NEEDS_REVIEW))
    assert states(doubtful)["review"] == "waiting"
    assert states(doubtful)["reassembly"] == "pending"


def test_a_review_that_was_cancelled_did_not_fail() -> None:
    cancelled = given(
        *UP_TO_TRANSLATION,
        started(WorkKind.QA),
        verified(e.QaVerdict.NEEDS_REVIEW),
        e.CancelRequested(),
        e.JobCancelled(),
    )
    assert states(cancelled)["review"] == "cancelled"


def test_a_completed_job_has_every_stage_done() -> None:
    stream = given(*UP_TO_QA, started(WorkKind.REASSEMBLY))
    stream.append(reassembled(), e.JobCompleted())
    assert set(states(stream).values()) == {"done"}


def test_every_unit_is_counted_once() -> None:
    assert unit_counts(given().job) is None
    extracted = unit_counts(given(*UP_TO_EXTRACTION).job)
    halfway = unit_counts(given(*UP_TO_PLAN, batch(0)).job)
    doubtful = unit_counts(
        given(*UP_TO_TRANSLATION, started(WorkKind.QA), verified(e.QaVerdict.NEEDS_REVIEW)).job
    )
    assert extracted
    assert halfway
    assert doubtful
    assert (extracted.waiting, extracted.translated) == (40, 0)
    assert (halfway.waiting, halfway.translated) == (20, 20)
    assert (doubtful.waiting, doubtful.passed, doubtful.review) == (0, 37, 3)


def test_units_with_nothing_to_translate_do_not_wait() -> None:
    numbers = extracted().model_copy(update={"unit_count": 55})
    counts = unit_counts(given(numbers).job)
    assert counts
    assert (counts.total, counts.kept, counts.waiting) == (55, 15, 40)


def test_only_what_can_be_done_is_offered() -> None:
    running = actions_of(given(*UP_TO_PLAN).job)
    assert (running.can_cancel, running.can_start, running.can_resume) == (True, False, False)
    waiting = actions_of(given(first=submitted(is_auto_start=False)).job)
    assert (waiting.can_cancel, waiting.can_start) == (True, True)
    stopped = actions_of(given(*UP_TO_PLAN, parked(WorkKind.TRANSLATION_BATCH)).job)
    assert (stopped.can_cancel, stopped.can_start, stopped.can_resume, stopped.can_retry) == (
        False,
        False,
        False,
        True,
    )
    assert [each.name for each in stopped.confirmed] == ["rerun", "discard", "remove"]


def test_every_trouble_has_a_cure_and_a_message_that_has_one_is_not_doubled() -> None:
    assert "resume the job" in cure_of("engine.unauthorised")
    assert cure_of("document.of_a_new_kind") == cure_of("document")
    assert cure_of("nobody.knows")
    assert cure_of("nobody.knows", is_explained=True) == ""
    assert cure_of("engine.unauthorised", is_explained=True)


def test_every_status_stage_event_and_artifact_has_a_word() -> None:
    job_events = {name for name, each in EVENT_TYPES.items() if each.stream_type is StreamType.JOB}
    assert set(STATUSES) == set(JobStatus)
    assert set(STAGES) == set(Stage)
    assert set(EVENTS) == job_events
    assert set(ARTIFACTS) == set(ArtifactKind)
