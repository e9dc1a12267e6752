"""OpenAI's chat completions and embeddings, as api.openai.com answers them."""

from __future__ import annotations

import base64
import itertools
import json
import time
from collections.abc import Iterator
from typing import Any

from models.faithful.base import (
    KEY,
    Answered,
    Asked,
    Json,
    Provider,
    check,
    events,
    pieces_of,
    until_broken,
    written,
)

_CHAT = {
    "model", "messages", "max_tokens", "max_completion_tokens", "temperature", "response_format", "stream",
    "stream_options",
}  # fmt: skip
_USAGE = {
    "prompt_tokens": 100,
    "completion_tokens": 30,
    "total_tokens": 130,
    "prompt_tokens_details": {"cached_tokens": 40, "cache_write_tokens": 10},
    "completion_tokens_details": {"reasoning_tokens": 5},
}


def _refusal(
    status: int, message: str, code: str | None = None, param: str | None = None, **more: Any
) -> Answered:
    kind = more.pop("kind", "invalid_request_error")
    body = {"error": {"message": message, "type": kind, "param": param, "code": code}}
    return Answered(status, body, headers={"x-request-id": "req-refused", **more})


_MODES: dict[str, Answered] = {
    "rate_limited": _refusal(
        429, "Slow down", "rate_limit_exceeded", kind="requests", **{"retry-after-ms": "1500"}
    ),
    "no_credit": _refusal(
        429,
        "No credit",
        "credit_balance_exhausted",
        kind="insufficient_quota",
        **{"retry-after": "1"},
    ),
    "spend_limit": _refusal(429, "Limit", "project_spend_limit_exceeded", kind="requests"),
    "slow_down": _refusal(429, "Slow down", "slow_down", kind="insufficient_quota"),
    "overloaded": _refusal(503, "Overloaded", None, kind="server_error"),
    "broken": Answered(500, "oops"),
    "context": _refusal(
        400, "This model's maximum context length is 8192 tokens.", "context_length_exceeded"
    ),
    "declined": _refusal(400, "Filtered", "content_policy_violation"),
    "web_page": Answered(200, "<html>Welcome</html>"),
}


class OpenAiServer(Provider):
    """`gpt-new` takes neither temperature nor max_tokens; `gpt-old` knows no JSON Schema."""

    @property
    def base_url(self) -> str:
        return f"{self.origin}/v1"

    def answer(self, asked: Asked) -> Answered:
        key = asked.headers.get("authorization", "").removeprefix("Bearer ")
        said = f"Incorrect API key provided: {key}."
        check(key == KEY, lambda: _refusal(401, said, "invalid_api_key"))
        model = asked.body.get("model", "")
        missing = f"The model `{model}` does not exist"
        check(model != "gpt-none", lambda: _refusal(404, missing, "model_not_found"))
        if asked.path == "/v1/embeddings":
            return self._embedded(asked.body)
        check(
            asked.path == "/v1/chat/completions", lambda: Answered(404, {"error": "no such path"})
        )
        _check_body(asked.body)
        mode = self.mode()
        if mode in ("held", "hang"):
            self.released.wait(30)
        if mode == "slow":
            time.sleep(0.05)
        if mode in _MODES:
            return _MODES[mode]
        return _completed(asked.body, mode)

    def _embedded(self, body: Json) -> Answered:
        unknown = sorted(set(body) - {"model", "input", "dimensions", "encoding_format"})
        check(not unknown, lambda: _refusal(400, f"Unrecognized request argument: {unknown}"))
        mode = self.mode()
        if mode in _MODES:
            return _MODES[mode]
        width = body.get("dimensions") or 4
        data: list[Json] = [
            {"object": "embedding", "index": place, "embedding": [float(len(text))] * width}
            for place, text in enumerate(body["input"])
        ]
        if mode == "too_few":
            data.pop()
        counts = {"prompt_tokens": 9, "total_tokens": 9}
        answer = {"object": "list", "data": data[::-1], "model": body["model"], "usage": counts}
        return Answered(200, answer, headers={"x-request-id": "req-1"})


