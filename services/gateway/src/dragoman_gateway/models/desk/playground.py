"""The playground: a model is tried out, and the call is on record and priced like any other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from dragoman_catalog import (
    INSTALLATION_PROJECT_ID,
    CallableModel,
    Catalog,
    ModelCall,
    ModelPrice,
    PaidCall,
    RegisteredModel,
)
from dragoman_contracts.errors import DragomanError
from dragoman_contracts.events import Usage
from dragoman_contracts.identity import new_id
from dragoman_contracts.model import Value
from dragoman_contracts.references import ObjectRef
from dragoman_gateway.models.desk.costs import count_of
from dragoman_gateway.models.rules import (
    Trial,
    cosine,
    image_type,
    norm,
    trial_of,
)
from dragoman_gateway.models.schemas import (
    ChatTrial,
    EmbeddingTrial,
    TrialFailure,
    TrialPiece,
    TrialResult,
    TrialUsage,
)
from dragoman_gateway.web.errors import FieldRefusedError
from dragoman_gateway.web.principals import Principal
from dragoman_models.clients import chat_model, embedding_model
from dragoman_models.ledger import Ledger, Recorded
from dragoman_models.limits import ProviderGate, ProviderLimits
from dragoman_models.ports import (
    ChatReply,
    ChatRequest,
    EmbeddingReply,
    EmbeddingRequest,
    Image,
    Message,
    TextListener,
)
from dragoman_models.registered import cost_of, endpoint_of, limits_of
from dragoman_runtime.clock import Clock
from dragoman_runtime.eventstore import EventStore
from dragoman_runtime.objects import ObjectStore, get_value, put_value
from dragoman_runtime.telemetry import metrics

MOST_IMAGE_BYTES = 20 * 1024 * 1024
MOST_PROMPT_CHARS = 200_000
_PATIENCE_S = 20.0  # an admin waits for it
_R = TypeVar("_R", ChatReply, EmbeddingReply)
_V = TypeVar("_V", bound=Value)
StreamItem = TrialPiece | TrialResult | TrialFailure


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture and what is asked about it."""

    media_type: str
    data: bytes
    prompt: str


def picture_of(data: bytes, prompt: str) -> Picture:
    """The picture of an upload.

    Raises:
        FieldRefusedError: it is none that models read, too large, or nothing is asked about it.
    """
    media_type = image_type(data)
    if len(data) > MOST_IMAGE_BYTES:
        raise FieldRefusedError(
            "image", f"The picture is larger than {MOST_IMAGE_BYTES // 2**20} MiB; make it smaller."
        )
    if media_type is None:
        raise FieldRefusedError("image", "Send a PNG, JPEG, GIF or WebP.")
    if not prompt.strip() or "\0" in prompt:
        raise FieldRefusedError("prompt", "Say what to do with the picture.")
    if len(prompt) > MOST_PROMPT_CHARS:
        raise FieldRefusedError("prompt", f"Write {MOST_PROMPT_CHARS} characters at most.")
    return Picture(media_type, data, prompt)


