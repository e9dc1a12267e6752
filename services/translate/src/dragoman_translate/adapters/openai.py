"""Any OpenAI-compatible server: OpenAI, OpenRouter, vLLM, Ollama, llama.cpp, LM Studio."""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import httpx
from pydantic import BaseModel, Field, JsonValue, ValidationError

from dragoman_contracts.errors import DragomanError, PermanentError, RetryableError
from dragoman_contracts.events import Usage
from dragoman_contracts.locale import Locale
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
from dragoman_translate.prompt import PROMPT_VERSION, messages, reply_schema
from dragoman_translate.reading import read_reply

_FORMATS = ("json_schema", "json_object", "text")
_FINISH = {"length": FinishReason.LENGTH, "content_filter": FinishReason.REFUSED}


class _TokenDetails(BaseModel):
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None


class _Usage(BaseModel):
    prompt_tokens: int = 0
    completion_tokens: int = 0
    prompt_tokens_details: _TokenDetails | None = None
    completion_tokens_details: _TokenDetails | None = None


class _Message(BaseModel):
    content: str | None = None
    refusal: str | None = None


class _Choice(BaseModel):
    message: _Message
    finish_reason: str | None = None


class _Completion(BaseModel):
    """What we read of a chat completion."""

    id: str = ""
    model: str = ""
    choices: list[_Choice] = Field(min_length=1)
    usage: _Usage | None = None


@dataclass(frozen=True)
class _Dialect:
    """How a server wants to be asked: found out once, by what it refuses."""

    response_format: str = "json_schema"
    limit_name: str = "max_tokens"
    has_temperature: bool = True

    def after(self, refusal: str) -> _Dialect | None:
        """The dialect to try next when a request was refused with these words; None when there is none left."""
        if "max_completion_tokens" in refusal and self.limit_name == "max_tokens":
            return replace(self, limit_name="max_completion_tokens")
        if "temperature" in refusal and self.has_temperature:
            return replace(self, has_temperature=False)
        if self.response_format != _FORMATS[-1]:
            return replace(self, response_format=_FORMATS[_FORMATS.index(self.response_format) + 1])
        return None


