"""The bus over RabbitMQ: quorum queues for work, a topic exchange for events, and every trap of the defaults closed.

Messages are persistent, publishes are confirmed, unroutable work is an error, and a message is acknowledged only when
the log says how its work went. While the store cannot be reached a delivery is held, not returned: the broker knows no
delays. The dead-letter queue takes only what cannot be read, or what met an error that nobody foresaw;
what lies there is collected into the database (`dead_letters`).

FastStream remembers each queue that it declared, with the channel it was declared on. A queue declared through the
broker would so be consumed on the publishing channel, where no prefetch bounds it, and would never be declared again.
Hence the queues are declared on a channel of our own, which also publishes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from datetime import UTC, datetime
from typing import cast
from uuid import UUID

import aiormq
from aio_pika import DeliveryMode, ExchangeType, RobustConnection
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue, AbstractRobustChannel, HeadersType
from aio_pika.exceptions import AMQPException, ChannelNotFoundEntity, DeliveryError
from faststream import AckPolicy
from faststream.rabbit import Channel, RabbitBroker, RabbitMessage, RabbitQueue
from faststream.rabbit.schemas.queue import QueueType
from pydantic import ValidationError
from typing_extensions import override

from dragoman_contracts.envelope import RecordedEvent, encode
from dragoman_contracts.errors import RetryableError
from dragoman_contracts.pipeline import WorkItem
from dragoman_contracts.vocabulary import QUEUE_OF, Queue
from dragoman_runtime.bus.hold import received
from dragoman_runtime.bus.port import Delivery, EventPublisher, Receive, WorkReceiver, WorkSender
from dragoman_runtime.clock import SystemClock
from dragoman_runtime.dead_letters import DeadLetter, DeadLetterBus, Keep
from dragoman_runtime.telemetry import get_logger

DEAD_LETTERS = "dead_letters"
EVENTS_EXCHANGE = "dragoman.events"

_RETRY_S = 1.0
_GONE = (AMQPException, OSError, RuntimeError, asyncio.CancelledError)
"""What waits for the broker ends with when the connection does; the client library cancels some of it."""

_CLOUDEVENTS_VERSION = "1.0"
_log = get_logger()


class BusUnavailableError(RetryableError):
    """RabbitMQ did not take the messages."""

    default_code = "bus.unavailable"


def work_queue(queue: Queue) -> RabbitQueue:
    """The quorum queue of one kind of work."""
    return RabbitQueue(
        queue.value,
        queue_type=QueueType.QUORUM,
        durable=True,
        arguments={
            "x-dead-letter-exchange": "",
            "x-dead-letter-routing-key": DEAD_LETTERS,
            "x-dead-letter-strategy": "at-least-once",
            "x-overflow": "reject-publish",
        },
    )


class RabbitBus(WorkSender, EventPublisher, WorkReceiver, DeadLetterBus):
    """One connection to RabbitMQ, to publish and to consume. Connects again by itself after an outage.

    A publish that is not confirmed within `confirm_timeout_s` counts as failed. At `stop`, what is under way has
    `grace_s` to end; what takes longer is cancelled and comes again.
    """

    def __init__(self, url: str, *, confirm_timeout_s: float = 10.0, grace_s: float = 20.0) -> None:
        self._broker = RabbitBroker(
            url,
            graceful_timeout=grace_s,
            reconnect_interval=1.0,
            logger=None,
            apply_types=False,
        )
        self._confirm_timeout_s = confirm_timeout_s
        self._connection: RobustConnection | None = None
        self._channel: AbstractRobustChannel | None = None
        self._queues: list[AbstractQueue] = []
        self._grace_s = grace_s
        self._under_way: set[asyncio.Task[bool]] = set()

    async def open(self) -> None:
        """Connect and declare queues and exchange; waits while RabbitMQ is not there yet."""
        await _patiently(self._declare_at_first)

    @override
    async def send(self, deliveries: Sequence[Delivery]) -> None:
        await self._confirmed(
            [
                self._published(
                    delivery.item.model_dump_json().encode(),
                    routing_key=QUEUE_OF[delivery.item.kind].value,
                    message_id=delivery.item.work_id,
                    correlation_id=delivery.item.job_id,
                    headers={"traceparent": delivery.traceparent} if delivery.traceparent else {},
                )
                for delivery in deliveries
            ]
        )

    @override
    async def publish(self, events: Sequence[RecordedEvent]) -> None:
        await self._confirmed(
            [
                self._published(
                    encode(event),
                    exchange=EVENTS_EXCHANGE,
                    routing_key=event.envelope.type,
                    message_id=event.envelope.event_id,
                    correlation_id=event.envelope.origin.correlation_id,
                    headers=cloudevents_headers(event),
                )
                for event in events
            ]
        )

    @override
    async def start(self, queues: Sequence[Queue], receive: Receive, *, concurrency: int) -> None:
        for queue in queues:
            subscriber = self._broker.subscriber(
                work_queue(queue),
                ack_policy=AckPolicy.MANUAL,
                channel=Channel(prefetch_count=concurrency),
                decoder=_undecoded,
            )
            subscriber(self._consumer(receive, asyncio.Semaphore(concurrency)))
            await _patiently(subscriber.start)

    @override
    async def stop(self) -> None:
        stop_at = asyncio.get_running_loop().time() + self._grace_s
        await self._broker.stop()
        if self._under_way:  # begun on a connection that was lost, or slower than the grace
            await asyncio.wait(self._under_way, timeout=max(0, stop_at - asyncio.get_running_loop().time()))
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    @override
    async def take_dead(self, keep: Keep, *, limit: int) -> int:
        """Hand up to `limit` dead messages to `keep`, and let go of them once it returns; how many it was.

        Raises:
            BusUnavailableError: RabbitMQ does not answer; what was handed over comes again.
        """
        if self._connection is None:
            raise BusUnavailableError("RabbitMQ was never connected to.")
        try:
            async with self._connection.channel(publisher_confirms=False) as channel:  # closed, it returns what it had
                messages = await _dead_messages(channel, limit)
                if messages:
                    await keep([_letter_of(each) for each in messages])
                    await messages[-1].ack(multiple=True)
        except ChannelNotFoundEntity as error:
            await self._declare_again()  # a wiped broker has lost its queues
            raise BusUnavailableError("RabbitMQ lost its queues.") from error
        except (AMQPException, OSError, RuntimeError) as error:
            raise BusUnavailableError(f"RabbitMQ does not answer: {type(error).__name__}.") from error
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
                    routing_key=each.queue,
                    message_id=each.message_id,
                    correlation_id=each.item.job_id if each.item else each.letter_id,
                    headers={},
                )
                for each in letters
            ]
        )

    async def ping(self) -> bool:
        """Whether RabbitMQ answers."""
        return await self._broker.ping(timeout=2.0)

    async def _declare_at_first(self) -> None:
        connection = await self._broker.connect()
        if self._channel is None:
            self._connection = connection
            self._channel = connection.channel(publisher_confirms=True, on_return_raises=True)
            await self._channel.initialize()
        dead_letters = RabbitQueue(DEAD_LETTERS, queue_type=QueueType.QUORUM, durable=True)
        self._queues = [
            await self._channel.declare_queue(queue.name, durable=True, arguments=dict(queue.arguments or {}))
            for queue in (dead_letters, *map(work_queue, Queue))
        ]
        await self._channel.declare_exchange(EVENTS_EXCHANGE, type=ExchangeType.TOPIC, durable=True)

    async def _published(
        self,
        body: bytes,
        *,
        routing_key: str,
        message_id: UUID | str,
        correlation_id: UUID,
        headers: HeadersType,
        exchange: str = "",
    ) -> None:
        """Publish and wait for the confirmation.

        Straight on the client library's channel: FastStream's way around it costs as much again, and a relay does
        little else. Work must be routed; events are for whoever listens, and it may be nobody.
        """
        if self._channel is None:
            raise BusUnavailableError("RabbitMQ was never connected to.")
        channel = cast(aiormq.Channel, await self._channel.get_underlay_channel())
        properties = aiormq.spec.Basic.Properties(
            delivery_mode=DeliveryMode.PERSISTENT,
            message_id=str(message_id),
            correlation_id=str(correlation_id),
            content_type="application/json",
            headers=headers,
        )
        await channel.basic_publish(
            body,
            exchange=exchange,
            routing_key=routing_key,
            properties=properties,
            mandatory=not exchange,
            wait=False,  # for the confirmation, not for the socket
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
        except (AMQPException, OSError, RuntimeError) as error:  # OSError: a time-out is one
            raise BusUnavailableError(f"RabbitMQ does not answer: {type(error).__name__}.") from error
        errors = [result for result in results if isinstance(result, BaseException)]
        for error in errors:
            if not isinstance(error, _GONE):
                raise error
        if errors:
            names = ", ".join(sorted({type(error).__name__ for error in errors}))
            raise BusUnavailableError(f"RabbitMQ did not take {len(errors)} messages: {names}.") from errors[0]

    def _consumer(self, receive: Receive, bound: asyncio.Semaphore) -> Callable[[RabbitMessage], Awaitable[None]]:
        async def consume(message: RabbitMessage) -> None:
            try:
                item = WorkItem.model_validate_json(message.body, extra="ignore")
            except ValidationError:
                _log.error("bus.unreadable", message_id=message.message_id)
                await message.reject(requeue=False)
                return
            traceparent = message.headers.get("traceparent")
            delivery = Delivery(item, str(traceparent) if traceparent else None)
            if await self._received(receive, delivery, bound):
                await message.ack()
            else:
                await message.reject(requeue=False)

        return consume

    async def _received(self, receive: Receive, delivery: Delivery, bound: asyncio.Semaphore) -> bool:
        """Receive in a task of its own, for the client library cancels its consumers when the connection is lost.

        Work that is paid for goes on; the message comes again and finds the work done. The bound keeps what comes
        again waiting, since the broker counts only what it sent over the new connection.
        """

        async def within_bound() -> bool:
            async with bound:
                return await received(receive, delivery)

        task = asyncio.create_task(within_bound())
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return await asyncio.shield(task)


async def _patiently(step: Callable[[], Awaitable[None]]) -> None:
    """Do a step of the start, again while RabbitMQ is away: it may also go in the middle of one."""
    while True:
        try:
            return await step()
        except _GONE as error:
            if isinstance(error, asyncio.CancelledError) and _is_cancelled():
                raise
            _log.warning("bus.waiting", error_code=BusUnavailableError.default_code, error=type(error).__name__)
            await asyncio.sleep(_RETRY_S)


def _is_cancelled() -> bool:
    """Whether it is this task that was told to end, not something in the client library."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def cloudevents_headers(event: RecordedEvent) -> HeadersType:
    """The event's envelope as CloudEvents attributes in AMQP headers (CloudEvents AMQP binding 1.0.2 §3.1.3)."""
    envelope = event.envelope
    headers: HeadersType = {
        "cloudEvents:specversion": _CLOUDEVENTS_VERSION,
        "cloudEvents:id": str(envelope.event_id),
        "cloudEvents:type": envelope.type,
        "cloudEvents:source": f"urn:dragoman:project:{envelope.project_id}",
        "cloudEvents:subject": str(envelope.stream_id),
        "cloudEvents:time": envelope.occurred_at.isoformat(),
        "cloudEvents:sequence": str(envelope.version),
    }
    if envelope.origin.traceparent:
        headers["cloudEvents:traceparent"] = envelope.origin.traceparent
    return headers


async def _dead_messages(channel: AbstractChannel, limit: int) -> list[AbstractIncomingMessage]:
    queue = await channel.get_queue(DEAD_LETTERS, ensure=False)
    messages: list[AbstractIncomingMessage] = []
    while len(messages) < limit and (message := await queue.get(fail=False)) is not None:
        messages.append(message)
    return messages


def _letter_of(message: AbstractIncomingMessage) -> DeadLetter:
    """The message with what RabbitMQ says of its death, the last first; one put there comes from there."""
    deaths = cast("list[dict[str, object]]", message.headers.get("x-death") or [{}])
    died_at = deaths[0].get("time")
    return DeadLetter(
        queue=str(deaths[0].get("queue", DEAD_LETTERS)),
        message_id=message.message_id or "",
        body=message.body,
        died_at=died_at.astimezone(UTC) if isinstance(died_at, datetime) else SystemClock().now(),
    )


async def _undecoded(message: RabbitMessage) -> RabbitMessage:
    """The message itself, so that the consumer parses it and answers for it."""
    return message
