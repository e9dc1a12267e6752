"""Any OpenAI-compatible server: OpenAI, OpenRouter, vLLM, Ollama, llama.cpp, LM Studio."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from decimal import Decimal
from http import HTTPStatus

import httpx
from pydantic import BaseModel, JsonValue, ValidationError

from dragoman_contracts.errors import PermanentError, RetryableError
from dragoman_contracts.events import Usage
from dragoman_contracts.locale import Locale
from dragoman_models.adapters.http import Limits, RefusedError
from dragoman_models.dialect import Dialect
from dragoman_models.endpoint import ApiKind
from dragoman_models.prices import cost, known_price
from dragoman_models.refusals import ServerError
from dragoman_runtime.telemetry import metrics
from dragoman_translate.adapters.openai_answer import Answer
from dragoman_translate.adapters.openai_call import CURES, Call
from dragoman_translate.adapters.openai_dialect import body_of
from dragoman_translate.adapters.turns import Turns
from dragoman_translate.call_limit import CallLimit, CallSeen
from dragoman_translate.engine_settings import OpenAiSettings
from dragoman_translate.ports import (
    CallCircumstances,
    EngineCapabilities,
    EngineReply,
    EngineRequest,
    EngineSignature,
    FinishReason,
    ReplyListener,
)
from dragoman_translate.prompt import PROMPT_VERSION
from dragoman_translate.unit_reading import UnitReader

_UNPROCESSABLE = (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY)
_LEAST_OUTPUT_KEPT = 1_024
_PROPERTIES_TIMEOUT_S = 3.0


class _Properties(BaseModel):
    """The fields that are read of llama.cpp's /props."""

    total_slots: int = 0


