"""The relay: reads the log in commit order and publishes its events and the work they make owed.

The position is stored after the bus has confirmed, so a relay that dies publishes some events
again. That does no harm: the fold and the lease make a second delivery of work a no-op. A relay
leads while it holds the lock on the position, until an error or a lost connection ends the lock; a
second relay waits for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from datetime import timedelta

from dragoman_contracts.errors import RetryableError
from dragoman_contracts.events import StreamType
from dragoman_contracts.pipeline import routes
from dragoman_runtime.bus import Delivery, EventPublisher, WorkSender
from dragoman_runtime.eventstore import EventStore, LockedPosition, Stored
from dragoman_runtime.telemetry import say_waiting

_POSITION = "relay"


class Relay:
    """Publishes the log, in batches of up to `batch` events.

    Without a publisher only the work is sent.
    """

    def __init__(
        self,
        store: EventStore,
        sender: WorkSender,
        publisher: EventPublisher | None,
        *,
        busy: timedelta = timedelta(milliseconds=10),
        idle: timedelta = timedelta(milliseconds=500),
        batch: int = 200,
    ) -> None:
        self._store = store
        self._sender = sender
        self._publisher = publisher
        self._busy_s, self._idle_s = busy.total_seconds(), idle.total_seconds()
        self._batch = batch

    async def run(self) -> None:
        """Publish for ever; ends only when cancelled. Trouble with store or bus is waited out."""
        while True:
            try:
                async with self._store.lock_position(_POSITION) as position:
                    if position is not None:
                        await self._lead(position)
            except RetryableError as error:
                say_waiting("relay.waiting", error.code)
            await asyncio.sleep(self._idle_s)

    async def step(self) -> int:
        """Publish one batch behind the stored position.

        Gives the number of events, 0 also while another relay leads.
        """
        async with self._store.lock_position(_POSITION) as position:
            return 0 if position is None else await self._publish(position)

    async def _lead(self, position: LockedPosition) -> None:
        """Publish until an error ends the leadership."""
        wait_s = self._busy_s
        while True:
            published = await self._publish(position)
            wait_s = self._busy_s if published else min(wait_s * 2, self._idle_s)
            if published < self._batch:
                await asyncio.sleep(wait_s)

    async def _publish(self, position: LockedPosition) -> int:
        """Publish one batch, then store the position behind it."""
        stored = await self._store.tail(position.position, limit=self._batch)
        if stored:
            await self._tell(stored)
            await position.advance(stored[-1].position)
        return len(stored)

    async def _tell(self, stored: Sequence[Stored]) -> None:
        """Send the work and publish the events.

        Waits for both even where one fails, and then raises its error.
        """
        telling: list[Coroutine[object, object, None]] = []
        if work := [delivery for each in stored for delivery in deliveries(each)]:
            telling.append(self._sender.send(work))
        if self._publisher is not None:
            telling.append(self._publisher.publish([each.recorded for each in stored]))
        for failed in await asyncio.gather(*telling, return_exceptions=True):
            if failed is not None:
                raise failed


def deliveries(stored: Stored) -> list[Delivery]:
    """The work that one event makes owed, in the trace of that event."""
    recorded = stored.recorded
    if recorded.stream_type is not StreamType.JOB:
        return []
    return [Delivery(item, recorded.origin.traceparent) for item in routes(recorded)]
