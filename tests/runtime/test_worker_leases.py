"""The leases a worker holds: kept by its heartbeat, taken over when they end,
given back at a stop.
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from contracts.streams import (
    JOB,
    started,
)
from dragoman_contracts.identity import work_id
from dragoman_contracts.vocabulary import WorkKind
from dragoman_runtime.eventstore import Lease
from dragoman_runtime.worker import WorkContext, WorkerLimits
from runtime.workshop import (
    Count,
    Workshop,
    preflight,
    workshop,
)

PREFLIGHT_WORK = work_id(JOB, WorkKind.PREFLIGHT, 0)


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Workshop]:
    """An empty workshop."""
    async with workshop(tmp_path) as opened:
        yield opened


async def test_the_heartbeat_keeps_the_lease_while_the_work_goes_on(shop: Workshop) -> None:
    lease, heartbeat = timedelta(milliseconds=300), timedelta(milliseconds=50)
    lease_ends = asyncio.get_running_loop().time() + 0.9

    async def outlast_the_lease(context: WorkContext) -> None:
        while asyncio.get_running_loop().time() < lease_ends:
            assert await shop.leases() == {PREFLIGHT_WORK}
            await asyncio.sleep(0.02)

    await shop.submit()
    worker = shop.worker(
        preflight(Count(outlast_the_lease)), limits=WorkerLimits(lease=lease, heartbeat=heartbeat)
    )
    worker.start()
    await worker.receive(shop.delivery(WorkKind.PREFLIGHT))
    await worker.stop()

    assert await shop.types() == ["job.submitted", "phase.started", "preflight.passed"]


async def test_an_expired_lease_is_taken_over(shop: Workshop) -> None:
    await shop.submit(started(WorkKind.PREFLIGHT))
    await shop.store.commit(take=Lease(PREFLIGHT_WORK, JOB, "dead", timedelta(seconds=-1)))

    await shop.worker(preflight(Count())).receive(shop.delivery(WorkKind.PREFLIGHT))

    assert (await shop.types())[-1] == "preflight.passed"


async def test_a_living_lease_of_another_is_respected(shop: Workshop) -> None:
    performed = Count()
    await shop.submit()
    await shop.store.commit(take=Lease(PREFLIGHT_WORK, JOB, "other", timedelta(seconds=60)))

    await shop.worker(preflight(performed)).receive(shop.delivery(WorkKind.PREFLIGHT))

    assert (performed.count, await shop.types()) == (0, ["job.submitted"])
    assert await shop.leases() == {PREFLIGHT_WORK}


async def test_a_shutdown_gives_the_lease_back(shop: Workshop) -> None:
    begun = asyncio.Event()

    async def hang(context: WorkContext) -> None:
        begun.set()
        await asyncio.Event().wait()

    await shop.submit()
    worker = shop.worker(preflight(Count(hang)))
    receiving = asyncio.ensure_future(worker.receive(shop.delivery(WorkKind.PREFLIGHT)))
    await begun.wait()
    receiving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await receiving

    assert await shop.leases() == set()
    await shop.worker(preflight(Count()), owner="two").receive(shop.delivery(WorkKind.PREFLIGHT))
    assert await shop.types() == ["job.submitted", "phase.started", "preflight.passed"]
