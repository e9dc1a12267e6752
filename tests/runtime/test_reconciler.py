"""The reconciler: what is owed, due and held by nobody is sent, and nothing else is."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from contracts.streams import (
    UP_TO_EXTRACTION,
    UP_TO_PLAN,
    UP_TO_PREFLIGHT,
    batch,
    failed,
    planned,
    started,
)
from dragoman_contracts.errors import RetryableError
from dragoman_contracts.events import CancelRequested, JobCancelled, ResumeRequested
from dragoman_contracts.identity import new_id, work_id
from dragoman_contracts.vocabulary import WorkKind
from dragoman_runtime.clock import SystemClock
from dragoman_runtime.eventstore import EventStore, Lease
from dragoman_runtime.eventstore.live_jobs import PostgresLiveJobs, SqliteLiveJobs
from dragoman_runtime.eventstore.postgres import PostgresEventStore
from dragoman_runtime.eventstore.sqlite import SqliteEventStore
from dragoman_runtime.reconciler import LiveJobs, Reconciler, Wake
from runtime.logs import WrittenDown, postgres_store, sqlite_store, submit, submit_many, until
from runtime.workshop import SetClock

EVERY = timedelta(seconds=30)
TICK = timedelta(seconds=1)
LATER = EVERY + TICK
MINUTE = timedelta(minutes=1)


class Scene(NamedTuple):
    """A reconciler over a store, with the clock and the bus in the test's hands."""

    store: EventStore
    live_jobs: LiveJobs
    bus: WrittenDown
    clock: SetClock

    def reconciler(self) -> Reconciler:
        return Reconciler(self.store, self.live_jobs, self.bus, self.clock, every=EVERY, tick=TICK)

    async def sent_after(self, wait: timedelta) -> list[tuple[UUID, str, int]]:
        """What is sent in one step, this much later."""
        self.clock.advance(wait)
        self.bus.forget()
        await self.reconciler().step()
        return self.bus.work

    async def lease(
        self, job_id: UUID, kind: WorkKind, index: int = 0, *, ttl: timedelta = MINUTE
    ) -> Lease:
        """Another worker is at this work."""
        lease = Lease(work_id(job_id, kind, index), job_id, "another", ttl)
        await self.store.commit(take=lease)
        return lease


@pytest.fixture(params=["sqlite", "postgres"])
async def scene(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Scene]:
    """A scene over an empty store of each kind."""
    if request.param == "sqlite":
        async with sqlite_store(tmp_path) as store:
            yield Scene(store, SqliteLiveJobs(store), WrittenDown(), SetClock())
    else:
        async with postgres_store(request.getfixturevalue("postgres_url")) as store:
            yield Scene(store, PostgresLiveJobs(store), WrittenDown(), SetClock())


async def test_work_that_nobody_took_is_sent_again_after_a_while(scene: Scene) -> None:
    job_id = await submit(scene.store)

    assert await scene.sent_after(EVERY - TICK) == []
    assert await scene.sent_after(TICK * 2) == [(job_id, WorkKind.PREFLIGHT, 0)]
    assert await scene.sent_after(TICK) == []


async def test_what_waits_long_is_sent_ever_more_seldom(scene: Scene) -> None:
    await submit(scene.store)
    sent_at: list[float] = []
    began = scene.clock.at

    while scene.clock.at < began + timedelta(hours=1):
        if await scene.sent_after(TICK * 5):
            sent_at.append((scene.clock.at - began).total_seconds())

    gaps = [later - earlier for earlier, later in pairwise(sent_at)]
    assert gaps == sorted(gaps)
    assert len(sent_at) < 20
    assert max(gaps) <= 10 * EVERY.total_seconds() + 5


async def test_work_under_a_lease_is_left_alone_and_the_rest_is_sent(scene: Scene) -> None:
    job_id = await submit(
        scene.store, *UP_TO_EXTRACTION, planned(3), started(WorkKind.TRANSLATION_BATCH), batch(0)
    )
    await scene.lease(job_id, WorkKind.TRANSLATION_BATCH, 1)

    assert await scene.sent_after(LATER) == [(job_id, WorkKind.TRANSLATION_BATCH, 2)]


async def test_work_that_failed_is_sent_at_its_time_and_not_before(scene: Scene) -> None:
    retry_at = scene.clock.at + timedelta(seconds=7)
    job_id = await submit(scene.store, failed(WorkKind.PREFLIGHT, retry_at=retry_at))

    assert await scene.sent_after(timedelta(seconds=6)) == []
    assert await scene.sent_after(TICK) == [(job_id, WorkKind.PREFLIGHT, 0)]


