"""The bus's port suite, which both buses run, and what RabbitMQ must stand besides:
cuts, restarts, a wipe.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from urllib.parse import urlsplit

import aio_pika
import pytest
from structlog.testing import capture_logs

from contracts.export_schemas import FOLDER as SCHEMAS
from contracts.streams import given, started
from dragoman_contracts.errors import RetryableError
from dragoman_contracts.vocabulary import Queue, WorkKind
from dragoman_runtime.bus import Delivery, InProcessBus
from dragoman_runtime.bus.rabbit import (
    DEAD_LETTERS,
    EVENTS_EXCHANGE,
    BusUnavailableError,
    RabbitBus,
)
from dragoman_runtime.telemetry.metrics import BUS_CONNECTED
from ports.brokers import (
    PREFLIGHT,
    Broker,
    Consumer,
    OpenOne,
    delivery,
    ids,
    open_rabbit,
    send_until_taken,
    taken,
    until,
    watched,
)
from servers.rabbitmq import RabbitMqServer

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
AnyBus = InProcessBus | RabbitBus
OpenBus = Callable[[float], Awaitable[AnyBus]]


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


@pytest.fixture(params=["in process", "rabbitmq"])
async def open_bus(request: pytest.FixtureRequest, stack: AsyncExitStack) -> OpenBus:
    """Opens a bus of each kind, with this much grace at its stop."""
    if request.param == "rabbitmq":
        broker = await watched(request.getfixturevalue("rabbitmq"), stack)
        return lambda grace_s: open_rabbit(broker.server, stack, grace_s)

    async def open_in_process(grace_s: float) -> AnyBus:
        bus = InProcessBus(grace_s=grace_s)
        stack.push_async_callback(bus.stop)
        return bus

    return open_in_process


@pytest.fixture
async def bus(open_bus: OpenBus) -> AnyBus:
    """A bus of each kind."""
    return await open_bus(20)


async def test_an_item_arrives_as_it_was_sent_with_its_trace(bus: AnyBus) -> None:
    consumer = Consumer()
    await bus.start(PREFLIGHT, consumer.receive, concurrency=1)
    sent = [delivery(traceparent=TRACEPARENT), delivery()]

    await bus.send(sent)

    await until(lambda: len(consumer.done) == 2)
    assert consumer.done == sent


async def test_each_queue_is_served_up_to_the_bound_and_apart_from_the_others(bus: AnyBus) -> None:
    held, free = Consumer(is_open=False), Consumer()
    await bus.start([Queue.TRANSLATE_BATCH], held.receive, concurrency=2)
    await bus.start([Queue.JOB_CONTROL], free.receive, concurrency=2)

    await bus.send([delivery(WorkKind.TRANSLATION_BATCH, index) for index in range(6)])
    await until(lambda: len(held.begun) == 2)
    for _ in range(3):  # what comes after shows that no third batch was taken meanwhile
        await bus.send([delivery()])
    await until(lambda: len(free.done) == 3)

    assert len(held.begun) == 2
    held.gate.set()
    await until(lambda: len(held.done) == 6)


async def test_a_delivery_that_cannot_be_recorded_is_held_until_it_can(bus: AnyBus) -> None:
    consumer = Consumer(*[RetryableError("The store is away.") for _ in range(3)])
    await bus.start(PREFLIGHT, consumer.receive, concurrency=1)
    started_at = asyncio.get_running_loop().time()

    await bus.send([delivery()])
    await until(lambda: len(consumer.done) == 1)

    assert len(consumer.begun) == 4
    assert asyncio.get_running_loop().time() - started_at > 0.5, "it waits between the attempts"


async def test_an_error_nobody_foresaw_is_logged_and_the_next_item_is_taken(bus: AnyBus) -> None:
    consumer = Consumer(KeyError("a bug"))
    await bus.start(PREFLIGHT, consumer.receive, concurrency=1)

    with capture_logs() as lines:
        await bus.send([delivery()])
        await until(lambda: len(consumer.begun) == 1)
        await bus.send([delivery()])
        await until(lambda: len(consumer.done) == 1)

    assert [(line["event"], line["log_level"]) for line in lines] == [("bus.refused", "error")]


async def test_stop_lets_what_is_under_way_end_and_takes_nothing_more(bus: AnyBus) -> None:
    consumer = Consumer(is_open=False)
    await bus.start(PREFLIGHT, consumer.receive, concurrency=1)
    await bus.send([delivery(), delivery()])
    await until(lambda: len(consumer.begun) == 1)

    stopping = asyncio.ensure_future(bus.stop())
    await asyncio.sleep(0)
    consumer.gate.set()
    await stopping

    assert (len(consumer.begun), len(consumer.done), consumer.cancelled) == (1, 1, [])


async def test_stop_cancels_what_outlasts_its_grace(open_bus: OpenBus) -> None:
    bus, consumer = await open_bus(0.1), Consumer(is_open=False)
    await bus.start(PREFLIGHT, consumer.receive, concurrency=1)
    await bus.send([delivery()])
    await until(lambda: len(consumer.begun) == 1)

    await bus.stop()

    assert (consumer.done, consumer.cancelled) == ([], consumer.begun)


async def test_in_process_the_same_work_is_not_taken_twice_at_a_time(stack: AsyncExitStack) -> None:
    bus, consumer = InProcessBus(), Consumer(is_open=False)
    stack.push_async_callback(bus.stop)
    await bus.start(PREFLIGHT, consumer.receive, concurrency=4)
    same = delivery()

    await bus.send([same, same])
    await until(lambda: len(consumer.begun) == 1)
    await bus.send([same])
    consumer.gate.set()
    await until(lambda: len(consumer.done) == 1)
    await bus.send([same])
    await until(lambda: len(consumer.done) == 2)

    assert len(consumer.begun) == 2


async def test_what_a_stopped_consumer_left_comes_to_the_next(
    broker: Broker, open_one: OpenOne
) -> None:
    first, second = Consumer(is_open=False), Consumer()
    bus = await open_one()
    await bus.start(PREFLIGHT, first.receive, concurrency=2)
    sent = [delivery() for _ in range(5)]
    await bus.send(sent)
    await until(lambda: len(first.begun) == 2)
    stopping = asyncio.ensure_future(bus.stop())
    await asyncio.sleep(0)
    first.gate.set()
    await stopping

    await (await open_one()).start(PREFLIGHT, second.receive, concurrency=2)
    await until(lambda: len(second.done) == 3)

    assert ids(first.done) | ids(second.done) == ids(sent)
    assert len(first.done) == 2
    assert await broker.count(DEAD_LETTERS) == 0
    assert await broker.count(Queue.JOB_CONTROL) == 0


async def test_what_was_not_acknowledged_comes_again_after_a_cut(
    broker: Broker, open_one: OpenOne
) -> None:
    bus, consumer = await open_one(), Consumer(is_open=False)
    await bus.start(PREFLIGHT, consumer.receive, concurrency=2)
    sent = [delivery() for _ in range(4)]
    await bus.send(sent)
    await until(lambda: len(consumer.begun) == 2)

    await broker.cut_connections()
    await send_until_taken(bus, [delivery(WorkKind.QA)])  # the connection is back
    consumer.gate.set()
    await until(lambda: len(consumer.done) == 6)

    assert ids(consumer.done) == ids(sent)
    assert consumer.cancelled == [], "work under way goes on"
    await bus.stop()
    assert await broker.count(Queue.JOB_CONTROL) == 0
    assert await broker.count(DEAD_LETTERS) == 0


async def test_only_what_cannot_be_read_or_answered_for_becomes_a_dead_letter(
    broker: Broker, open_one: OpenOne
) -> None:
    bus = await open_one()
    consumer = Consumer(RetryableError("The store is away."), KeyError("a bug"))
    await bus.start(PREFLIGHT, consumer.receive, concurrency=1)

    with capture_logs() as lines:
        exchange = broker.channel.default_exchange
        await exchange.publish(
            aio_pika.Message(b"not json", message_id="unreadable"), Queue.JOB_CONTROL
        )
        refused = delivery()
        await bus.send([refused, delivery()])
        await until(lambda: len(consumer.done) == 1)
        dead = await broker.dead_letters(2)

    assert [each.message_id for each in dead] == ["unreadable", str(refused.item.work_id)]
    assert [line["event"] for line in lines if line["log_level"] == "error"] == [
        "bus.unreadable",
        "bus.refused",
    ]
    await bus.stop()
    assert await broker.count(DEAD_LETTERS) == 0
    assert await broker.count(Queue.JOB_CONTROL) == 0


async def test_publishing_fails_as_retryable_during_a_restart_and_nothing_confirmed_is_lost(
    broker: Broker, open_one: OpenOne
) -> None:
    sender, consumer = await open_one(), Consumer()
    confirmed: list[Delivery] = []
    failures, told = 0, {_connected(broker)}
    assert told == {1}
    await asyncio.to_thread(broker.server.wait_until_queues_are_durable)

    async def publish(count_after: int) -> None:
        nonlocal failures
        while not (is_back.is_set() and len(confirmed) >= count_after):
            batch = [delivery() for _ in range(20)]
            try:
                await sender.send(batch)
            except RetryableError:
                failures += 1
                told.add(_connected(broker))
            else:
                confirmed.extend(batch)

    is_back = asyncio.Event()
    publishing = asyncio.ensure_future(publish(200))
    await until(lambda: len(confirmed) >= 100)
    await asyncio.to_thread(broker.server.restart)
    is_back.set()
    async with asyncio.timeout(60):
        await publishing

    await (await open_one()).start(PREFLIGHT, consumer.receive, concurrency=8)
    await until(lambda: ids(consumer.done) >= ids(confirmed))
    assert failures > 0, "the restart was noticed"
    assert 0 in told, "and told by the gauge of the connection"
    await until(lambda: _connected(broker) == 1)


def _connected(broker: Broker) -> float:
    """The gauge of the connection to this broker, as it would be scraped."""
    (family,) = BUS_CONNECTED.collect()
    port = str(urlsplit(broker.server.url).port)
    (value,) = (each.value for each in family.samples if each.labels["server"].endswith(port))
    return value


async def test_after_a_wipe_the_queues_are_declared_again_and_the_consumers_are_back(
    broker: Broker, open_one: OpenOne
) -> None:
    sender, receiver, consumer = await open_one(), await open_one(), Consumer()
    await receiver.start([Queue.JOB_CONTROL, Queue.QA_VERIFY], consumer.receive, concurrency=2)

    await asyncio.to_thread(broker.server.wipe)
    sent = [delivery(), delivery(WorkKind.QA)]
    await send_until_taken(sender, [*sent, delivery(WorkKind.REASSEMBLY)])

    await until(lambda: ids(consumer.done) >= ids(sent))
    assert await broker.count(Queue.DOCX_REASSEMBLE) >= 1, "also queues without a consumer are back"


async def test_unroutable_work_is_an_error_and_its_queue_is_declared_for_the_next_attempt(
    broker: Broker, open_one: OpenOne
) -> None:
    sender = await open_one()
    await broker.channel.queue_delete(Queue.DOCX_REASSEMBLE)

    with pytest.raises(BusUnavailableError, match="did not take 1 messages: PublishError"):
        await sender.send([delivery(WorkKind.REASSEMBLY)])
    await sender.send([delivery(WorkKind.REASSEMBLY)])

    assert await broker.count(Queue.DOCX_REASSEMBLE) == 1


async def test_a_consumer_declares_its_queue_again_where_somebody_deleted_it(
    broker: Broker, open_one: OpenOne
) -> None:
    bus, consumer = await open_one(), Consumer()
    await bus.start([Queue.QA_VERIFY], consumer.receive, concurrency=1)

    await broker.channel.queue_delete(Queue.QA_VERIFY)
    await broker.wait_for(Queue.QA_VERIFY)
    await bus.send([delivery(WorkKind.QA)])

    await until(lambda: len(consumer.done) == 1)


async def test_work_is_stored_by_the_broker(broker: Broker, open_one: OpenOne) -> None:
    bus = await open_one()
    sent = delivery(traceparent=TRACEPARENT)
    await bus.send([sent])

    message = await (await broker.queue(Queue.JOB_CONTROL)).get(no_ack=True)

    assert message is not None
    assert message.delivery_mode == aio_pika.DeliveryMode.PERSISTENT
    assert message.message_id == str(sent.item.work_id)
    assert message.headers["traceparent"] == TRACEPARENT


async def test_events_go_to_whoever_listens_in_order_and_it_may_be_nobody(
    broker: Broker, open_one: OpenOne
) -> None:
    bus = await open_one()
    events = given(*[started(WorkKind.PREFLIGHT) for _ in range(50)]).recorded
    await bus.publish(events)  # nobody listens

    listening = await broker.channel.declare_queue(exclusive=True)
    await listening.bind(EVENTS_EXCHANGE, routing_key="#")
    await bus.publish(events)

    got = await taken(listening, len(events))
    assert [json.loads(each.body)["version"] for each in got] == [each.version for each in events]
    headers = got[0].headers
    assert headers["cloudEvents:type"] == got[0].routing_key == "job.submitted"
    assert headers["cloudEvents:id"] == str(events[0].event_id) == got[0].message_id
    assert headers["cloudEvents:specversion"] == "1.0"
    for each in got:
        said = json.loads(each.body)
        name = f"event.{said['type']}.v{said['schema_version']}"
        assert each.headers["cloudEvents:dataschema"] == f"urn:dragoman:schema:{name}"
        schema = json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))
        assert schema["$id"] == each.headers["cloudEvents:dataschema"]
    assert headers["cloudEvents:subject"] == str(events[0].stream_id)
    assert got[0].type == "io.dragoman.job.submitted", "beside the bare type, for one version"


async def test_a_broker_that_is_away_is_waited_for_at_the_start(
    broker: Broker, stack: AsyncExitStack
) -> None:
    await asyncio.to_thread(broker.server.wait_until_queues_are_durable)
    await asyncio.to_thread(broker.server.stop)
    bus = RabbitBus(broker.server.url)
    stack.push_async_callback(bus.stop)
    opening = asyncio.ensure_future(bus.open())
    try:
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(opening), 0.3)
        assert not opening.done()
    finally:
        await asyncio.to_thread(broker.server.start)

    async with asyncio.timeout(30):
        await opening
    await bus.send([delivery()])
