"""Dead letters as a broker gives and takes them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID, uuid5

from pydantic import ValidationError

from dragoman_contracts.pipeline import WorkItem

_NAMESPACE = UUID("6f0e3f0e-6a0f-5d43-9d3c-0f7f6a3b5c11")


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that died: its bytes, the queue it came from, and the time of its death.

    `redriven_at` is the time at which a person asked to send it again.
    """

    queue: str
    message_id: str
    body: bytes
    died_at: datetime
    redriven_at: datetime | None = None

    @property
    def letter_id(self) -> UUID:
        """An id made of the message and its death, so that a letter that is collected twice is
        stored once.
        """
        said = f"{self.queue} {self.message_id} {self.died_at.timestamp():.6f} {self.body.hex()}"
        return uuid5(_NAMESPACE, said)

    @property
    def item(self) -> WorkItem | None:
        """The work item in the message; None where the message cannot be read."""
        try:
            return WorkItem.model_validate_json(self.body, extra="ignore")
        except ValidationError:
            return None

    @property
    def faults(self) -> tuple[str, ...]:
        """The reasons why the message cannot be read, field by field and without its values; empty
        where it can.
        """
        try:
            WorkItem.model_validate_json(self.body, extra="ignore")
        except ValidationError as error:
            found = error.errors(include_input=False, include_url=False, include_context=False)
            return tuple(
                ": ".join(filter(None, (".".join(map(str, each["loc"])), each["msg"])))
                for each in found
            )
        return ()


Keep = Callable[[Sequence[DeadLetter]], Awaitable[None]]
"""Keeps letters for good; returns when they are kept."""


class DeadLetterBus(Protocol):
    """A broker that gives its dead messages away, and takes messages to be sent again."""

    async def take_dead(self, keep: Keep, *, limit: int) -> int:
        """Hand up to `limit` dead messages to `keep`, then delete them from the broker.

        Gives the number of messages.
        """
        ...

    async def send_again(self, letters: Sequence[DeadLetter]) -> None:
        """Put the messages into the queues they came from; returns once they are safe there."""
        ...
