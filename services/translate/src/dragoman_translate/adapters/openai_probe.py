"""One tiny call to an OpenAI-compatible server, which shows its pace, its streaming, and whether it
keeps a JSON Schema.

The schema demands a field that the prompt does not name: only a server that holds answers to a
schema brings it.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from dataclasses import dataclass, field, replace
from http import HTTPStatus

import httpx
from pydantic import JsonValue

from dragoman_contracts.locale import Locale
from dragoman_translate.adapters.server_facts import ServerFacts, server_facts
from dragoman_translate.engine_settings import OpenAiSettings
from dragoman_translate.ports import EngineRequest
from dragoman_translate.probing import EngineProbe, page_s, probe_unit
from dragoman_translate.prompt import messages, reply_schema

_MOST_TOKENS = 400
_SEAL = "k7q2"
_UNPROCESSABLE = (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY)
_NAMED_MODELS = 8
_MOST_SILENCES = 5
_SLOW = "Is the server busy, or too slow for this model? Try a smaller one."


@dataclass(frozen=True, slots=True)
class _Asking:
    """How the server is asked; what it refuses is left out the next time."""

    response_format: str = "json_schema"
    limit_name: str = "max_tokens"
    has_temperature: bool = True
    has_stream_options: bool = True
    is_streaming: bool = True

    def after(self, refusal: str) -> _Asking | None:
        """How to ask next, when the server refused with these words; None when nothing is left to
        leave out.
        """
        if "max_completion_tokens" in refusal and self.limit_name == "max_tokens":
            return replace(self, limit_name="max_completion_tokens")
        if "temperature" in refusal and self.has_temperature:
            return replace(self, has_temperature=False)
        if "stream_options" in refusal and self.has_stream_options:
            return replace(self, has_stream_options=False)
        if self.response_format == "json_schema":
            return replace(self, response_format="json_object")
        if self.response_format == "json_object":
            return replace(self, response_format="text")
        return (
            replace(self, is_streaming=False, has_stream_options=False)
            if self.is_streaming
            else None
        )


@dataclass(slots=True)
class _Heard:
    """The pieces of the answer with their times, in seconds since the request was sent."""

    status: int = 0
    refusal: str = ""
    is_stream: bool = False
    is_completion: bool = False
    text: str = ""
    piece_count: int = 0
    first_s: float | None = None
    last_s: float = 0.0
    model: str = ""
    finish_reason: str = ""
    usage: dict[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    timings: dict[str, JsonValue] = field(default_factory=dict[str, JsonValue])

    def take(self, chunk: dict[str, JsonValue], at_s: float) -> None:
        """A whole completion, or a piece of a streamed one."""
        self.model = self.model or str(chunk.get("model") or "")
        self.usage = _dict(chunk.get("usage")) or self.usage
        self.timings = _dict(chunk.get("timings")) or self.timings
        choices = chunk.get("choices")
        if isinstance(choices, list):
            self.is_completion = True
        choice = _dict(choices[0]) if isinstance(choices, list) and choices else {}
        self.finish_reason = str(choice.get("finish_reason") or self.finish_reason)
        message = _dict(choice.get("delta")) or _dict(choice.get("message"))
        written = [message.get(name) for name in ("content", "reasoning_content", "reasoning")]
        if any(isinstance(each, str) and each for each in written):
            self.first_s = at_s if self.first_s is None else self.first_s
            self.last_s = at_s
            self.piece_count += 1
        self.text += written[0] if isinstance(written[0], str) else ""

    @property
    def prompt_tokens(self) -> int:
        """Tokens of the prompt, as the server counted them."""
        return _count(self.usage.get("prompt_tokens"))

    @property
    def response_tokens(self) -> int:
        """Tokens of the answer; pieces where the server does not count, which are about as many."""
        return _count(self.usage.get("completion_tokens")) or (
            self.piece_count if self.is_stream else 0
        )


async def probe_openai(
    settings: OpenAiSettings, model: str, source: Locale, target: Locale
) -> EngineProbe:
    """Look at the server and make one call. Raises nothing: a failure is in the result."""
    model = model or settings.model
    found = EngineProbe(engine="openai", is_ok=False, model=model)
    try:
        address = httpx.URL(settings.base_url)
    except httpx.InvalidURL:
        return _failed(found, "engine.not_configured", "DRAGOMAN_OPENAI_BASE_URL is no address.")
    found = found.model_copy(update={"address": str(address.copy_with(userinfo=b""))})
    key = settings.api_key.get_secret_value()
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    patience_s = settings.timeout_s * _MOST_SILENCES
    timeout = httpx.Timeout(settings.timeout_s, connect=settings.connect_timeout_s)
    async with httpx.AsyncClient(headers=headers, timeout=timeout) as client:
        try:
            async with asyncio.timeout(patience_s):
                return await _probed(client, settings, found, source, target)
        except TimeoutError:
            return _failed(
                found,
                "engine.timeout",
                f"One sentence was not answered in {patience_s:g} s. {_SLOW}",
            )
        except httpx.TimeoutException as error:
            if isinstance(error, httpx.ConnectTimeout):
                return _unreachable(found, error)
            said = f"The server was silent for {settings.timeout_s:g} s (DRAGOMAN_OPENAI_TIMEOUT_S)"
            return _failed(found, "engine.timeout", f"{said}. {_SLOW}")
        except (httpx.TransportError, httpx.InvalidURL) as error:
            return _unreachable(found, error)


async def _probed(
    client: httpx.AsyncClient,
    settings: OpenAiSettings,
    found: EngineProbe,
    source: Locale,
    target: Locale,
) -> EngineProbe:
    if not found.model:
        facts = await server_facts(client, settings.base_url, "")
        if not facts.is_reached:
            return _unreachable(found, None)
        return _failed(
            found,
            "engine.not_configured",
            f"No model is set. Set DRAGOMAN_OPENAI_MODEL{_of(facts)}.",
        )
    asking, heard = await _asked(client, settings, found.model, source, target)
    facts = await server_facts(client, settings.base_url, found.model)
    found = found.model_copy(
        update={"server": facts.kind, "context_tokens": facts.context_tokens, "slots": facts.slots}
    )
    if heard.status >= HTTPStatus.BAD_REQUEST:
        return _refused(found, heard, facts)
    if not heard.is_completion:
        message = (
            "It answers, but with no chat completion. Does DRAGOMAN_OPENAI_BASE_URL end in /v1?"
        )
        return _failed(found, "engine.malformed_reply", message)
    return _measured(found, asking, heard, facts)


async def _asked(
    client: httpx.AsyncClient, settings: OpenAiSettings, model: str, source: Locale, target: Locale
) -> tuple[_Asking, _Heard]:
    """Ask, otherwise when the server refuses the way in which it was asked.

    A refusal costs nothing.
    """
    asking = _Asking(has_temperature=settings.temperature is not None)
    request = EngineRequest(
        source_locale=source, target_locale=target, units=(probe_unit(),), model=model
    )
    while True:
        heard = await _call(client, settings.base_url, _body(request, asking, settings))
        following = asking.after(heard.refusal) if heard.status in _UNPROCESSABLE else None
        if following is None or "model" in _reason(heard.refusal):
            return asking, heard
        asking = following


def _body(
    request: EngineRequest, asking: _Asking, settings: OpenAiSettings
) -> dict[str, JsonValue]:
    rules, units = messages(request)
    # At the very beginning, so that no server has read these rules before and the pace of reading
    # is a real one.
    rules["content"] = f"Probe {secrets.token_hex(4)}.\n\n{rules['content']}"
    body: dict[str, JsonValue] = {
        "model": request.model,
        "messages": [{"role": each["role"], "content": each["content"]} for each in (rules, units)],
        asking.limit_name: min(_MOST_TOKENS, settings.max_output_tokens),
    }
    if asking.has_temperature:
        body["temperature"] = settings.temperature
    if asking.is_streaming:
        body["stream"] = True
        if asking.has_stream_options:
            body["stream_options"] = {"include_usage": True}
    if asking.response_format == "json_schema":
        schema: JsonValue = {"name": "probe", "strict": True, "schema": _sealed_schema()}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    elif asking.response_format == "json_object":
        body["response_format"] = {"type": "json_object"}
    return body


def _sealed_schema() -> dict[str, JsonValue]:
    schema = reply_schema()
    seal: JsonValue = {"type": "string", "enum": [_SEAL]}
    properties: dict[str, JsonValue] = {**_dict(schema["properties"]), "seal": seal}
    required: list[JsonValue] = list(properties)
    return {**schema, "properties": properties, "required": required}


async def _call(client: httpx.AsyncClient, base_url: str, body: dict[str, JsonValue]) -> _Heard:
    heard, began = _Heard(), time.monotonic()
    async with client.stream(
        "POST", f"{base_url.rstrip('/')}/chat/completions", json=body
    ) as response:
        heard.status = response.status_code
        heard.is_stream = "text/event-stream" in response.headers.get("content-type", "")
        if not response.is_success:
            heard.refusal = (await response.aread()).decode(errors="replace")
        elif heard.is_stream:
            async for line in response.aiter_lines():
                name, _, said = line.partition(":")
                if name == "data":
                    heard.take(_parsed(said), time.monotonic() - began)
        else:
            heard.take(
                _parsed((await response.aread()).decode(errors="replace")), time.monotonic() - began
            )
    return heard


def _measured(
    found: EngineProbe, asking: _Asking, heard: _Heard, facts: ServerFacts
) -> EngineProbe:
    streams = heard.is_stream and heard.piece_count > 2
    reads, writes = _paces(heard, streams=streams)
    answer = _parsed(heard.text)
    keeps_schema = asking.response_format == "json_schema" and answer.get("seal") == _SEAL
    return found.model_copy(
        update={
            "is_ok": True,
            "model": heard.model or found.model,
            "first_token_s": round(heard.first_s, 2)
            if streams and heard.first_s is not None
            else None,
            "read_tokens_per_s": _rounded(reads),
            "write_tokens_per_s": _rounded(writes),
            "keeps_schema": keeps_schema,
            "streams": streams,
            "page_s": _rounded(page_s(heard.prompt_tokens, heard.response_tokens, reads, writes)),
            "prompt_tokens": heard.prompt_tokens,
            "response_tokens": heard.response_tokens,
            "sample": _sample(answer),
            "warnings": (
                *facts.warnings,
                *_warnings(asking, heard, streams=streams, keeps_schema=keeps_schema),
            ),
        }
    )


def _paces(heard: _Heard, *, streams: bool) -> tuple[float | None, float | None]:
    """Tokens a second, read and written: as llama.cpp times them,
    else from when the pieces came.
    """
    reads, writes = (
        _pace(heard.timings.get("prompt_per_second")),
        _pace(heard.timings.get("predicted_per_second")),
    )
    if reads and writes:
        return reads, writes
    if not streams or heard.first_s is None:
        return (
            None,
            heard.response_tokens / heard.last_s
            if heard.last_s and heard.response_tokens
            else None,
        )
    wrote_s = heard.last_s - heard.first_s
    reads = heard.prompt_tokens / heard.first_s if heard.first_s and heard.prompt_tokens else None
    return reads, (
        heard.response_tokens - 1
    ) / wrote_s if wrote_s > 0 and heard.response_tokens > 1 else None


def _warnings(asking: _Asking, heard: _Heard, *, streams: bool, keeps_schema: bool) -> list[str]:
    said: list[str] = []
    if heard.finish_reason == "length":
        said.append(
            f"The answer to one sentence was not finished after {_MOST_TOKENS} tokens: does the model think before it "
            "answers? Switch that off, or take one that does not; a page takes longer than told here."
        )
    if not keeps_schema:
        is_refused = asking.response_format != "json_schema"
        what = (
            "refuses a JSON Schema" if is_refused else "takes a JSON Schema and does not keep to it"
        )
        said.append(
            f"The server {what}: answers are read generously, and asked again where they are broken."
        )
    if not streams:
        said.append(
            "The server does not stream: a unit is seen, and counted, only when its whole batch is answered."
        )
    return said


def _refused(found: EngineProbe, heard: _Heard, facts: ServerFacts) -> EngineProbe:
    """The server's words stay out but for its code: they may quote the key."""
    reason, status = _reason(heard.refusal), heard.status
    said = f"HTTP {status}{f' {reason}' if reason else ''}"
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        message = f"The server refuses the credential ({said}); set DRAGOMAN_OPENAI_API_KEY."
        return _failed(found, "engine.unauthorised", message)
    if status == HTTPStatus.PAYMENT_REQUIRED or "quota" in reason or "credit" in reason:
        return _failed(
            found, "engine.quota_exhausted", f"The account has no credit left ({said}); top it up."
        )
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return _failed(
            found,
            "engine.rate_limited",
            f"The server asks to slow down ({said}); try again in a minute.",
        )
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        message = (
            f"The server is in trouble ({said}): look at its log; does it still load the model?"
        )
        return _failed(found, "engine.unavailable", message)
    if facts.models and found.model not in facts.models:
        message = f"The server has no model {found.model} ({said}). Set DRAGOMAN_OPENAI_MODEL{_of(facts)}."
        return _failed(found, "engine.bad_request", message)
    message = f"The server refuses the call ({said}). Is the model's name right, and does the address end in /v1?"
    return _failed(found, "engine.bad_request", message)