class OpenAiEngine:
    """Translates by chat completions, with the reply held to a JSON Schema if the server can."""

    def __init__(self, settings: OpenAiSettings, model: str = "") -> None:
        self._settings = settings
        self._model = model or settings.model
        self._dialect = Dialect(output_tokens=settings.max_output_tokens)
        self._client: httpx.AsyncClient | None = None
        self._turns = Turns(CallLimit.of(settings.max_concurrent_calls))
        self._has_asked_for_slots = settings.max_concurrent_calls > 0

    @property
    def name(self) -> str:
        """`openai`."""
        return "openai"

    @property
    def capabilities(self) -> EngineCapabilities:
        """Batches that fit the output limit: the one that is set, or the server's if smaller."""
        return EngineCapabilities(
            max_units_per_batch=64,
            max_output_tokens=self._dialect.output_tokens,
            needs_network=True,
            uses_context=True,
            writes_slowly=True,
            keeps_answers=True,
        )

    @property
    def signature(self) -> EngineSignature:
        """Model, prompt and sampling.

        Not the server's address, which may change under the same model.
        """
        return EngineSignature(
            name=self.name,
            model=self._model,
            prompt_version=PROMPT_VERSION,
            parameters={
                "temperature": self._settings.temperature,
                "max_output_tokens": self._settings.max_output_tokens,
            },
        )

    def cost(self, usage: Usage) -> Decimal | None:
        """The cost at list prices; None where the server's address has none."""
        today, base_url = datetime.now(UTC).date(), self._settings.base_url
        price = known_price(ApiKind.OPENAI, self._model, today, base_url)
        return None if price is None else cost(usage, price)

    async def check_pair(self, source_locale: Locale, target_locale: Locale) -> None:
        """Accept every pair; what a model cannot do, QA and reviewers see.

        Raises:
            PermanentError: engine.not_configured when no model is set.
        """
        self._configured_model()

    async def translate(
        self, request: EngineRequest, listener: ReplyListener | None = None
    ) -> EngineReply:
        """Make one chat completion, when the server has room for it."""
        self._configured_model()
        async with self._turns.turn() as in_flight:
            await self._ask_for_slots()
            started_at = datetime.now(UTC)
            try:
                call, declined = await self._complete(request, listener)
            except RetryableError as error:
                if error.code in ("engine.rate_limited", "engine.timeout"):
                    self._turns.limit = self._turns.limit.after_refusal()
                raise
            waited_s = call.elapsed_s if call.waited_s is None else call.waited_s
            seen = CallSeen(in_flight=in_flight, waited_s=waited_s, size_bytes=len(call.content))
            self._turns.limit = self._turns.limit.after(seen)
        reply = _declined(call, declined, started_at) if declined else _reply(call, started_at)
        metrics.count_cost(self.name, self._model, self.cost(reply.usage), "USD")
        return reply

    async def aclose(self) -> None:
        """Close the connections."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    def _configured_model(self) -> str:
        if not self._model:
            message = "No model is set for the engine openai; set DRAGOMAN_OPENAI_MODEL, or name one with the request."
            raise PermanentError(message, code="engine.not_configured")
        return self._model

    async def _complete(
        self, request: EngineRequest, listener: ReplyListener | None
    ) -> tuple[Call, ServerError | None]:
        """Ask, in the next dialect when the server refuses one; a refusal costs nothing.

        A text that a filter declined is an answer, too: the call comes back with its error.
        """
        dialect = self._dialect
        while True:
            call = self._call(request, dialect, listener)
            try:
                await call.make()
            except RefusedError as refused:
                error = refused.error
                if error.is_declined:
                    return call, error
                can_adapt = error.status in _UNPROCESSABLE or error.is_output_limit
                changed = dialect.after(error) if can_adapt else None
                if changed is None:
                    raise error.as_error(CURES) from None
                dialect = changed
            else:
                self._dialect = self._kept(dialect)
                return call, None

    def _kept(self, dialect: Dialect) -> Dialect:
        """The dialect to keep after a request was understood.

        One long prompt must not shorten all later answers.
        """
        least = min(_LEAST_OUTPUT_KEPT, self._settings.max_output_tokens)
        tokens = dialect.output_tokens or least
        return dialect if tokens >= least else dialect.with_output(least)

    def _call(
        self, request: EngineRequest, dialect: Dialect, listener: ReplyListener | None
    ) -> Call:
        return Call(
            client=self._open_client(),
            path="chat/completions",
            body=body_of(dialect, self._model, request, self._settings.temperature),
            answer=Answer(UnitReader.of(request)),
            headers={"Idempotency-Key": request.idempotency_key or "none"},
            limits=Limits(self._settings.timeout_s, dialect.output_tokens),
            cures=CURES,
            expected="a chat completion",
            listener=listener,
        )

    async def _ask_for_slots(self) -> None:
        """Learn once how many calls llama.cpp's server takes at the same
        time; others do not say.
        """
        if self._has_asked_for_slots:
            return
        self._has_asked_for_slots = True
        address = self._settings.base_url.rstrip("/").removesuffix("/v1") + "/props"
        try:
            async with asyncio.timeout(min(_PROPERTIES_TIMEOUT_S, self._settings.timeout_s)):
                response = await self._open_client().get(address)
            slots = (
                _Properties.model_validate_json(response.content).total_slots
                if response.is_success
                else 0
            )
        except (TimeoutError, httpx.HTTPError, httpx.InvalidURL, ValidationError):
            return
        if slots > 0:
            self._turns.limit = self._turns.limit.with_slots(slots)

    def _open_client(self) -> httpx.AsyncClient:
        if self._client is None:
            key = self._settings.api_key.get_secret_value()
            self._client = httpx.AsyncClient(
                base_url=self._settings.base_url.rstrip("/") + "/",
                headers={"Authorization": f"Bearer {key}"} if key else {},
                # the calls limit silence; httpx would limit each read, and a read that is slow is
                # no fault
                timeout=httpx.Timeout(None, connect=self._settings.connect_timeout_s),
                # A connection for each call: a kept one may be closed by the server at the moment
                # it is used again, which nobody can tell from a server that died at work, and
                # llama.cpp's closes after each stream.
                limits=httpx.Limits(max_keepalive_connections=0),
            )
        return self._client


def _reply(call: Call, started_at: datetime) -> EngineReply:
    answer = call.answer
    targets, finish = answer.end()
    if finish is FinishReason.INTERRUPTED and (call.is_cut_off or _ran_out_of_room(answer)):
        finish = FinishReason.LENGTH
    return EngineReply(
        targets=targets,
        model=answer.model,
        prompt=call.body,
        response=answer.response,
        finish_reason=finish,
        usage=answer.usage_of(len(call.content)),
        circumstances=_circumstances(call, started_at, answer.envelope),
    )


def _ran_out_of_room(answer: Answer) -> bool:
    """Whether an answer broke off because it or its prompt was too long."""
    return (
        bool(answer.error) and ServerError.of(HTTPStatus.OK, {}, {"error": answer.error}).is_context
    )


def _declined(call: Call, error: ServerError, started_at: datetime) -> EngineReply:
    return EngineReply(
        targets=(),
        model="",
        prompt=call.body,
        response="",
        finish_reason=FinishReason.REFUSED,
        usage=Usage(call_count=1),
        circumstances=_circumstances(call, started_at, error.body),
    )


def _circumstances(call: Call, started_at: datetime, envelope: JsonValue) -> CallCircumstances:
    return CallCircumstances(
        started_at=started_at.isoformat(),
        latency_ms=round(call.elapsed_s * 1000),
        waited_ms=round((call.waited_s or 0) * 1000),
        provider_request_id=call.request_id or call.answer.request_id,
        envelope=envelope,
    )
