"""Dead letters, with a real broker: collected, listed, sent again, thrown away; by API,
console and commands.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any, cast
from uuid import UUID, uuid4

import aio_pika
import pytest

from chaos.waiting import until
from dragoman_catalog import Role
from dragoman_contracts.identity import work_id
from dragoman_contracts.pipeline import WorkItem
from dragoman_contracts.steps import work_queues
from dragoman_contracts.vocabulary import Queue, WorkKind
from dragoman_runtime.bus.port import Delivery
from dragoman_runtime.bus.rabbit import DEAD_LETTERS, BusUnavailableError, RabbitBus
from dragoman_runtime.clock import SystemClock
from dragoman_runtime.dead_letters import Collector, DeadLetters
from dragoman_runtime.migrations.run import sqlalchemy_url
from dragoman_runtime.projection import ViewsUnavailableError, create_views_engine
from e2e.command_line import dragoman
from servers.rabbitmq import RabbitMqServer
from services.gateway.browser import csrf_of
from services.gateway.desks import TESTER, Desk, desk

_BUG = "a bug"


class Office:
    """A gateway on PostgreSQL, a broker, a consumer with a bug, and the collector,
    which a test lets go on.
    """

    def __init__(self, desk: Desk, letters: DeadLetters, bus: RabbitBus) -> None:
        self.desk = desk
        self.letters = letters
        self.bus = bus
        self.collector = Collector(letters, bus)
        self.received: list[WorkItem] = []
        self.has_bug = True

    async def receive(self, delivery: Delivery) -> None:
        if self.has_bug:
            raise KeyError(_BUG)
        self.received.append(delivery.item)

    async def publish(self, body: bytes, queue: Queue = Queue.JOB_CONTROL) -> None:
        """A message from somebody who does not know how."""
        async with await aio_pika.connect(self.url) as connection, connection.channel() as channel:
            await channel.default_exchange.publish(
                aio_pika.Message(body, message_id="strange"), queue.value
            )

    @property
    def url(self) -> str:
        return self.rabbitmq.url

    rabbitmq: RabbitMqServer

    async def until_dead(self, count: int) -> None:
        """Return when so many messages lie in the dead-letter queue, ready to be taken."""
        for _ in range(400):
            async with (
                await aio_pika.connect(self.url) as connection,
                connection.channel() as channel,
            ):
                found = await channel.declare_queue(DEAD_LETTERS, passive=True)
                if found.declaration_result.message_count == count:
                    return
            await asyncio.sleep(0.05)
        raise TimeoutError(f"{count} dead letters")

    async def collect(self, count: int) -> None:
        """Let the collector go on until so many letters wait for a person."""
        async with asyncio.timeout(20):
            while await self.letters.count() != count:
                await self.collector.step()

    async def listed(self) -> list[dict[str, Any]]:
        answer = await self.desk.as_admin.get("/api/v1/dead-letters")
        return cast("list[dict[str, Any]]", answer.raise_for_status().json()["items"])


@pytest.fixture
async def office(
    tmp_path: Path, postgres_url: str, rabbitmq: RabbitMqServer
) -> AsyncIterator[Office]:
    engine, bus = (
        create_views_engine(sqlalchemy_url(postgres_url)),
        RabbitBus(rabbitmq.url, confirm_timeout_s=5),
    )
    await bus.open()
    async with await aio_pika.connect(rabbitmq.url) as connection, connection.channel() as channel:
        for name in (DEAD_LETTERS, *work_queues()):
            await (await channel.get_queue(name)).purge()
    async with desk(tmp_path, database_url=postgres_url) as opened:
        office = Office(opened, DeadLetters(engine), bus)
        office.rabbitmq = rabbitmq
        await bus.start([Queue.JOB_CONTROL], office.receive, concurrency=2)
        yield office
    await bus.stop()
    await engine.dispose()


def _item() -> WorkItem:
    job_id, kind = uuid4(), WorkKind.PREFLIGHT
    return WorkItem(
        work_id=work_id(job_id, kind, 0),
        project_id=uuid4(),
        job_id=job_id,
        version=1,
        kind=kind,
        index=0,
    )


async def test_letters_are_listed_with_why_they_could_not_be_read_or_answered(
    office: Office,
) -> None:
    item = _item()
    await office.publish(b"\xff\xfe no JSON")
    await office.publish(b'{"job_id": "none of ours", "kind": "preflight"}')
    await office.bus.send([Delivery(item)])
    newer = _item().model_copy(update={"kind": "step_of_a_newer_version"})
    await office.publish(newer.model_dump_json().encode())
    await office.collect(4)
    found = await office.listed()
    assert {row["queue"] for row in found} == {"job_control"}
    assert str(newer.job_id) in {row["job_id"] for row in found if row["kind"] == newer.kind}
    (bug,) = (row for row in found if row["job_id"] == str(item.job_id))
    assert (bug["job_id"], bug["kind"], bug["message_id"]) == (
        str(item.job_id),
        "preflight",
        str(item.work_id),
    )
    (wrong,) = (row for row in found if len(row["faults"]) > 1)
    assert any(fault.startswith("job_id: ") for fault in wrong["faults"])
    assert "none of ours" not in json.dumps(wrong["faults"])
    (strange,) = (row for row in found if row["size_bytes"] == 10)
    shown = (await office.desk.as_admin.get(f"/api/v1/dead-letters/{strange['letter_id']}")).json()
    assert shown["body"] == "\\xff\\xfe no JSON"
    first = (await office.desk.as_admin.get("/api/v1/dead-letters?limit=2")).json()
    rest = await office.desk.as_admin.get(
        "/api/v1/dead-letters", params={"cursor": first["next_cursor"]}
    )
    assert first["items"] + rest.json()["items"] == found


async def test_a_redriven_letter_comes_to_a_worker_that_can_answer_it_now(office: Office) -> None:
    item = _item()
    await office.bus.send([Delivery(item)])
    await office.publish(b"{}")
    await office.collect(2)
    office.has_bug = False
    for row in await office.listed():
        address = f"/api/v1/dead-letters/{row['letter_id']}"
        assert (await office.desk.as_admin.post(f"{address}/redrive")).status_code == 202
        assert (await office.desk.as_admin.post(f"{address}/redrive")).status_code == 404
        assert (await office.desk.as_admin.get(address)).status_code == 404
    assert await office.listed() == []
    await office.collect(1)  # what still cannot be read is back
    assert [row["faults"] != [] for row in await office.listed()] == [True]
    assert await until(lambda: bool(office.received), timeout_s=20)
    assert office.received == [item]
    assert await office.letters.redriven() == []
    audit = (
        await office.desk.as_admin.get("/api/v1/audit-events?action=dead_letter.redriven")
    ).json()["items"]
    assert [row["actor"] for row in audit] == [f"user:{office.desk.admin.user_id}"] * 2


async def test_a_discarded_letter_is_gone_and_on_record(office: Office) -> None:
    await office.publish(b"[]")
    await office.collect(1)
    (row,) = await office.listed()
    address = f"/api/v1/dead-letters/{row['letter_id']}/discard"
    for client in (office.desk.as_operator, office.desk.as_nobody):
        assert (await client.post(address)).status_code in {401, 403}
    limited = await office.desk.client(Role.ADMIN, "default")
    assert (await limited.get("/api/v1/dead-letters")).status_code == 403
    await limited.aclose()
    assert (await office.desk.as_admin.post(address)).json() == row
    assert await office.listed() == []
    assert (await office.desk.as_admin.post(address)).json()["code"] == "letter.missing"
    audit = (
        await office.desk.as_admin.get("/api/v1/audit-events?action=dead_letter.discarded")
    ).json()["items"]
    assert [each["entity_id"] for each in audit] == [row["letter_id"]]


async def test_a_letter_that_could_not_be_stored_stays_in_the_queue_and_is_stored_once(
    office: Office,
) -> None:
    await office.publish(b"null")

    async def failing(letters: object) -> None:
        raise ViewsUnavailableError("The database is away.")

    await office.until_dead(1)
    with pytest.raises(ViewsUnavailableError):
        await office.bus.take_dead(failing, limit=5)
    await office.until_dead(1)
    taken: list[object] = []

    async def twice(letters: Any) -> None:
        taken.extend(letters)
        await office.letters.add(letters)
        await office.letters.add(letters)

    await office.bus.take_dead(twice, limit=5)
    assert len(taken) == await office.letters.count() == 1


async def test_a_broker_that_lost_its_queues_gets_them_again(office: Office) -> None:
    async with await aio_pika.connect(office.url) as connection, connection.channel() as channel:
        await channel.queue_delete(DEAD_LETTERS)
    with pytest.raises(BusUnavailableError):
        await office.collector.step()
    assert await office.collector.step() == 0


async def test_the_console_and_the_commands_do_the_same(office: Office) -> None:
    for body in (b"<one>", b"two", b"three"):
        await office.publish(body)
    await office.collect(3)
    client, admin = office.desk.as_nobody, office.desk.admin
    now, ttl = SystemClock().now(), timedelta(minutes=5)
    link = await office.desk.catalog.sign_in_links.create(TESTER, now, admin.user_id, ttl=ttl)
    await client.post("/api/v1/session", json={"link": link})
    assert "3 messages could not be read" in (await client.get("/console/parked")).text
    page = await client.get("/console/dead-letters")
    assert "&lt;one&gt;" in page.text
    assert page.text.count("Unreadable message") == 3
    (row, *_) = await office.listed()
    fields = {"csrf_token": csrf_of(page)}
    acted = [
        await client.post(f"/console/dead-letters/{row['letter_id']}/discard", data=fields)
        for _ in range(2)
    ]
    assert [each.headers["location"].rpartition("=")[2] for each in acted] == ["discard", "gone"]
    assert len(await office.listed()) == 2

    def run(*words: str) -> dict[str, Any]:
        token = office.desk.as_admin.headers["Authorization"].removeprefix("Bearer ")
        environment = {"DRAGOMAN_URL": office.desk.url, "DRAGOMAN_TOKEN": token}
        done = dragoman("dead-letters", *words, "--json", environment=environment)
        assert done.returncode == 0, done.stderr
        return cast("dict[str, Any]", json.loads(done.stdout))

    ids = [each["letter_id"] for each in (await asyncio.to_thread(run, "list"))["items"]]
    assert UUID((await asyncio.to_thread(run, "show", ids[0]))["letter_id"]) == UUID(ids[0])
    await asyncio.to_thread(run, "redrive", ids[0])
    await asyncio.to_thread(run, "discard", "--all")
    assert await office.listed() == []


async def test_without_a_broker_there_are_none(tmp_path: Path) -> None:
    async with desk(tmp_path) as opened:
        assert (await opened.as_admin.get("/api/v1/dead-letters")).json() == {
            "items": [],
            "next_cursor": None,
        }
        assert (
            await opened.as_admin.post(f"/api/v1/dead-letters/{uuid4()}/redrive")
        ).status_code == 404
        await opened.project()
