"""A delivery is held while its work cannot be recorded: the same rule in both buses (ADR 0004)."""

from __future__ import annotations

import asyncio

from dragoman_contracts.errors import RetryableError
from dragoman_runtime.bus.port import Delivery, Receive
from dragoman_runtime.telemetry import get_logger, say_waiting

_SHORTEST_S, _LONGEST_S = 0.1, 5.0
_log = get_logger()


async def received(receive: Receive, delivery: Delivery) -> bool:
    """Call `receive` until the work is recorded, with growing pauses while the store is away.

    Gives True then, and False after an error that nobody foresaw. That error is logged, and the
    delivery is not made again, since it would meet the same error.
    """
    wait_s = _SHORTEST_S
    while True:
        try:
            await receive(delivery)
        except RetryableError as error:
            say_waiting("bus.holding", error.code)
            await asyncio.sleep(wait_s)
            wait_s = min(wait_s * 2, _LONGEST_S)
        except Exception as error:  # noqa: BLE001 - a message nobody can answer for must not come back for ever
            _log.error(
                "bus.refused",
                job_id=str(delivery.item.job_id),
                kind=delivery.item.kind,
                exc_info=error,
            )
            return False
        else:
            return True
