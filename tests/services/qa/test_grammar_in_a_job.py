"""The QA phase with a LanguageTool server: asked once, on record, an outage is no pass, and a replay
asks nobody.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from uuid import UUID

import pytest
from typing_extensions import override

from dragoman_contracts import events as e
from dragoman_contracts.envelope import Origin
from dragoman_contracts.errors import RetryableError
from dragoman_contracts.model import Value
from dragoman_contracts.pipeline import owed
from dragoman_contracts.policy import Policy
from dragoman_contracts.references import ObjectRef
from dragoman_contracts.reports import (
    RememberedDismissals,
    Severity,
    TranslationPlan,
    VerificationResults,
)
from dragoman_contracts.text import ResultSource, UnitTarget
from dragoman_contracts.vocabulary import WorkKind
from dragoman_linguistics import QA_RULES, dismissal_of
from dragoman_qa import handlers
from dragoman_qa.adapters.built_in import BuiltInChecker
from dragoman_qa.adapters.languagetool import LanguageToolChecker
from dragoman_qa.app import recorded_verification
from dragoman_qa.domain import GRAMMAR, VerificationOutcome
from dragoman_runtime.computing import Threads
from dragoman_runtime.eventstore import Head, Jobs
from dragoman_runtime.eventstore.sqlite import SqliteEventStore
from dragoman_runtime.objects import FileObjectStore
from dragoman_runtime.objects.values import put_value
from dragoman_runtime.worker import ProjectObjects, Task, WorkContext
from dragoman_runtime.worker.task import ValueCache
from linguistics.units import unit
from services.gateway.histories import ATLAS, Document, History
from services.qa.languagetool_server import languagetool

TEXTS = (
    ("The supplier delivers the goods.", "El proveedor entrega la fehhler mercancía."),
    ("* The customer pays.", "El cliente paga."),
)


class Site:
    """A job whose translation is done, by the rules of now."""

    def __init__(self, store: SqliteEventStore, objects: FileObjectStore, job_id: UUID) -> None:
        self.store, self.objects, self.job_id = store, objects, job_id

    async def context(self) -> WorkContext:
        """The context of an attempt at the QA phase."""
        job, _ = await Jobs(self.store).load(self.job_id)
        mine = ProjectObjects(self.objects, job.project_id, ValueCache())
        item = owed(job)[0]
        limit = asyncio.timeout(None)
        return WorkContext(
            job, item, 1, mine, self.store, Jobs(self.store), Threads(), lambda note: None, limit
        )

    async def perform(self, task: Task[VerificationOutcome]) -> e.TranslationVerified:
        """The event that the task gives."""
        context = await self.context()
        outcome = await task.perform(context)
        made = task.decide(context.job, context.item, outcome)
        return next(each for each in made if isinstance(each, e.TranslationVerified))

    async def value(self, ref: ObjectRef | None, type_: type[Value]) -> Value:
        """A value of the job's project."""
        return await (await self.context()).objects.get_value(_given(ref), type_)


class _HistoryOfNow(History):
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


def _given(ref: ObjectRef | None) -> ObjectRef:
    assert ref is not None
    return ref


@pytest.fixture
async def history(tmp_path: Path) -> AsyncGenerator[_HistoryOfNow]:
    store, objects = SqliteEventStore(tmp_path / "events.db"), FileObjectStore(tmp_path / "o")
    await objects.open()
    yield _HistoryOfNow(store, objects)
    await store.aclose()


async def made(history: _HistoryOfNow, policy: Policy | None = None) -> Site:
    """A job with this policy whose translation is done."""
    history.policy = policy
    job_id = await history.submit("contract.docx", document=Document(pairs=TEXTS))
    await history.advance(job_id, to="translation")
    assert isinstance(history.store, SqliteEventStore)
    assert isinstance(history.objects, FileObjectStore)
    return Site(history.store, history.objects, job_id)


@pytest.fixture
async def site(history: _HistoryOfNow) -> Site:
    return await made(history)


async def test_the_server_is_asked_once_and_its_answer_is_on_record(site: Site) -> None:
    with languagetool() as server:
        checker = LanguageToolChecker(server.url)
        task = handlers.verification_task(BuiltInChecker(), checker)
        first, second = await site.perform(task), await site.perform(task)
        await checker.aclose()
        assert len(server.requests) == 1
    assert first == second
    assert first.grammar is not None
    results = await site.value(first.results, VerificationResults)
    assert isinstance(results, VerificationResults)
    assert GRAMMAR in {each.code for each in results.units[0].findings}


async def test_a_replay_judges_by_the_record_and_asks_nobody(site: Site) -> None:
    with languagetool() as server:
        checker = LanguageToolChecker(server.url)
        told = await site.perform(handlers.verification_task(BuiltInChecker(), checker))
        await checker.aclose()
    assert await site.perform(recorded_verification(told.grammar)) == told
    assert await site.perform(recorded_verification(None)) != told


async def test_an_outage_is_no_pass(site: Site) -> None:
    with languagetool(503) as server:
        checker = LanguageToolChecker(server.url)
        task = handlers.verification_task(BuiltInChecker(), checker)
        with pytest.raises(RetryableError):
            await site.perform(task)
        assert (await site.perform(task)).grammar is not None
        await checker.aclose()


async def test_a_policy_that_switches_it_off_sends_nothing(history: _HistoryOfNow) -> None:
    site = await made(history, Policy(engine="x", qa={GRAMMAR: "off"}))
    with languagetool() as server:
        checker = LanguageToolChecker(server.url)
        told = await site.perform(handlers.verification_task(BuiltInChecker(), checker))
        await checker.aclose()
        assert (told.grammar, server.requests) == (None, [])


async def test_the_server_is_part_of_what_a_result_depends_on(site: Site) -> None:
    context = await site.context()
    plain = handlers.verification_task(BuiltInChecker())
    asking = handlers.verification_task(BuiltInChecker(), LanguageToolChecker("http://x/v2"))
    here = context.job, context.item
    assert plain.fingerprint(*here) != asking.fingerprint(*here)
    assert recorded_verification(None).fingerprint(*here) == plain.fingerprint(*here)


async def test_dismissals_of_the_policy_are_taken_in_and_named_by_the_event(
    history: _HistoryOfNow,
) -> None:
    task = handlers.verification_task(BuiltInChecker())
    plain = await (await made(history)).perform(task)
    assert plain.dismissals is None
    source, target = TEXTS[1]
    answer = UnitTarget(unit_id="x", target=(target,), result_source=ResultSource.ENGINE)
    dismissed = dismissal_of(unit("x", source), answer, "symbols.missing", "drawn")
    ref = await put_value(history.objects, ATLAS, RememberedDismissals(dismissals=(dismissed,)))
    site = await made(history, Policy(engine="x", dismissals=ref))
    told = await site.perform(task)
    assert told.dismissals == ref
    assert told.results != plain.results
    results = await site.value(told.results, VerificationResults)
    assert isinstance(results, VerificationResults)
    (found,) = [each for each in results.units[1].findings if each.code == "symbols.missing"]
    assert (found.severity, found.message[:16]) == (Severity.INFO, "dismissed: drawn")
