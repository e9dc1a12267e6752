"""Starts one service with fault points in its ports: `python -m chaos.launcher MODULE` (its folder
in CHAOS_FOLDER).

The service's own `__main__` and `app` run. Only the classes that composition makes its ports of are
replaced, by subclasses that pass the fault points around each step; so the product holds no code
for this.
"""

from __future__ import annotations

import asyncio
import os
import random
import runpy
import signal
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, cast
from uuid import UUID

from aio_pika import IncomingMessage
from typing_extensions import override

from chaos import sabotage
from chaos.points import (
    FOLDER_VARIABLE,
    NAME_VARIABLE,
    STACKS_SIGNAL,
    TWICE_VARIABLE,
    CallJournal,
    FaultPoints,
    WrongClock,
)
from dragoman_contracts.envelope import RecordedEvent
from dragoman_contracts.references import ObjectRef
from dragoman_runtime import service
from dragoman_runtime.bus import Delivery
from dragoman_runtime.bus import rabbit as rabbit_module
from dragoman_runtime.bus.rabbit import RabbitBus
from dragoman_runtime.clock import SystemClock
from dragoman_runtime.eventstore import Append, Lease, LockedPosition, Stored
from dragoman_runtime.eventstore.postgres import PostgresEventStore
from dragoman_runtime.objects import ObjectStore, object_store
from dragoman_runtime.projection import Projector
from dragoman_runtime.settings import ObjectSettings
from dragoman_runtime.worker import (
    Task,
    WorkContext,
    Worker,
    WorkerIdentity,
    WorkerLimits,
    WorkerPorts,
)

_CALL = "call-"
_KEY_HEADER = "Idempotency-Key"


class _Run:
    """What the environment says of this process."""

    def __init__(self) -> None:
        folder, name = Path(os.environ[FOLDER_VARIABLE]), os.environ[NAME_VARIABLE]
        self.points = FaultPoints(folder, name)
        self.journal = CallJournal(folder, name)
        self.clock = WrongClock(folder, name)
        self.is_twice = TWICE_VARIABLE in os.environ


@cache
def _run() -> _Run:
    return _Run()


def _passing(point: str) -> None:
    _run().points.passing(point)


class _Position:
    """A position whose steps are points; behind it only the relay's."""

    def __init__(self, inner: LockedPosition, name: str) -> None:
        self.position = inner.position
        self._inner = inner
        self._name = name

    async def advance(self, position: int) -> None:
        _passing("before position")
        await self._inner.advance(position)
        self.position = position
        if self._name == "relay":
            _passing("after position")


class _Store(PostgresEventStore):
    @override
    async def commit(
        self,
        appends: Sequence[Append] = (),
        *,
        take: Lease | None = None,
        release: Lease | None = None,
    ) -> tuple[Stored, ...]:
        step = "lease" if take else "append" if appends else ""
        if step:
            _passing(f"before {step}")
        stored = await super().commit(appends, take=take, release=release)
        if step:
            _passing(f"after {step}")
        return stored

    @override
    @asynccontextmanager
    async def lock_position(self, name: str) -> AsyncGenerator[LockedPosition | None]:
        async with super().lock_position(name) as position:
            yield None if position is None else _Position(position, name)


class _Bus(RabbitBus):
    @override
    async def publish(self, events: Sequence[RecordedEvent]) -> None:
        _passing("before publish")
        await super().publish(events)
        _passing("after publish")

    @override
    async def send(self, deliveries: Sequence[Delivery]) -> None:
        if not deliveries:
            return
        if _run().is_twice:
            deliveries = random.sample([*deliveries, *deliveries], 2 * len(deliveries))
        _passing("before resend")
        sending = asyncio.ensure_future(super().send(deliveries))
        # Until the frames are written, but hardly for as long as the broker takes to confirm.
        for _ in range(20):
            await asyncio.sleep(0)
        _passing("before confirm")
        await sending
        _passing("after confirm")
        _passing("after resend")


