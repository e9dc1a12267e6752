"""What is said of work while it is performed: kept on the lease,
stored about once a second, gone at the end.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from typing_extensions import override

from contracts.streams import JOB, UP_TO_PLAN, batch, failed, given
from dragoman_contracts.pipeline import WorkItem, owed
from dragoman_contracts.under_way import Doing, WorkNote, WorkUnderWay
from dragoman_contracts.vocabulary import WorkKind
from dragoman_runtime.eventstore import Lease, LiveLease, StoreUnavailableError
from dragoman_runtime.eventstore.sqlite import SqliteEventStore
from dragoman_runtime.under_way import work_under_way, written
from dragoman_runtime.worker import WorkContext, WorkerLimits
from dragoman_runtime.worker import leases as of_worker
from dragoman_runtime.worker.notes import Paces, Spoken
from runtime.workshop import Count, SetClock, Workshop, preflight, workshop

BATCH = WorkKind.TRANSLATION_BATCH
NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)


class CountedRenewals(SqliteEventStore):
    """A store that counts, and can be away."""

    is_away = False

    @override
    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.renewed: list[list[Lease]] = []
        self.asked = asyncio.Event()

    @override
    async def renew(self, leases: Sequence[Lease]) -> set[UUID]:
        self.renewed.append(list(leases))
        self.asked.set()
        if self.is_away:
            raise StoreUnavailableError("away")
        return await super().renew(leases)


@pytest.fixture
async def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Workshop]:
    """A workshop whose workers store news at once, or nearly."""
    monkeypatch.setattr(of_worker, "NOTES_EVERY_S", 0.02)
    store = CountedRenewals(tmp_path / "events.db")
    async with workshop(tmp_path, store) as opened:
        await opened.submit()
        yield opened


def renewals(shop: Workshop) -> list[list[Lease]]:
    """What was renewed so far."""
    assert isinstance(shop.store, CountedRenewals)
    return shop.store.renewed


async def told(shop: Workshop) -> tuple[WorkUnderWay, ...]:
    """What whoever looks is told now."""
    return work_under_way(await shop.job(), await shop.store.live_leases(JOB))


async def until_told(shop: Workshop, done: int) -> WorkUnderWay:
    """What is told once so much is done."""
    async with asyncio.timeout(10):
        while True:
            for each in await told(shop):
                if each.note.done_count == done:
                    return each
            await asyncio.sleep(0.005)


async def run(shop: Workshop, during: Count, limits: WorkerLimits | None = None) -> None:
    """Let a worker, its heartbeat running, do the job's preflight."""
    worker = shop.worker(preflight(during), limits=limits)
    worker.start()
    try:
        await worker.receive(shop.delivery(WorkKind.PREFLIGHT))
    finally:
        await worker.stop()


async def test_a_note_is_told_while_the_work_lasts_and_is_gone_with_it(shop: Workshop) -> None:
    seen: list[WorkUnderWay] = []

    async def during(context: WorkContext) -> None:
        for done in (1, 2):
            context.report(
                WorkNote(doing=Doing.WRITING, done_count=done, item_count=9, tokens_per_s=14.0)
            )
            seen.append(await until_told(shop, done))
            shop.clock.advance(timedelta(seconds=4))

    began = shop.clock.now()
    await run(shop, Count(during))

    assert [each.note.done_count for each in seen] == [1, 2]
    assert seen[1] == WorkUnderWay(
        kind=WorkKind.PREFLIGHT,
        since=began,
        doing_since=began,
        said_at=began + timedelta(seconds=4),
        units_per_s=0.25,
        note=WorkNote(doing=Doing.WRITING, done_count=2, item_count=9, tokens_per_s=14.0),
    )
    assert await told(shop) == ()


async def test_work_that_ends_soon_stores_no_note_however_much_it_says(tmp_path: Path) -> None:
    store = CountedRenewals(tmp_path / "events.db")
    async with workshop(tmp_path, store) as shop:  # news waits a whole second here
        await shop.submit()

        async def during(context: WorkContext) -> None:
            for done in range(1000):
                context.report(WorkNote(done_count=done))
            await asyncio.sleep(0)

        await run(shop, Count(during))
        assert store.renewed == []


async def test_what_is_said_again_is_not_stored_again(shop: Workshop) -> None:
    async def during(context: WorkContext) -> None:
        note = WorkNote(done_count=1, item_count=2)
        context.report(note)
        await until_told(shop, 1)
        for _ in range(10):
            context.report(note)
            await asyncio.sleep(0.01)

    await run(shop, Count(during))
    assert len(renewals(shop)) == 1


async def test_news_that_could_not_be_stored_go_with_the_next(shop: Workshop) -> None:
    assert isinstance(shop.store, CountedRenewals)
    store = shop.store

    async def during(context: WorkContext) -> None:
        store.is_away = True
        context.report(WorkNote(done_count=1, item_count=9))
        await store.asked.wait()
        store.is_away = False
        context.report(WorkNote(done_count=2, item_count=9))
        await until_told(shop, 2)

    await run(shop, Count(during))
    assert len(renewals(shop)) == 2


