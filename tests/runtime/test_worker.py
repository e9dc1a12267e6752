"""The worker: what one delivery leads to, whoever else is at the work and whatever fails."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from typing_extensions import override

from contracts.streams import (
    JOB,
    PROJECT,
    UP_TO_PLAN,
    batch,
    failed,
    preflight_passed,
    submitted,
)
from dragoman_contracts.errors import DragomanError, PermanentError, RetryableError
from dragoman_contracts.events import CancelRequested, JobCancelled, WorkFailed, WorkParked
from dragoman_contracts.identity import event_id, work_id
from dragoman_contracts.job import Job
from dragoman_contracts.phases import Phase, Pipeline
from dragoman_contracts.pipeline import WorkItem
from dragoman_contracts.vocabulary import JobStatus, PhaseKind, WorkKind
from dragoman_runtime.eventstore import EventStore, Head, Jobs
from dragoman_runtime.objects import get_value
from dragoman_runtime.telemetry.metrics import STAGE_DURATION_SECONDS
from dragoman_runtime.worker import (
    NotYetError,
    ProjectObjects,
    RetryPolicy,
    WorkContext,
    WorkerLimits,
)
from dragoman_runtime.worker.failure import ParkingReason
from runtime.workshop import (
    Count,
    Outcome,
    Raising,
    Workshop,
    extraction,
    preflight,
    translation,
    workshop,
)

PREFLIGHT_WORK = work_id(JOB, WorkKind.PREFLIGHT, 0)
BATCH = WorkKind.TRANSLATION_BATCH


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Workshop]:
    """An empty workshop."""
    async with workshop(tmp_path) as opened:
        yield opened


async def test_a_delivery_takes_the_lease_with_the_phase_start_and_appends_the_result(
    shop: Workshop,
) -> None:
    seen: list[object] = []

    async def look(context: WorkContext) -> None:
        seen.extend([await shop.leases(), await shop.types()])

    await shop.submit()
    await shop.worker(preflight(Count(look))).receive(shop.delivery(WorkKind.PREFLIGHT))

    assert seen == [{PREFLIGHT_WORK}, ["job.submitted", "phase.started"]]
    assert await shop.types() == ["job.submitted", "phase.started", "preflight.passed"]
    assert await shop.leases() == set()
    origin = (await shop.events())[-1].recorded.origin
    assert (origin.actor, origin.producer, origin.causation_id) == (
        "service:test",
        "build-1",
        event_id(JOB, 1),
    )


async def test_a_delivery_of_work_that_is_done_changes_nothing(shop: Workshop) -> None:
    performed = Count()
    worker = shop.worker(preflight(performed))
    await shop.submit()
    await worker.receive(shop.delivery(WorkKind.PREFLIGHT))
    before = await shop.types()

    await worker.receive(shop.delivery(WorkKind.PREFLIGHT))
    await shop.worker(preflight(performed), owner="two").receive(shop.delivery(WorkKind.PREFLIGHT))

    assert (performed.count, await shop.types()) == (1, before)
    assert await shop.leases() == set()


async def test_work_that_is_not_owed_yet_is_left(shop: Workshop) -> None:
    def timed() -> list[tuple[dict[str, str], float]]:
        (family,) = STAGE_DURATION_SECONDS.collect()
        return [
            (each.labels, each.value) for each in family.samples if each.name.endswith("_count")
        ]

    performed, before = Count(), timed()
    await shop.submit()

    await shop.worker(extraction(performed)).receive(shop.delivery(WorkKind.EXTRACTION))

    assert (performed.count, await shop.types()) == (0, ["job.submitted"])
    assert timed() == before, "nothing was done that could have lasted"
    assert "not_owed" not in {labels["outcome"] for labels, _ in timed()}

    await shop.worker(preflight(performed)).receive(shop.delivery(WorkKind.PREFLIGHT))
    assert timed() != before


@pytest.mark.parametrize(
    "owners", [("one", "two"), ("one", "one")], ids=["two workers", "one worker twice"]
)
async def test_one_item_delivered_twice_at_a_time_is_performed_once(
    shop: Workshop, owners: tuple[str, str]
) -> None:
    performed = Count()
    same = shop.worker(preflight(performed, is_kept=False))
    workers = [
        same,
        same
        if owners[0] == owners[1]
        else shop.worker(preflight(performed, is_kept=False), owner="two"),
    ]
    await shop.submit()

    await asyncio.gather(*(worker.receive(shop.delivery(WorkKind.PREFLIGHT)) for worker in workers))

    assert performed.count == 1
    assert await shop.types() == ["job.submitted", "phase.started", "preflight.passed"]


async def test_a_worker_that_read_the_job_before_another_did_the_work_does_not_do_it_again(
    shop: Workshop,
) -> None:
    """Work without a phase start of its own appends nothing with its lease,
    so no conflict would tell.
    """
    performed = Count()
    await shop.submit(*UP_TO_PLAN)
    late = shop.worker(translation(performed, is_kept=False), owner="late")
    late.jobs = _StaleOnce(shop.store, await late.jobs.load(JOB))
    await shop.worker(translation(performed, is_kept=False)).receive(shop.delivery(BATCH, 0))

    await late.receive(shop.delivery(BATCH, 0))

    assert performed.count == 1
    assert await shop.leases() == set()


async def test_work_that_another_has_done_is_not_leased_by_one_who_knows_an_older_job(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that is killed under such a lease leaves it for ever, since nobody owes its work."""
    await shop.submit(*UP_TO_PLAN)
    late = shop.worker(translation(Count()), owner="late")
    await late.jobs.load(JOB)
    await shop.worker(translation(Count())).receive(shop.delivery(BATCH, 0))
    taken: list[object] = []
    commit = shop.store.commit

    async def noting(*appends: Any, **leases: Any) -> Any:
        taken.append(leases.get("take"))
        return await commit(*appends, **leases)

    monkeypatch.setattr(shop.store, "commit", noting)
    await late.receive(shop.delivery(BATCH, 0))

    assert [lease for lease in taken if lease] == []