class _Worker(Worker):
    def __init__(
        self,
        tasks: Sequence[Task[Any]],
        ports: WorkerPorts,
        identity: WorkerIdentity,
        limits: WorkerLimits,
    ) -> None:
        super().__init__([_passing_task(task) for task in tasks], ports, identity, limits)


def _passing_task(task: Task[Any]) -> Task[Any]:
    async def perform(context: WorkContext) -> Any:
        _passing("before perform")
        outcome = await task.perform(context)
        _passing("after perform")
        return outcome

    return replace(task, perform=perform)


def _object_store(settings: ObjectSettings) -> ObjectStore:
    store = object_store(settings)
    put, put_pointer = store.put, store.put_pointer

    async def passing_put(project_id: UUID, data: bytes, media_type: str) -> ObjectRef:
        _passing("before upload")
        ref = await put(project_id, data, media_type)
        _passing("after upload")
        return ref

    async def passing_put_pointer(project_id: UUID, fingerprint: str, ref: ObjectRef) -> ObjectRef:
        step = "record" if fingerprint.startswith(_CALL) else "pointer"
        _passing(f"before {step}")
        kept = await put_pointer(project_id, fingerprint, ref)
        if step == "record":
            _run().journal.write("recorded", fingerprint.removeprefix(_CALL))
        _passing(f"after {step}")
        return kept

    cast(Any, store).put = passing_put
    cast(Any, store).put_pointer = passing_put_pointer
    return store


def _around(owner: type, name: str, point: str) -> None:
    """Let an async method pass points before and after."""
    original = cast("Callable[..., Awaitable[Any]]", getattr(owner, name))

    async def passing(*given: Any, **named: Any) -> Any:
        _passing(f"before {point}")
        result = await original(*given, **named)
        _passing(f"after {point}")
        return result

    setattr(owner, name, passing)


def _journal_calls() -> None:
    from dragoman_translate.adapters.openai import OpenAiEngine
    from dragoman_translate.adapters.openai_answer import Answer
    from dragoman_translate.adapters.openai_call import Call
    from dragoman_translate.ports import EngineReply, EngineRequest, ReplyListener

    make, translate = Call.make, OpenAiEngine.translate

    async def made(self: Call) -> Answer:
        _run().journal.write("begun", self.headers[_KEY_HEADER])
        return await make(self)

    async def translated(
        self: OpenAiEngine, request: EngineRequest, listener: ReplyListener | None = None
    ) -> EngineReply:
        try:
            return await translate(self, request, listener)
        except Exception:
            _run().journal.write("failed", request.idempotency_key)
            raise

    Call.make, OpenAiEngine.translate = made, translated


def _shift_clock() -> None:
    """Let every clock of this process be one that can be set wrong."""
    right: Any = SystemClock.now

    def now(self: SystemClock) -> datetime:
        return right(self) + timedelta(seconds=_run().clock.read())

    cast(Any, SystemClock).now = now


def _compose(module: str) -> None:
    composition: Any = service
    if module == "dragoman_gateway":
        import dragoman_gateway.app as composition

        _around(Projector, "_write", "projection")
    if module == "dragoman_translate":
        _journal_calls()
    _shift_clock()
    composition.PostgresEventStore = _Store
    composition.object_store = _object_store
    cast(Any, service).Worker = _Worker
    cast(Any, rabbit_module).RabbitBus = _Bus
    _around(IncomingMessage, "ack", "acknowledge")


def _say_stacks() -> None:
    for task in asyncio.all_tasks(asyncio.get_running_loop()):
        task.print_stack(file=sys.stderr)
    sys.stderr.flush()


def launch(module: str) -> None:
    """Run the service of this module until it is told to stop."""
    signal.signal(STACKS_SIGNAL, lambda number, frame: _say_stacks())
    _compose(module)
    if broken := os.environ.get(sabotage.VARIABLE):
        sabotage.commit(broken)
    runpy.run_module(module, run_name="__main__")


if __name__ == "__main__":
    launch(sys.argv[1])
