"""Calls on record: an equal question is not paid twice."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from typing_extensions import override

from dragoman_contracts.errors import DragomanError, PermanentError, RetryableError
from dragoman_contracts.locale import Locale
from dragoman_contracts.references import ObjectRef
from dragoman_models.clients import chat_model, embedding_model, text_translator
from dragoman_models.endpoint import Endpoint
from dragoman_models.ledger import Ledger, PaidCall, fingerprint, pointer_of
from dragoman_models.limits import ProviderGate, ProviderLimits
from dragoman_models.ports import (
    ChatModel,
    ChatReply,
    ChatRequest,
    EmbeddingRequest,
    FinishReason,
    Image,
    Message,
    TranslationRequest,
)
from dragoman_runtime.eventstore.sqlite import SqliteEventStore
from dragoman_runtime.objects.files import FileObjectStore
from dragoman_runtime.worker.task import ProjectObjects, ValueCache
from models.faithful.base import Provider
from models.kinds import DEEPL, OPENAI

PROJECT = uuid4()


@pytest.fixture
async def objects(tmp_path: Path) -> AsyncIterator[ProjectObjects]:
    store = FileObjectStore(tmp_path / "objects")
    await store.open()
    yield ProjectObjects(store, PROJECT, ValueCache())
    await store.close()


@pytest.fixture
def server() -> Iterator[Provider]:
    with OPENAI.serve() as served:
        yield served


@pytest.fixture
async def model(server: Provider) -> AsyncIterator[ChatModel]:
    made = chat_model(OPENAI.endpoint(server))
    yield made
    await made.aclose()


@pytest.fixture
def endpoint(server: Provider) -> Endpoint:
    return OPENAI.endpoint(server)


def question(text: str = "hi", **more: object) -> ChatRequest:
    return ChatRequest.model_validate({"messages": (Message(role="user", text=text),), **more})


async def test_an_equal_question_is_recalled_and_another_is_paid(
    objects: ProjectObjects, model: ChatModel, endpoint: Endpoint, server: Provider
) -> None:
    ledger = Ledger(objects)
    first = await ledger.chat(model, endpoint, question())
    again = await Ledger(objects).chat(model, endpoint, question())
    assert (first.is_new, again.is_new) == (True, False)
    assert (again.reply, again.ref) == (first.reply, first.ref)
    assert len(server.seen) == 1
    for other in (question("ho"), question(temperature=0.5), question(max_output_tokens=9)):
        assert (await ledger.chat(model, endpoint, other)).is_new
    assert (await ledger.chat(model, endpoint, question(), nonce="anew")).is_new
    assert not (await ledger.chat(model, endpoint, question(), nonce="anew")).is_new
    assert len(server.seen) == 5


async def test_the_record_holds_the_exact_prompt_and_answer(
    objects: ProjectObjects, model: ChatModel, endpoint: Endpoint, server: Provider
) -> None:
    recorded = await Ledger(objects).chat(model, endpoint, question())
    stored = await objects.get_value(recorded.ref, PaidCall[ChatReply])
    assert stored.reply == recorded.reply
    assert stored.reply.prompt == server.seen[0].body
    assert stored.fingerprint == server.seen[0].headers["idempotency-key"]
    assert await objects.get_pointer(pointer_of(stored.fingerprint)) == recorded.ref


async def test_the_answer_is_on_record_before_it_is_used(
    objects: ProjectObjects, model: ChatModel, endpoint: Endpoint
) -> None:
    async def away(store: Callable[[], Awaitable[ObjectRef]]) -> ObjectRef:
        raise RetryableError("The store is away.", code="storage.unavailable")

    with pytest.raises(RetryableError, match="away"):
        await Ledger(objects, persist=away).chat(model, endpoint, question())


async def test_one_question_of_two_tasks_is_paid_once(
    objects: ProjectObjects, model: ChatModel, endpoint: Endpoint, server: Provider
) -> None:
    ledger = Ledger(objects)
    both = await asyncio.gather(*(ledger.chat(model, endpoint, question()) for _ in range(2)))
    assert sorted(each.is_new for each in both) == [False, True]
    assert len(server.seen) == 1


async def test_two_processes_that_ask_at_once_each_keep_what_they_paid(
    objects: ProjectObjects, model: ChatModel, endpoint: Endpoint, server: Provider
) -> None:
    server.modes = ["held", "held"]
    asked = [
        asyncio.create_task(Ledger(objects).chat(model, endpoint, question())) for _ in range(2)
    ]
    await asyncio.to_thread(server.wait_until_in_hand, 2)
    server.released.set()
    both = [await each for each in asked]
    assert [each.is_new for each in both] == [True, True]
    for each in both:
        stored = await objects.get_value(each.ref, PaidCall[ChatReply])
        assert stored.reply == each.reply
    later = await Ledger(objects).chat(model, endpoint, question())
    assert later.ref in [each.ref for each in both]


async def test_a_question_that_failed_is_asked_by_the_next_in_line_alone(
    objects: ProjectObjects, model: ChatModel, endpoint: Endpoint, server: Provider
) -> None:
    server.modes = ["broken"]
    ledger = Ledger(objects)
    asked = [ledger.chat(model, endpoint, question()) for _ in range(3)]
    all_ = await asyncio.gather(*asked, return_exceptions=True)
    assert sum(isinstance(each, RetryableError) for each in all_) == 1
    assert len(server.seen) == 2


@pytest.mark.parametrize("mode", ["breaks_off", "empty"])
async def test_an_answer_of_no_use_is_on_record_and_asked_for_anew(
    objects: ProjectObjects, model: ChatModel, endpoint: Endpoint, server: Provider, mode: str
) -> None:
    server.modes = [mode]
    ledger = Ledger(objects)
    broken = await ledger.chat(model, endpoint, question("how are you today?"))
    whole = await ledger.chat(model, endpoint, question("how are you today?"))
    assert (await objects.get_value(broken.ref, PaidCall[ChatReply])).reply == broken.reply
    assert whole.is_new
    assert whole.reply.finish_reason is FinishReason.STOP


async def test_a_recalled_answer_is_told_too(
    objects: ProjectObjects, model: ChatModel, endpoint: Endpoint
) -> None:
    ledger, told = Ledger(objects), list[str]()
    await ledger.chat(model, endpoint, question())
    await ledger.chat(model, endpoint, question(), listener=told.append)
    assert told == ["HI"]


async def test_who_asks_for_what_was_erased_pays_again(
    objects: ProjectObjects, model: ChatModel, endpoint: Endpoint, tmp_path: Path
) -> None:
    recorded = await Ledger(objects).chat(model, endpoint, question())
    store = FileObjectStore(tmp_path / "objects")
    await store.delete(PROJECT, recorded.ref)
    fresh = ProjectObjects(store, PROJECT, ValueCache())
    assert (await Ledger(fresh).chat(model, endpoint, question())).is_new


class KilledBeforePointing(ProjectObjects):
    """The objects as a process uses them that ends before its first pointer."""

    @override
    async def put_pointer(self, fingerprint: str, ref: ObjectRef) -> ObjectRef:
        raise asyncio.CancelledError


@pytest.mark.parametrize("mode", ["good", "breaks_off"])
async def test_a_call_that_a_killed_process_did_not_point_to_is_found_again(
    objects: ProjectObjects,
    model: ChatModel,
    endpoint: Endpoint,
    server: Provider,
    mode: str,
    tmp_path: Path,
) -> None:
    server.modes, asked = [mode], question("how are you today?")
    store = FileObjectStore(tmp_path / "objects")
    killed = Ledger(KilledBeforePointing(store, PROJECT, ValueCache()))
    if mode == "good":
        with pytest.raises(asyncio.CancelledError):
            await killed.chat(model, endpoint, asked)
    else:  # has no pointer, and is of no use
        await killed.chat(model, endpoint, asked)
    successor = Ledger(objects, left_behind=objects)
    found = await successor.chat(model, endpoint, asked)
    assert found.is_new is (mode != "good")
    assert found.was_left_behind is (mode == "good")
    assert len(server.seen) == (1 if mode == "good" else 2)
    again = await Ledger(objects).chat(model, endpoint, asked)
    assert (again.ref, again.was_left_behind) == (found.ref, False)


async def test_an_answer_that_was_forgotten_is_not_found_again(
    objects: ProjectObjects, model: ChatModel, endpoint: Endpoint, server: Provider
) -> None:
    first = await Ledger(objects).chat(model, endpoint, question())
    await Ledger(objects).forget(fingerprint(endpoint, question()), first.ref)
    assert (await Ledger(objects, left_behind=objects).chat(model, endpoint, question())).is_new
    assert len(server.seen) == 2


async def test_nothing_is_asked_where_no_money_may_be_spent(
    objects: ProjectObjects, model: ChatModel, endpoint: Endpoint, server: Provider
) -> None:
    async def stop() -> None:
        raise PermanentError("The cap is reached; raise it.", code="budget.reached")

    await Ledger(objects).chat(model, endpoint, question())
    ledger = Ledger(objects, before_paying=stop)
    assert (await ledger.chat(model, endpoint, question())).reply.text == "HI"
    with pytest.raises(DragomanError, match="cap"):
        await ledger.chat(model, endpoint, question("ho"))
    assert len(server.seen) == 1


async def test_calls_go_through_the_provider_s_gate(
    objects: ProjectObjects, model: ChatModel, endpoint: Endpoint, tmp_path: Path
) -> None:
    store = SqliteEventStore(tmp_path / "events.db")
    limits = ProviderLimits(requests_per_minute=1)
    gate = ProviderGate(uuid4(), limits, store, patience_s=0.1)
    ledger = Ledger(objects, gate=gate)
    await ledger.chat(model, endpoint, question())
    await ledger.chat(model, endpoint, question())  # recalled, and not counted
    with pytest.raises(RetryableError, match="1 requests a minute"):
        await ledger.chat(model, endpoint, question("ho"))
    await store.aclose()


async def test_embeddings_and_translations_are_on_record_as_well(objects: ProjectObjects) -> None:
    ledger = Ledger(objects)
    with OPENAI.serve() as server:
        endpoint, request = OPENAI.endpoint(server), EmbeddingRequest(inputs=("a", "bb"))
        vectors = embedding_model(endpoint)
        first = await ledger.embed(vectors, endpoint, request)
        again = await ledger.embed(vectors, endpoint, request)
        await vectors.aclose()
        assert (first.is_new, again.is_new, len(server.seen)) == (True, False, 1)
        assert first.reply.vectors == again.reply.vectors
    with DEEPL.serve() as server:
        endpoint = DEEPL.endpoint(server)
        texts = TranslationRequest(texts=("a",), source=Locale("en"), target=Locale("es"))
        translator = text_translator(endpoint)
        replies = [await ledger.translate(translator, endpoint, texts) for _ in range(2)]
        await translator.aclose()
        assert [each.is_new for each in replies] == [True, False]
        assert len(server.seen) == 1


def test_a_fingerprint_covers_all_that_an_answer_depends_on(endpoint: Endpoint) -> None:
    picture = Image(media_type="image/png", data=b"1")
    requests = [
        question(),
        question("ho"),
        question(temperature=0),
        question(answer_schema={"type": "object"}),
        ChatRequest(messages=(Message(role="system", text="hi"),)),
        ChatRequest(messages=(Message(role="user", text="hi", images=(picture,)),)),
        EmbeddingRequest(inputs=("hi",)),
        EmbeddingRequest(inputs=("hi",), dimension=3),
    ]
    marks = [fingerprint(endpoint, each) for each in requests]
    changed: list[dict[str, object]] = [{"model": "other"}, {"max_output_tokens": 9}]
    marks += [fingerprint(endpoint.model_copy(update=each), question()) for each in changed]
    marks.append(fingerprint(endpoint, question(), "anew"))
    assert len(set(marks)) == len(marks)
    moved = endpoint.model_copy(update={"base_url": "http://elsewhere", "timeout_s": 1.0})
    keyed = question().model_copy(update={"idempotency_key": "x"})
    assert fingerprint(moved, keyed) == marks[0]
