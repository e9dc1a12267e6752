"""FastStream's RabbitMQ broker with a subscriber that takes messages itself.

FastStream connects, declares, starts, stops and describes (AsyncAPI). Its own path from a message
to a handler (middlewares, parser, decoder, dependencies) is not used: it more than doubles the CPU
time of a message (ADR 0017).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import cast

from aio_pika import IncomingMessage, RobustChannel, RobustConnection, connect_robust
from aio_pika.abc import TimeoutType
from aio_pika.exceptions import AMQPException
from faststream import AckPolicy
from faststream._internal.endpoint.subscriber.call_item import CallsCollection
from faststream.rabbit import (
    Channel,
    ExchangeType,
    QueueType,
    RabbitBroker,
    RabbitExchange,
    RabbitQueue,
)
from faststream.rabbit.broker.registrator import RabbitRegistrator
from faststream.rabbit.configs import RabbitBrokerConfig
from faststream.rabbit.subscriber import RabbitSubscriber
from faststream.rabbit.subscriber.config import (
    RabbitSubscriberConfig,
    RabbitSubscriberSpecificationConfig,
)
from faststream.rabbit.subscriber.specification import RabbitSubscriberSpecification
from typing_extensions import override

from dragoman_contracts.pipeline import WorkItem
from dragoman_contracts.steps import work_queues
from dragoman_contracts.vocabulary import Queue

DEAD_LETTERS = "dead_letters"
EVENTS_EXCHANGE = "dragoman.events"
TYPE_PREFIX = "io.dragoman."
RETRY_S = 1.0
LOST_CONNECTION = (AMQPException, OSError, RuntimeError)
"""The errors with which a call to RabbitMQ ends when the connection does.

A time-out is an OSError.
"""

Take = Callable[[IncomingMessage], None]
"""Takes a message in, and returns at once: the next message is not read before that."""


class UnregisteredQueue(RabbitQueue):
    """A queue that is declared each time it is asked for.

    FastStream keeps a register of declared queues, in which equal ones are one. A subscriber would
    be given the queue on the publishing channel, without its bound of unacknowledged messages, and
    a lost queue would not be declared.
    """

    __eq__ = object.__eq__
    __hash__ = object.__hash__


@dataclass(frozen=True, slots=True)
class Topology:
    """The queues and the exchange of one installation.

    The prefix comes before all of their names.
    """

    prefix: str = ""

    def work_queue(self, queue: Queue) -> UnregisteredQueue:
        """The queue of this work."""
        # To declare a queue again with other arguments closes the channel (AMQP 0-9-1, 406
        # precondition-failed). Dead letters go on at least once only beside `reject-publish`;
        # RabbitMQ falls back to at most once without it.
        return UnregisteredQueue(
            self.prefix + queue.value,
            QueueType.QUORUM,
            arguments={
                "x-dead-letter-exchange": "",
                "x-dead-letter-routing-key": self.dead_letters,
                "x-dead-letter-strategy": "at-least-once",
                "x-overflow": "reject-publish",
            },
        )

    def queues(self) -> list[UnregisteredQueue]:
        """The queues that a service takes work from, that of dead letters first,
        since all others name it.
        """
        dead_letters = UnregisteredQueue(self.dead_letters, QueueType.QUORUM)
        return [dead_letters, *(self.work_queue(queue) for queue in work_queues())]

    @property
    def dead_letters(self) -> str:
        """The name of the queue of dead letters."""
        return self.prefix + DEAD_LETTERS

    @property
    def events(self) -> RabbitExchange:
        """The exchange of events."""
        return RabbitExchange(self.prefix + EVENTS_EXCHANGE, type=ExchangeType.TOPIC)


class WorkSubscriber(RabbitSubscriber):
    """FastStream's subscriber, but each message goes to `take`, which acknowledges or rejects."""

    def __init__(
        self,
        config: RabbitSubscriberConfig,
        specification: RabbitSubscriberSpecification,
        calls: CallsCollection[IncomingMessage],
        take: Take,
        prefetch: int,
    ) -> None:
        super().__init__(config, specification, calls)
        self._take = take
        self._prefetch = prefetch

    @override
    async def start(self) -> None:
        """Declare the queue on a channel of its own and consume it.

        Where that fails the channel is closed again, and the next attempt has a new channel: after
        an outage, the client library would consume on the old one as well.
        """
        self.channel = Channel(prefetch_count=self._prefetch, publisher_confirms=False)
        channel = await self._outer_config.channel_manager.get_channel(self.channel)
        try:
            await super().start()
        except BaseException:
            with suppress(*LOST_CONNECTION):
                await channel.close()
            raise

    @override
    async def stop(self) -> None:
        """Take no more messages.

        Waits neither for a broker that is away nor for messages that `take` still works on.
        """
        with suppress(*LOST_CONNECTION):
            async with asyncio.timeout(RETRY_S):
                await super().stop()

    @override
    async def consume(self, msg: IncomingMessage) -> None:
        """Hand the message over.

        FastStream's own method drops messages that come before `start` has returned.
        """
        self._take(msg)


