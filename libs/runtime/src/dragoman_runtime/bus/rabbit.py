"""The bus over RabbitMQ: quorum queues for work, a topic exchange for events, and every trap of the
defaults closed.

Messages are persistent, publishes are confirmed, work that no queue takes is an error, and a
message is acknowledged only when the log says how its work went. While the store cannot be reached
a delivery is held and not returned, since the broker knows no delays (ADR 0004). The dead-letter
queue takes only messages that cannot be read, or that met an error nobody foresaw; `dead_letters`
collects them into the database.

FastStream connects, declares, starts and stops (`broker`). This module publishes and consumes. The
client library connects again by itself, and then declares the queues of each channel and consumes
again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import cast
from uuid import UUID

import aiormq
from aio_pika import DeliveryMode
from aio_pika.abc import (
    AbstractChannel,
    AbstractIncomingMessage,
    AbstractQueue,
    AbstractRobustChannel,
    AbstractRobustConnection,
    HeadersType,
)
from aio_pika.exceptions import ChannelNotFoundEntity, DeliveryError
from pydantic import ValidationError
from typing_extensions import override

from dragoman_contracts.envelope import RecordedEvent, encode
from dragoman_contracts.errors import RetryableError
from dragoman_contracts.pipeline import WorkItem
from dragoman_contracts.steps import queue_of
from dragoman_contracts.vocabulary import Queue
from dragoman_runtime.bus.broker import (
    DEAD_LETTERS,
    EVENTS_EXCHANGE,
    LOST_CONNECTION,
    RETRY_S,
    TYPE_PREFIX,
    Take,
    Topology,
    WorkBroker,
)
from dragoman_runtime.bus.dead_letter import DeadLetter, DeadLetterBus, Keep
from dragoman_runtime.bus.held_delivery import received
from dragoman_runtime.bus.port import Delivery, EventPublisher, Receive, WorkReceiver, WorkSender
from dragoman_runtime.bus.refusals import Refusals
from dragoman_runtime.clock import SystemClock
from dragoman_runtime.stopping import closed, ended
from dragoman_runtime.telemetry import (
    Role,
    current_traceparent,
    get_logger,
    say_waiting,
    span,
)
from dragoman_runtime.telemetry.conventions import messaging
from dragoman_runtime.telemetry.metrics import BUS_CONNECTED

__all__ = [
    "DEAD_LETTERS",
    "EVENTS_EXCHANGE",
    "BusUnavailableError",
    "RabbitBus",
    "cloudevents_headers",
]

_GONE = (*LOST_CONNECTION, asyncio.CancelledError)
"""The errors with which a wait for the broker ends when the connection does: the client library
cancels some waits.
"""
_CANCELLED_S = 5.0
_CLOUDEVENTS_VERSION = "1.0"
_log = get_logger()


class BusUnavailableError(RetryableError):
    """RabbitMQ did not take the messages."""

    default_code = "bus.unavailable"


class RabbitBus(WorkSender, EventPublisher, WorkReceiver, DeadLetterBus):
    """One connection to RabbitMQ, to publish and to consume.

    Connects again by itself after an outage.

    A publish that is not confirmed within `confirm_timeout_s` counts as failed. At `stop`, work
    under way has `grace_s` to end; work that takes longer is cancelled, and its message comes
    again. `prefix` comes before the names of queues and exchange.
    """

    def __init__(
        self,
        url: str,
        *,
        prefix: str = "",
        connect_timeout_s: float = 30.0,
        confirm_timeout_s: float = 10.0,
        grace_s: float = 20.0,
    ) -> None:
        self._broker = WorkBroker(url, connect_timeout_s=connect_timeout_s)
        self._refusals = Refusals(url)
        self._topology = Topology(prefix)
        self._exchange = self._topology.events.name
        self._connection: AbstractRobustConnection | None = None
        self._confirm_timeout_s = confirm_timeout_s
        self._channel: AbstractRobustChannel | None = None
        self._queues: list[AbstractQueue] = []
        self._grace_s = grace_s
        self._is_stopping = False
        self._under_way: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Connect and declare queues and exchange; waits while RabbitMQ is not there yet.

        Raises:
            BusRefusedError: RabbitMQ refuses the user, the virtual host or a queue.
        """
        await _patiently(self._declare_at_first, self._refusals)
        BUS_CONNECTED.labels(self._refusals.host).set_function(self._connected)

    @override
    async def send(self, deliveries: Sequence[Delivery]) -> None:
        await self._confirmed([self._sent(each) for each in deliveries])

    def _sent(self, delivery: Delivery) -> Coroutine[object, object, object]:
        """The publishing of one work item, in a span between the event that made it owed and the
        worker that takes it.
        """
        item, handed_on = delivery.item, None
        if delivery.traceparent is not None:
            name, about = f"send {queue_of(item.kind)}", messaging(item, "send")
            job_id, parent = str(item.job_id), delivery.traceparent
            with span(name, parent, Role.PRODUCER, about, job_id=job_id, index=item.index):
                handed_on = current_traceparent()
        return self._published(
            item.model_dump_json().encode(),
            routing_key=self._topology.prefix + queue_of(item.kind).value,
            message_id=item.work_id,
            correlation_id=item.job_id,
            headers={"traceparent": handed_on} if handed_on else {},
        )

    @override
    async def publish(self, events: Sequence[RecordedEvent]) -> None:
        await self._confirmed(
            [
                self._published(
                    encode(event),
                    exchange=self._exchange,
                    routing_key=event.type,
                    message_type=qualified_type(event),
                    message_id=event.event_id,
                    correlation_id=event.origin.correlation_id,
                    headers=cloudevents_headers(event),
                )
                for event in events
            ]
        )

    @override
    async def start(self, queues: Sequence[Queue], receive: Receive, *, concurrency: int) -> None:
        self._is_stopping = False
        for name in queues:
            take, queue = self._taking(receive, concurrency), self._topology.work_queue(name)
            start = self._broker.work(queue, take, prefetch=concurrency).start
            await _patiently(start, self._refusals)

    @override
    async def stop(self) -> None:
        self._is_stopping = True
        await asyncio.gather(*(each.stop() for each in self._broker.subscribers))
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=self._grace_s)
        await ended(self._under_way, _CANCELLED_S)
        with suppress(*LOST_CONNECTION):
            await closed(self._broker.stop, RETRY_S)
        if self._connection is not None:  # also where the channel before it could not be closed
            await closed(self._connection.close, RETRY_S)

    @override
    async def take_dead(self, keep: Keep, *, limit: int) -> int:
        """Hand up to `limit` dead messages to `keep`, then delete them from the broker.

        Gives the number of messages.

        Raises:
            BusUnavailableError: RabbitMQ does not answer; messages that were handed over come
                again.
        """
        if self._connection is None:
            raise BusUnavailableError("RabbitMQ was never connected to.")
        try:
            # RabbitMQ puts unacknowledged messages back when their channel closes (AMQP 0-9-1,
            # channel.close).
            async with self._connection.channel(publisher_confirms=False) as channel:
                messages = await _dead_messages(channel, self._topology.dead_letters, limit)
                if messages:
                    await keep([_letter_of(each, self._topology.prefix) for each in messages])
                    await messages[-1].ack(multiple=True)
        except ChannelNotFoundEntity as error:
            await self._declare_again()  # a wiped broker has lost its queues
            raise BusUnavailableError("RabbitMQ lost its queues.") from error
        except LOST_CONNECTION as error:
            raise BusUnavailableError(
                f"RabbitMQ does not answer: {type(error).__name__}."
            ) from error
        return len(messages)

    @override
    async def send_again(self, letters: Sequence[DeadLetter]) -> None:
        """Put the messages into the queues they came from; returns once they are safe there.

        Raises:
            BusUnavailableError: RabbitMQ did not take them.
        """
        await self._confirmed(
            [
                self._published(
                    each.body,
                    routing_key=self._topology.prefix + each.queue,
                    message_id=each.message_id,
                    correlation_id=each.item.job_id if each.item else each.letter_id,
                    headers={},
                )
                for each in letters
            ]
        )

    def _connected(self) -> float:
        return float(self._connection is not None and self._connection.connected.is_set())

    async def ping(self) -> bool:
        """Whether there is a connection to RabbitMQ.

        The heartbeat finds a connection that died in silence.
        """
        return self._connection is not None and self._connection.connected.is_set()

    async def _declare_at_first(self) -> None:
        self._connection = await self._broker.connect()
        self._channel = await self._broker.publishing()
        self._queues = [
            await self._broker.declare_queue(queue) for queue in self._topology.queues()
        ]
        await self._broker.declare_exchange(self._topology.events)

    async def _published(
        self,
        body: bytes,
        *,
        routing_key: str,
        message_id: UUID | str,
        correlation_id: UUID,
        headers: HeadersType,
        exchange: str = "",
        message_type: str | None = None,
    ) -> None:
        """Publish a message and wait for the confirmation.

        It goes straight to the protocol's channel, without the client library's layer: a relay does
        little else.
        """
        if self._channel is None:
            raise BusUnavailableError("RabbitMQ was never connected to.")
        channel = cast(aiormq.Channel, await self._channel.get_underlay_channel())
        properties = aiormq.spec.Basic.Properties(
            delivery_mode=DeliveryMode.PERSISTENT,
            message_id=str(message_id),
            correlation_id=str(correlation_id),
            content_type="application/json",
            message_type=message_type,
            headers=headers,
        )
        await channel.basic_publish(
            body,
            exchange=exchange,
            routing_key=routing_key,
            properties=properties,
            # A mandatory message that no queue takes is returned (AMQP 0-9-1, basic.return), which
            # raises DeliveryError. Work must be routed; to an event nobody needs to listen.
            mandatory=not exchange,
            wait=False,  # not for the socket: the confirmation says more
        )

    async def _declare_again(self) -> None:
        for queue in self._queues:
            await queue.declare()

    async def _confirmed(self, publishes: Sequence[Coroutine[object, object, object]]) -> None:
        """Wait for the broker to confirm every one of these.

        Raises:
            BusUnavailableError: one of them was not confirmed, in time or at all.
        """
        try:
            async with asyncio.timeout(self._confirm_timeout_s):
                results = await asyncio.gather(*publishes, return_exceptions=True)
                if any(isinstance(result, DeliveryError) for result in results):
                    await self._declare_again()  # a wiped broker has lost its queues
        except LOST_CONNECTION as error:  # a time-out is an OSError
            raise BusUnavailableError(
                f"RabbitMQ does not answer: {type(error).__name__}."
            ) from error
        errors = [result for result in results if isinstance(result, BaseException)]
        for error in errors:
            if not isinstance(error, _GONE):
                raise error
        if errors:
            names = ", ".join(sorted({type(error).__name__ for error in errors}))
            raise BusUnavailableError(
                f"RabbitMQ did not take {len(errors)} messages: {names}."
            ) from errors[0]

    def _taking(self, receive: Receive, concurrency: int) -> Take:
        """The function that takes messages in, each of which is answered in a task of its own.

        The client library cancels its consumers when the connection is lost. Work that is paid for
        goes on in its task; its message comes again and finds the work done. The semaphore keeps
        messages that come again waiting, because the broker's prefetch counts only the messages of
        the new connection.
        """
        bound = asyncio.Semaphore(concurrency)

        async def answer(message: AbstractIncomingMessage) -> None:
            async with bound:
                is_received = await self._received(receive, message)
            with suppress(*LOST_CONNECTION):
                await (message.ack() if is_received else message.reject(requeue=False))

        def take(message: AbstractIncomingMessage) -> None:
            if self._is_stopping:  # unanswered, it comes again: to another process
                return
            task = asyncio.create_task(answer(message))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

        return take

    async def _received(self, receive: Receive, message: AbstractIncomingMessage) -> bool:
        try:
            item = WorkItem.model_validate_json(message.body, extra="ignore")
        except ValidationError:
            _log.error("bus.unreadable", message_id=message.message_id)
            return False
        traceparent = message.headers.get("traceparent")
        return await received(receive, Delivery(item, str(traceparent) if traceparent else None))


