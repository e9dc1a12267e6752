"""The calls of a project on record: an equal question is recalled and not paid twice.

A call is stored as an object, with the exact prompt and the answer, before its answer is used. A
pointer leads to it from the fingerprint of the question:

    object   {"fingerprint": "5f3a…", "reply": {"text": "CHF 25,000", …}, …}
    pointer  model-call-5f3a…  →  the object

A process that is killed between the two writes leaves a paid call without its pointer; the worker
that takes over looks for it among the newest objects before it pays.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, Protocol, TypeVar

from pydantic import JsonValue

from dragoman_contracts.errors import ObjectMissingError
from dragoman_contracts.events import Usage
from dragoman_contracts.model import Value
from dragoman_contracts.references import ObjectRef
from dragoman_models.endpoint import ApiKind, Endpoint
from dragoman_models.limits import ProviderGate, Turn
from dragoman_models.ports import (
    ChatModel,
    ChatReply,
    ChatRequest,
    EmbeddingModel,
    EmbeddingReply,
    EmbeddingRequest,
    FinishReason,
    TextListener,
    TextTranslator,
    TranslationReply,
    TranslationRequest,
)
from dragoman_runtime.objects.left_behind import ListedObjects, calls_left_behind
from dragoman_runtime.telemetry import metrics

_BYTES_PER_TOKEN = 4
_OUTPUT_EXPECTED = 1_024
_USELESS = frozenset({FinishReason.INTERRUPTED, FinishReason.MALFORMED})

_V = TypeVar("_V", bound=Value)
_Request = TypeVar("_Request", ChatRequest, EmbeddingRequest, TranslationRequest)
_Reply = TypeVar("_Reply", ChatReply, EmbeddingReply, TranslationReply)


class CallObjects(Protocol):
    """The objects of a project, as the ledger uses them."""

    async def get_value(self, ref: ObjectRef, type_: type[_V]) -> _V:
        """The value stored under this reference."""
        ...

    async def put_value(self, value: Value) -> ObjectRef:
        """Store a value as canonical JSON."""
        ...

    async def get_pointer(self, fingerprint: str) -> ObjectRef | None:
        """The object stored for this fingerprint."""
        ...

    async def put_pointer(self, fingerprint: str, ref: ObjectRef) -> ObjectRef:
        """Point from a fingerprint to an object; the reference that holds."""
        ...

    async def delete_pointer(self, fingerprint: str) -> None:
        """Forget the object stored for this fingerprint."""
        ...


class PaidCall(Value, Generic[_Reply]):
    """One call as it is stored. `reply.prompt` is the exact body that was sent."""

    fingerprint: str
    api_kind: ApiKind
    model: str
    nonce: str = ""
    asked_at: str
    reply: _Reply


class _Ending(Value):
    finish_reason: FinishReason = FinishReason.STOP


class _FoundCall(Value):
    """The head of a call that is read without knowing its kind."""

    fingerprint: str
    api_kind: ApiKind
    asked_at: str
    reply: _Ending


@dataclass(frozen=True)
class Recorded(Generic[_Reply]):
    """A reply, the object that it is stored as, and whether it was paid now.

    `was_left_behind` where a killed process paid it and did not come to count it.
    """

    reply: _Reply
    ref: ObjectRef
    is_new: bool
    asked_at: datetime
    was_left_behind: bool = False


Enter = Callable[[Recorded[_Reply]], Awaitable[None]]
"""Enters the cost of a call that is on record."""


class _Queue:
    """The tasks that ask one question."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.tasks = 0


