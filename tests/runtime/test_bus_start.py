"""A service that starts outlives a RabbitMQ that goes away at that very moment, or does not answer."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from uuid import uuid4

from contracts.streams import PROJECT
from dragoman_contracts.pipeline import WorkItem
from dragoman_contracts.vocabulary import Queue, WorkKind
from dragoman_runtime.bus import Delivery
from dragoman_runtime.bus.rabbit import BusUnavailableError, RabbitBus
from servers.rabbitmq import RabbitMqServer


async def test_a_broker_that_dies_while_consuming_begins_is_waited_for(
    rabbitmq: RabbitMqServer,
) -> None:
    bus, received = RabbitBus(rabbitmq.url), asyncio.Event()
    item = WorkItem(
        work_id=uuid4(), project_id=PROJECT, job_id=uuid4(), version=1, kind=WorkKind.QA, index=0
    )

    async def receive(delivery: Delivery) -> None:
        if delivery.item == item:
            received.set()

    await bus.open()
    await asyncio.to_thread(rabbitmq.wait_until_queues_are_durable)
    rabbitmq.freeze()
    starting = asyncio.create_task(bus.start([Queue.QA_VERIFY], receive, concurrency=1))
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(0.3):
                await asyncio.shield(starting)
        assert not starting.done()
    finally:  # whoever asks a broker that stays frozen waits for ever
        await asyncio.to_thread(rabbitmq.kill)
        await asyncio.to_thread(rabbitmq.start)

    async with asyncio.timeout(60):
        await starting
        while not received.is_set():
            with suppress(BusUnavailableError):
                await bus.send([Delivery(item, None)])
            with suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await received.wait()
    await bus.stop()


async def test_a_broker_that_takes_connections_and_does_not_answer_counts_as_away() -> None:
    asked: list[asyncio.StreamWriter] = []
    is_asked_again = asyncio.Event()

    def listen(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(writer)
        if len(asked) > 1:
            is_asked_again.set()

    server = await asyncio.start_server(listen, "127.0.0.1")
    host, port = server.sockets[0].getsockname()
    bus = RabbitBus(f"amqp://guest:guest@{host}:{port}/", connect_timeout_s=0.2)
    opening = asyncio.create_task(bus.open())
    try:
        async with asyncio.timeout(60):
            await is_asked_again.wait()
        assert not opening.done()
    finally:
        opening.cancel()
        await asyncio.wait([opening])
        for writer in asked:
            writer.close()
        server.close()