class _StaleOnce(Jobs):
    """Gives the job first as it was before, as one who read just before another's append."""

    def __init__(self, store: EventStore, stale: tuple[Job, Head]) -> None:
        super().__init__(store)
        self._stale = [stale]

    @override
    async def load(self, job_id: UUID) -> tuple[Job, Head]:
        return self._stale.pop() if self._stale else await super().load(job_id)


async def test_what_another_job_found_out_for_the_same_inputs_is_used(shop: Workshop) -> None:
    performed = Count()
    other = work_id(JOB, "another job", 0)
    await shop.submit()
    await shop.submit(job_id=other)
    worker = shop.worker(preflight(performed))

    await worker.receive(shop.delivery(WorkKind.PREFLIGHT))
    await worker.receive(shop.delivery(WorkKind.PREFLIGHT, job_id=other))

    assert performed.count == 1
    assert (await shop.job(other)).status is JobStatus.QUEUED


@pytest.mark.parametrize(
    "error",
    [
        None,
        PermanentError("no sums here", code="budget.broken"),
        RetryableError("in a while", code="engine.unavailable"),
    ],
    ids=["told", "for ever", "for now"],
)
async def test_a_task_is_told_of_what_is_on_record_and_its_trouble_holds_nothing_up(
    shop: Workshop, error: DragomanError | None
) -> None:
    told: list[UUID] = []

    async def on_recalled(job: Job, objects: ProjectObjects, outcome: Outcome) -> None:
        told.append(job.job_id)
        if error is not None:
            raise error

    other = work_id(JOB, "another job", 0)
    await shop.submit()
    await shop.submit(job_id=other)
    worker = shop.worker(replace(preflight(Count()), on_recalled=on_recalled))

    await worker.receive(shop.delivery(WorkKind.PREFLIGHT))
    await worker.receive(shop.delivery(WorkKind.PREFLIGHT, job_id=other))

    assert told == [other]
    events = [each.recorded.type for each in await shop.events(other)]
    assert (events[-1], (await shop.job(other)).failures) == ("preflight.passed", {})


async def test_an_outcome_that_was_erased_is_found_out_again(shop: Workshop) -> None:
    performed = Count()
    task = preflight(performed)
    await shop.submit()
    fingerprint = task.fingerprint(await shop.job(), shop.delivery(WorkKind.PREFLIGHT).item)
    assert fingerprint is not None
    gone = await shop.objects.put(PROJECT, b'{"number":7}', "application/json")
    await shop.objects.put_pointer(PROJECT, fingerprint, gone)
    await shop.objects.delete(PROJECT, gone)

    await shop.worker(task).receive(shop.delivery(WorkKind.PREFLIGHT))

    assert performed.count == 1
    assert (await shop.types())[-1] == "preflight.passed"
    kept = await shop.objects.get_pointer(PROJECT, fingerprint)
    assert kept is not None
    assert await get_value(shop.objects, PROJECT, kept, Outcome) == Outcome()