async def test_a_failure_between_two_looks_does_not_wait_for_the_next(scene: Scene) -> None:
    job_id = await submit(scene.store)
    await scene.sent_after(LATER)
    retry_at = scene.clock.at + timedelta(seconds=3)
    await submit(scene.store, failed(WorkKind.PREFLIGHT, retry_at=retry_at), job_id=job_id)

    assert await scene.sent_after(TICK * 2) == []
    assert await scene.sent_after(TICK) == [(job_id, WorkKind.PREFLIGHT, 0)]


async def test_a_failure_recorded_by_a_clock_that_was_ahead_waits_no_longer_than_meant(
    scene: Scene,
) -> None:
    ahead = scene.clock.at + timedelta(hours=1)
    job_id = await submit(scene.store)
    await scene.sent_after(LATER)
    await submit(
        scene.store,
        failed(WorkKind.PREFLIGHT, retry_at=ahead + timedelta(seconds=7)),
        job_id=job_id,
        at=ahead,
    )

    assert await scene.sent_after(TICK) == []
    assert await scene.sent_after(timedelta(seconds=7)) == [(job_id, WorkKind.PREFLIGHT, 0)]


async def test_a_clock_that_was_ahead_and_is_right_again_puts_nothing_off(scene: Scene) -> None:
    job_id = await submit(scene.store)
    reconciler = scene.reconciler()
    scene.clock.advance(timedelta(hours=1))
    await reconciler.step()
    scene.clock.advance(timedelta(hours=-1))
    scene.bus.forget()

    await reconciler.step()

    assert scene.bus.work == [(job_id, WorkKind.PREFLIGHT, 0)]


async def test_who_was_killed_while_its_clock_was_ahead_puts_nothing_off_for_its_successor(
    scene: Scene,
) -> None:
    job_id = await submit(scene.store)
    scene.clock.advance(timedelta(hours=1))
    await scene.reconciler().step()
    scene.clock.advance(timedelta(hours=-1))
    scene.bus.forget()

    await scene.reconciler().step()

    assert scene.bus.work == [(job_id, WorkKind.PREFLIGHT, 0)]


async def test_a_job_at_rest_is_forgotten_until_somebody_resumes_it(scene: Scene) -> None:
    job_id = await submit(scene.store, *UP_TO_PREFLIGHT, CancelRequested(), JobCancelled())
    assert await scene.sent_after(EVERY) == []
    assert await scene.live_jobs.claim(scene.clock.at + timedelta(days=9), scene.clock.at) == []

    await submit(
        scene.store,
        ResumeRequested(next_kind=WorkKind.EXTRACTION),
        job_id=job_id,
        at=scene.clock.at,
    )
    assert await scene.sent_after(EVERY) == [(job_id, WorkKind.EXTRACTION, 0)]


async def test_a_job_that_moved_since_it_was_looked_at_is_not_forgotten(scene: Scene) -> None:
    job_id = await submit(scene.store, CancelRequested(), JobCancelled())
    now = scene.clock.at
    await scene.live_jobs.wake([Wake(job_id, now)])

    await scene.live_jobs.forget({job_id: 2})
    assert await scene.live_jobs.claim(now, now) == [job_id]
    await scene.live_jobs.forget({job_id: 3})
    assert await scene.live_jobs.claim(now, now) == []


async def test_a_cancellation_is_sent_as_soon_as_nothing_is_under_way(scene: Scene) -> None:
    job_id = await submit(scene.store, *UP_TO_PLAN, CancelRequested(), at=scene.clock.at)
    lease = await scene.lease(job_id, WorkKind.TRANSLATION_BATCH)

    assert await scene.sent_after(TICK) == []
    assert await scene.sent_after(TICK) == []
    await scene.store.commit(release=lease)
    assert await scene.sent_after(TICK) == [(job_id, WorkKind.CANCELLATION, 0)]


async def test_all_that_a_wiped_broker_lost_is_sent_again(scene: Scene) -> None:
    job_ids = [await submit(scene.store) for _ in range(7)]
    await scene.sent_after(LATER)

    again = await scene.sent_after(LATER)

    assert {job_id for job_id, _, _ in again} == set(job_ids)


