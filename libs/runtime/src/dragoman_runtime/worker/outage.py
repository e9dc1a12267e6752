"""Waits for a store that is away: an outage is nobody's failure, and costs no attempt."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from dragoman_contracts.errors import RetryableError
from dragoman_runtime.telemetry import say_waiting

_SHORTEST_S, _LONGEST_S = 0.1, 15.0
_OF_STORES = frozenset({"storage.unavailable", "storage.full", "store.unavailable"})
_R = TypeVar("_R")


def is_outage(error: BaseException) -> bool:
    """Whether the error says that the object store or the event store is away, or full."""
    return isinstance(error, RetryableError) and error.code in _OF_STORES


async def outlasting(
    event: str, step: Callable[[], Awaitable[_R]], between: Callable[[], Awaitable[None]]
) -> _R:
    """The result of `step`, which is called again, after growing waits, while a store is away.

    `between` is called after each wait; it ends the waiting by raising. `event` names the log line.
    """
    wait_s = _SHORTEST_S
    while True:
        try:
            return await step()
        except RetryableError as error:
            if not is_outage(error):
                raise
            say_waiting(event, error.code)
        await asyncio.sleep(wait_s)
        wait_s = min(wait_s * 2, _LONGEST_S)
        await between()
