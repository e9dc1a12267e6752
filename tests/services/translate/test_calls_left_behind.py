"""A paid call whose process was killed before it pointed to it is found again."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from dragoman_contracts.pipeline import owed
from dragoman_runtime.computing import Threads
from dragoman_runtime.eventstore import Jobs
from dragoman_runtime.eventstore.sqlite import SqliteEventStore
from dragoman_runtime.objects import FileObjectStore
from dragoman_runtime.worker import ProjectObjects, WorkContext
from dragoman_runtime.worker.task import ValueCache
from dragoman_translate.handlers import ObjectLedger
from dragoman_translate.ports import EngineReply, EngineSignature, FinishReason, ModelCall
from services.gateway.histories import History

_CALL = ModelCall(
    fingerprint="ab" * 32,
    signature=EngineSignature(name="script", model="m"),
    reply=EngineReply(
        targets=(), model="m", prompt=[], response="paid", finish_reason=FinishReason.STOP
    ),
)


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
    ref = await mine.put_value(_CALL)  # and killed, before the pointer
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
    found = await ObjectLedger(context).recall(_CALL.fingerprint)
    assert (found is not None) is is_takeover
    if found is not None:
        assert (found.ref, found.call.reply.response) == (ref, "paid")
        assert await mine.get_pointer(f"call-{_CALL.fingerprint}") == ref
        assert await ObjectLedger(context).recall("cd" * 32) is None
    await store.aclose()