class Ledger:
    """Makes the calls of one project, each question once."""

    def __init__(
        self,
        objects: CallObjects,
        *,
        gate: ProviderGate | None = None,
        before_paying: Callable[[], Awaitable[None]] | None = None,
        persist: Callable[[Callable[[], Awaitable[ObjectRef]]], Awaitable[ObjectRef]] | None = None,
        left_behind: ListedObjects | None = None,
    ) -> None:
        """Take the project's objects.

        `gate` holds the provider's limits. `before_paying` may raise where no money may be spent
        any more; it is asked again once a place was waited for. `persist` stores what was paid for,
        again and again while the store is away. `left_behind` are the same objects where a process
        had this work before and vanished.
        """
        self._objects = objects
        self._gate = gate
        self._before_paying = before_paying
        self._persist = persist or _once
        self._listed = left_behind
        self._left_behind: dict[str, ObjectRef] | None = None
        self._asking: dict[str, _Queue] = {}

    async def forget(self, mark: str, ref: ObjectRef) -> None:
        """Let the question with this fingerprint be asked anew; the call stays on record."""
        await self._objects.put_pointer(_forgotten(ref), ref)
        await self._objects.delete_pointer(pointer_of(mark))

    async def chat(
        self,
        model: ChatModel,
        endpoint: Endpoint,
        request: ChatRequest,
        *,
        nonce: str = "",
        listener: TextListener | None = None,
        enter: Enter[ChatReply] | None = None,
    ) -> Recorded[ChatReply]:
        """The answer on record, or else a call. `nonce` makes an equal question a new one.

        A recalled answer is told to the listener as a whole. An answer that broke off or is
        malformed is stored, too, but an equal question is asked anew. `enter` enters the cost of
        the call, found or made: of one that is made before its place is given to another, so that
        no more calls are beyond a cap than may be under way at once.

        Raises:
            DragomanError: as the model and the gate raise them, and `before_paying`.
        """
        size = sum(len(each.text.encode()) for each in request.messages)
        expected = request.max_output_tokens or endpoint.max_output_tokens or _OUTPUT_EXPECTED
        recorded = await self._recorded(
            endpoint,
            request,
            nonce,
            PaidCall[ChatReply],
            lambda keyed: model.chat(keyed, listener),
            size // _BYTES_PER_TOKEN + expected,
            enter,
        )
        if not recorded.is_new and listener is not None:
            listener(recorded.reply.text)
        return recorded

    async def embed(
        self,
        model: EmbeddingModel,
        endpoint: Endpoint,
        request: EmbeddingRequest,
        *,
        nonce: str = "",
    ) -> Recorded[EmbeddingReply]:
        """The vectors on record, or else a call; as `chat`."""
        size = sum(len(each.encode()) for each in request.inputs)
        return await self._recorded(
            endpoint,
            request,
            nonce,
            PaidCall[EmbeddingReply],
            model.embed,
            size // _BYTES_PER_TOKEN,
        )

    async def translate(
        self,
        translator: TextTranslator,
        endpoint: Endpoint,
        request: TranslationRequest,
        *,
        nonce: str = "",
    ) -> Recorded[TranslationReply]:
        """The translations on record, or else a call; as `chat`."""
        return await self._recorded(
            endpoint, request, nonce, PaidCall[TranslationReply], translator.translate, 0
        )

    async def _recorded(
        self,
        endpoint: Endpoint,
        request: _Request,
        nonce: str,
        type_: type[PaidCall[_Reply]],
        ask: Callable[[_Request], Awaitable[_Reply]],
        tokens: int,
        enter: Enter[_Reply] | None = None,
    ) -> Recorded[_Reply]:
        mark = fingerprint(endpoint, request, nonce)
        queue = self._asking.setdefault(mark, _Queue())
        queue.tasks += 1
        try:
            async with queue.lock:  # two tasks with one question pay once
                found = await self._recall(mark, type_)
                if found is not None:
                    if enter is not None:
                        await enter(found)
                    return found
                keyed = _keyed(request, mark)
                return await self._asked(endpoint, keyed, nonce, mark, type_, ask, tokens, enter)
        finally:
            queue.tasks -= 1
            if not queue.tasks:
                del self._asking[mark]

    async def _recall(self, mark: str, type_: type[PaidCall[_Reply]]) -> Recorded[_Reply] | None:
        ref = await self._objects.get_pointer(pointer_of(mark))
        was_left_behind = False
        if ref is None:
            ref = await self._found_again(mark)
            was_left_behind = ref is not None
        if ref is None:
            return None
        try:
            call = await self._objects.get_value(ref, type_)
        except ObjectMissingError:  # erased: who asks again pays again
            await self._objects.delete_pointer(pointer_of(mark))
            return None
        asked_at = datetime.fromisoformat(call.asked_at)
        return Recorded(call.reply, ref, False, asked_at, was_left_behind)

    async def _found_again(self, mark: str) -> ObjectRef | None:
        """The call that a killed process paid and did not come to point to."""
        if self._listed is None:
            return None
        if self._left_behind is None:
            self._left_behind = await calls_left_behind(self._listed, _mark_of)
        ref = self._left_behind.get(mark)
        if ref is None or await self._objects.get_pointer(_forgotten(ref)) is not None:
            return None
        return await self._objects.put_pointer(pointer_of(mark), ref)

    async def _asked(
        self,
        endpoint: Endpoint,
        request: _Request,
        nonce: str,
        mark: str,
        type_: type[PaidCall[_Reply]],
        ask: Callable[[_Request], Awaitable[_Reply]],
        tokens: int,
        enter: Enter[_Reply] | None,
    ) -> Recorded[_Reply]:
        if self._before_paying is not None:
            await self._before_paying()
        asked_at = datetime.now(UTC)
        async with self._turn(tokens) as turn:
            if self._before_paying is not None and self._gate is not None:
                await self._before_paying()
            reply = await ask(request)
            turn.used(reply.usage)
            call = type_(
                fingerprint=mark,
                api_kind=endpoint.api_kind,
                model=endpoint.model,
                nonce=nonce,
                asked_at=asked_at.isoformat(),
                reply=reply,
            )
            _count(endpoint, reply.usage, _outcome(reply))
            ref = await self._persist(lambda: self._objects.put_value(call))
            if _outcome(reply) not in _USELESS:
                # Where another process was first with the same question, its answer is the one that
                # is found later; this one was paid, too, and stays on record as it is.
                await self._persist(lambda: self._objects.put_pointer(pointer_of(mark), ref))
            recorded = Recorded(reply, ref, True, asked_at)
            if enter is not None:
                await enter(recorded)
        return recorded

    def _turn(self, tokens: int) -> AbstractAsyncContextManager[Turn]:
        return _free_turn(tokens) if self._gate is None else self._gate.turn(tokens)