def _check_body(body: Json) -> None:
    unknown = sorted(set(body) - _CHAT)
    said = f"Unrecognized request argument supplied: {', '.join(unknown)}"
    check(not unknown, lambda: _refusal(400, said))
    if body["model"] == "gpt-new":
        said = (
            "Unsupported parameter: 'max_tokens' is not supported with this model. "
            "Use 'max_completion_tokens' instead."
        )
        check(
            "max_tokens" not in body,
            lambda: _refusal(400, said, "unsupported_parameter", "max_tokens"),
        )
        heat = body.get("temperature", 1)
        said = f"Unsupported value: 'temperature' does not support {heat} with this model."
        check(heat == 1, lambda: _refusal(400, said, "unsupported_value", "temperature"))
    check(
        body.get("stream") or "stream_options" not in body,
        lambda: _refusal(
            400, "The 'stream_options' parameter is only allowed when 'stream' is enabled."
        ),
    )
    _check_format(body)


def _check_format(body: Json) -> None:
    format_ = body.get("response_format", {"type": "text"})
    kind, param = format_.get("type"), "response_format"
    check(
        kind in ("text", "json_object", "json_schema"),
        lambda: _refusal(400, f"Invalid value: '{kind}'", "invalid_value", "response_format.type"),
    )
    if kind == "json_object":
        said = "'messages' must contain the word 'json' in some form"
        check(
            "json" in json.dumps(body["messages"]).lower(), lambda: _refusal(400, said, None, param)
        )
    if kind == "json_schema":
        said = "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model."
        check(body["model"] != "gpt-old", lambda: _refusal(400, said, None, param))
        schema = format_["json_schema"]["schema"]
        said = "Invalid schema for response_format: 'additionalProperties' is required to be false."
        check(schema.get("additionalProperties") is False, lambda: _refusal(400, said, None, param))


def _completed(body: Json, mode: str) -> Answered:
    content = body["messages"][-1]["content"]
    text = content if isinstance(content, str) else content[-1]["text"]
    schema = body.get("response_format", {}).get("json_schema", {}).get("schema")
    message: Json = {"role": "assistant", "content": written(body, text, schema)}
    finish = {"length": "length", "filtered": "content_filter"}.get(mode, "stop")
    if mode == "refusal":
        message |= {"content": None, "refusal": "No."}
    if mode == "empty":
        message["content"] = ""
    completion: Json = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": f"{body['model']}-2026",
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        "usage": _USAGE,
    }
    headers = {"x-request-id": "req-1"}
    if not body.get("stream") or mode == "whole":
        return Answered(200, completion, headers=headers)
    counted = bool(body.get("stream_options", {}).get("include_usage"))
    stream = events(_chunks(completion, message, finish, counted=counted))
    if mode == "breaks_off":
        stream = until_broken(stream, 3)
    if mode == "errs_inside":
        trouble = (
            b'data: {"error": {"message": "Context size has been exceeded.", "code": 500}}\n\n'
        )
        stream = itertools.chain(itertools.islice(stream, 3), [trouble])
    done = iter([b"data: [DONE]\n\n"])
    headers |= {"Content-Type": "text/event-stream"}
    return Answered(200, None, itertools.chain(stream, done), headers)


def _chunks(completion: Json, message: Json, finish: str, *, counted: bool) -> Iterator[Json]:
    head = {"id": completion["id"], "object": "chat.completion.chunk", "created": 1}
    head |= {"model": completion["model"]} | ({"usage": None} if counted else {})
    deltas = [{"role": "assistant", "content": ""}]
    for key in ("content", "refusal"):
        deltas += [{key: piece} for piece in pieces_of(message.get(key) or "")]
    for delta in deltas:
        yield {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
    yield {**head, "choices": [{"index": 0, "delta": {}, "finish_reason": finish}]}
    if counted:
        yield {**head, "choices": [], "usage": completion["usage"]}


def images_in(asked: Asked) -> list[bytes]:
    """The pictures of a request."""
    content = asked.body["messages"][-1]["content"]
    urls = [part["image_url"]["url"] for part in content if part["type"] == "image_url"]
    return [base64.b64decode(url.partition(",")[2]) for url in urls]