async def test_another_append_meanwhile_makes_it_decide_again(shop: Workshop) -> None:
    async def other_batch(context: WorkContext) -> None:
        await shop.append(batch(1))

    await shop.submit(*UP_TO_PLAN)
    await shop.worker(translation(Count(other_batch))).receive(shop.delivery(BATCH, 0))

    assert (await shop.types())[-3:] == [
        "translation.batch_translated",
        "translation.batch_translated",
        "translation.completed",
    ]


async def test_another_append_before_the_phase_start_makes_it_begin_again(shop: Workshop) -> None:
    await shop.submit()
    worker = shop.worker(preflight(Count()))
    worker.jobs = _StaleOnce(shop.store, await worker.jobs.load(JOB))
    await shop.append(failed(WorkKind.PREFLIGHT, retry_at=shop.clock.now()))

    await worker.receive(shop.delivery(WorkKind.PREFLIGHT))

    assert await shop.types() == [
        "job.submitted",
        "work.failed",
        "phase.started",
        "preflight.passed",
    ]


@pytest.mark.parametrize("end", [(), (JobCancelled(),)], ids=["cancelling", "cancelled"])
async def test_a_batch_that_ends_after_the_job_was_cancelled_is_recorded_and_advances_nothing(
    shop: Workshop, end: tuple[JobCancelled, ...]
) -> None:
    async def cancel(context: WorkContext) -> None:
        await shop.append(CancelRequested(), *end)

    await shop.submit(*UP_TO_PLAN, batch(1))
    await shop.worker(translation(Count(cancel))).receive(shop.delivery(BATCH, 0))

    job = await shop.job()
    assert (await shop.types())[-1] == "translation.batch_translated"
    assert job.plan is not None
    assert job.plan.is_complete
    assert job.status is (JobStatus.CANCELLED if end else JobStatus.CANCELLING)


async def test_a_batch_that_another_worker_recorded_meanwhile_is_not_recorded_twice(
    shop: Workshop,
) -> None:
    async def outrun(context: WorkContext) -> None:
        await shop.append(batch(0))

    await shop.submit(*UP_TO_PLAN)
    await shop.worker(translation(Count(outrun))).receive(shop.delivery(BATCH, 0))

    assert (await shop.types()).count("translation.batch_translated") == 1


async def test_a_cancelled_job_stops_work_that_asks_and_the_lease_is_given_back(
    shop: Workshop,
) -> None:
    async def cancel(context: WorkContext) -> None:
        await shop.append(CancelRequested())
        await context.stop_if_cancelled()

    await shop.submit(*UP_TO_PLAN)
    await shop.worker(translation(Count(cancel))).receive(shop.delivery(BATCH, 0))

    assert (await shop.types())[-1] == "job.cancel_requested"
    assert await shop.leases() == set()


async def test_work_that_has_to_wait_gives_the_lease_back_and_appends_nothing(
    shop: Workshop,
) -> None:
    await shop.submit(*UP_TO_PLAN)

    await shop.worker(translation(Raising(NotYetError("Others are at it.")))).receive(
        shop.delivery(BATCH, 0)
    )

    assert (await shop.types())[-1] == "phase.started"
    assert await shop.leases() == set()


async def test_a_retryable_error_is_recorded_with_the_time_the_other_side_asked_for(
    shop: Workshop,
) -> None:
    error = RetryableError("The engine is busy.", code="engine.rate_limited", retry_after_s=90)
    await shop.submit()
    worker = shop.worker(preflight(Raising(error)))

    await worker.receive(shop.delivery(WorkKind.PREFLIGHT))

    event = await shop.last()
    assert isinstance(event, WorkFailed)
    assert (event.code, event.attempt, event.retry_at) == (
        "engine.rate_limited",
        1,
        shop.clock.now() + timedelta(seconds=90),
    )
    assert await shop.leases() == set()
    shop.clock.advance(timedelta(seconds=89))
    await worker.receive(shop.delivery(WorkKind.PREFLIGHT))
    assert (await shop.types())[-1] == "work.failed", "not before its time"
    shop.clock.advance(timedelta(seconds=1))
    await worker.receive(shop.delivery(WorkKind.PREFLIGHT))
    assert (await shop.types())[-1] == "preflight.passed"
    assert (await shop.events())[-1].recorded.origin.attempt == 2


