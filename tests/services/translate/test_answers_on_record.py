"""Answers are found again unit by unit: in few pages, whoever wrote them, and only where all that
was paid for is the same.
"""

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from dragoman_contracts.errors import PermanentError, RetryableError
from dragoman_contracts.locale import Locale
from dragoman_contracts.references import JSON_MEDIA_TYPE, ObjectRef
from dragoman_contracts.text import ResultSource, Unit
from dragoman_runtime.objects import FileObjectStore
from dragoman_runtime.worker import ProjectObjects
from dragoman_runtime.worker.task import ValueCache
from dragoman_translate.adapters.answer_pages import AnswerPages
from dragoman_translate.batches import BatchTask, BatchTranslation, translate_batch
from dragoman_translate.ports import (
    CallLedger,
    EarlierAnswer,
    EngineCapabilities,
    EngineSignature,
    Found,
    PromptTerm,
    UnitHints,
)
from linguistics.units import text_of, unit
from services.translate.ledgers import StoredLedger
from services.translate.scripted import Answer, ScriptedEngine, answer, fail, good

PAID = EngineCapabilities(keeps_answers=True)
THREE = tuple(unit(f"p{number}", f"Text number {number}.") for number in range(3))
PROJECT = uuid4()


class CountedStore(FileObjectStore):
    """Counts what is asked of it."""

    reads = 0
    writes = 0

    async def get_pointer(self, project_id: UUID, fingerprint: str) -> ObjectRef | None:
        """Look for a pointer."""
        self.reads += 1
        return await super().get_pointer(project_id, fingerprint)

    async def put_pointer(self, project_id: UUID, fingerprint: str, ref: ObjectRef) -> ObjectRef:
        """Write a pointer."""
        self.writes += 1
        return await super().put_pointer(project_id, fingerprint, ref)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[CountedStore]:
    opened = CountedStore(tmp_path / "objects")
    await opened.open()
    yield opened
    await opened.close()


def objects_in(store: FileObjectStore) -> ProjectObjects:
    return ProjectObjects(store, PROJECT, ValueCache())


def task(*units: Unit, payer: str = "job-1", **more: object) -> BatchTask:
    about = {"index": 0, "source_locale": Locale("en"), "target_locale": Locale("es")}
    return BatchTask.model_validate({**about, "units": units, "payer": payer, **more})


async def translated(
    store: FileObjectStore,
    engine: ScriptedEngine,
    batch: BatchTask,
    *fallbacks: ScriptedEngine,
    ledger: CallLedger | None = None,
) -> BatchTranslation:
    """Translate as another process would: with nothing in memory."""
    book = AnswerPages().book(PROJECT, objects_in(store))
    ledger = ledger or StoredLedger(store, PROJECT)
    return await translate_batch(engine, ledger, batch, book=book, fallbacks=fallbacks)


def paid(*answers: Answer, name: str = "scripted") -> ScriptedEngine:
    engine = ScriptedEngine(*answers, capabilities=PAID)
    engine.signature = EngineSignature(name=name)
    return engine


async def test_units_of_another_batch_are_not_asked_again(store: CountedStore) -> None:
    await translated(store, paid(good()), task(*THREE))
    moved = THREE[1].model_copy(update={"unit_id": "q9"})
    engine = paid(good())
    result = await translated(store, engine, task(unit("new", "Quite new."), moved, payer="job-2"))
    assert engine.asked == [["new"]]
    assert [text_of(each.target) for each in result.targets] == ["QUITE NEW.", "TEXT NUMBER 1."]
    assert (result.reused_count, result.answered_count, result.usage.call_count) == (1, 2, 1)
    assert len(result.calls) == 2
    assert result.targets[1].call != result.targets[0].call
    (found,) = result.found
    assert (found.share, found.part) == (Decimal(1) / 3, "batch 0")


async def test_a_question_that_another_job_paid_for_is_found_whole(store: CountedStore) -> None:
    ledger = StoredLedger(store, PROJECT)
    first = await translated(store, paid(good()), task(*THREE), ledger=ledger)
    again = await translated(store, paid(), task(*THREE, payer="job-2"), ledger=ledger)
    (call,) = ledger.refs
    assert (first.found, again.found) == ((), (Found(call),))
    assert again.usage.call_count == 0


@pytest.mark.parametrize(
    "change",
    [
        {"nonce": "again"},
        {"model": "larger"},
        {"target_locale": Locale("fr")},
        {"context": {"instructions": "Be formal."}},
        {"hints": {"p0": UnitHints(terms=(PromptTerm(source="text", target="texto"),))}},
    ],
)
async def test_what_was_asked_under_other_terms_is_asked_again(
    store: CountedStore, change: dict[str, object]
) -> None:
    await translated(store, paid(good()), task(*THREE))
    engine = paid(good())
    await translated(store, engine, task(*THREE, payer="job-2", **change))
    asked = ["p0"] if "hints" in change else ["p0", "p1", "p2"]
    assert engine.asked == [asked]