class Playground:
    """Makes calls to models that an admin tries out.

    Provider's refusals are raised as `dragoman_models.ports` lists them, and counted as failed.
    """

    def __init__(
        self,
        catalog: Catalog,
        objects: ObjectStore,
        store: EventStore,
        clock: Clock,
        private_hosts: frozenset[str],
    ) -> None:
        self._catalog = catalog
        self._objects = _InstallationObjects(objects)
        self._store = store
        self._clock = clock
        self._private_hosts = private_hosts
        self._under_way: set[asyncio.Task[None]] = set()
        self._gates: dict[tuple[UUID, int], ProviderGate] = {}

    async def chat(
        self,
        model_id: UUID,
        principal: Principal,
        asked: ChatTrial | Picture,
        listener: TextListener | None = None,
    ) -> TrialResult:
        """The answer to a conversation, or to a question about a picture; `listener` gets its text
        piece by piece where the provider streams.

        Raises:
            EntryMissingError: there is no such model.
            FieldRefusedError: the model answers no chat.
            KeyUnreadableError: the provider's key must be entered anew.
        """
        found = await self._found(model_id, "messages", {Trial.CHAT, Trial.IMAGE})
        request = _chat_request(found, asked)
        endpoint = endpoint_of(found, self._private_hosts)
        client, ledger = chat_model(endpoint), self._ledger(found)
        try:
            reply, price = await self._recorded(
                found,
                principal,
                lambda nonce: ledger.chat(
                    client, endpoint, request, nonce=nonce, listener=listener
                ),
            )
        finally:
            await client.aclose()
        answer = {"content": reply.text, "finish_reason": reply.finish_reason.value}
        return _result(answer, reply, price)

    async def embed(
        self, model_id: UUID, principal: Principal, asked: EmbeddingTrial
    ) -> TrialResult:
        """The vector of a text, and how near further texts are to it.

        Raises:
            EntryMissingError, FieldRefusedError, KeyUnreadableError: as `chat`.
        """
        found = await self._found(model_id, "input", {Trial.EMBEDDING})
        request = EmbeddingRequest(inputs=asked.texts, dimension=found.model.config.dimension)
        endpoint = endpoint_of(found, self._private_hosts)
        client, ledger = embedding_model(endpoint), self._ledger(found)
        try:
            reply, price = await self._recorded(
                found,
                principal,
                lambda nonce: ledger.embed(client, endpoint, request, nonce=nonce),
            )
        finally:
            await client.aclose()
        first = reply.vectors[0]
        answer = {
            "dimension": len(first),
            "values": first,
            "norm": norm(first),
            "cosines": [cosine(first, each) for each in reply.vectors[1:]],
        }
        return _result(answer, reply, price)

    async def stream(
        self, model_id: UUID, principal: Principal, asked: ChatTrial
    ) -> AsyncGenerator[StreamItem]:
        """The answer piece by piece, then as a whole, or why it failed. A call that nobody listens
        to any more still ends and is recorded: it is paid.

        Raises:
            EntryMissingError, FieldRefusedError: as `chat`, before the first item.
        """
        await self._found(model_id, "messages", {Trial.CHAT, Trial.IMAGE})
        return self._stream(model_id, principal, asked)

    async def _stream(
        self, model_id: UUID, principal: Principal, asked: ChatTrial
    ) -> AsyncGenerator[StreamItem]:
        items: asyncio.Queue[StreamItem] = asyncio.Queue()

        async def call() -> None:
            try:
                done = await self.chat(
                    model_id, principal, asked, lambda text: items.put_nowait(TrialPiece(text=text))
                )
                items.put_nowait(done)
            except DragomanError as error:
                items.put_nowait(TrialFailure(code=error.code, detail=error.message))

        task = asyncio.create_task(call())
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        while True:
            next_item = asyncio.ensure_future(items.get())
            await asyncio.wait({next_item, task}, return_when=asyncio.FIRST_COMPLETED)
            if not next_item.done() and task.done() and items.empty():
                next_item.cancel()
                task.result()  # a bug in the call is raised here
                return
            item = await next_item
            yield item
            if not isinstance(item, TrialPiece):
                return

    async def _found(self, model_id: UUID, field: str, trials: set[Trial]) -> CallableModel:
        found = await self._catalog.callable_model(model_id)
        trial = trial_of(found.model.category, found.provider.api_kind)
        if trial not in trials:
            raise FieldRefusedError(field, _REFUSALS[trial], code="model.unsupported")
        return found

    def _ledger(self, found: CallableModel) -> Ledger:
        provider = found.provider
        gate = self._gate(provider.provider_id, provider.version, limits_of(provider))
        return Ledger(self._objects, gate=gate)

    def _turn(self, model: RegisteredModel) -> AbstractAsyncContextManager[object]:
        """A call's place among those of its model, which may have fewer than the provider."""
        limits = ProviderLimits(max_concurrent_calls=model.max_concurrent_calls)
        return self._gate(model.model_id, model.version, limits).turn()

    def _gate(self, key: UUID, version: int, limits: ProviderLimits) -> ProviderGate:
        """The gate of an entry as it is now; its breaker remembers what failed."""
        if (key, version) not in self._gates:
            kept = {each: gate for each, gate in self._gates.items() if each[0] != key}
            gate = ProviderGate(key, limits, self._store, patience_s=_PATIENCE_S)
            self._gates = {**kept, (key, version): gate}
        return self._gates[key, version]

    async def _recorded(
        self,
        found: CallableModel,
        principal: Principal,
        call: Callable[[str], Awaitable[Recorded[_R]]],
    ) -> tuple[_R, ModelPrice | None]:
        """The reply, once the call is on record; a call that failed is on record too.

        The call's id makes each question a new one: a model that is tried shall be asked.
        """
        now = self._clock.now()
        price = found.model.price_at(now)
        made = ModelCall(
            call_id=new_id(),
            model_id=found.model.model_id,
            called_at=now,
            actor=principal.actor,
            code="",
            record=(),
        )
        try:
            async with self._turn(found.model):
                recorded = await call(str(made.call_id))
        except DragomanError as error:
            failed = made.model_copy(update={"code": error.code})
            count = count_of(Usage(), price, is_failed=True)
            await self._catalog.model_uses.record(failed, count)
            raise
        done = made.model_copy(update={"record": (recorded.ref,)})
        usage = recorded.reply.usage
        count = count_of(usage, price)
        kind, name = found.provider.api_kind, found.model.model_name
        metrics.count_cost(kind, name, count.cost, count.currency)
        await self._catalog.model_uses.record(done, count, _paid(found, made.call_id, usage, price))
        return recorded.reply, price


