"""What goes wrong outside the services: broker, database, object store, engine, messages, clocks."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from uuid import uuid4

import aio_pika

from chaos import model, s3_proxy
from chaos.model import ChaosModel
from chaos.points import CLOCK_FILE
from chaos.s3_proxy import S3Proxy
from chaos.waiting import until
from dragoman_contracts.pipeline import WorkItem
from dragoman_contracts.vocabulary import QUEUE_OF, Queue, WorkKind
from dragoman_runtime.bus.rabbit import DEAD_LETTERS
from servers.postgres import PostgresServer
from servers.rabbitmq import RabbitMqServer
from servers.s3 import S3Server

_WINDOW_S = 2.0
_LONGEST_WINDOW_S = 8.0
_STOPPED_S = 2.0
_LOOK_S = 0.1
_CLOCK_JUMPS_S = (3600.0, -3600.0)
_POISON_TIMEOUT_S = 180.0
_REPEATED = 300
_LOOKS = 200

OUTSIDE_KINDS = (
    "rabbitmq restarted",
    "rabbitmq stopped",
    "rabbitmq killed",
    "rabbitmq wiped",
    "postgres stopped in immediate mode",
    "s3 server killed",
    *(f"s3 {fault}" for fault in s3_proxy.FAULTS),
    *(f"engine {fault}" for fault in model.FAULTS),
    "every message again, shuffled",
    "poison in every queue",
    "clock jumps",
)
"""What can go wrong outside the services."""

WORKED_QUEUES = tuple(sorted(set(QUEUE_OF.values())))
"""The queues that a service consumes."""


@dataclass
class Faults:
    """Makes things go wrong, one at a time, each by its kind; `made` counts them."""

    rabbitmq: RabbitMqServer
    postgres: PostgresServer
    s3: S3Server
    proxy: S3Proxy
    model: ChaosModel
    folder: Path
    process_names: Sequence[str]
    seen: Sequence[WorkItem]
    """The work items that the log has made owed so far."""
    seed: int
    made: Counter[str] = field(default_factory=Counter[str])

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311 - to be repeatable
        self.kinds: dict[str, Callable[[], Awaitable[None]]] = {
            "rabbitmq restarted": partial(self._thread, self.rabbitmq.restart),
            "rabbitmq stopped": self._stop_rabbitmq,
            "rabbitmq killed": self._kill_rabbitmq,
            "rabbitmq wiped": partial(self._thread, self.rabbitmq.wipe),
            "postgres stopped in immediate mode": self._restart_postgres,
            "s3 server killed": self._kill_s3,
            **{f"s3 {fault}": partial(self._spoil_s3, fault) for fault in s3_proxy.FAULTS},
            **{f"engine {fault}": partial(self._spoil_engine, fault) for fault in model.FAULTS},
            "every message again, shuffled": self._repeat_messages,
            "poison in every queue": self._poison,
            "clock jumps": self._jump_clock,
        }

    async def make(self, kind: str) -> None:
        """Let this go wrong, and be well again."""
        await self.kinds[kind]()
        self.made[kind] += 1

    @staticmethod
    async def _thread(function: Callable[[], None]) -> None:
        await asyncio.to_thread(function)

    async def _stop_rabbitmq(self) -> None:
        await self._thread(self.rabbitmq.stop)
        await asyncio.sleep(_STOPPED_S)
        await self._thread(self.rabbitmq.start)

    async def _kill_rabbitmq(self) -> None:
        await self._thread(self.rabbitmq.kill)
        await self._thread(self.rabbitmq.start)

    async def _restart_postgres(self) -> None:
        await self._thread(self.postgres.stop_immediately)
        await self._thread(self.postgres.start)

    async def _kill_s3(self) -> None:
        await self._thread(self.s3.kill)
        await asyncio.sleep(_STOPPED_S)
        await self._thread(self.s3.start)

    async def _spoil_s3(self, fault: str) -> None:
        met = self.proxy.faults_met[fault]
        self.proxy.fault = fault
        await self._window(lambda: self.proxy.faults_met[fault] > met)
        self.proxy.fault = ""

    async def _spoil_engine(self, fault: str) -> None:
        if fault == "down":
            await self._thread(self.model.stop)
            await asyncio.sleep(_STOPPED_S)
            await self._thread(self.model.start)
            return
        met = self.model.faults_met[fault]
        self.model.fault = fault
        await self._window(lambda: self.model.faults_met[fault] > met)
        self.model.fault = ""

    async def _jump_clock(self) -> None:
        """Set the clock of one process wrong, and right again."""
        file = self.folder / f"{self._random.choice(self.process_names)}.{CLOCK_FILE}"
        file.write_text(str(self._random.choice(_CLOCK_JUMPS_S)))
        await asyncio.sleep(_WINDOW_S)
        file.unlink()

    async def _repeat_messages(self) -> None:
        """Send work of all ages again, each twice and in no order."""
        items = self._random.sample(list(self.seen), min(_REPEATED, len(self.seen)))
        twice = self._random.sample([*items, *items], 2 * len(items))
        async with await self._connected() as connection, connection.channel() as channel:
            for item in twice:
                message = aio_pika.Message(item.model_dump_json().encode(), delivery_mode=2)
                await channel.default_exchange.publish(message, routing_key=QUEUE_OF[item.kind].value)

    async def _poison(self) -> None:
        """Put into each queue what cannot be read and what nobody can answer for, until the dead-letter queue has it.

        What arrived there is then taken out of it, so that at the end all queues are empty.
        """
        expected = 0
        async with await self._connected() as connection, connection.channel() as channel:
            for queue in WORKED_QUEUES:
                for body in (b"\xff\xfe", b"{}", _work_of_nobody(queue)):
                    message = aio_pika.Message(body, delivery_mode=2)
                    await channel.default_exchange.publish(message, routing_key=queue.value)
                    expected += 1
            dead = await channel.get_queue(DEAD_LETTERS)
            async with asyncio.timeout(_POISON_TIMEOUT_S):
                while expected:
                    letter = await dead.get(fail=False)
                    if letter is None:
                        await asyncio.sleep(_LOOK_S)
                        continue
                    await letter.ack()
                    expected -= 1

    async def until_delivered(self) -> None:
        """Return when the queues hold nothing that is not being worked on, or after a while."""
        async with await self._connected() as connection, connection.channel() as channel:
            for _ in range(_LOOKS):
                declared = [await channel.declare_queue(queue.value, passive=True) for queue in WORKED_QUEUES]
                if not any(queue.declaration_result.message_count for queue in declared):
                    return
                await asyncio.sleep(_LOOK_S)

    async def _connected(self) -> aio_pika.abc.AbstractConnection:
        return await aio_pika.connect(self.rabbitmq.url)

    @staticmethod
    async def _window(was_met: Callable[[], bool]) -> None:
        """As long as a fault lasts: until somebody met it, within bounds."""
        await asyncio.sleep(_WINDOW_S)
        await until(was_met, timeout_s=_LONGEST_WINDOW_S - _WINDOW_S)


def _work_of_nobody(queue: Queue) -> bytes:
    kind = next(kind for kind in WorkKind if QUEUE_OF[kind] is queue)
    return json.dumps(
        {**dict.fromkeys(("work_id", "project_id", "job_id"), str(uuid4())), "version": 1, "kind": kind}
    ).encode()
