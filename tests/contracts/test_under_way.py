"""Work under way: how it counts, and how long it will last. Pure."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from contracts.streams import UP_TO_EXTRACTION, UP_TO_PLAN, UP_TO_TRANSLATION, batch, given, planned
from dragoman_contracts import events as e
from dragoman_contracts.job import Job
from dragoman_contracts.pipeline import progress_pct
from dragoman_contracts.under_way import (
    Doing,
    WorkNote,
    WorkUnderWay,
    remaining_s,
    translated_count,
)
from dragoman_contracts.vocabulary import WorkKind


def plan_of(batches: int, units: int, *done: int) -> Job:
    """A job whose plan has so many batches and units,
    of which these batches are translated, five units each.
    """
    plan = planned(batches).model_copy(update={"unit_count": units})
    translated = (batch(index).model_copy(update={"unit_count": 5}) for index in done)
    return given(*UP_TO_EXTRACTION, plan, *translated).job


def at(
    index: int, done: int, of: int, *, pace: float | None = None, doing: Doing = Doing.WRITING
) -> WorkUnderWay:
    """A batch under way."""
    note = WorkNote(doing=doing, done_count=done, item_count=of)
    return WorkUnderWay(kind=WorkKind.TRANSLATION_BATCH, index=index, units_per_s=pace, note=note)


def test_units_of_batches_under_way_count_towards_progress() -> None:
    job = plan_of(4, 20, 0)
    counted = [progress_pct(job, [at(1, done, 5), at(2, done, 5)]) for done in range(6)]
    assert counted[0] == progress_pct(job)
    assert counted == sorted(set(counted))
    assert counted[5] == progress_pct(plan_of(4, 20, 0, 1, 2))


@pytest.mark.parametrize(
    ("under_way", "done"),
    [
        pytest.param([at(0, 4, 5)], 0, id="recorded already"),
        pytest.param([at(7, 4, 5)], 0, id="not in the plan"),
        pytest.param([at(1, 9, 5)], 5, id="more than the batch has"),
        pytest.param([at(1, 900, 900)], 15, id="more than the plan lacks"),
        pytest.param([at(1, 3, 5), at(1, 3, 5)], 3, id="the same batch twice"),
        pytest.param([at(1, 3, 5).model_copy(update={"kind": WorkKind.QA})], 0, id="other work"),
    ],
)
def test_no_more_counts_than_the_events_leave_open(
    under_way: list[WorkUnderWay], done: int
) -> None:
    job = plan_of(4, 20, 0)
    assert job.plan
    assert translated_count(job, under_way) - job.plan.done_count == done


def test_progress_stays_below_the_whole_until_the_job_is_completed() -> None:
    job = given(*UP_TO_PLAN).job
    assert job.plan
    whole = [at(index, 10**6, 10**6) for index in range(len(job.plan.batches))]
    assert progress_pct(job) < progress_pct(job, whole) < 100


def test_the_rest_lasts_as_long_as_the_pace_of_what_is_under_way_says() -> None:
    assert remaining_s(plan_of(4, 20, 0), [at(1, 3, 5, pace=0.5)]) == pytest.approx(
        (20 - 5 - 3) / 0.5
    )
    assert remaining_s(
        plan_of(4, 20, 0), [at(1, 3, 5, pace=0.5), at(2, 0, 5, pace=1.5)]
    ) == pytest.approx(12 / 2)


def test_a_batch_without_a_pace_is_taken_to_go_like_the_others_and_one_that_waits_for_its_first_turn_to_stand() -> (
    None
):
    job, measured = plan_of(4, 20, 0), at(1, 3, 5, pace=0.5)
    new = at(2, 0, 5, doing=Doing.WAITING_FOR_FIRST_TOKEN)
    waiting = at(3, 0, 5, doing=Doing.WAITING_FOR_SLOT)
    taking_turns = at(3, 0, 5, pace=0.5, doing=Doing.WAITING_FOR_SLOT)
    assert remaining_s(job, [measured, new]) == pytest.approx(12 / 1.0)
    assert remaining_s(job, [measured, waiting]) == pytest.approx(12 / 0.5)
    assert remaining_s(job, [measured, taking_turns]) == pytest.approx(12 / 1.0)


@pytest.mark.parametrize(
    ("job", "under_way"),
    [
        pytest.param(plan_of(4, 20, 0), [], id="nothing under way"),
        pytest.param(plan_of(4, 20, 0), [at(1, 0, 5)], id="nothing measured"),
        pytest.param(plan_of(4, 20, 0), [at(1, 0, 5, pace=0.0)], id="no pace"),
        pytest.param(
            plan_of(4, 20, 0), [at(1, 0, 5, doing=Doing.WAITING_FOR_SLOT)], id="only waiting"
        ),
        pytest.param(given(*UP_TO_EXTRACTION).job, [at(1, 0, 5, pace=1.0)], id="no plan"),
        pytest.param(
            given(*UP_TO_PLAN, e.CancelRequested()).job,
            [at(0, 1, 5, pace=1.0)],
            id="being cancelled",
        ),
    ],
)
def test_nothing_is_guessed(job: Job, under_way: list[WorkUnderWay]) -> None:
    assert remaining_s(job, under_way) is None


def test_a_translated_plan_leaves_nothing() -> None:
    job = given(*UP_TO_TRANSLATION[:-1]).job
    assert remaining_s(job, [at(0, 1, 5, pace=1.0)]) is None


def test_nothing_is_guessed_while_units_that_are_there_are_asked_for_once_more() -> None:
    again = [at(index, 5, 5, pace=0.5) for index in range(4)]
    assert remaining_s(plan_of(4, 20), again) is None
    assert again[0].remaining_s is None


@pytest.mark.parametrize(
    "broken", [{"done_count": -1}, {"tokens_per_s": float("nan")}, {"tokens_per_s": -1}]
)
def test_a_note_of_impossible_numbers_is_refused(broken: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        WorkNote.model_validate(broken)
