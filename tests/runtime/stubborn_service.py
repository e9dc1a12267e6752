"""Services that do not want to end: `python -m runtime.stubborn_service lossy|blocked|endless`."""

from __future__ import annotations

import asyncio
import sys
import time

from dragoman_runtime.service import (
    Backends,
    ServicePart,
    ServiceSettings,
    run_services,
    until_told_to_stop,
)
from dragoman_runtime.settings import TelemetrySettings
from dragoman_runtime.starting import start, telemetry_of
from dragoman_runtime.stopping import stop_limit

_SHORT_S = 1.0


async def lossy(settings: ServiceSettings) -> None:
    """A service whose companion loses its first cancellation, and one whose statement holds a
    connection that nobody gives back.
    """
    await run_services([ServicePart("relay", companions=[_loses_one, _keeps_one])], settings)


async def blocked() -> None:
    """A process whose event loop does not turn any more once it is told to stop."""
    asyncio.get_running_loop().call_soon(_say_ready)
    await until_told_to_stop()
    time.sleep(600)  # noqa: ASYNC251 - that it blocks is the point


async def endless() -> None:
    """A process with a task that takes no cancellation, and that nobody waits for."""
    task = asyncio.create_task(_takes_none())
    asyncio.get_running_loop().call_soon(_say_ready)
    await until_told_to_stop()
    del task


async def _loses_one(shared: Backends) -> None:
    try:
        _say_ready()
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        await asyncio.Event().wait()


async def _keeps_one(shared: Backends) -> None:
    await shared.store.pool.acquire()
    await asyncio.Event().wait()


async def _takes_none() -> None:
    while True:
        try:
            await asyncio.sleep(600)
        except asyncio.CancelledError:
            continue


def _say_ready() -> None:
    sys.stdout.write("ready\n")
    sys.stdout.flush()


if __name__ == "__main__":
    if sys.argv[1] == "lossy":
        start(ServiceSettings, lossy)
    else:
        telemetry_of(TelemetrySettings(), "stubborn")
        with stop_limit(_SHORT_S):
            asyncio.run(blocked() if sys.argv[1] == "blocked" else endless())