async def test_waits_triple_from_attempt_to_attempt_and_the_last_is_parked(shop: Workshop) -> None:
    errors = [RetryableError("Again.", code="engine.timeout") for _ in range(4)]
    limits = WorkerLimits(
        retry=RetryPolicy(base=timedelta(seconds=2), maximum=timedelta(seconds=300))
    )
    await shop.submit(first=submitted(max_attempts=4))
    worker = shop.worker(preflight(Raising(*errors)), limits=limits)

    waits: list[float] = []
    for _ in range(3):
        await worker.receive(shop.delivery(WorkKind.PREFLIGHT))
        event = await shop.last()
        assert isinstance(event, WorkFailed)
        assert event.retry_at is not None
        waits.append((event.retry_at - shop.clock.now()).total_seconds())
        shop.clock.at = event.retry_at
    await worker.receive(shop.delivery(WorkKind.PREFLIGHT))

    assert all(
        nominal * 0.75 <= wait <= nominal for wait, nominal in zip(waits, (2, 6, 18), strict=True)
    )
    parked = await shop.last()
    assert isinstance(parked, WorkParked)
    assert (parked.code, parked.attempt) == ("engine.timeout", 4)
    assert (await shop.job()).status is JobStatus.FAILED


async def test_a_permanent_error_is_parked_at_once_with_a_reason_a_person_can_read(
    shop: Workshop,
) -> None:
    await shop.submit()
    error = PermanentError("Job 7 has no key for its engine; set one.", code="engine.unauthorised")

    await shop.worker(preflight(Raising(error))).receive(shop.delivery(WorkKind.PREFLIGHT))

    event = await shop.last()
    assert isinstance(event, WorkParked)
    assert (event.code, event.attempt) == ("engine.unauthorised", 1)
    assert event.reason is not None
    reason = await get_value(shop.objects, PROJECT, event.reason, ParkingReason)
    assert reason.message == "Job 7 has no key for its engine; set one."
    assert reason.stack[-1].startswith("workshop.py:")


async def test_a_foreign_error_is_internal_and_its_message_is_kept_out_of_the_record(
    shop: Workshop,
) -> None:
    await shop.submit(first=submitted(max_attempts=2))
    worker = shop.worker(preflight(Raising(*[ValueError("the secret text of a document")] * 2)))

    await worker.receive(shop.delivery(WorkKind.PREFLIGHT))
    first = await shop.last()
    assert isinstance(first, WorkFailed)
    assert first.retry_at is not None
    shop.clock.at = first.retry_at
    await worker.receive(shop.delivery(WorkKind.PREFLIGHT))

    parked = await shop.last()
    assert isinstance(parked, WorkParked)
    assert (first.code, parked.code) == ("internal", "internal")
    assert parked.reason is not None
    stored = await shop.objects.get(PROJECT, parked.reason) + b"".join(
        each.recorded.model_dump_json().encode() for each in await shop.events()
    )
    assert b"secret" not in stored
    assert b"ValueError" in stored


async def test_work_that_takes_too_long_is_broken_off(shop: Workshop) -> None:
    async def hang(context: WorkContext) -> None:
        await asyncio.Event().wait()

    await shop.submit()
    limits = WorkerLimits(deadline=timedelta(milliseconds=20))
    await shop.worker(preflight(Count(hang)), limits=limits).receive(
        shop.delivery(WorkKind.PREFLIGHT)
    )

    event = await shop.last()
    assert isinstance(event, WorkFailed)
    assert event.code == "work.deadline"


def soon(job: Job, item: WorkItem) -> timedelta:
    """A deadline for this work."""
    return timedelta(milliseconds=20)


async def test_a_task_may_have_a_deadline_of_its_own(shop: Workshop) -> None:
    async def hang(context: WorkContext) -> None:
        await asyncio.Event().wait()

    await shop.submit()
    task = replace(preflight(Count(hang)), deadline=soon)
    await shop.worker(task).receive(shop.delivery(WorkKind.PREFLIGHT))

    event = await shop.last()
    assert isinstance(event, WorkFailed)
    assert event.code == "work.deadline"


async def test_work_knows_its_phase_and_the_config_of_it(shop: Workshop) -> None:
    seen: list[tuple[str, int]] = []

    async def look(context: WorkContext) -> None:
        seen.append((context.phase.name, context.config(Outcome).number))

    look_first = Pipeline(
        name="look", phases=(Phase(name="look", kind=PhaseKind.PREFLIGHT, config={"number": 7}),)
    )
    await shop.submit(first=submitted(look_first))
    await shop.worker(preflight(Count(look))).receive(shop.delivery(WorkKind.PREFLIGHT))
    assert seen == [("look", 7)]


async def test_a_failure_of_work_that_is_no_longer_owed_is_not_recorded(shop: Workshop) -> None:
    async def outrun(context: WorkContext) -> None:
        await shop.append(preflight_passed())
        raise RetryableError("Too late to matter.")

    await shop.submit()
    await shop.worker(preflight(Count(outrun))).receive(shop.delivery(WorkKind.PREFLIGHT))

    assert (await shop.types())[-1] == "preflight.passed"
    assert await shop.leases() == set()