async def work_item(item: WorkItem) -> None:
    """One piece of owed work. The header `traceparent`, if any, continues the job's trace."""
    # FastStream reads annotation and docstring into the AsyncAPI document. Nothing calls this:
    # `take` has the messages.


class _Connection(RobustConnection):
    """A connection that ends for good when it is not made.

    The client library connects in a task that heeds no cancellation: given up in the middle of a
    handshake, it would go on connecting, and the process could not end.
    """

    @override
    async def connect(self, timeout: TimeoutType = None) -> None:
        try:
            await super().connect(timeout)
        except BaseException:
            await self.close()
            raise


class WorkBroker(RabbitBroker):
    """A connection to RabbitMQ.

    Publishing waits for confirmations, and a message that no queue takes is an error. A server that
    does not answer within `connect_timeout_s` counts as away; later, heartbeats find one that died.
    """

    def __init__(
        self,
        url: str,
        *,
        connect_timeout_s: float = 30.0,
        specification_url: str | None = None,
        description: str | None = None,
    ) -> None:
        super().__init__(
            url,
            timeout=connect_timeout_s,
            reconnect_interval=RETRY_S,
            default_channel=Channel(publisher_confirms=True, on_return_raises=True),
            specification_url=specification_url,
            description=description,
            logger=None,
            apply_types=False,
        )

    def work(self, queue: UnregisteredQueue, take: Take, *, prefetch: int) -> WorkSubscriber:
        """A subscriber of this queue, not started yet.

        It is made as `RabbitBroker.subscriber` makes subscribers.

        `prefetch` bounds the messages that the subscriber has not acknowledged yet. `stop` of the
        broker stops it too.
        """
        config, exchange, calls = (
            cast("RabbitBrokerConfig", self.config),
            RabbitExchange(),
            CallsCollection[IncomingMessage](),
        )
        subscriber = WorkSubscriber(
            RabbitSubscriberConfig(
                queue=queue,
                exchange=exchange,
                no_reply=True,
                _ack_policy=AckPolicy.MANUAL,
                _outer_config=config,
            ),
            RabbitSubscriberSpecification(
                _outer_config=config,
                specification_config=RabbitSubscriberSpecificationConfig(
                    title_=queue.name,
                    description_=None,
                    include_in_schema=True,
                    queue=queue,
                    exchange=exchange,
                ),
                calls=calls,
            ),
            calls,
            take,
            prefetch,
        )
        super(RabbitRegistrator, self).subscriber(subscriber)
        subscriber(work_item)
        return subscriber

    async def publishing(self) -> RobustChannel:
        """The channel to publish on."""
        return await self.config.channel_manager.get_channel()

    @override
    async def _connect(self) -> RobustConnection:
        """Connect as FastStream does, but close a connection that got no channel: it would connect
        again for ever.
        """
        connection = await connect_robust(**self._connection_kwargs, connection_class=_Connection)
        self.config.connect(connection)
        try:
            self._channel = await self.publishing()
        except BaseException:
            with suppress(*LOST_CONNECTION):
                await connection.close()
            raise
        return connection
