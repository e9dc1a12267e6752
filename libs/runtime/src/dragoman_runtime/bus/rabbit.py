"""The bus over RabbitMQ: quorum queues for work, a topic exchange for events, and every trap of the defaults closed.

Messages are persistent, publishes are confirmed, unroutable work is an error, and a message is acknowledged only when
the log says how its work went. While the store cannot be reached a delivery is held, not returned: the broker knows no
delays. The dead-letter queue takes only what cannot be read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence

from aio_pika.abc import HeadersType
from aio_pika.exceptions import AMQPException, DeliveryError
from faststream import AckPolicy
from faststream.rabbit import Channel, ExchangeType, RabbitBroker, RabbitExchange, RabbitMessage, RabbitQueue
from faststream.rabbit.schemas.queue import QueueType
from pydantic import ValidationError
from typing_extensions import override

from dragoman_contracts.envelope import RecordedEvent, encode
from dragoman_contracts.errors import RetryableError
from dragoman_contracts.pipeline import WorkItem
from dragoman_contracts.vocabulary import QUEUE_OF, Queue
from dragoman_runtime.bus.port import Delivery, EventPublisher, Receive, WorkReceiver, WorkSender
from dragoman_runtime.telemetry import get_logger

DEAD_LETTERS = "dead_letters"
EVENTS_EXCHANGE = "dragoman.events"

_HOLD_S = 1.0
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


class RabbitBus(WorkSender, EventPublisher, WorkReceiver):
    """One connection to RabbitMQ, to publish and to consume. Connects again by itself after an outage."""

    def __init__(self, url: str) -> None:
        self._broker = RabbitBroker(
            url,
            default_channel=Channel(publisher_confirms=True, on_return_raises=True),
            graceful_timeout=30.0,
            reconnect_interval=1.0,
            logger=None,
            apply_types=False,
        )
        self._exchange = RabbitExchange(EVENTS_EXCHANGE, type=ExchangeType.TOPIC, durable=True)

    async def open(self) -> None:
        """Connect and declare queues and exchange; waits while RabbitMQ is not there yet."""
        while True:
            try:
                await self._broker.connect()
                await self._declare()
            except (AMQPException, OSError) as error:
                _log.warning("bus.waiting", error_code=BusUnavailableError.default_code, error=type(error).__name__)
                await asyncio.sleep(_HOLD_S)
            else:
                return

    @override
    async def send(self, deliveries: Sequence[Delivery]) -> None:
        await self._confirmed(
            self._broker.publish(
                delivery.item.model_dump_json().encode(),
                queue=QUEUE_OF[delivery.item.kind].value,
                persist=True,
                mandatory=True,
                message_id=str(delivery.item.work_id),
                correlation_id=str(delivery.item.job_id),
                content_type="application/json",
                headers={"traceparent": delivery.traceparent} if delivery.traceparent else {},
            )
            for delivery in deliveries
        )

    @override
    async def publish(self, events: Sequence[RecordedEvent]) -> None:
        await self._confirmed(
            self._broker.publish(
                encode(event),
                exchange=self._exchange,
                routing_key=event.envelope.type,
                persist=True,
                mandatory=False,  # events are for whoever listens, and it may be nobody
                message_id=str(event.envelope.event_id),
                correlation_id=str(event.envelope.origin.correlation_id),
                content_type="application/json",
                headers=cloudevents_headers(event),
            )
            for event in events
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
            subscriber(_consumer(receive))
        await self._broker.start()

    @override
    async def stop(self) -> None:
        await self._broker.stop()

    async def ping(self) -> bool:
        """Whether RabbitMQ answers."""
        return await self._broker.ping(timeout=2.0)

    async def _declare(self) -> None:
        await self._broker.declare_queue(RabbitQueue(DEAD_LETTERS, queue_type=QueueType.QUORUM, durable=True))
        for queue in Queue:
            await self._broker.declare_queue(work_queue(queue))
        await self._broker.declare_exchange(self._exchange)

    async def _confirmed(self, publishes: Iterable[Awaitable[object]]) -> None:
        results = await asyncio.gather(*publishes, return_exceptions=True)
        errors = [result for result in results if isinstance(result, BaseException)]
        if not errors:
            return
        if any(isinstance(error, DeliveryError) for error in errors):
            await self._declare()  # a wiped broker has lost its queues
        for error in errors:
            if not isinstance(error, AMQPException | OSError | RuntimeError):
                raise error
        names = ", ".join(sorted({type(error).__name__ for error in errors}))
        raise BusUnavailableError(f"RabbitMQ did not take {len(errors)} messages: {names}.") from errors[0]


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


async def _undecoded(message: RabbitMessage) -> RabbitMessage:
    """The message itself, so that the consumer parses it and answers for it."""
    return message


def _consumer(receive: Receive) -> Callable[[RabbitMessage], Awaitable[None]]:
    async def consume(message: RabbitMessage) -> None:
        try:
            item = WorkItem.model_validate_json(message.body)
        except ValidationError:
            _log.error("bus.unreadable", message_id=message.message_id)
            await message.reject(requeue=False)
            return
        traceparent = message.headers.get("traceparent")
        try:
            await _held(receive, Delivery(item, str(traceparent) if traceparent else None))
        except Exception as error:  # noqa: BLE001 - a message nobody can answer for must not come back for ever
            _log.error("bus.refused", job_id=str(item.job_id), kind=item.kind, exc_info=error)
            await message.reject(requeue=False)
        else:
            await message.ack()

    return consume


async def _held(receive: Receive, delivery: Delivery) -> None:
    """Deliver until it is recorded: while the store is away the message waits here, unacknowledged."""
    while True:
        try:
            await receive(delivery)
        except RetryableError as error:
            _log.warning("bus.holding", error_code=error.code, job_id=str(delivery.item.job_id))
            await asyncio.sleep(_HOLD_S)
        else:
            return
