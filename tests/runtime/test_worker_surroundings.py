"""The worker when its surroundings fail: the stores are away, or workers vanish."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from contracts.streams import JOB, UP_TO_PREFLIGHT
from dragoman_contracts.errors import RetryableError
from dragoman_contracts.events import WorkFailed, WorkParked
from dragoman_contracts.vocabulary import JobStatus, WorkKind
from dragoman_runtime.eventstore import StoreUnavailableError
from dragoman_runtime.worker import WorkContext, WorkerLimits
from runtime.workshop import Count, Raising, Workshop, extraction, preflight, workshop


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Workshop]:
    """An empty workshop."""
    async with workshop(tmp_path) as opened:
        yield opened


async def test_while_the_store_is_away_the_delivery_stays_with_the_bus(shop: Workshop) -> None:
    performed = Count()

    async def take_the_store_away(context: WorkContext) -> None:
        await shop.store.execute("ALTER TABLE stored_events RENAME TO away")

    await shop.submit(*UP_TO_PREFLIGHT)
    worker = shop.worker(extraction(Count(take_the_store_away)))
    with pytest.raises(StoreUnavailableError):
        await worker.receive(shop.delivery(WorkKind.EXTRACTION))

    await shop.store.execute("ALTER TABLE away RENAME TO stored_events")
    await shop.worker(extraction(performed)).receive(shop.delivery(WorkKind.EXTRACTION))

    assert performed.count == 0, "the outcome was stored before the store went away"
    assert (await shop.types())[-2:] == ["phase.started", "document.extracted"]


async def test_work_whose_workers_all_vanish_is_parked_after_its_attempts(shop: Workshop) -> None:
    performed = Count(_vanish)
    await shop.submit()
    for number in range(5):
        with pytest.raises(_Vanished):
            await shop.worker(preflight(performed), owner=f"worker {number}").receive(shop.delivery(WorkKind.PREFLIGHT))
        await shop.store.expire_leases()

    await shop.worker(preflight(performed), owner="the last").receive(shop.delivery(WorkKind.PREFLIGHT))

    parked = await shop.last()
    assert isinstance(parked, WorkParked)
    assert (parked.code, parked.attempt) == ("work.abandoned", 5)
    assert performed.count == 5
    assert set(await shop.store.live_leases(JOB)) == set()
    assert (await shop.job()).status is JobStatus.FAILED


async def test_a_worker_that_is_stopped_in_good_order_counts_no_attempt(shop: Workshop) -> None:
    performed = Count()
    await shop.submit()
    for number in range(6):
        worker = shop.worker(preflight(Raising(asyncio.CancelledError())), owner=f"worker {number}")
        with pytest.raises(asyncio.CancelledError):
            await worker.receive(shop.delivery(WorkKind.PREFLIGHT))
        await shop.store.expire_leases()

    await shop.worker(preflight(performed)).receive(shop.delivery(WorkKind.PREFLIGHT))

    assert performed.contexts[0].attempt == 1
    assert (await shop.types())[-1] == "preflight.passed"


async def test_an_attempt_is_one_that_failed_or_one_whose_worker_vanished(shop: Workshop) -> None:
    await shop.submit()
    with pytest.raises(_Vanished):
        await shop.worker(preflight(Count(_vanish)), owner="vanished").receive(shop.delivery(WorkKind.PREFLIGHT))
    await shop.store.expire_leases()

    await shop.worker(preflight(Raising(RetryableError("down"))), owner="b").receive(shop.delivery(WorkKind.PREFLIGHT))

    failure = await shop.last()
    assert isinstance(failure, WorkFailed)
    assert failure.attempt == 2


async def test_what_is_paid_for_is_stored_as_soon_as_the_store_is_back(shop: Workshop) -> None:
    stored: list[str] = []
    outages = [RetryableError("away"), RetryableError("away")]

    async def store() -> None:
        if outages:
            raise outages.pop()
        stored.append("answer")

    async def pay(context: WorkContext) -> None:
        await context.persist(store)

    await shop.submit()
    await shop.worker(preflight(Count(pay))).receive(shop.delivery(WorkKind.PREFLIGHT))

    assert stored == ["answer"]
    assert (await shop.types())[-1] == "preflight.passed"


async def test_a_store_that_stays_away_is_waited_for_until_the_deadline(shop: Workshop) -> None:
    async def store() -> None:
        raise RetryableError("away")

    async def pay(context: WorkContext) -> None:
        await context.persist(store)

    await shop.submit()
    limits = WorkerLimits(deadline=timedelta(milliseconds=50))
    await shop.worker(preflight(Count(pay)), limits=limits).receive(shop.delivery(WorkKind.PREFLIGHT))

    failure = await shop.last()
    assert isinstance(failure, WorkFailed)
    assert failure.code == "work.deadline"


class _Vanished(BaseException):
    """What no worker survives: it ends without a word, its lease lives on."""


async def _vanish(context: WorkContext) -> None:
    raise _Vanished
