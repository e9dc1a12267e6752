"""What goes wrong outside the services: broker, database, object store,
engine, messages, clocks.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from uuid import uuid4

import aio_pika
from aio_pika.abc import AbstractConnection
from aio_pika.exceptions import ChannelNotFoundEntity

from chaos import model, s3_proxy
from chaos.model import ChaosModel
from chaos.points import WrongClock
from chaos.s3_proxy import S3Proxy
from chaos.waiting import until
from dragoman_contracts.pipeline import WorkItem
from dragoman_contracts.steps import STEPS, queue_of, work_queues
from dragoman_contracts.vocabulary import Queue
from dragoman_runtime.bus.rabbit import DEAD_LETTERS
from dragoman_runtime.eventstore.postgres import PostgresEventStore
from servers.postgres import PostgresServer
from servers.rabbitmq import RabbitMqServer
from servers.s3 import S3Server

_WINDOW_S = 2.0
_STOPPED_S = 2.0
_MET_AT_LEAST = 3
_LOOK_S = 0.1
_MET_WITHIN_S = 180.0
_CLOCK_JUMPS_S = (3600.0, -3600.0)
_POISON_TIMEOUT_S = 180.0
_REPEATED = 300
_LOOKS = 200
_DECLARED_WITHIN_S = 120.0

_MORE_THAN_THERE_IS = "1000000GB"
_NO_ROOM = "could not extend file: No space left on device"
_REFUSE = f"""
CREATE OR REPLACE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '{_NO_ROOM}' USING ERRCODE = 'disk_full'; END $$
"""
_REFUSING = "FOR EACH STATEMENT EXECUTE FUNCTION no_room()"
_TABLES = "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'"

OUTSIDE_KINDS = (
    "rabbitmq restarted",
    "rabbitmq stopped",
    "rabbitmq killed",
    "rabbitmq wiped",
    "rabbitmq out of disk",
    "postgres stopped in immediate mode",
    "postgres out of disk",
    "s3 server killed",
    *(f"s3 {fault}" for fault in s3_proxy.FAULTS),
    *(f"engine {fault}" for fault in model.FAULTS),
    "every message again, shuffled",
    "poison in every queue",
    "clock jumps",
)
"""What can go wrong outside the services."""

WORKED_QUEUES = work_queues()
"""The queues that a service consumes."""


@dataclass
class Faults:
    """Makes things go wrong, one at a time, each by its kind, while jobs are under way.

    `made` counts them; `met` what came upon them: the jobs under way when a server ended, requests
    to one in trouble, messages that were sent again, processes that read a wrong clock. `failed`
    did not end as they should.
    """

    rabbitmq: RabbitMqServer
    postgres: PostgresServer
    s3: S3Server
    database: str
    proxy: S3Proxy
    model: ChaosModel
    folder: Path
    process_names: Sequence[str]
    """Those whose clocks can be set wrong."""
    seen: Sequence[WorkItem]
    """The work items that the log has made owed so far."""
    under_way: Callable[[], int]
    """How many jobs do not rest."""
    seed: int
    store: PostgresEventStore
    made: Counter[str] = field(default_factory=Counter[str])
    met: Counter[str] = field(default_factory=Counter[str])
    failed: list[str] = field(default_factory=list[str])

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311 - to be repeatable
        self.kinds: dict[str, Callable[[], Awaitable[int]]] = {
            "rabbitmq restarted": partial(self._outage, self.rabbitmq.restart),
            "rabbitmq stopped": partial(
                self._outage, self.rabbitmq.stop, self.rabbitmq.start, pause_s=_STOPPED_S
            ),
            "rabbitmq killed": partial(self._outage, self.rabbitmq.kill, self.rabbitmq.start),
            "rabbitmq wiped": partial(self._outage, self.rabbitmq.wipe),
            "rabbitmq out of disk": self._fill_rabbitmq,
            "postgres stopped in immediate mode": partial(
                self._outage, self.postgres.stop_immediately, self.postgres.start
            ),
            "postgres out of disk": self._fill_postgres,
            "s3 server killed": partial(
                self._outage, self.s3.kill, self.s3.start, pause_s=_STOPPED_S
            ),
            **{f"s3 {fault}": partial(self._spoil, self.proxy, fault) for fault in s3_proxy.FAULTS},
            **{
                f"engine {fault}": partial(self._spoil, self.model, fault) for fault in model.FAULTS
            },
            "engine down": partial(
                self._outage, self.model.stop, self.model.start, pause_s=_STOPPED_S
            ),
            "every message again, shuffled": self._repeat_messages,
            "poison in every queue": self._poison,
            "clock jumps": self._jump_clock,
        }

    async def make(self, kind: str) -> None:
        """Let this go wrong, and be well again."""
        await until(lambda: self.under_way() > 0)
        try:
            self.met[kind] += await self.kinds[kind]()
        except TimeoutError as error:
            self.failed.append(f"{kind}: {error}")
        self.made[kind] += 1

    async def _outage(self, *steps: Callable[[], None], pause_s: float = 0.0) -> int:
        """End a server and start it again."""
        count = self.under_way()
        for step in steps:
            await asyncio.to_thread(step)
            await asyncio.sleep(pause_s)
        return count

    async def _fill_rabbitmq(self) -> int:
        """Let the broker find too little room on its disk: it takes no messages from anybody."""
        await asyncio.to_thread(self.rabbitmq.ctl, "set_disk_free_limit", _MORE_THAN_THERE_IS)
        await asyncio.sleep(_WINDOW_S)
        alarms = (
            await asyncio.to_thread(self.rabbitmq.ctl, "eval", "rabbit_alarm:get_alarms().")
        ).count("disk")
        await asyncio.to_thread(self.rabbitmq.ctl, "set_disk_free_limit", "50MB")
        return alarms

    async def _fill_postgres(self) -> int:
        """Let the database refuse to store anything,
        as it does when it finds no room; how often it did.
        """
        name, log = self.database.rpartition("/")[2], self.postgres.log_file
        run = partial(self.postgres.execute, database=name)
        before = log.read_text().count(_NO_ROOM)
        await asyncio.to_thread(run, _REFUSE)
        tables = (await asyncio.to_thread(run, _TABLES)).split()
        for table in tables:
            await asyncio.to_thread(
                run, f"CREATE TRIGGER no_room BEFORE INSERT OR UPDATE ON {table} {_REFUSING}"
            )
        try:
            await self._window(lambda: log.read_text().count(_NO_ROOM) > before)
        finally:
            for table in tables:
                await asyncio.to_thread(run, f"DROP TRIGGER no_room ON {table}")
        return log.read_text().count(_NO_ROOM) - before

    @staticmethod
    async def _spoil(server: S3Proxy | ChaosModel, fault: str) -> int:
        """Let a server of ours answer badly until it has been asked some times."""
        before = server.faults_met[fault]
        server.fault = fault
        try:
            await Faults._window(lambda: server.faults_met[fault] >= before + _MET_AT_LEAST)
        finally:
            server.fault = ""
        return server.faults_met[fault] - before

    async def _jump_clock(self) -> int:
        """Set the clock of one process wrong until it has read it, and right again."""
        clock = WrongClock(self.folder, self._random.choice(self.process_names))
        clock.set(self._random.choice(_CLOCK_JUMPS_S))
        try:
            await self._window(clock.was_read)
        finally:
            clock.clear()
        return 1

    async def _repeat_messages(self) -> int:
        """Send work of all ages again, each twice and in no order."""
        items = self._random.sample(list(self.seen), min(_REPEATED, len(self.seen)))
        twice = self._random.sample([*items, *items], 2 * len(items))
        await queued(self.rabbitmq)
        async with await self._connected() as connection, connection.channel() as channel:
            for item in twice:
                message = aio_pika.Message(item.model_dump_json().encode(), delivery_mode=2)
                await channel.default_exchange.publish(
                    message, routing_key=queue_of(item.kind).value
                )
        return len(twice)

    async def _poison(self) -> int:
        """Put into each queue what cannot be read and what nobody can answer for, until all are
        kept as dead letters.

        Those are then thrown away, so that at the end none are left.
        """
        await queued(self.rabbitmq)  # waits for the queues, where the broker was just wiped
        bodies = [
            (queue, body)
            for queue in WORKED_QUEUES
            for body in (b"\xff\xfe", b"{}", _work_of_nobody(queue))
        ]
        left = Counter(body for _, body in bodies)
        async with await self._connected() as connection, connection.channel() as channel:
            for queue, body in bodies:
                message = aio_pika.Message(body, delivery_mode=2)
                await channel.default_exchange.publish(message, routing_key=queue.value)
        async with asyncio.timeout(_POISON_TIMEOUT_S):
            while left.total():
                await asyncio.sleep(_LOOK_S)
                for letter in await self.store.pool.fetch(
                    "SELECT letter_id, body FROM dead_letters"
                ):
                    if left[letter["body"]]:
                        left[letter["body"]] -= 1
                        await self.store.pool.execute(
                            "DELETE FROM dead_letters WHERE letter_id = $1", letter[0]
                        )
        return len(bodies)

    async def lose_messages(self) -> None:
        """Throw away what lies in the queues, as a broker that was wiped would."""
        async with await self._connected() as connection, connection.channel() as channel:
            for queue in WORKED_QUEUES:
                with suppress(ChannelNotFoundEntity):
                    await (await channel.get_queue(queue.value, ensure=False)).purge()

    async def until_delivered(self) -> None:
        """Return when the queues hold nothing that is not being worked on, or after a while."""
        async with await self._connected() as connection, connection.channel() as channel:
            for _ in range(_LOOKS):
                declared = [
                    await channel.declare_queue(queue.value, passive=True)
                    for queue in WORKED_QUEUES
                ]
                if not any(queue.declaration_result.message_count for queue in declared):
                    return
                await asyncio.sleep(_LOOK_S)

    async def _connected(self) -> AbstractConnection:
        return await aio_pika.connect(self.rabbitmq.url)

    @staticmethod
    async def _window(was_met: Callable[[], bool]) -> None:
        """As long as a fault lasts: until somebody met it.

        Raises:
            TimeoutError: nobody did, for long.
        """
        await asyncio.sleep(_WINDOW_S)
        if not await until(was_met, timeout_s=_MET_WITHIN_S):
            raise TimeoutError(f"nobody met it within {_MET_WITHIN_S:.0f} s")


async def queued(rabbitmq: RabbitMqServer) -> dict[str, int]:
    """How many messages lie in each queue; once nobody consumes, also those that were never
    acknowledged.

    Raises:
        TimeoutError: nobody has declared the queues again after the broker was wiped.
    """
    async with (
        await aio_pika.connect(rabbitmq.url) as connection,
        asyncio.timeout(_DECLARED_WITHIN_S),
    ):
        while True:
            with suppress(ChannelNotFoundEntity):
                return await _counted(connection)
            await asyncio.sleep(_LOOK_S)


async def _counted(connection: AbstractConnection) -> dict[str, int]:
    async with connection.channel() as channel:
        names = [DEAD_LETTERS, *(queue.value for queue in WORKED_QUEUES)]
        declared = [await channel.declare_queue(name, passive=True) for name in names]
        return {queue.name: queue.declaration_result.message_count or 0 for queue in declared}


async def letters_kept(store: PostgresEventStore) -> int:
    """How many dead letters wait for a person."""
    return int(await store.pool.fetchval("SELECT count(*) FROM dead_letters"))


def _work_of_nobody(queue: Queue) -> bytes:
    kind = next(step.first_work for step in STEPS.values() if step.queue is queue)
    return json.dumps(
        {
            **dict.fromkeys(("work_id", "project_id", "job_id"), str(uuid4())),
            "version": 1,
            "kind": kind,
        }
    ).encode()