async def test_what_the_bus_did_not_take_is_sent_at_the_next_step(scene: Scene) -> None:
    job_id = await submit(scene.store)
    scene.clock.advance(LATER)
    scene.bus.errors = [RetryableError("The bus is away.")]
    with pytest.raises(RetryableError):
        await scene.reconciler().step()

    assert await scene.sent_after(TICK) == [(job_id, WorkKind.PREFLIGHT, 0)]


async def test_at_the_start_every_live_job_is_looked_at_at_once_however_many(scene: Scene) -> None:
    job_ids = [new_id() for _ in range(1201)]
    await submit_many(scene.store, job_ids)
    reconciler = scene.reconciler()

    await reconciler.wake_all()
    await reconciler.step()

    assert {job_id for job_id, _, _ in scene.bus.work} == set(job_ids)
    assert len(scene.bus.work) == len(job_ids)


async def test_two_reconcilers_share_the_jobs(scene: Scene) -> None:
    job_ids = [new_id() for _ in range(700)]
    await submit_many(scene.store, job_ids)
    scene.clock.advance(LATER)

    await asyncio.gather(scene.reconciler().step(), scene.reconciler().step())

    assert sorted(job_id for job_id, _, _ in scene.bus.work) == sorted(job_ids)


async def test_a_job_that_cannot_be_read_does_not_keep_the_others(scene: Scene) -> None:
    readable, unreadable = await submit(scene.store), await submit(scene.store)
    reconciler = scene.reconciler()
    await reconciler.step()
    await write_an_event_of_the_future(scene.store, unreadable)
    scene.clock.advance(LATER)

    with capture_logs() as lines:
        await reconciler.step()

    assert scene.bus.work == [(readable, WorkKind.PREFLIGHT, 0)]
    assert [(line["event"], line["job_id"]) for line in lines] == [
        ("reconciler.unreadable", str(unreadable))
    ]


async def write_an_event_of_the_future(store: EventStore, job_id: UUID) -> None:
    """Let the job's event be of a type that only a newer version knows."""
    if isinstance(store, SqliteEventStore):
        await store.execute(
            "UPDATE stored_events SET state = "
            "CAST(replace(CAST(state AS TEXT), 'job.submitted', 'job.dreamt') AS BLOB) WHERE originator_id = ?",
            (job_id.hex,),
        )
    elif isinstance(store, PostgresEventStore):
        await store.pool.execute(
            "UPDATE dragoman_events SET state = convert_to(replace(convert_from(state, 'UTF8'), "
            "'job.submitted', 'job.dreamt'), 'UTF8') WHERE originator_id = $1",
            job_id,
        )


async def running(reconciler: Reconciler, bus: WrittenDown, count: int) -> float:
    """Run until this many items were sent; how many seconds it took."""
    task = asyncio.ensure_future(reconciler.run())
    try:
        return await until(lambda: len(bus.items) >= count)
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_a_retry_and_an_expired_lease_are_sent_within_a_tick(scene: Scene) -> None:
    reconciler = Reconciler(
        scene.store, scene.live_jobs, scene.bus, SystemClock(), every=EVERY, tick=TICK / 20
    )
    retry_at = datetime.now(UTC) + timedelta(seconds=0.5)
    retried = await submit(scene.store, failed(WorkKind.PREFLIGHT, retry_at=retry_at))
    leased = await submit(scene.store, at=datetime.now(UTC) - EVERY)
    await scene.lease(leased, WorkKind.PREFLIGHT, ttl=timedelta(seconds=0.5))

    took_s = await running(reconciler, scene.bus, 2)

    assert {job_id for job_id, _, _ in scene.bus.work} == {retried, leased}
    assert 0.3 < took_s < 1.5


@pytest.mark.slow
async def test_a_pass_over_two_thousand_live_jobs_takes_seconds(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    job_ids = [new_id() for _ in range(2000)]
    await submit_many(scene.store, job_ids, *UP_TO_EXTRACTION, planned(3))
    reconciler = scene.reconciler()
    times: list[float] = []
    for _ in range(2):
        await reconciler.wake_all()
        scene.bus.forget()
        began = time.perf_counter()
        await reconciler.step()
        times.append(time.perf_counter() - began)

    assert len(scene.bus.work) == 6000
    with capsys.disabled():
        kind = type(scene.store).__name__
        print(
            f"\n{kind}: 2,000 live jobs, 14,000 events: first pass {times[0]:.2f} s, second {times[1]:.2f} s"
        )
    assert times[1] < 10
