"""The bus port: how work items reach a worker. To lose every message in the bus loses no work."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from dragoman_contracts.envelope import RecordedEvent
from dragoman_contracts.pipeline import WorkItem
from dragoman_contracts.vocabulary import Queue


@dataclass(frozen=True, slots=True)
class Delivery:
    """A work item on its way, with the trace it belongs to."""

    item: WorkItem
    traceparent: str | None = None


Receive = Callable[[Delivery], Awaitable[None]]
"""A consumer of deliveries.

It returns when the work is recorded, and raises when the work could not be recorded.
"""


class WorkSender(Protocol):
    """Puts work items into their queues."""

    async def send(self, deliveries: Sequence[Delivery]) -> None:
        """Send; returns once every one of them is safe with the bus.

        Raises:
            RetryableError: the bus cannot be reached, or did not confirm in its time; send all of
                them again.
        """
        ...


class EventPublisher(Protocol):
    """Publishes events to the programs that listen."""

    async def publish(self, events: Sequence[RecordedEvent]) -> None:
        """Publish in order; returns once every one of them is safe with the bus.

        Raises:
            RetryableError: the bus cannot be reached, or did not confirm in its time; publish all
                of them again.
        """
        ...


class WorkReceiver(Protocol):
    """Brings work items to this process."""

    async def start(self, queues: Sequence[Queue], receive: Receive, *, concurrency: int) -> None:
        """Begin to call `receive`, at most `concurrency` at a time for each queue."""
        ...

    async def stop(self) -> None:
        """Take no new work, wait for work under way, close."""
        ...
