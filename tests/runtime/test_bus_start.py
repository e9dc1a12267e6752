"""A service that begins to consume outlives a RabbitMQ that goes away at that very moment."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from uuid import uuid4

import pytest

from contracts.streams import PROJECT
from dragoman_contracts.pipeline import WorkItem
from dragoman_contracts.vocabulary import Queue, WorkKind
from dragoman_runtime.bus import Delivery, rabbit
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
    with suppress(TimeoutError):
        async with asyncio.timeout(0.3):
            await asyncio.shield(starting)
    assert not starting.done()
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


async def test_a_publish_that_holds_its_cancellation_back_is_left_behind(
    rabbitmq: RabbitMqServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rabbit, "_CANCELLED_S", 0.2)
    bus, is_over = RabbitBus(rabbitmq.url, confirm_timeout_s=0.1), asyncio.Event()

    async def stubborn(*words: object, **named: object) -> None:
        while not is_over.is_set():
            with suppress(asyncio.CancelledError):
                await is_over.wait()

    await bus.open()
    monkeypatch.setattr(bus, "_published", stubborn)
    item = WorkItem(
        work_id=uuid4(), project_id=PROJECT, job_id=uuid4(), version=1, kind=WorkKind.QA, index=0
    )
    async with asyncio.timeout(20):
        with pytest.raises(BusUnavailableError, match="does not answer"):
            await bus.send([Delivery(item, None)])
    is_over.set()
    await bus.send([])
    await bus.stop()
