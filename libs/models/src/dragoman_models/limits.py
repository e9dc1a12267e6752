"""The limits of a provider, held by all processes of an installation together.

Calls at once: each has a lease, `provider:<id>:<slot>`, in the event store; a process that dies
gives its slots back when they expire. Requests and tokens a minute: one number each, under a lock
that the event store gives on a name. The circuit breaker is each process's own.

    gate = ProviderGate(provider_id, ProviderLimits(max_concurrent_calls=4), store)
    async with gate.turn(tokens=1_200) as turn:
        reply = await model.chat(request)
        turn.used(reply.usage)
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from uuid import UUID, uuid4, uuid5

from pydantic import Field

from dragoman_contracts.errors import DragomanError, RetryableError
from dragoman_contracts.events import Usage
from dragoman_contracts.model import Value
from dragoman_models.windows import Breaker, Window
from dragoman_runtime.clock import Clock, SystemClock
from dragoman_runtime.eventstore import EventStore, Lease, LeaseHeldError

_NAMESPACE = UUID("5f0d9c36-7a0e-5d4b-9f36-0a1c2f3f6f2e")
_SLOT_TTL = timedelta(seconds=30)
_LOOK_AGAIN_S = (0.05, 0.5)
_LOCK_AGAIN_S = (0.005, 0.03)
_MICROSECONDS = 1_000_000
_NOT_ASKED = "budget."
_FAILURES = frozenset({"engine.unavailable", "engine.timeout"})


class ProviderLimits(Value):
    """The limits of one provider; None where there is none."""

    max_concurrent_calls: int | None = Field(default=None, gt=0)
    requests_per_minute: int | None = Field(default=None, gt=0)
    tokens_per_minute: int | None = Field(default=None, gt=0)


class Turn:
    """A call that was let through with an estimate of its tokens."""

    def __init__(self, tokens: int) -> None:
        self.tokens = tokens
        self.surplus = 0

    def used(self, usage: Usage) -> None:
        """Tell what the call used, so that the next calls wait for neither more nor less."""
        self.surplus = usage.prompt_tokens + usage.response_tokens - self.tokens


class ProviderGate:
    """Lets calls to one provider through.

    `patience_s` is the longest wait for a turn. `period_s` is the minute of the limits, and shorter
    in tests.
    """

    def __init__(
        self,
        provider_id: UUID,
        limits: ProviderLimits,
        store: EventStore,
        *,
        clock: Clock | None = None,
        breaker: Breaker | None = None,
        patience_s: float = 120.0,
        period_s: float = 60.0,
    ) -> None:
        self._provider_id = provider_id
        self._limits = limits
        self._store = store
        self._clock = clock or SystemClock()
        self._breaker = breaker or Breaker()
        self._patience_s = patience_s
        self._period_s = period_s
        self._group = uuid5(_NAMESPACE, f"provider:{provider_id}")
        self._queue = asyncio.Lock()
        self._freed = asyncio.Event()

    @asynccontextmanager
    async def turn(self, tokens: int = 0) -> AsyncGenerator[Turn]:
        """Wait until a call may be made, and have its place for the block.

        Errors of the block that say that the provider does not answer are counted by the breaker.

        Raises:
            RetryableError: engine.rate_limited, the limits leave no room for too long;
                engine.unavailable, the provider failed too often and is left alone for a while;
                store.unavailable.
        """
        self._check_breaker()
        turn = Turn(tokens)
        async with self._slot():
            await self._pass("requests", self._limits.requests_per_minute, 1)
            await self._pass("tokens", self._limits.tokens_per_minute, tokens)
            self._check_breaker()
            self._breaker = self._breaker.trying(time.monotonic())
            try:
                yield turn
            except DragomanError as error:
                if error.code in _FAILURES:
                    self._breaker = self._breaker.after_failure(time.monotonic())
                elif error.code.startswith(_NOT_ASKED):
                    self._breaker = self._breaker.after_nothing()
                else:  # a refusal is an answer
                    self._breaker = self._breaker.after_success()
                raise
            except BaseException:
                self._breaker = self._breaker.after_nothing()
                raise
            else:
                self._breaker = self._breaker.after_success()
            finally:
                await self._settle(turn)

    def _check_breaker(self) -> None:
        wait_s = self._breaker.wait_s(time.monotonic())
        if wait_s > 0:
            message = (
                f"The provider did not answer {self._breaker.failed} times in a row and is left alone "
                f"for {wait_s:.0f} s; look at it."
            )
            raise RetryableError(message, code="engine.unavailable", retry_after_s=wait_s)

    @asynccontextmanager
    async def _slot(self) -> AsyncGenerator[None]:
        if self._limits.max_concurrent_calls is None:
            yield
            return
        lease = await self._taken(self._limits.max_concurrent_calls)
        renewing = asyncio.create_task(self._renew(lease))
        try:
            yield
        finally:
            renewing.cancel()
            # Else the slot expires by itself, as that of a process that died.
            with suppress(RetryableError):
                await asyncio.shield(self._store.commit(release=lease))
            self._freed.set()

    async def _taken(self, slots: int) -> Lease:
        """A slot's lease. Those who wait in this process are served in the order they came."""
        owner = uuid4().hex  # of this call: the store lets an owner take its own lease again
        try:
            async with asyncio.timeout(self._patience_s), self._queue:
                while True:
                    self._freed.clear()
                    taken = await self._store.live_leases(self._group)
                    free = [each for each in self._slots(slots) if each not in taken]
                    if free:
                        lease = Lease(random.choice(free), self._group, owner, _SLOT_TTL)  # noqa: S311 - spreads
                        with suppress(LeaseHeldError):
                            await self._store.commit(take=lease)
                            return lease
                        continue
                    with suppress(TimeoutError):
                        async with asyncio.timeout(random.uniform(*_LOOK_AGAIN_S)):  # noqa: S311
                            await self._freed.wait()
        except TimeoutError:
            raise self._full("calls at once", slots) from None

    def _slots(self, count: int) -> list[UUID]:
        return [uuid5(_NAMESPACE, f"provider:{self._provider_id}:{slot}") for slot in range(count)]

    async def _renew(self, lease: Lease) -> None:
        while True:
            await asyncio.sleep(_SLOT_TTL.total_seconds() / 3)
            with suppress(RetryableError):
                await self._store.renew([lease])

    async def _pass(self, what: str, limit: int | None, units: int) -> None:
        """Wait until the window has room, and fill it."""
        if limit is None or units <= 0:
            return
        window = Window(limit, self._period_s)
        try:
            async with asyncio.timeout(self._patience_s):
                while True:
                    wait_s = await self._fill(what, window, units)
                    if not wait_s:
                        return
                    await asyncio.sleep(wait_s)
        except TimeoutError:
            raise self._full(f"{what} a minute", limit) from None

    async def _fill(self, what: str, window: Window, units: int) -> float:
        """Fill the window if it has room; else the seconds to wait."""
        async with self._store.lock_position(self._name_of(what)) as locked:
            if locked is None:
                return random.uniform(*_LOCK_AGAIN_S)  # noqa: S311 - spreads those who wait
            now_us = round(self._clock.now().timestamp() * _MICROSECONDS)
            wait_us = window.wait_us(locked.position, now_us, units)
            if wait_us == 0:
                await locked.advance(window.after(locked.position, now_us, units))
            return wait_us / _MICROSECONDS

    async def _settle(self, turn: Turn) -> None:
        """Fill or empty the window of tokens by what the estimate was wrong."""
        limit = self._limits.tokens_per_minute
        if limit is None or turn.surplus == 0:
            return
        window = Window(limit, self._period_s)
        with suppress(RetryableError):
            for _ in range(20):
                async with self._store.lock_position(self._name_of("tokens")) as locked:
                    if locked is not None:
                        now_us = round(self._clock.now().timestamp() * _MICROSECONDS)
                        after = window.after(locked.position, now_us, turn.surplus)
                        await locked.advance(after)
                        return
                await asyncio.sleep(random.uniform(*_LOCK_AGAIN_S))  # noqa: S311

    def _name_of(self, what: str) -> str:
        return f"provider:{self._provider_id}:{what}"

    def _full(self, what: str, limit: int) -> RetryableError:
        message = (
            f"The provider's limit of {limit} {what} left no room for {self._patience_s:g} s; "
            "raise it with the provider's entry, or let fewer jobs run at once."
        )
        return RetryableError(message, code="engine.rate_limited", retry_after_s=self._patience_s)