def _paid(found: CallableModel, call_id: UUID, usage: Usage, price: ModelPrice | None) -> PaidCall:
    """The call as spending enters it, under the names that other services enter."""
    is_priced = price is not None and price.currency == "USD"
    return PaidCall(
        call=call_id.hex,  # the same question is asked, and paid, again
        provider=found.provider.name,
        model=found.model.title,
        input_tokens=usage.prompt_tokens,
        cached_tokens=usage.cached_tokens,
        output_tokens=usage.response_tokens,
        cost=cost_of(usage, price) if is_priced else None,
    )


class _InstallationObjects:
    """The objects of the installation's own project, as the ledger uses them."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    async def get_value(self, ref: ObjectRef, type_: type[_V]) -> _V:
        return await get_value(self._objects, INSTALLATION_PROJECT_ID, ref, type_)

    async def put_value(self, value: Value) -> ObjectRef:
        return await put_value(self._objects, INSTALLATION_PROJECT_ID, value)

    async def get_pointer(self, fingerprint: str) -> ObjectRef | None:
        return await self._objects.get_pointer(INSTALLATION_PROJECT_ID, fingerprint)

    async def put_pointer(self, fingerprint: str, ref: ObjectRef) -> ObjectRef:
        return await self._objects.put_pointer(INSTALLATION_PROJECT_ID, fingerprint, ref)

    async def delete_pointer(self, fingerprint: str) -> None:
        await self._objects.delete_pointer(INSTALLATION_PROJECT_ID, fingerprint)


_REFUSALS = {
    Trial.IMAGE: "This model reads pictures and answers messages; send messages, or an image with a prompt.",
    Trial.CHAT: "This model answers messages; send messages.",
    Trial.EMBEDDING: "This model embeds texts; send input.",
    Trial.NONE: "This is a translation service, which answers no prompt; submit a document to try it.",
}


def _chat_request(found: CallableModel, asked: ChatTrial | Picture) -> ChatRequest:
    temperature = found.model.config.temperature
    if isinstance(asked, Picture):
        image = Image(media_type=asked.media_type, data=asked.data)
        message = Message(role="user", text=asked.prompt, images=(image,))
        return ChatRequest(messages=(message,), temperature=temperature)
    return ChatRequest(
        messages=tuple(Message(role=each.role, text=each.content) for each in asked.messages),
        max_output_tokens=asked.max_output_tokens,
        temperature=temperature if asked.temperature is None else asked.temperature,
    )


def _result(
    answer: Mapping[str, object], reply: ChatReply | EmbeddingReply, price: ModelPrice | None
) -> TrialResult:
    usage, cost = reply.usage, cost_of(reply.usage, price)
    told = TrialUsage(
        input_tokens=usage.prompt_tokens,
        cached_tokens=usage.cached_tokens,
        cache_write_tokens=usage.cache_write_tokens,
        output_tokens=usage.response_tokens,
        reasoning_tokens=usage.reasoning_tokens,
    )
    taken: dict[str, object] = {
        "model": reply.model,
        "usage": told,
        "latency_ms": reply.latency_ms,
        "cost": None if cost is None else format(cost.normalize(), "f"),
        "currency": price.currency if price and cost is not None else None,
    }
    return TrialResult.model_validate({**answer, **taken})
