"""A paid call whose process was killed before it pointed to it is found again."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pytest
from typing_extensions import override

from dragoman_contracts.events import Usage
from dragoman_contracts.job import Job
from dragoman_contracts.pipeline import owed
from dragoman_runtime.computing import Threads
from dragoman_runtime.eventstore import Jobs
from dragoman_runtime.eventstore.sqlite import SqliteEventStore
from dragoman_runtime.objects import FileObjectStore
from dragoman_runtime.worker import ProjectObjects, WorkContext
from dragoman_runtime.worker.task import ValueCache
from dragoman_translate.handlers import ObjectLedger
from dragoman_translate.ports import (
    EngineCapabilities,
    EngineReply,
    EngineSignature,
    FinishReason,
    Found,
    ModelCall,
    Purse,
    TranslationEngine,
)
from services.gateway.histories import History
from services.translate.scripted import ScriptedEngine

_CALL = ModelCall(
    fingerprint="ab" * 32,
    signature=EngineSignature(name="script", model="m"),
    reply=EngineReply(
        targets=(), model="m", prompt=[], response="paid", finish_reason=FinishReason.STOP
    ),
)


class _Paid(Purse):
    """A purse that tells what was paid from it."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    @override
    async def allow(self, job: Job, cap: Decimal | None, engine: TranslationEngine) -> None:
        """Pay for anything."""

    @override
    async def pay(self, job: Job, call: str, engine: TranslationEngine, usage: Usage) -> None:
        self.calls.append(call)

    @override
    async def save(self, job: Job, found: Sequence[Found]) -> None:
        """Nothing is saved here."""


@pytest.mark.parametrize("is_takeover", [False, True])
async def test_a_call_without_its_pointer_is_found_by_who_takes_over(
    tmp_path: Path, is_takeover: bool
) -> None:
    store, objects = SqliteEventStore(tmp_path / "events.db"), FileObjectStore(tmp_path / "o")
    await objects.open()
    history = History(store, objects)
    job_id = await history.submit("contract.docx")
    await history.advance(job_id, to="plan")
    job, _ = await Jobs(store).load(job_id)
    mine = ProjectObjects(objects, job.project_id, ValueCache())
    mine_call = _CALL.model_copy(update={"payer": str(job_id)})
    others = _CALL.model_copy(update={"payer": "another job", "fingerprint": "ef" * 32})
    ref = await mine.put_value(mine_call)  # and killed, before the pointer
    await mine.put_value(others)
    engine = ScriptedEngine(capabilities=EngineCapabilities(needs_network=True))
    purse = _Paid()
    item = owed(job)[0]
    limit = asyncio.timeout(None)
    context = WorkContext(
        job,
        item,
        1,
        mine,
        store,
        Jobs(store),
        Threads(),
        lambda note: None,
        limit,
        is_takeover=is_takeover,
    )
    ledger = ObjectLedger(context, purse)
    found = await ledger.recall(_CALL.fingerprint, engine)
    assert (found is not None) is is_takeover
    if found is not None:
        assert (found.ref, found.call.reply.response) == (ref, "paid")
        assert await mine.get_pointer(f"call-{_CALL.fingerprint}") == ref
        assert await ledger.recall("cd" * 32, engine) is None
        assert await ledger.recall(others.fingerprint, engine) is not None
        assert purse.calls == [_CALL.fingerprint], "the purse may not have heard of it yet"
    await store.aclose()
