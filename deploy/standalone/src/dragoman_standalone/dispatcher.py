"""The one process's relay: follows the log from where it stood at the start and hands its
work to the workers.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

from dragoman_contracts.errors import RetryableError
from dragoman_runtime.bus import InProcessBus
from dragoman_runtime.eventstore.sqlite import SqliteEventStore
from dragoman_runtime.relay import deliveries
from dragoman_runtime.telemetry import say_waiting


class Dispatcher:
    """Sends the work that the log's new events make owed.
    Work owed earlier is sent by the reconciler at the start.
    """

    def __init__(
        self,
        store: SqliteEventStore,
        bus: InProcessBus,
        *,
        idle: timedelta = timedelta(milliseconds=500),
    ) -> None:
        self._store = store
        self._bus = bus
        self._position = 0
        self._idle_s = idle.total_seconds()

    async def begin(self) -> None:
        """Take the log's end as the place to follow from;
        the reconciler must look at the live jobs after this.
        """
        self._position = await self._store.head_position()

    async def run(self) -> None:
        """Follow for ever; ends only when cancelled."""
        while True:
            try:
                if not await self._step():
                    await self._store.wait_for_append(self._idle_s)
            except RetryableError as error:
                say_waiting("dispatcher.waiting", error.code)
                await asyncio.sleep(self._idle_s)

    async def _step(self) -> int:
        stored = await self._store.tail(self._position)
        for each in stored:
            await self._bus.send(deliveries(each))
            self._position = each.position
        return len(stored)
