"""CPU of a message from the queue to its acknowledgement: our bus, what it stands on,
and FastStream's own way.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from uuid import uuid4

import aio_pika
from aio_pika.abc import AbstractIncomingMessage
from faststream.rabbit import Channel, RabbitBroker

from bench.resume import set_up_as_a_service
from bench.scale import Scale
from bench.services import Servers
from bench.tables import Table
from contracts.streams import PROJECT
from dragoman_contracts.pipeline import WorkItem
from dragoman_contracts.vocabulary import Queue, WorkKind
from dragoman_runtime.bus import Delivery
from dragoman_runtime.bus.broker import Topology
from dragoman_runtime.bus.rabbit import RabbitBus

PREFETCH = 100
QUEUE = Queue.JOB_CONTROL
_A_SEND = 500

Way = Callable[[str, Callable[[], None]], AbstractAsyncContextManager[None]]
"""Consumes `QUEUE` for the block, and calls with each work item that was decoded."""


@asynccontextmanager
async def own_bus(url: str, count: Callable[[], None]) -> AsyncGenerator[None]:
    """The bus as a service has it."""

    async def receive(delivery: Delivery) -> None:
        count()

    bus = RabbitBus(url)
    await bus.open()
    await bus.start([QUEUE], receive, concurrency=PREFETCH)
    yield
    await bus.stop()


@asynccontextmanager
async def aio_pika_alone(url: str, count: Callable[[], None]) -> AsyncGenerator[None]:
    """The client library under FastStream; none of what the bus adds."""

    async def consume(message: AbstractIncomingMessage) -> None:
        WorkItem.model_validate_json(message.body, extra="ignore")
        count()
        await message.ack()

    async with await aio_pika.connect_robust(url) as connection:
        channel = await connection.channel(publisher_confirms=False)
        await channel.set_qos(prefetch_count=PREFETCH)
        await (await channel.get_queue(QUEUE.value)).consume(consume)
        yield


@asynccontextmanager
async def faststream_alone(url: str, count: Callable[[], None]) -> AsyncGenerator[None]:
    """A handler of FastStream's, from message to handler by its own way,
    but for its two log lines a message.
    """

    async def handle(item: WorkItem) -> None:
        count()

    async with RabbitBroker(
        url, logger=None, default_channel=Channel(prefetch_count=PREFETCH)
    ) as broker:
        broker.subscriber(Topology().work_queue(QUEUE))(handle)
        await broker.start()
        yield


WAYS: dict[str, Way] = {
    "Dragoman's bus": own_bus,
    "aio-pika alone": aio_pika_alone,
    "FastStream alone": faststream_alone,
}


async def bus_table(scale: Scale, servers: Servers) -> Table:
    """What each way costs, taken in turns."""
    table = Table(
        f"Bus: {scale.messages} messages from a quorum queue, {PREFETCH} unacknowledged at most",
        ("way", "µs a message", "of aio-pika alone"),
        "CPU of the consuming process: decoded, handled, acknowledged; median of the runs.",
    )
    measured: dict[str, list[float]] = {name: [] for name in WAYS}
    with set_up_as_a_service():
        for run in range(scale.runs):
            if run and not scale.has_time(0.8):
                break
            for name, way in WAYS.items():
                measured[name].append(await us_a_message(way, servers.rabbitmq.url, scale.messages))
    medians = {name: statistics.median(each) for name, each in measured.items()}
    for name, median in medians.items():
        table.add(name, median, median / medians["aio-pika alone"])
    return table


async def us_a_message(way: Way, url: str, messages: int) -> float:
    """CPU of this process for each of so many messages, which are in the queue before it begins."""
    await _fill(url, messages)
    left, all_came = messages, asyncio.Event()

    def count() -> None:
        nonlocal left
        left -= 1
        if not left:
            all_came.set()

    spent = time.process_time()
    async with way(url, count):
        await all_came.wait()
    return (time.process_time() - spent) / messages * 1e6


async def _fill(url: str, messages: int) -> None:
    bus = RabbitBus(url, confirm_timeout_s=60)
    await bus.open()
    for first in range(0, messages, _A_SEND):
        await bus.send([_delivery() for _ in range(min(_A_SEND, messages - first))])
    await bus.stop()


def _delivery() -> Delivery:
    kind = WorkKind.PREFLIGHT
    return Delivery(
        WorkItem(work_id=uuid4(), project_id=PROJECT, job_id=uuid4(), version=1, kind=kind, index=0)
    )