async def test_other_texts_around_change_nothing(store: CountedStore) -> None:
    await translated(store, paid(good()), task(*THREE))
    engine = paid()
    around = {"preceding": ("Before.",), "following": ("After.",)}
    result = await translated(store, engine, task(*THREE, payer="job-2", context=around))
    assert (engine.asked, result.reused_count) == ([], 3)


async def test_another_engine_is_asked_anew(store: CountedStore) -> None:
    await translated(store, paid(good()), task(*THREE))
    engine = paid(good(), name="other")
    assert (await translated(store, engine, task(*THREE))).reused_count == 0
    assert engine.asked == [["p0", "p1", "p2"]]


async def test_a_batch_that_was_cut_off_goes_on_as_it_began(store: CountedStore) -> None:
    ledger = StoredLedger(store, PROJECT)
    first = paid(answer(("p0", "UNO"), ("p1", "DOS")), fail(RetryableError("gone")))
    with pytest.raises(RetryableError):
        await translated(store, first, task(*THREE), ledger=ledger)
    other = paid(good())
    await translated(store, other, task(THREE[0], payer="job-2"))
    assert other.asked == [["p0"]]
    again = paid(good())
    result = await translated(store, again, task(*THREE, attempt=2, max_attempts=5), ledger=ledger)
    assert again.asked == [["p2"]]
    assert text_of(result.targets[0].target) == "UNO"
    assert (result.usage.call_count, result.reused_count) == (2, 0)


async def test_an_erased_call_is_paid_again(store: CountedStore) -> None:
    result = await translated(store, paid(good()), task(*THREE))
    for ref in result.calls:
        await store.delete(PROJECT, ref)
    engine = paid(good())
    assert (await translated(store, engine, task(*THREE))).reused_count == 0
    assert engine.asked == [["p0", "p1", "p2"]]


async def test_an_approved_translation_needs_no_call(store: CountedStore) -> None:
    engine = paid(good())
    result = await translated(store, engine, task(*THREE, approved={"p1": ("Texto uno.",)}))
    assert engine.asked == [["p0", "p2"]]
    assert result.targets[1].result_source is ResultSource.MEMORY
    assert (text_of(result.targets[1].target), result.targets[1].call) == ("Texto uno.", None)


async def test_only_units_that_failed_go_to_the_next_engine(store: CountedStore) -> None:
    unauthorised = fail(PermanentError("no", code="engine.unauthorised"))
    first = paid(answer(("p0", "UNO"), ("p1", "DOS")), unauthorised)
    second = paid(good(), name="second")
    result = await translated(store, first, task(*THREE), second)
    assert first.asked == [["p0", "p1", "p2"], ["p2"]]
    assert second.asked == [["p2"]]
    assert [text_of(each.target) for each in result.targets] == ["UNO", "DOS", "TEXT NUMBER 2."]
    assert len(result.calls) == 2


async def test_a_passing_failure_goes_to_the_next_engine_at_the_second_attempt(
    store: CountedStore,
) -> None:
    gone = fail(RetryableError("gone", code="engine.unavailable"))
    second = paid(good(), name="second")
    with pytest.raises(RetryableError):
        await translated(store, paid(gone), task(*THREE, max_attempts=5), second)
    assert second.asked == []
    await translated(store, paid(gone), task(*THREE, attempt=2, max_attempts=5), second)
    assert second.asked == [["p0", "p1", "p2"]]


async def test_a_budget_that_is_used_up_is_no_reason_to_ask_another_engine(
    store: CountedStore,
) -> None:
    spent = fail(PermanentError("spent", code="budget.reached"))
    second = paid(good(), name="second")
    with pytest.raises(PermanentError, match="spent"):
        await translated(store, paid(spent), task(*THREE), second)
    assert second.asked == []


def place(number: int) -> tuple[str, EarlierAnswer]:
    call = ObjectRef(digest=f"{number % 7:064x}", size_bytes=1, media_type=JSON_MEDIA_TYPE)
    return f"{number:032x}", EarlierAnswer(call=call, unit_id=f"u{number}")


async def test_sixteen_thousand_answers_are_few_writes_and_few_reads(store: CountedStore) -> None:
    objects = objects_in(store)
    book = AnswerPages().book(PROJECT, objects)
    for batch in range(640):
        await book.add("shelf", dict(place(batch * 25 + each) for each in range(25)))
    assert store.writes == 640 + 40 + 2
    store.reads = 0
    keys = [place(number)[0] for number in range(0, 16_000, 13)]
    found = await AnswerPages().book(PROJECT, objects).find("shelf", keys)
    assert found == dict(place(number) for number in range(0, 16_000, 13))
    assert store.reads < 60
    assert not await AnswerPages().book(PROJECT, objects).find("other", keys)


async def test_two_processes_write_to_one_shelf(store: CountedStore) -> None:
    objects = objects_in(store)
    one, other = (AnswerPages().book(PROJECT, objects) for _ in range(2))
    for number in range(40):
        await (one, other)[number % 2].add("shelf", dict([place(number)]))
    keys = [place(number)[0] for number in range(40)]
    for book in (one, other, AnswerPages().book(PROJECT, objects)):
        assert list(await book.find("shelf", keys)) == keys
