"""Publishing with confirmations: any number of messages in one write, and one wait for the broker's answers.

The client library's own way costs a task, a write and two futures a message. The channel stays the library's: it
numbers what we send in the order in which we register it, and tells us what the broker confirms, refuses or returns.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from aiormq.abc import ChannelFrame
from aiormq.exceptions import ChannelInvalidStateError

from dragoman_runtime.bus.frames import Message, frames_of


class PublishingChannel(Protocol):
    """What we need of an `aiormq.Channel` that was opened with confirmations, with its types said."""

    number: int
    delivery_tag: int
    loop: asyncio.AbstractEventLoop
    write_queue: asyncio.Queue[ChannelFrame]
    confirmations: dict[int, asyncio.Future[object]]
    message_id_delivery_tag: dict[str, int]

    @property
    def max_content_size(self) -> int:
        """How much of a body fits into a frame."""
        ...

    @property
    def lock(self) -> AbstractAsyncContextManager[None]:
        """Held by who publishes; raises ChannelInvalidStateError where the channel is closed."""
        ...

    @property
    def closing(self) -> asyncio.Future[object]:
        """Done when the channel is closed."""
        ...


async def publish(channel: PublishingChannel, messages: Sequence[Message]) -> list[BaseException]:
    """Send, and return once the broker has answered for every one of them; what it refused or returned.

    Raises:
        ChannelInvalidStateError: the channel is closed, or was before all answers were there.
    """
    payload = b"".join(frames_of(message, channel.number, channel.max_content_size) for message in messages)
    async with channel.lock:
        await channel.write_queue.put(ChannelFrame(payload, should_close=False))
        confirmations = [_registered(channel, message) for message in messages]  # no await since: no answer is missed
    answers = asyncio.gather(*confirmations, return_exceptions=True)
    closing = channel.closing
    try:
        await asyncio.wait((answers, closing), return_when=asyncio.FIRST_COMPLETED)
        if not answers.done():
            raise ChannelInvalidStateError("The channel was closed before the broker had answered.")
        return [answer for answer in answers.result() if isinstance(answer, BaseException)]
    finally:
        closing.cancel()
        answers.cancel()
        for message in messages:
            channel.message_id_delivery_tag.pop(message.message_id, None)


def _registered(channel: PublishingChannel, message: Message) -> asyncio.Future[object]:
    confirmation: asyncio.Future[object] = channel.loop.create_future()
    channel.delivery_tag += 1
    channel.confirmations[channel.delivery_tag] = confirmation
    channel.message_id_delivery_tag[message.message_id] = channel.delivery_tag
    return confirmation
