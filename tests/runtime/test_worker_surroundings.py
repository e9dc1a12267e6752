"""The worker when its surroundings fail: the stores are away, or workers vanish."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client import REGISTRY
from pydantic import SecretStr
from structlog.testing import capture_logs

from contracts.streams import JOB, UP_TO_PREFLIGHT
from dragoman_contracts.errors import PermanentError, RetryableError
from dragoman_contracts.events import CancelRequested, WorkFailed, WorkParked
from dragoman_contracts.vocabulary import JobStatus, WorkKind
from dragoman_runtime.eventstore import StoreUnavailableError
from dragoman_runtime.objects.s3 import S3Location, S3ObjectStore
from dragoman_runtime.telemetry.seldom import seldom
from dragoman_runtime.worker import (
    RetryPolicy,
    WorkContext,
    Worker,
    WorkerIdentity,
    WorkerLimits,
    WorkerPorts,
)
from runtime.workshop import Count, Raising, Workshop, extraction, preflight, workshop
from servers.s3 import S3Server


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Workshop]:
    """An empty workshop."""
    seldom.reset()
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
            await shop.worker(preflight(performed), owner=f"worker {number}").receive(
                shop.delivery(WorkKind.PREFLIGHT)
            )
        await shop.store.expire_leases()

    await shop.worker(preflight(performed), owner="the last").receive(
        shop.delivery(WorkKind.PREFLIGHT)
    )

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
    def counted() -> tuple[float, float]:
        takeovers = _sample("dragoman_work_takeovers_total", kind="preflight")
        return takeovers, _sample(
            "dragoman_work_retries_total", kind="preflight", code="unavailable"
        )

    before = counted()
    await shop.submit()
    with pytest.raises(_Vanished):
        await shop.worker(preflight(Count(_vanish)), owner="vanished").receive(
            shop.delivery(WorkKind.PREFLIGHT)
        )
    await shop.store.expire_leases()

    await shop.worker(preflight(Raising(RetryableError("down"))), owner="b").receive(
        shop.delivery(WorkKind.PREFLIGHT)
    )

    failure = await shop.last()
    assert isinstance(failure, WorkFailed)
    assert (failure.attempt, failure.code) == (2, "unavailable")
    assert counted() == (before[0] + 1, before[1] + 1), "a vanished worker, and an attempt"


def _sample(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0


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
    await shop.worker(preflight(Count(pay)), limits=limits).receive(
        shop.delivery(WorkKind.PREFLIGHT)
    )

    failure = await shop.last()
    assert isinstance(failure, WorkFailed)
    assert failure.code == "work.deadline"


@pytest.mark.parametrize("code", ["storage.unavailable", "storage.full", "store.unavailable"])
async def test_an_outage_of_a_store_costs_no_attempt(shop: Workshop, code: str) -> None:
    away = RetryableError("away", code=code)
    await shop.submit()
    await shop.worker(preflight(Raising(away, away))).receive(shop.delivery(WorkKind.PREFLIGHT))

    assert await shop.types() == ["job.submitted", "phase.started", "preflight.passed"]
    assert (await shop.events())[-1].recorded.origin.attempt == 1


async def test_work_held_in_an_outage_is_let_go_when_its_job_is_cancelled(shop: Workshop) -> None:
    async def cancel(context: WorkContext) -> None:
        await shop.append(CancelRequested())
        raise RetryableError("away", code="storage.unavailable")

    await shop.submit()
    await shop.worker(preflight(Count(cancel))).receive(shop.delivery(WorkKind.PREFLIGHT))

    assert (await shop.types())[-1] == "job.cancel_requested"
    assert set(await shop.store.live_leases(JOB)) == set()


async def test_an_object_store_killed_for_longer_than_all_retries_fails_no_work(
    shop: Workshop, s3: S3Server, s3_bucket: str
) -> None:
    store = S3ObjectStore(
        S3Location(
            s3.endpoint,
            s3_bucket,
            s3.access_key,
            SecretStr(s3.secret_key),
            is_secure=False,
        )
    )
    await store.open()
    soon = RetryPolicy(base=timedelta(milliseconds=1), maximum=timedelta(milliseconds=1))
    ports = WorkerPorts(shop.store, store, shop.clock)
    tasks = preflight(Count()), extraction(Raising(PermanentError("Not a Word file.")))
    worker = Worker(
        tasks, ports, WorkerIdentity("test", "one", "build-1"), WorkerLimits(retry=soon)
    )
    await shop.submit()
    s3.kill()
    with capture_logs() as lines:
        working = asyncio.create_task(worker.receive(shop.delivery(WorkKind.PREFLIGHT)))
        try:
            await asyncio.wait([working], timeout=1.5)
            assert not working.done()
            seen = await shop.types()
        finally:
            s3.start()
        await working
        s3.kill()
        failing = asyncio.create_task(worker.receive(shop.delivery(WorkKind.EXTRACTION)))
        try:
            await asyncio.wait([failing], timeout=0.5)
        finally:
            s3.start()
        await failing
    await store.close()

    assert seen == ["job.submitted", "phase.started"]
    parked = await shop.last()
    assert isinstance(parked, WorkParked)
    assert parked.reason is not None
    assert [each["event"] for each in lines].count("work.holding") == 1


class _Vanished(BaseException):
    """What no worker survives: it ends without a word, its lease lives on."""


async def _vanish(context: WorkContext) -> None:
    raise _Vanished