async def test_the_heartbeat_goes_on_while_there_is_news_and_tells_of_work_that_says_nothing(
    shop: Workshop,
) -> None:
    limits = WorkerLimits(lease=timedelta(seconds=60), heartbeat=timedelta(milliseconds=60))
    other = Lease(uuid4(), JOB, "one", timedelta(seconds=60))
    worker = shop.worker(limits=limits)
    worker.start()
    worker.held.add(other)
    talking = Lease(uuid4(), JOB, "one", timedelta(seconds=60))
    item = WorkItem(work_id=talking.work_id, project_id=JOB, job_id=JOB, version=1, kind=BATCH)
    worker.held.add(talking)
    worker.held.begin(item, 1)
    async with asyncio.timeout(10):
        done = 0
        while (
            sum(other.work_id in {each.work_id for each in leases} for leases in renewals(shop)) < 2
        ):
            done += 1
            worker.held.say(item, WorkNote(done_count=done))
            await asyncio.sleep(0.002)
    await worker.stop()
    assert any(
        [each.work_id for each in leases] == [talking.work_id] for leases in renewals(shop)
    ), "news goes alone"


async def test_nothing_can_be_said_of_work_that_is_over(shop: Workshop) -> None:
    during = Count()
    await run(shop, during)
    during.contexts[0].report(WorkNote(done_count=1))
    assert await told(shop) == ()


def test_work_without_a_note_is_told_from_what_the_job_owes() -> None:
    job = given(*UP_TO_PLAN, failed(BATCH, attempt=2)).job
    items = {item.index: item for item in owed(job)}
    silent = LiveLease("one", NOON)
    found = work_under_way(job, {items[0].work_id: silent, uuid4(): silent})
    assert found == (WorkUnderWay(kind=BATCH, index=0, attempt=3),)


def test_a_note_that_another_owner_left_or_that_nobody_here_can_read_is_none() -> None:
    job = given(*UP_TO_PLAN).job
    item = owed(job)[0]
    said = WorkUnderWay(kind=BATCH, index=0, attempt=7, note=WorkNote(done_count=3, item_count=5))
    for note in (
        written("who vanished", said),
        "not JSON",
        '{"owner": "one", "work": {"kind": "unheard of"}}',
    ):
        (found,) = work_under_way(job, {item.work_id: LiveLease("one", NOON, note)})
        assert found == WorkUnderWay(kind=BATCH, index=0)
    (found,) = work_under_way(job, {item.work_id: LiveLease("one", NOON, written("one", said))})
    assert found == said


def test_a_newer_versions_fields_are_left_out_and_another_jobs_leases_too() -> None:
    job = given(*UP_TO_PLAN).job
    item = owed(job)[0]
    note = written("one", WorkUnderWay(kind=BATCH, index=0)).replace(
        '"work":{', '"work":{"mood":"good",'
    )
    assert '"mood"' in note
    assert work_under_way(job, {item.work_id: LiveLease("one", NOON, note)}) == (
        WorkUnderWay(kind=BATCH, index=0),
    )
    assert work_under_way(job, {uuid4(): LiveLease("one", NOON, note)}) == ()


def spoken(paces: Paces, index: int = 0) -> tuple[Spoken, SetClock]:
    """A piece of work that begins at noon."""
    clock = SetClock()
    clock.at = NOON
    item = WorkItem(work_id=uuid4(), project_id=JOB, job_id=JOB, version=1, kind=BATCH, index=index)
    return Spoken(item, 1, clock.now(), paces), clock


def say(work: Spoken, clock: SetClock, seconds: float, doing: Doing, done: int) -> WorkUnderWay:
    """Say something so many seconds later."""
    clock.advance(timedelta(seconds=seconds))
    work.say(WorkNote(doing=doing, done_count=done, item_count=25), clock.now())
    return work.told()


def test_units_that_were_on_record_do_not_make_the_pace() -> None:
    work, clock = spoken(Paces())
    assert say(work, clock, 0.1, Doing.WORKING, 12).units_per_s is None
    assert say(work, clock, 5, Doing.WAITING_FOR_SLOT, 12).units_per_s is None
    assert say(work, clock, 100, Doing.WAITING_FOR_FIRST_TOKEN, 12).units_per_s is None
    assert say(work, clock, 6, Doing.WRITING, 13).units_per_s == pytest.approx(1 / 6)
    assert say(work, clock, 4, Doing.WRITING, 17).units_per_s == pytest.approx(5 / 10)
    assert say(work, clock, 4, Doing.WRITING, 17).remaining_s == pytest.approx(8 * 2)


def test_what_is_done_is_timed_from_when_it_began() -> None:
    work, clock = spoken(Paces())
    say(work, clock, 1, Doing.WAITING_FOR_FIRST_TOKEN, 0)
    assert say(work, clock, 12, Doing.WRITING, 1).doing_since == NOON + timedelta(seconds=13)
    assert say(work, clock, 2, Doing.WRITING, 2).doing_since == NOON + timedelta(seconds=13)
    assert say(work, clock, 2, Doing.WAITING_FOR_FIRST_TOKEN, 2).doing_since == NOON + timedelta(
        seconds=17
    )


def test_a_batch_begins_at_the_pace_of_the_one_before() -> None:
    paces = Paces()
    first, clock = spoken(paces)
    say(first, clock, 0, Doing.WRITING, 0)
    say(first, clock, 10, Doing.WRITING, 5)
    second, clock = spoken(paces, 1)
    assert say(second, clock, 0, Doing.WAITING_FOR_FIRST_TOKEN, 0).units_per_s == pytest.approx(0.5)
    assert say(second, clock, 4, Doing.WRITING, 1).units_per_s == pytest.approx(0.25)


def test_a_recorded_batch_is_no_more_under_way() -> None:
    job = given(*UP_TO_PLAN, batch(0)).job
    assert {item.index for item in owed(job)} == {1}
