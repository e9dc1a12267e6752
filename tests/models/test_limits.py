"""The limits of a provider hold over all processes, counted at the provider."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import cast
from uuid import uuid4

import pytest

from dragoman_contracts.errors import PermanentError, RetryableError
from dragoman_contracts.events import Usage
from dragoman_models.limits import ProviderGate, ProviderLimits
from dragoman_models.windows import Breaker
from dragoman_runtime.eventstore import EventStore
from dragoman_runtime.eventstore.postgres import PostgresEventStore
from dragoman_runtime.eventstore.sqlite import SqliteEventStore
from dragoman_runtime.migrations.run import migrate_events
from models.faithful.openai import OpenAiServer
from models.limited import TellingClock, Wish

TESTS = Path(__file__).parents[1]


@pytest.fixture(params=["sqlite", "postgres"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[EventStore]:
    if request.param == "sqlite":
        opened: EventStore = SqliteEventStore(tmp_path / "events.db")
    else:
        url = cast(str, request.getfixturevalue("postgres_url"))
        await migrate_events(url)
        opened = await PostgresEventStore.connect(url)
    yield opened
    await opened.aclose()


def gate_of(store: EventStore, *, patience_s: float = 20.0, **limits: int) -> ProviderGate:
    chosen = ProviderLimits.model_validate(limits)
    return ProviderGate(uuid4(), chosen, store, patience_s=patience_s)


async def processes(*wishes: Wish, count: int = 3) -> None:
    started = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-m", "models.limited", json.dumps(wishes), cwd=TESTS
        )
        for _ in range(count)
    ]
    assert [await each.wait() for each in started] == [0] * count


async def test_three_processes_share_the_slots_and_the_minute_of_a_provider(
    postgres_url: str,
) -> None:
    await migrate_events(postgres_url)
    with OpenAiServer("held", "held", *["slow"] * 22) as crowded, OpenAiServer() as timed:
        side_by_side = Wish(
            database=postgres_url,
            base_url=crowded.base_url,
            provider_id=str(uuid4()),
            limits={"max_concurrent_calls": 2},
            tasks=4,
            calls=2,
            is_timed=False,
        )
        by_the_minute: Wish = {
            **side_by_side,
            "base_url": timed.base_url,
            "provider_id": str(uuid4()),
            "limits": {"requests_per_minute": 6, "tokens_per_minute": 780},
            "tasks": 3,
            "is_timed": True,
        }
        asking = asyncio.create_task(processes(side_by_side, by_the_minute))
        await asyncio.to_thread(crowded.wait_until_in_hand, 2)
        crowded.released.set()
        await asking
        assert (len(crowded.seen), len(timed.seen)) == (24, 18)
        assert crowded.most_at_once == 2
        granted = sorted(float(each.headers["idempotency-key"]) for each in timed.seen)
    within = [sum(1 for each in granted if 0 <= each - first < 1.0) for first in granted]
    assert max(within) <= 6


async def test_a_slot_is_given_back_however_a_call_ends(store: EventStore) -> None:
    gate = gate_of(store, max_concurrent_calls=1)
    with pytest.raises(PermanentError):
        async with gate.turn():
            raise PermanentError("no")
    holding = asyncio.Event()

    async def hold() -> None:
        async with gate.turn():
            holding.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(hold())
    await holding.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with gate.turn():
        pass


async def test_the_slot_of_a_process_that_died_is_free_when_it_expires(store: EventStore) -> None:
    provider_id, limits = uuid4(), ProviderLimits(max_concurrent_calls=1)
    died = ProviderGate(provider_id, limits, store)
    turn = died.turn()
    await turn.__aenter__()
    other = ProviderGate(provider_id, limits, store, patience_s=0.2)
    with pytest.raises(RetryableError, match="1 calls at once") as caught:
        async with other.turn():
            pass
    assert caught.value.code == "engine.rate_limited"
    await store.expire_leases()
    async with other.turn():
        pass
    assert await store.forget_leases(timedelta(days=1)) == 0
    await turn.__aexit__(None, None, None)


async def test_the_minute_is_full_for_the_next_and_says_so(store: EventStore) -> None:
    gate = gate_of(store, patience_s=0.2, requests_per_minute=1)
    async with gate.turn():
        pass
    with pytest.raises(RetryableError, match="1 requests a minute") as caught:
        async with gate.turn():
            pass
    assert (caught.value.code, caught.value.retry_after_s) == ("engine.rate_limited", 0.2)


async def test_tokens_are_corrected_by_what_a_call_used(store: EventStore) -> None:
    clock = TellingClock()
    gate = ProviderGate(
        uuid4(),
        ProviderLimits(tokens_per_minute=10_000),
        store,
        clock=clock,
        patience_s=0.2,
    )
    async with gate.turn(tokens=9_000) as turn:
        turn.used(Usage(prompt_tokens=10, response_tokens=10))
    async with gate.turn(tokens=900) as turn:  # would have to wait for the 9,000
        turn.used(Usage(prompt_tokens=9_000, response_tokens=100))
    with pytest.raises(RetryableError, match="10000 tokens a minute"):
        async with gate.turn(tokens=900):
            pass


async def test_a_provider_that_does_not_answer_is_left_alone(store: EventStore) -> None:
    gate = ProviderGate(uuid4(), ProviderLimits(), store, breaker=Breaker(failures=2, rest_s=60))
    for _ in range(2):
        with pytest.raises(RetryableError, match="away"):
            async with gate.turn():
                raise RetryableError("away", code="engine.unavailable")
    with pytest.raises(RetryableError, match="2 times in a row") as caught:
        async with gate.turn():
            pytest.fail("it was asked")
    assert caught.value.code == "engine.unavailable"
    assert caught.value.retry_after_s is not None


async def test_a_refusal_shows_that_a_provider_answers(store: EventStore) -> None:
    gate = ProviderGate(uuid4(), ProviderLimits(), store, breaker=Breaker(failures=2, rest_s=60))
    for code in ("engine.unavailable", "engine.rate_limited", "engine.timeout"):
        with pytest.raises(RetryableError):
            async with gate.turn():
                raise RetryableError("no", code=code)
    async with gate.turn():
        pass
