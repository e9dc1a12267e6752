"""A RabbitMQ with our queues as tests see it, deliveries to send there,
and a consumer to hold them.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from uuid import UUID, uuid4

import aio_pika
from aio_pika.abc import AbstractIncomingMessage, AbstractQueue, AbstractRobustChannel
from aio_pika.exceptions import ChannelNotFoundEntity

from contracts.streams import PROJECT
from dragoman_contracts.identity import work_id
from dragoman_contracts.pipeline import WorkItem
from dragoman_contracts.steps import work_queues
from dragoman_contracts.vocabulary import Queue, WorkKind
from dragoman_runtime.bus import Delivery, InProcessBus
from dragoman_runtime.bus.rabbit import (
    DEAD_LETTERS,
    BusUnavailableError,
    RabbitBus,
)
from servers.rabbitmq import RabbitMqServer

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
PREFLIGHT = [Queue.JOB_CONTROL]
AnyBus = InProcessBus | RabbitBus
OpenBus = Callable[[float], Awaitable[AnyBus]]
OpenOne = Callable[[], Awaitable[RabbitBus]]


def delivery(
    kind: WorkKind = WorkKind.PREFLIGHT, index: int = 0, traceparent: str | None = None
) -> Delivery:
    """One piece of a new job's work."""
    job_id = uuid4()
    item = WorkItem(
        work_id=work_id(job_id, kind, index),
        project_id=PROJECT,
        job_id=job_id,
        version=1,
        kind=kind,
        index=index,
    )
    return Delivery(item, traceparent)


async def until(condition: Callable[[], bool], timeout_s: float = 20) -> None:
    """Return when the condition holds; a test that waits in vain fails."""
    deadline = asyncio.get_running_loop().time() + timeout_s
    while not condition():
        assert asyncio.get_running_loop().time() < deadline, "waited in vain"
        await asyncio.sleep(0.01)


def ids(deliveries: Sequence[Delivery]) -> set[UUID]:
    """The work that was delivered, however often."""
    return {each.item.work_id for each in deliveries}


async def send_until_taken(bus: RabbitBus, deliveries: Sequence[Delivery]) -> None:
    """Send as the relay does: again until the broker confirms."""
    async with asyncio.timeout(60):
        while True:
            try:
                await bus.send(deliveries)
            except BusUnavailableError:
                await asyncio.sleep(0.05)
            else:
                return


class Consumer:
    """Takes deliveries one after the other as the test lets it: `gate` holds them,
    `errors` are raised first.
    """

    def __init__(self, *errors: Exception, is_open: bool = True) -> None:
        self.begun: list[Delivery] = []
        self.done: list[Delivery] = []
        self.cancelled: list[Delivery] = []
        self.errors = list(errors)
        self.gate = asyncio.Event()
        if is_open:
            self.gate.set()

    async def receive(self, delivery: Delivery) -> None:
        self.begun.append(delivery)
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.cancelled.append(delivery)
            raise
        if self.errors:
            raise self.errors.pop(0)
        self.done.append(delivery)


class Broker:
    """What RabbitMQ holds, seen past our own code."""

    def __init__(self, server: RabbitMqServer, channel: AbstractRobustChannel) -> None:
        self.server = server
        self.channel = channel

    async def queue(self, name: str) -> AbstractQueue:
        return await self.channel.get_queue(name, ensure=True)

    async def count(self, name: str) -> int:
        """Messages that wait in a queue."""
        connection = await aio_pika.connect(self.server.url)
        async with connection:
            queue = await (await connection.channel()).declare_queue(name, passive=True)
            return queue.declaration_result.message_count or 0

    async def wait_for(self, name: str) -> None:
        """Return when there is such a queue."""
        connection = await aio_pika.connect(self.server.url)
        async with connection, asyncio.timeout(20):
            while True:
                try:
                    await (await connection.channel()).declare_queue(name, passive=True)
                except ChannelNotFoundEntity:
                    await asyncio.sleep(0.05)
                else:
                    return

    async def purge(self) -> None:
        for name in (DEAD_LETTERS, *work_queues()):
            await (await self.queue(name)).purge()

    async def dead_letters(self, count: int) -> list[AbstractIncomingMessage]:
        """Take this many messages from the dead-letter queue, waiting for them."""
        queue = await self.queue(DEAD_LETTERS)
        taken: list[AbstractIncomingMessage] = []
        async with asyncio.timeout(20):
            while len(taken) < count:
                message = await queue.get(fail=False, no_ack=True)
                if message is None:
                    await asyncio.sleep(0.02)
                else:
                    taken.append(message)
        return taken

    async def cut_connections(self) -> None:
        await asyncio.to_thread(self.server.ctl, "close_all_connections", "a test")


async def watched(server: RabbitMqServer, stack: AsyncExitStack) -> Broker:
    """A RabbitMQ with our queues, all empty."""
    declaring = RabbitBus(server.url)
    await declaring.open()
    await declaring.stop()
    connection = await stack.enter_async_context(
        await aio_pika.connect_robust(server.url, reconnect_interval=0.5)
    )
    broker = Broker(server, await connection.channel())
    await broker.purge()
    return broker


async def open_rabbit(
    server: RabbitMqServer, stack: AsyncExitStack, grace_s: float = 20
) -> RabbitBus:
    """A connection as a service has it."""
    bus = RabbitBus(server.url, confirm_timeout_s=2, grace_s=grace_s)
    await bus.open()
    stack.push_async_callback(bus.stop)
    return bus


async def taken(queue: AbstractQueue, count: int) -> Sequence[AbstractIncomingMessage]:
    """This many messages of a queue, in order."""
    messages: list[AbstractIncomingMessage] = []
    async with asyncio.timeout(20):
        while len(messages) < count:
            message = await queue.get(fail=False, no_ack=True)
            if message is None:
                await asyncio.sleep(0.02)
            else:
                messages.append(message)
    return messages
