"""Jobs whose translation is done, by the rules of now, and attempts at their QA phase."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar
from uuid import UUID

from typing_extensions import override

from dragoman_contracts import events as e
from dragoman_contracts.envelope import Origin
from dragoman_contracts.model import Value
from dragoman_contracts.pipeline import owed
from dragoman_contracts.policy import Policy
from dragoman_contracts.references import ObjectRef
from dragoman_contracts.reports import TranslationPlan
from dragoman_contracts.vocabulary import WorkKind
from dragoman_linguistics import QA_RULES
from dragoman_qa.domain import VerificationOutcome
from dragoman_runtime.computing import Threads
from dragoman_runtime.eventstore import Head, Jobs
from dragoman_runtime.eventstore.sqlite import SqliteEventStore
from dragoman_runtime.objects import FileObjectStore
from dragoman_runtime.objects.values import put_value
from dragoman_runtime.worker import ProjectObjects, Task, WorkContext
from dragoman_runtime.worker.task import ValueCache
from services.gateway.histories import Document, History

TEXTS = (
    ("The supplier delivers the goods.", "El proveedor entrega la fehhler mercancía."),
    ("* The customer pays.", "El cliente paga."),
)


_V = TypeVar("_V", bound=Value)


class Site:
    """A job whose translation is done, by the rules of now."""

    def __init__(self, store: SqliteEventStore, objects: FileObjectStore, job_id: UUID) -> None:
        self.store, self.objects, self.job_id = store, objects, job_id

    async def context(self, attempt: int = 1) -> WorkContext:
        """The context of an attempt at the QA phase."""
        job, _ = await Jobs(self.store).load(self.job_id)
        mine = ProjectObjects(self.objects, job.project_id, ValueCache())
        item = owed(job)[0]
        limit = asyncio.timeout(None)
        return WorkContext(
            job,
            item,
            attempt,
            mine,
            self.store,
            Jobs(self.store),
            Threads(),
            lambda note: None,
            limit,
        )

    async def perform(
        self, task: Task[VerificationOutcome], attempt: int = 1
    ) -> e.TranslationVerified:
        """The event that the task gives."""
        context = await self.context(attempt)
        outcome = await task.perform(context)
        made = task.decide(context.job, context.item, outcome)
        return next(each for each in made if isinstance(each, e.TranslationVerified))

    async def value(self, ref: ObjectRef | None, type_: type[_V]) -> _V:
        """A value of the job's project."""
        return await (await self.context()).objects.get_value(given(ref), type_)


class HistoryOfNow(History):
    """Jobs that were planned by the rules of now, with a policy of the test's."""

    policy: Policy | None = None

    @override
    async def _append(
        self, job_id: UUID, project: UUID, head: Head, origin: Origin, *events: e.Event
    ) -> None:
        if self.policy is not None and isinstance(events[0], e.JobSubmitted):
            ref = await put_value(self.objects, project, self.policy)
            events = (events[0].model_copy(update={"policy": ref}), *events[1:])
        await super()._append(job_id, project, head, origin, *events)

    @override
    async def _plan(self, job_id: UUID) -> None:
        document = self.documents[job_id]
        batches = tuple(tuple(batch) for batch in document.batches)
        ref = await self._put(job_id, TranslationPlan(batches=batches, qa_rules=QA_RULES))
        planned = e.TranslationPlanned(
            plan=ref, batch_count=len(batches), unit_count=len(document.pairs)
        )
        await self.say(job_id, planned)
        await self.say(job_id, e.PhaseStarted(phase="translation", kind=WorkKind.TRANSLATION_BATCH))


def given(ref: ObjectRef | None) -> ObjectRef:
    """The reference, which is there."""
    assert ref is not None
    return ref


@asynccontextmanager
async def history_in(folder: Path) -> AsyncGenerator[HistoryOfNow]:
    """A log and a store in this folder."""
    store, objects = SqliteEventStore(folder / "events.db"), FileObjectStore(folder / "o")
    await objects.open()
    yield HistoryOfNow(store, objects)
    await store.aclose()


async def made(
    history: HistoryOfNow, policy: Policy | None = None, *, is_plain: bool = False
) -> Site:
    """A job with this policy whose translation is done; without `is_plain` its sources have tags."""
    history.policy = policy
    document = Document(pairs=TEXTS, is_plain=is_plain)
    job_id = await history.submit("contract.docx", document=document)
    await history.advance(job_id, to="translation")
    assert isinstance(history.store, SqliteEventStore)
    assert isinstance(history.objects, FileObjectStore)
    return Site(history.store, history.objects, job_id)
