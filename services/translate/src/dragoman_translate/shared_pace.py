"""The pace of an engine that several batches ask at once.

While nobody knows how fast a server is, the calls of all batches but one wait for the first: it is
a small one (ADR 0015), and the others are then as large as the pace it measured allows. Without
that each of the batches that begin together would pay for a small call of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from dragoman_translate.pacing import Pace
from dragoman_translate.ports import EngineCapabilities


@dataclass
class SharedPace(Pace):
    """A pace that one call measures for all."""

    measuring: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False, compare=False)

    @asynccontextmanager
    async def turn(self, capabilities: EngineCapabilities) -> AsyncGenerator[None]:
        """Wait, where the pace matters and is not known yet, until no other call measures it.

        A call that fails measures nothing: the next of those that wait is then the first.
        """
        if not capabilities.writes_slowly or self.expected_per_s is not None:
            yield
            return
        await self.measuring.acquire()
        is_first = self.expected_per_s is None
        if not is_first:
            self.measuring.release()
        try:
            yield
        finally:
            if is_first:
                self.measuring.release()
