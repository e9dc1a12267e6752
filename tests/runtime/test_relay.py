"""The relay: everything in the log, in order, at least once, and one relay at a time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from contracts.streams import UP_TO_EXTRACTION, planned
from dragoman_contracts.errors import RetryableError
from dragoman_contracts.vocabulary import WorkKind
from dragoman_runtime.bus.rabbit import RabbitBus
from dragoman_runtime.eventstore import EventStore, StoreUnavailableError
from dragoman_runtime.relay import Relay
from runtime.logs import WrittenDown, postgres_store, sqlite_store, submit, until
from servers.postgres import PostgresServer
from servers.rabbitmq import RabbitMqServer

HOUR = timedelta(hours=1)


@pytest.fixture(params=["sqlite", "postgres"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[EventStore]:
    """An empty store of each kind."""
    if request.param == "sqlite":
        async with sqlite_store(tmp_path) as opened:
            yield opened
    else:
        async with postgres_store(request.getfixturevalue("postgres_url")) as opened:
            yield opened


def relay(store: EventStore, bus: WrittenDown, *, batch: int = 200) -> Relay:
    """A relay that after a batch which is not full waits for longer than any test."""
    return Relay(store, bus, bus, busy=HOUR, idle=HOUR, batch=batch)


async def test_without_a_publisher_only_the_work_is_sent(store: EventStore) -> None:
    bus = WrittenDown()
    job_id = await submit(store)

    assert await Relay(store, bus, None).step() == 1

    assert bus.events == []
    assert bus.work == [(job_id, WorkKind.PREFLIGHT, 0)]


async def whole_log(store: EventStore) -> list[object]:
    """Every event, in commit order."""
    return [each.recorded for each in await store.tail(0)]


async def test_every_event_is_published_once_in_commit_order_with_the_work_it_makes_owed(
    store: EventStore,
) -> None:
    bus = WrittenDown()
    first = await submit(store)
    second = await submit(store, *UP_TO_EXTRACTION, planned(3))
    relaying = relay(store, bus, batch=3)

    published = [await relaying.step() for _ in range(4)]

    assert published == [3, 3, 1, 0]
    assert bus.events == await whole_log(store)
    assert bus.work == [
        (first, WorkKind.PREFLIGHT, 0),
        (second, WorkKind.PREFLIGHT, 0),
        (second, WorkKind.EXTRACTION, 0),
        (second, WorkKind.TRANSLATION_PLAN, 0),
        *((second, WorkKind.TRANSLATION_BATCH, index) for index in range(3)),
    ]


async def test_what_was_confirmed_but_not_noted_is_published_again(store: EventStore) -> None:
    bus = WrittenDown()
    bus.errors = [RetryableError("The connection broke after the confirm.")]
    await submit(store)
    relaying = relay(store, bus)

    with pytest.raises(RetryableError):
        await relaying.step()
    await relaying.step()

    assert bus.events == 2 * await whole_log(store)
    assert [kind for _, kind, _ in bus.work] == [WorkKind.PREFLIGHT] * 2


async def test_a_new_relay_goes_on_where_the_last_one_was(store: EventStore) -> None:
    bus = WrittenDown()
    await submit(store)
    await relay(store, bus).step()
    await submit(store)

    await relay(store, bus).step()

    assert bus.events == await whole_log(store)


async def test_it_does_not_wait_while_there_is_more(store: EventStore) -> None:
    bus = WrittenDown()
    for _ in range(20):
        await submit(store)
    running = asyncio.ensure_future(relay(store, bus, batch=5).run())

    await until(lambda: len(bus.events) == 20)

    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    assert bus.events == await whole_log(store)


async def test_of_two_relays_one_leads_and_the_other_takes_over_when_it_is_gone(
    postgres_url: str,
) -> None:
    first, second = WrittenDown(), WrittenDown()
    async with postgres_store(postgres_url) as one, postgres_store(postgres_url) as two:
        await submit(one)
        first.gate.clear()
        leading = asyncio.ensure_future(relay(one, first).step())
        await first.is_reached.wait()

        assert await relay(two, second).step() == 0
        leading.cancel()
        with suppress(asyncio.CancelledError):
            await leading
        assert await relay(two, second).step() == 1

        assert (first.events, second.events) == ([], await whole_log(one))


async def test_a_leader_whose_database_connection_died_notes_nothing(
    postgres: PostgresServer, postgres_url: str
) -> None:
    first, second = WrittenDown(), WrittenDown()
    async with postgres_store(postgres_url) as one, postgres_store(postgres_url) as two:
        await submit(one)
        first.gate.clear()
        leading = asyncio.ensure_future(relay(one, first).step())
        await first.is_reached.wait()
        name = postgres_url.rpartition("/")[2]
        await asyncio.to_thread(
            postgres.execute,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "  # noqa: S608 - a name the fixture made
            f"WHERE datname = '{name}' AND pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory')",
        )
        assert await relay(two, second).step() == 1
        first.gate.set()
        with pytest.raises(StoreUnavailableError):
            await leading

        assert first.events == second.events == await whole_log(two)
        assert await relay(one, first).step() == 0


async def test_the_leader_s_lock_is_let_go_in_bounded_time_while_the_broker_is_away(
    rabbitmq: RabbitMqServer, postgres_url: str
) -> None:
    async with postgres_store(postgres_url) as store:
        await submit(store)
        bus = RabbitBus(rabbitmq.url, confirm_timeout_s=0.5)
        await bus.open()
        await asyncio.to_thread(rabbitmq.wait_until_queues_are_durable)
        await asyncio.to_thread(rabbitmq.stop)
        try:
            with pytest.raises(RetryableError):
                async with asyncio.timeout(10):
                    await Relay(store, bus, bus).step()
            async with store.lock_position("relay") as position:
                assert position is not None
                assert position.position == 0
        finally:
            await asyncio.to_thread(rabbitmq.start)
            await bus.stop()
