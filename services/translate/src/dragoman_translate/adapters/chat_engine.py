"""Any chat model of libs/models as an engine: `anthropic`, `gemini`, `ollama`, and what is registered
with OpenAI's API.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from decimal import Decimal

from typing_extensions import override

from dragoman_contracts.events import Usage
from dragoman_contracts.locale import Locale
from dragoman_models.endpoint import Endpoint
from dragoman_models.ports import ChatModel, ChatReply, ChatRequest, Message
from dragoman_translate.adapters.places import Places
from dragoman_translate.ports import (
    CallCircumstances,
    EngineCapabilities,
    EngineReply,
    EngineRequest,
    EngineSignature,
    Payee,
    PricedEngine,
    RegisteredEngine,
    ReplyListener,
    ReplyProgress,
)
from dragoman_translate.prompt import PROMPT_VERSION, messages, reply_schema
from dragoman_translate.unit_reading import UnitReader

_MOST_UNITS = 64
_OUTPUT_TOKENS = 8_192
_BYTES_PER_TOKEN = 4
_TELL_EVERY_S = 1.0


class ChatEngine(PricedEngine, RegisteredEngine):
    """Translates by messages, with the reply held to a JSON Schema if the model can."""

    def __init__(
        self,
        model: ChatModel,
        endpoint: Endpoint,
        places: Places,
        *,
        temperature: float | None = 0.0,
    ) -> None:
        """`places` are the call's place among those of its provider and model, and its price."""
        self._model = model
        self._endpoint = endpoint
        self._places = places
        self._temperature = temperature
        self._output_tokens = endpoint.max_output_tokens or _OUTPUT_TOKENS

    @property
    @override
    def name(self) -> str:
        return self._endpoint.api_kind.value

    @property
    @override
    def capabilities(self) -> EngineCapabilities:
        return EngineCapabilities(
            max_units_per_batch=_MOST_UNITS,
            max_output_tokens=self._output_tokens,
            needs_network=True,
            uses_context=True,
            writes_slowly=True,
            keeps_answers=True,
        )

    @property
    @override
    def signature(self) -> EngineSignature:
        """Model, prompt and sampling; not the provider's address, which may change."""
        return EngineSignature(
            name=self.name,
            model=self._endpoint.model,
            prompt_version=PROMPT_VERSION,
            parameters={
                "temperature": self._temperature,
                "max_output_tokens": self._output_tokens,
            },
        )

    @property
    @override
    def payee(self) -> Payee:
        return self._places.payee

    @override
    def cost(self, usage: Usage) -> Decimal | None:
        return self._places.cost(usage)

    @override
    async def check_pair(self, source_locale: Locale, target_locale: Locale) -> None:
        """Accept every pair; what a model cannot do, QA and reviewers see."""

    @override
    async def translate(
        self, request: EngineRequest, listener: ReplyListener | None = None
    ) -> EngineReply:
        asked = self._request(request)
        arriving = _Arriving(request, listener)
        size = sum(len(each.text.encode()) for each in asked.messages)
        async with self._places.turn(size // _BYTES_PER_TOKEN + self._output_tokens) as turn:
            started_at = datetime.now(UTC)
            arriving.begin()
            reply = await self._model.chat(asked, arriving.take)
            turn.used(reply.usage)
        await self._places.note(reply.usage)
        return arriving.reply(reply, started_at)

    @override
    async def aclose(self) -> None:
        await self._model.aclose()

    def _request(self, request: EngineRequest) -> ChatRequest:
        system, user = messages(request)
        return ChatRequest(
            messages=(
                Message(role="system", text=system["content"]),
                Message(role="user", text=user["content"]),
            ),
            answer_schema=reply_schema(),
            max_output_tokens=self._output_tokens,
            temperature=self._temperature,
            idempotency_key=request.idempotency_key,
        )


class _Arriving:
    """An answer as it arrives, read into units."""

    def __init__(self, request: EngineRequest, listener: ReplyListener | None) -> None:
        self._request = request
        self._reader = UnitReader.of(request)
        self._listener = listener
        self._sent_at = self._told_at = time.monotonic()
        self._first_at: float | None = None
        self._chars = 0

    def begin(self) -> None:
        """The wait for a turn is over, the one for the first token begins."""
        self._sent_at = self._told_at = time.monotonic()
        if self._listener is not None:
            self._listener(ReplyProgress(targets=(), token_count=0, waited_s=0.0, elapsed_s=0.0))

    def take(self, text: str) -> bool:
        """Read a piece of the answer, and tell of it; True when no more should be read."""
        now = time.monotonic()
        is_first, self._first_at = self._first_at is None, self._first_at or now
        self._chars += len(text)
        is_news = self._reader.feed(text) > 0 or is_first or now - self._told_at >= _TELL_EVERY_S
        if self._listener is not None and is_news:
            self._told_at = now
            progress = ReplyProgress(
                targets=self._reader.targets,
                token_count=max(1, self._chars // _BYTES_PER_TOKEN),
                waited_s=self._first_at - self._sent_at,
                elapsed_s=now - self._sent_at,
            )
            self._listener(progress)
        return self._reader.does_not_end

    def reply(self, reply: ChatReply, started_at: datetime) -> EngineReply:
        """The whole answer, read anew: a piece that was told twice must not count twice."""
        reader = UnitReader.of(self._request)
        reader.feed(reply.text)
        targets, finish = reader.close(reply.finish_reason)
        return EngineReply(
            targets=targets,
            model=reply.model,
            prompt=reply.prompt,
            response=reply.text,
            finish_reason=finish,
            usage=reply.usage,
            circumstances=CallCircumstances(
                started_at=started_at.isoformat(),
                latency_ms=reply.latency_ms,
                waited_ms=reply.waited_ms,
                provider_request_id=reply.provider_request_id,
                envelope=reply.envelope,
            ),
        )
