"""Composition of the relay."""

from __future__ import annotations

from datetime import timedelta

from dragoman_runtime.relay.relay import Relay
from dragoman_runtime.service import Backends, ServicePart, ServiceSettings, run_services


def part(settings: ServiceSettings) -> ServicePart:
    """The relay as a process takes it in."""

    async def relay(shared: Backends) -> None:
        await Relay(
            shared.store,
            shared.bus,
            shared.bus if settings.publish_events else None,
            busy=timedelta(milliseconds=settings.poll_busy_ms),
            idle=timedelta(milliseconds=settings.poll_idle_max_ms),
        ).run()

    return ServicePart("relay", companions=[relay])


async def run(settings: ServiceSettings) -> None:
    """Relay until told to stop."""
    await run_services([part(settings)], settings)
