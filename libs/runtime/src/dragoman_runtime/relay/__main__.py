"""Run the relay: `python -m dragoman_runtime.relay`.

Two of them are safe: one leads, the other waits.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

from dragoman_runtime.relay.relay import Relay
from dragoman_runtime.service import Backends, ServiceSettings, backends, spare_collections, until_told_to_stop
from dragoman_runtime.settings import load
from dragoman_runtime.telemetry import configure_telemetry


def relay_of(shared: Backends, settings: ServiceSettings) -> Relay:
    """The relay over these servers."""
    return Relay(
        shared.store,
        shared.bus,
        shared.bus if settings.publish_events else None,
        busy=timedelta(milliseconds=settings.poll_busy_ms),
        idle=timedelta(milliseconds=settings.poll_idle_max_ms),
    )


async def run(settings: ServiceSettings) -> None:
    """Relay until SIGTERM or SIGINT."""
    telemetry = configure_telemetry(settings, "relay")
    try:
        async with backends(settings) as shared:
            spare_collections()
            relaying = asyncio.ensure_future(relay_of(shared, settings).run())
            try:
                await until_told_to_stop([relaying])
            finally:
                relaying.cancel()
                await asyncio.gather(relaying, return_exceptions=True)
    finally:
        telemetry.shutdown()


if __name__ == "__main__":
    asyncio.run(run(load(ServiceSettings)))
