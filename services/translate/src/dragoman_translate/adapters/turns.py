"""Bounds the calls that are under way at once, by a limit that may change."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from dragoman_translate.call_limit import CallLimit


class Turns:
    """First come, first served."""

    def __init__(self, limit: CallLimit) -> None:
        self._limit = limit
        self._in_flight = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def limit(self) -> CallLimit:
        """The limit as it is now; set it, and whoever has room now goes on."""
        return self._limit

    @limit.setter
    def limit(self, limit: CallLimit) -> None:
        self._limit = limit
        self._wake()

    @asynccontextmanager
    async def turn(self) -> AsyncGenerator[int]:
        """Wait for room and have it for the block.

        Gives how many are in flight then, this one counted.
        """
        while self._in_flight >= self._limit.calls:
            await self._wait()
        self._in_flight += 1
        try:
            yield self._in_flight
        finally:
            self._in_flight -= 1
            self._wake()

    async def _wait(self) -> None:
        waiter = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            self._wake()  # whoever was woken and cancelled at once must not keep the turn from the next
            raise
        finally:
            if waiter in self._waiting:
                self._waiting.remove(waiter)

    def _wake(self) -> None:
        for _ in range(min(len(self._waiting), max(0, self._limit.calls - self._in_flight))):
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)
