"""What FastStream's defaults would do to the bus, and the names that a prefix gives."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from typing import cast

import aio_pika
import pytest
from aio_pika import RobustChannel
from structlog.testing import capture_logs
from typing_extensions import override

from contracts.streams import given, started
from dragoman_contracts.vocabulary import Queue, WorkKind
from dragoman_runtime.bus.broker import Topology, WorkBroker
from dragoman_runtime.bus.dead_letter import DeadLetter
from dragoman_runtime.bus.rabbit import DEAD_LETTERS, EVENTS_EXCHANGE, RabbitBus
from ports.brokers import (
    PREFLIGHT,
    Broker,
    Consumer,
    OpenOne,
    delivery,
    ids,
    open_rabbit,
    taken,
    until,
    watched,
)
from servers.rabbitmq import RabbitMqServer


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    """Closes at the end of the test what the test opened."""
    async with AsyncExitStack() as opened:
        yield opened


@pytest.fixture
async def broker(rabbitmq: RabbitMqServer, stack: AsyncExitStack) -> Broker:
    """A RabbitMQ with our queues, all empty."""
    return await watched(rabbitmq, stack)


@pytest.fixture
def open_one(broker: Broker, stack: AsyncExitStack) -> OpenOne:
    """Opens one connection after the other, as processes of services would."""
    return lambda: open_rabbit(broker.server, stack)


async def test_the_broker_keeps_what_the_bound_does_not_let_through(
    broker: Broker, open_one: OpenOne
) -> None:
    bus, held = await open_one(), Consumer(is_open=False)
    await bus.start(PREFLIGHT, held.receive, concurrency=2)

    await bus.send([delivery() for _ in range(5)])
    await until(lambda: len(held.begun) == 2)

    assert await broker.count(Queue.JOB_CONTROL) == 3, "for another process to take"
    held.gate.set()
    await until(lambda: len(held.done) == 5)


async def test_a_message_that_comes_before_the_start_has_returned_is_taken() -> None:
    taken: list[object] = []
    subscriber = WorkBroker("amqp://nowhere/").work(
        Topology().work_queue(Queue.JOB_CONTROL), taken.append, prefetch=1
    )
    message = cast("aio_pika.IncomingMessage", object())

    await subscriber.consume(message)

    assert taken == [message], "it would stay unacknowledged until the connection ends"


async def test_a_prefix_keeps_installations_apart_with_their_events_and_dead_letters(
    broker: Broker, stack: AsyncExitStack
) -> None:
    consumers: dict[str, Consumer] = {}
    buses: dict[str, RabbitBus] = {}
    for prefix in ("", "acme."):
        bus = buses[prefix] = RabbitBus(broker.server.url, prefix=prefix)
        consumer = consumers[prefix] = Consumer(KeyError("a bug"))
        stack.push_async_callback(bus.stop)
        await bus.open()
        await bus.start(PREFLIGHT, consumer.receive, concurrency=1)
    listening = await broker.channel.declare_queue(exclusive=True)
    await listening.bind(f"acme.{EVENTS_EXCHANGE}", routing_key="#")

    sent = [delivery(), delivery()]
    with capture_logs():
        await buses["acme."].send(sent)
        await buses["acme."].publish(given(started(WorkKind.PREFLIGHT)).recorded)
        await until(lambda: len(consumers["acme."].begun) == 2)
        letters = await dead(buses["acme."])
    await buses["acme."].send_again(letters)
    await until(lambda: len(consumers["acme."].done) == 2)

    assert [(each.queue, each.message_id) for each in letters] == [
        (Queue.JOB_CONTROL, str(sent[0].item.work_id))
    ]
    assert ids(consumers["acme."].done) == ids(sent)
    assert consumers[""].begun == []
    assert (await taken(listening, 1))[0].routing_key == "job.submitted"
    assert await broker.count(f"acme.{Queue.JOB_CONTROL}") == await broker.count(DEAD_LETTERS) == 0


async def dead(bus: RabbitBus) -> list[DeadLetter]:
    """The letters that there are, as soon as there are any."""
    letters: list[DeadLetter] = []

    async def keep(found: Sequence[DeadLetter]) -> None:
        letters.extend(found)

    async with asyncio.timeout(20):
        while True:
            if await bus.take_dead(keep, limit=10):
                return letters
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("is_frozen", [False, True], ids=["gone", "without an answer"])
async def test_stop_does_not_wait_for_a_broker_that_is_away(
    broker: Broker, open_one: OpenOne, is_frozen: bool
) -> None:
    bus, consumer = await open_one(), Consumer()
    await bus.start([Queue.QA_VERIFY, Queue.JOB_CONTROL], consumer.receive, concurrency=1)
    await asyncio.to_thread(broker.server.wait_until_queues_are_durable)
    if is_frozen:
        broker.server.freeze()
    else:
        await asyncio.to_thread(broker.server.stop)
    try:
        async with asyncio.timeout(10):
            await bus.stop()
    finally:
        if is_frozen:
            await asyncio.to_thread(broker.server.kill)
        await asyncio.to_thread(broker.server.start)

    assert connecting() == 1, (
        "the watching connection connects again by itself, the stopped bus does not"
    )


async def test_a_connection_that_gets_no_channel_does_not_stay_behind(broker: Broker) -> None:
    with pytest.raises(ConnectionError):
        await _WithoutChannel(broker.server.url).connect()

    assert connecting() == 1, "the watching connection"


class _WithoutChannel(WorkBroker):
    """RabbitMQ goes away between the connection and its first channel."""

    @override
    async def publishing(self) -> RobustChannel:
        raise ConnectionError


def connecting() -> int:
    """How many connections of this test connect again by themselves."""
    return sum("connection_factory" in repr(task) for task in asyncio.all_tasks())
