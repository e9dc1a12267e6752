"""Delivery inside one process, without routing or acknowledgements.

Nothing is kept here: the log is durable.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from uuid import UUID

from typing_extensions import override

from dragoman_contracts.steps import queue_of
from dragoman_contracts.vocabulary import Queue
from dragoman_runtime.bus.held_delivery import received
from dragoman_runtime.bus.port import Delivery, Receive, WorkReceiver, WorkSender
from dragoman_runtime.stopping import ended


class InProcessBus(WorkSender, WorkReceiver):
    """Hands work items to the workers of this process.

    A piece of work that waits or is being performed is not taken a second time. Each queue is
    served by `concurrency` tasks of its own, so a long translation never keeps another job's
    preflight waiting. At `stop`, work under way has `grace_s` to end.
    """

    def __init__(self, *, grace_s: float = 5.0) -> None:
        self._queues: dict[Queue, asyncio.Queue[Delivery]] = {
            queue: asyncio.Queue() for queue in Queue
        }
        self._present: set[UUID] = set()
        self._serving: set[asyncio.Task[None]] = set()
        self._idle: set[asyncio.Task[None]] = set()
        self._is_stopping = False
        self._grace_s = grace_s

    @override
    async def send(self, deliveries: Sequence[Delivery]) -> None:
        for delivery in deliveries:
            if delivery.item.work_id not in self._present:
                self._present.add(delivery.item.work_id)
                self._queues[queue_of(delivery.item.kind)].put_nowait(delivery)

    @override
    async def start(self, queues: Sequence[Queue], receive: Receive, *, concurrency: int) -> None:
        for queue in queues:
            for number in range(concurrency):
                self._serving.add(
                    asyncio.create_task(self._serve(queue, receive), name=f"{queue}-{number}")
                )

    @override
    async def stop(self) -> None:
        self._is_stopping = True
        for task in self._idle:
            task.cancel()
        if self._serving:
            await asyncio.wait(self._serving, timeout=self._grace_s)
        await ended(self._serving)
        self._serving.clear()

    async def _serve(self, queue: Queue, receive: Receive) -> None:
        me = asyncio.current_task()
        while me is not None and not self._is_stopping:
            self._idle.add(me)
            delivery = await self._queues[queue].get()
            self._idle.discard(me)
            try:
                await received(receive, delivery)
            finally:
                self._present.discard(delivery.item.work_id)