def _unreachable(found: EngineProbe, error: Exception | None) -> EngineProbe:
    said = f" ({type(error).__name__})" if error else ""
    message = f"No connection to {found.address}{said}. Start the server, or set DRAGOMAN_OPENAI_BASE_URL to another."
    return _failed(found, "engine.unavailable", message)


def _failed(found: EngineProbe, code: str, message: str) -> EngineProbe:
    return found.model_copy(update={"is_ok": False, "code": code, "message": message})


def _of(facts: ServerFacts) -> str:
    """Which models there are to choose from, as far as the server says."""
    if not facts.models:
        return ""
    more = "" if len(facts.models) <= _NAMED_MODELS else " …"
    return f" to one of: {', '.join(facts.models[:_NAMED_MODELS])}{more}"


def _reason(refusal: str) -> str:
    """The machine-readable part of a refusal; empty where there is none."""
    error = _dict(_parsed(refusal).get("error"))
    found = error.get("code") or error.get("type")
    return (
        found
        if isinstance(found, str) and found.isascii() and len(found) < 64 and " " not in found
        else ""
    )


def _sample(answer: dict[str, JsonValue]) -> str:
    units = answer.get("units")
    target = _dict(units[0]).get("target") if isinstance(units, list) and units else None
    return target if isinstance(target, str) else ""


def _parsed(text: str) -> dict[str, JsonValue]:
    try:
        return _dict(json.loads(text))
    except ValueError:
        return {}


def _dict(value: JsonValue) -> dict[str, JsonValue]:
    return value if isinstance(value, dict) else {}


def _count(value: JsonValue) -> int:
    return value if isinstance(value, int) and value > 0 else 0


def _pace(value: JsonValue) -> float | None:
    return float(value) if isinstance(value, int | float) and value > 0 else None


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
