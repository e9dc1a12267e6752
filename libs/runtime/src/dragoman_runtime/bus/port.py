"""The bus port: how work items reach a worker. A delivery aid: losing everything in it loses no work."""

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
"""What a consumer does with a delivery; it returns when the work is recorded, and raises when it could not be."""


class WorkSender(Protocol):
    """Puts work items into their queues."""

    async def send(self, deliveries: Sequence[Delivery]) -> None:
        """Send; returns once every one of them is safe with the bus.

        Raises:
            RetryableError: the bus cannot be reached, or did not confirm in its time; send all of them again.
        """
        ...


class EventPublisher(Protocol):
    """Tells whoever listens what happened."""

    async def publish(self, events: Sequence[RecordedEvent]) -> None:
        """Publish in order; returns once every one of them is safe with the bus.

        Raises:
            RetryableError: the bus cannot be reached, or did not confirm in its time; publish all of them again.
        """
        ...


class WorkReceiver(Protocol):
    """Brings work items to this process."""

    async def start(self, queues: Sequence[Queue], receive: Receive, *, concurrency: int) -> None:
        """Begin to call `receive`, at most `concurrency` at a time for each queue."""
        ...

    async def stop(self) -> None:
        """Take nothing new, wait for what is under way, close."""
        ...