class OpenAiEngine:
    """Translates by chat completions, with the reply held to a JSON Schema where the server can do that."""

    def __init__(self, settings: OpenAiSettings, model: str = "") -> None:
        self._settings = settings
        self._model = model or settings.model
        self._dialect = _Dialect()
        self._client: httpx.AsyncClient | None = None
        self._turns = asyncio.Semaphore(settings.max_concurrent_calls)

    @property
    def name(self) -> str:
        """`openai`."""
        return "openai"

    @property
    def capabilities(self) -> EngineCapabilities:
        """Batches that fit the output limit."""
        return EngineCapabilities(
            max_units_per_batch=64,
            max_output_tokens=self._settings.max_output_tokens,
            needs_network=True,
            uses_context=True,
        )

    @property
    def signature(self) -> EngineSignature:
        """Model, prompt and sampling; not the server's address, which may change under the same model."""
        return EngineSignature(
            name=self.name,
            model=self._model,
            prompt_version=PROMPT_VERSION,
            parameters={
                "temperature": self._settings.temperature,
                "max_output_tokens": self._settings.max_output_tokens,
            },
        )

    async def check_pair(self, source_locale: Locale, target_locale: Locale) -> None:
        """Accept every pair; what a model cannot do, QA and reviewers see.

        Raises:
            PermanentError: engine.not_configured when no model is set.
        """
        self._configured_model()

    async def translate(self, request: EngineRequest, listener: ReplyListener | None = None) -> EngineReply:
        """Make one chat completion."""
        self._configured_model()
        async with self._turns:
            started_at, clock = datetime.now(UTC), time.monotonic()
            body, response = await self._complete(request)
        latency_ms = round((time.monotonic() - clock) * 1000)
        try:
            completion = _Completion.model_validate_json(response.content)
            envelope: JsonValue = {key: value for key, value in response.json().items() if key != "choices"}
        except (ValidationError, ValueError) as error:
            message = "The server answered with something other than a chat completion; check DRAGOMAN_OPENAI_BASE_URL."
            raise RetryableError(message, code="engine.malformed_reply") from error
        circumstances = CallCircumstances(
            started_at=started_at.isoformat(),
            latency_ms=latency_ms,
            provider_request_id=response.headers.get("x-request-id", completion.id),
            envelope=envelope,
        )
        return _reply(body, completion, circumstances)

    async def aclose(self) -> None:
        """Close the connections."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    def _configured_model(self) -> str:
        if not self._model:
            message = "No model is set for the engine openai; set DRAGOMAN_OPENAI_MODEL or choose one in the policy."
            raise PermanentError(message, code="engine.not_configured")
        return self._model

    async def _complete(self, request: EngineRequest) -> tuple[dict[str, JsonValue], httpx.Response]:
        """Ask, in the next dialect when the server refuses one; a refusal costs nothing."""
        while True:
            dialect = self._dialect
            body = self._body(request, dialect)
            response = await self._post(body, request.idempotency_key)
            if response.status_code not in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY):
                if response.is_success:
                    return body, response
                raise _error(response)
            changed = dialect.after(response.text)
            if changed is None or "context_length" in response.text:
                raise _error(response)
            self._dialect = changed

    async def _post(self, body: dict[str, JsonValue], idempotency_key: str) -> httpx.Response:
        client = self._open_client()
        try:
            # httpx limits each read; a server that drips would never end.
            async with asyncio.timeout(self._settings.timeout_s):
                return await client.post(
                    "chat/completions", json=body, headers={"Idempotency-Key": idempotency_key or "none"}
                )
        except (TimeoutError, httpx.TimeoutException) as error:
            message = f"The server gave no answer within {self._settings.timeout_s:g} s (DRAGOMAN_OPENAI_TIMEOUT_S)."
            raise RetryableError(message, code="engine.timeout") from error
        except httpx.TransportError as error:
            message = f"No connection to the server ({type(error).__name__}); is DRAGOMAN_OPENAI_BASE_URL right?"
            raise RetryableError(message, code="engine.unavailable") from error

    def _open_client(self) -> httpx.AsyncClient:
        if self._client is None:
            key = self._settings.api_key.get_secret_value()
            self._client = httpx.AsyncClient(
                base_url=self._settings.base_url.rstrip("/") + "/",
                headers={"Authorization": f"Bearer {key}"} if key else {},
                timeout=httpx.Timeout(self._settings.timeout_s, connect=self._settings.connect_timeout_s),
            )
        return self._client

    def _body(self, request: EngineRequest, dialect: _Dialect) -> dict[str, JsonValue]:
        conversation: list[JsonValue] = [
            {"role": message["role"], "content": message["content"]} for message in messages(request)
        ]
        body: dict[str, JsonValue] = {
            "model": self._model,
            "messages": conversation,
            dialect.limit_name: self._settings.max_output_tokens,
        }
        if dialect.has_temperature and self._settings.temperature is not None:
            body["temperature"] = self._settings.temperature
        if dialect.response_format == "json_schema":
            schema: JsonValue = {"name": "translation", "strict": True, "schema": reply_schema()}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        elif dialect.response_format == "json_object":
            body["response_format"] = {"type": "json_object"}
        return body


def _reply(body: dict[str, JsonValue], completion: _Completion, circumstances: CallCircumstances) -> EngineReply:
    choice = completion.choices[0]
    text = choice.message.content or ""
    targets = read_reply(text)
    finish = _FINISH.get(choice.finish_reason or "", FinishReason.STOP)
    if choice.message.refusal:
        finish = FinishReason.REFUSED
    elif targets is None and finish is FinishReason.STOP:
        finish = FinishReason.MALFORMED
    return EngineReply(
        targets=targets or (),
        model=completion.model,
        prompt=body,
        response=text or choice.message.refusal or "",
        finish_reason=finish,
        usage=_usage(completion.usage or _Usage()),
        circumstances=circumstances,
    )


def _usage(usage: _Usage) -> Usage:
    prompt, response = usage.prompt_tokens_details, usage.completion_tokens_details
    return Usage(
        call_count=1,
        prompt_tokens=usage.prompt_tokens,
        cached_tokens=(prompt.cached_tokens if prompt else 0) or 0,
        reasoning_tokens=(response.reasoning_tokens if response else 0) or 0,
        response_tokens=usage.completion_tokens,
    )


def _error(response: httpx.Response) -> DragomanError:
    """Our error for an answer that is none. The server's words stay out: they may quote the document or the key."""
    status, reason = response.status_code, _reason(response)
    said = f"HTTP {status}{f' {reason}' if reason else ''}"
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        message = f"The server refused the credential ({said}); set DRAGOMAN_OPENAI_API_KEY."
        return PermanentError(message, code="engine.unauthorised")
    if status == HTTPStatus.PAYMENT_REQUIRED or reason == "insufficient_quota":
        return PermanentError(f"The account has no credit left ({said}); top it up.", code="engine.quota_exhausted")
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        message = f"The server asks to slow down ({said})."
        return RetryableError(message, code="engine.rate_limited", retry_after_s=_retry_after_s(response))
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in (
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.CONFLICT,
        HTTPStatus.TOO_EARLY,
    ):
        message = f"The server is in trouble ({said})."
        return RetryableError(message, code="engine.unavailable", retry_after_s=_retry_after_s(response))
    message = (
        f"The server refused the request ({said}); check the model's name, its limits and DRAGOMAN_OPENAI_BASE_URL."
    )
    return PermanentError(message, code="engine.bad_request")


def _reason(response: httpx.Response) -> str:
    """The machine-readable part of the server's error, when it has one."""
    match = re.search(r'"(?:code|type)"\s*:\s*"([a-z][a-z0-9_]{0,63})"', response.text)
    return match[1] if match else ""


def _retry_after_s(response: httpx.Response) -> float | None:
    """What Retry-After says (RFC 9110 §10.2.3): seconds, or a date."""
    value = response.headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d+(\.\d+)?", value):
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None