async def _patiently(step: Callable[[], Awaitable[None]], refusals: Refusals) -> None:
    """Do a step of the start, again and again while RabbitMQ is away.

    It may also go away in the middle of a step.

    Raises:
        BusRefusedError: to wait does not help.
    """
    while True:
        try:
            return await step()
        except _GONE as error:
            if isinstance(error, asyncio.CancelledError) and _is_cancelled():
                raise
            if (refused := refusals.of(error)) is not None:
                raise refused from error
            say_waiting(
                "bus.waiting",
                BusUnavailableError.default_code,
                error=type(error).__name__,
                server=refusals.host,
            )
            await asyncio.sleep(RETRY_S)


def _is_cancelled() -> bool:
    """Whether this task was told to end. The client library's own cancellations do not count."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def qualified_type(event: RecordedEvent) -> str:
    """The event's type with a reverse domain name before it,
    as CloudEvents 1.0.2 asks of `type`.
    """
    return TYPE_PREFIX + event.type


def cloudevents_headers(event: RecordedEvent) -> HeadersType:
    """The event's envelope as CloudEvents attributes in AMQP headers (CloudEvents AMQP binding
    1.0.2 §3.1.3).
    """
    headers: HeadersType = {
        "cloudEvents:specversion": _CLOUDEVENTS_VERSION,
        "cloudEvents:id": str(event.event_id),
        "cloudEvents:type": event.type,
        "cloudEvents:source": f"urn:dragoman:project:{event.project_id}",
        "cloudEvents:subject": str(event.stream_id),
        "cloudEvents:time": event.occurred_at.isoformat(),
        "cloudEvents:sequence": str(event.version),
    }
    if event.origin.traceparent:
        headers["cloudEvents:traceparent"] = event.origin.traceparent
    return headers


async def _dead_messages(
    channel: AbstractChannel, name: str, limit: int
) -> list[AbstractIncomingMessage]:
    queue = await channel.get_queue(name, ensure=False)
    messages: list[AbstractIncomingMessage] = []
    while len(messages) < limit and (message := await queue.get(fail=False)) is not None:
        messages.append(message)
    return messages


def _letter_of(message: AbstractIncomingMessage, prefix: str) -> DeadLetter:
    """The message with its queue and the time of its death, both from RabbitMQ's header `x-death`.

    The queue is named without the prefix, so that the letter finds its way back under another
    prefix too. A message that somebody published to the dead-letter queue itself has no such
    header, and is taken to come from that queue.
    """
    # The header lists the latest death first.
    deaths = cast("list[dict[str, object]]", message.headers.get("x-death") or [{}])
    died_at = deaths[0].get("time")
    return DeadLetter(
        queue=str(deaths[0].get("queue", prefix + DEAD_LETTERS)).removeprefix(prefix),
        message_id=message.message_id or "",
        body=message.body,
        died_at=died_at.astimezone(UTC) if isinstance(died_at, datetime) else SystemClock().now(),
    )
