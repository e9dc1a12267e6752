"""Delivery inside one process: no routing language, no acknowledgements, nothing kept; the log is what is durable."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from uuid import UUID

from typing_extensions import override

from dragoman_contracts.errors import RetryableError
from dragoman_contracts.vocabulary import QUEUE_OF, Queue
from dragoman_runtime.bus.port import Delivery, Receive, WorkReceiver, WorkSender
from dragoman_runtime.telemetry import get_logger

_log = get_logger()


class InProcessBus(WorkSender, WorkReceiver):
    """Hands work items to the workers of this process.

    A piece of work that waits or is being performed is not taken a second time. Each queue is served by `concurrency`
    tasks of its own, so a long translation never keeps another job's preflight waiting.
    """

    def __init__(self) -> None:
        self._queues: dict[Queue, asyncio.Queue[Delivery]] = {queue: asyncio.Queue() for queue in Queue}
        self._present: set[UUID] = set()
        self._tasks: list[asyncio.Task[None]] = []

    @override
    async def send(self, deliveries: Sequence[Delivery]) -> None:
        for delivery in deliveries:
            if delivery.item.work_id not in self._present:
                self._present.add(delivery.item.work_id)
                self._queues[QUEUE_OF[delivery.item.kind]].put_nowait(delivery)

    @override
    async def start(self, queues: Sequence[Queue], receive: Receive, *, concurrency: int) -> None:
        for queue in queues:
            for number in range(concurrency):
                self._tasks.append(asyncio.create_task(self._serve(queue, receive), name=f"{queue}-{number}"))

    @override
    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    async def _serve(self, queue: Queue, receive: Receive) -> None:
        while True:
            delivery = await self._queues[queue].get()
            try:
                await receive(delivery)
            except RetryableError as error:  # the reconciler sends it again
                _log.warning("bus.dropped", error_code=error.code, job_id=str(delivery.item.job_id))
            finally:
                self._present.discard(delivery.item.work_id)