def fingerprint(
    endpoint: Endpoint,
    request: ChatRequest | EmbeddingRequest | TranslationRequest,
    nonce: str = "",
) -> str:
    """The sha256 that is equal for calls that would pay for the same answer.

    The provider's address is no part of it, since it may change under the same model. Fields at
    their default are left out, so that a field added later does not make recorded calls unknown.
    """
    question: JsonValue = request.model_dump(
        mode="json", exclude_defaults=True, exclude={"idempotency_key"}
    )
    document: dict[str, JsonValue] = {
        "ability": type(request).__name__,
        "api_kind": endpoint.api_kind,
        "model": endpoint.model,
        "max_output_tokens": endpoint.max_output_tokens,
        "request": question,
        "nonce": nonce,
    }
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def pointer_of(mark: str) -> str:
    """The pointer under which a recorded call is found again."""
    return f"model-call-{mark}"


def _forgotten(ref: ObjectRef) -> str:
    """The pointer that says of a call that its answer is not to be found again."""
    return f"model-call-forgotten-{ref.digest}"


def _mark_of(data: bytes) -> str | None:
    call = _FoundCall.model_validate_json(data, extra="ignore")
    return None if call.reply.finish_reason in _USELESS else call.fingerprint


def _keyed(request: _Request, mark: str) -> _Request:
    if isinstance(request, TranslationRequest):
        return request
    return request.model_copy(update={"idempotency_key": mark})


def _outcome(reply: ChatReply | EmbeddingReply | TranslationReply) -> FinishReason:
    return reply.finish_reason if isinstance(reply, ChatReply) else FinishReason.STOP


def _count(endpoint: Endpoint, usage: Usage, outcome: FinishReason) -> None:
    kind = endpoint.api_kind
    metrics.MODEL_CALLS_TOTAL.labels(kind, outcome).inc()
    metrics.MODEL_TOKENS_TOTAL.labels(kind, "input").inc(usage.prompt_tokens)
    metrics.MODEL_TOKENS_TOTAL.labels(kind, "cached").inc(usage.cached_tokens)
    metrics.MODEL_TOKENS_TOTAL.labels(kind, "cache_write").inc(usage.cache_write_tokens)
    metrics.MODEL_TOKENS_TOTAL.labels(kind, "output").inc(usage.response_tokens)


async def _once(store: Callable[[], Awaitable[ObjectRef]]) -> ObjectRef:
    return await store()


@asynccontextmanager
async def _free_turn(tokens: int) -> AsyncGenerator[Turn]:
    yield Turn(tokens)
