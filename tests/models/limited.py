"""One of several processes that ask providers through their gates: `python -m models.limited JSON`.

Each request says, in its idempotency key, the moment at which the gate let it through.
"""

from __future__ import annotations

import asyncio
import json
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TypedDict, cast
from uuid import UUID

from pydantic import SecretStr

from dragoman_models.clients import chat_model
from dragoman_models.endpoint import Endpoint
from dragoman_models.limits import ProviderGate, ProviderLimits
from dragoman_models.ports import ChatRequest, Message
from dragoman_runtime.eventstore import EventStore
from dragoman_runtime.eventstore.postgres import PostgresEventStore
from models.faithful.base import KEY
from models.kinds import OPENAI, OWN_MACHINE


class Wish(TypedDict):
    """The calls that are wanted: `tasks` side by side, each `calls` one after the other."""

    database: str
    base_url: str
    provider_id: str
    limits: dict[str, int]
    tasks: int
    calls: int
    is_timed: bool


_TOLD: ContextVar[datetime] = ContextVar("told")


class TellingClock:
    """The time, and the time it last told to this task."""

    @property
    def told(self) -> datetime:
        return _TOLD.get()

    def now(self) -> datetime:
        _TOLD.set(datetime.now(UTC))
        return _TOLD.get()


async def work(wishes: list[Wish]) -> None:
    """Fulfil the wishes one after the other."""
    store = await PostgresEventStore.connect(wishes[0]["database"], pool_size=4)
    for wish in wishes:
        await fulfil(wish, store)
    await store.aclose()


async def fulfil(wish: Wish, store: EventStore) -> None:
    """Make the calls of one wish."""
    clock = TellingClock()
    limits = ProviderLimits.model_validate(wish["limits"])
    provider_id = UUID(wish["provider_id"])
    gate = ProviderGate(provider_id, limits, store, clock=clock, period_s=1.0)
    endpoint = Endpoint(
        api_kind=OPENAI.api,
        base_url=wish["base_url"],
        api_key=SecretStr(KEY),
        model=OPENAI.model,
        private_hosts=OWN_MACHINE,
    )
    model = chat_model(endpoint)

    async def ask() -> None:
        for _ in range(wish["calls"]):
            async with gate.turn(tokens=130) as turn:
                request = ChatRequest(
                    messages=(Message(role="user", text="hi"),),
                    idempotency_key=str(clock.told.timestamp() if wish["is_timed"] else 0),
                )
                reply = await model.chat(request)
                turn.used(reply.usage)

    await asyncio.gather(*(ask() for _ in range(wish["tasks"])))
    await model.aclose()


if __name__ == "__main__":
    asyncio.run(work(cast("list[Wish]", json.loads(sys.argv[1]))))
