"""Anthropic's Messages API, as api.anthropic.com answers it."""

from __future__ import annotations

import base64
import itertools
import json
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

_FIELDS = {
    "model", "max_tokens", "messages", "system", "temperature", "output_config", "tools", "tool_choice", "stream",
    "output_format",
}  # fmt: skip
_USAGE = {
    "input_tokens": 50,
    "cache_read_input_tokens": 40,
    "cache_creation_input_tokens": 10,
    "output_tokens": 30,
    "output_tokens_details": {"thinking_tokens": 5},
}
_MOST_OUTPUT = 4_096
_VERSIONS = ("2023-06-01", "2026-10-21")  # the second one has no temperature for any model


def _refusal(status: int, kind: str, message: str, **more: Any) -> Answered:
    headers = more.pop("headers", {})
    error = {"type": kind, "message": message, **more}
    body = {"type": "error", "error": error, "request_id": "req_refused"}
    return Answered(status, body, headers={"request-id": "req_refused", **headers})


def _invalid(message: str) -> Answered:
    return _refusal(400, "invalid_request_error", message)


_MODES: dict[str, Answered] = {
    "rate_limited": _refusal(
        429, "rate_limit_error", "This request would exceed", headers={"retry-after": "7"}
    ),
    "no_credit": _refusal(402, "billing_error", "Please check your payment details"),
    "spend_limit": _refusal(
        429,
        "rate_limit_error",
        "You have reached your limit",
        details={"error_code": "enforced_spend_limit_reached"},
    ),
    "low_balance": _invalid("Your credit balance is too low to access the Anthropic API."),
    "overloaded": _refusal(529, "overloaded_error", "Overloaded"),
    "broken": _refusal(500, "api_error", "Internal server error"),
    "context": _invalid("prompt is too long: 210000 tokens > 200000 maximum"),
    "too_large": _refusal(413, "request_too_large", "Request exceeds the maximum size"),
    "web_page": Answered(200, "<html>Welcome</html>"),
}


class AnthropicServer(Provider):
    """`claude-new` takes no temperature; `claude-old` knows no output format."""

    def answer(self, asked: Asked) -> Answered:
        headers, body = asked.headers, asked.body
        # Both headers are taken; the SDK sends the second one from version 2.0 on.
        sent = headers.get("x-api-key", headers.get("authorization"))
        known = sent in (KEY, f"Bearer {KEY}")
        check(known, lambda: _refusal(401, "authentication_error", "invalid x-api-key"))
        version = headers.get("anthropic-version")
        check(version, lambda: _invalid("anthropic-version: header is required"))
        said = f'anthropic-version: "{version}" is not a valid version'
        check(version in _VERSIONS, lambda: _invalid(said))
        lost = asked.path != "/v1/messages" or body.get("model") == "claude-none"
        check(not lost, lambda: _refusal(404, "not_found_error", f"model: {body.get('model')}"))
        _check_body(body, is_cold=version == _VERSIONS[-1] or body["model"] == "claude-new")
        mode = self.mode()
        if mode in ("held", "hang"):
            self.released.wait(30)
        if mode in _MODES:
            return _MODES[mode]
        return _answered(body, mode)


def _check_body(body: Json, *, is_cold: bool) -> None:
    check("max_tokens" in body, lambda: _invalid("max_tokens: Field required"))
    unknown = sorted(set(body) - _FIELDS)
    check(not unknown, lambda: _invalid(f"{unknown[0]}: Extra inputs are not permitted"))
    said = "output_format: This field is deprecated. Use 'output_config.format' instead."
    check("output_format" not in body, lambda: _invalid(said))
    most = body["max_tokens"]
    said = (
        f"max_tokens: {most} > {_MOST_OUTPUT}, which is the maximum allowed number of output tokens for "
        f"{body['model']}"
    )
    check(body["model"] != "claude-old" or most <= _MOST_OUTPUT, lambda: _invalid(said))
    roles = [each["role"] for each in body["messages"]]
    said = 'messages: Unexpected role "system". The Messages API accepts a top-level `system` parameter'
    check("system" not in roles, lambda: _invalid(said))
    if is_cold:
        said = "`temperature` is deprecated for this model."
        check("temperature" not in body, lambda: _invalid(said))
    if body["model"] == "claude-old":
        said = "'claude-old' does not support output format."
        check("output_config" not in body, lambda: _invalid(said))


def _answered(body: Json, mode: str) -> Answered:
    text = body["messages"][-1]["content"][-1]["text"]
    tools = body.get("tools")
    schema = body.get("output_config", {}).get("format", {}).get("schema")
    schema = tools[0]["input_schema"] if tools else schema
    said = "" if mode in ("empty", "refusal") else written(body, text, schema)
    stop = {"length": "max_tokens", "refusal": "refusal", "window": "model_context_window_exceeded"}
    reason = stop.get(mode, "tool_use" if tools else "end_turn")
    block: Json = {"type": "text", "text": said}
    if tools:
        block = {"type": "tool_use", "id": "t", "name": "answer", "input": json.loads(said or "{}")}
    message: Json = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": f"{body['model']}-20260101",
        "content": [block],
        "stop_reason": reason,
        "stop_sequence": None,
        "usage": _USAGE,
    }
    headers = {"request-id": "req_1"}
    if not body.get("stream") or mode == "whole":
        return Answered(200, message, headers=headers)
    stream = events(_events(message, said, is_tool=bool(tools)), named=True)
    if mode == "breaks_off":
        stream = until_broken(stream, 5)
    if mode == "errs_inside":
        trouble: list[Json] = [
            {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
        ]
        stream = itertools.chain(itertools.islice(stream, 5), events(iter(trouble), named=True))
    return Answered(200, None, stream, {**headers, "Content-Type": "text/event-stream"})


def _events(message: Json, text: str, *, is_tool: bool) -> Iterator[Json]:
    begun = {**_USAGE, "output_tokens": 1, "output_tokens_details": None}
    head: Json = {**message, "content": [], "stop_reason": None, "usage": begun}
    yield {"type": "message_start", "message": head}
    empty: Json = {"text": ""} if not is_tool else {"id": "t", "name": "answer", "input": {}}
    kind = "tool_use" if is_tool else "text"
    yield {"type": "content_block_start", "index": 0, "content_block": {"type": kind, **empty}}
    yield {"type": "ping"}
    for piece in pieces_of(text):
        delta = (
            {"type": "input_json_delta", "partial_json": piece}
            if is_tool
            else {"type": "text_delta", "text": piece}
        )
        yield {"type": "content_block_delta", "index": 0, "delta": delta}
    yield {"type": "content_block_stop", "index": 0}
    end = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    yield {"type": "message_delta", "delta": end, "usage": _USAGE}
    yield {"type": "message_stop"}


def images_in(asked: Asked) -> list[bytes]:
    """The pictures of a request."""
    content = asked.body["messages"][-1]["content"]
    found = [part["source"]["data"] for part in content if part["type"] == "image"]
    return [base64.b64decode(each) for each in found]
