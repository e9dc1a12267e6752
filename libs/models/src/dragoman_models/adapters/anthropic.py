"""Anthropic's Messages API, version 2023-06-01.

Structured answers: `output_config.format` (generally available, answers as text); for models that
refuse it, a tool that must be used, whose input is the answer.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import ClassVar

from pydantic import JsonValue
from typing_extensions import override

from dragoman_contracts.events import Usage
from dragoman_models.adapters.answer import ChatAnswer
from dragoman_models.adapters.chatting import Body, ChatClient
from dragoman_models.adapters.connection import Connection
from dragoman_models.dialect import Dialect, Streaming
from dragoman_models.endpoint import Endpoint
from dragoman_models.json_values import as_list, as_object, as_text, count_in
from dragoman_models.ports import ChatRequest, FinishReason, Image, Message

_VERSION = "2023-06-01"
_TOOL = "answer"


class AnthropicChat(ChatClient):
    """Messages, streamed."""

    _EXPECTED = "a message"
    _DEFAULT_OUTPUT = 8_192  # max_tokens is required

    def __init__(self, endpoint: Endpoint) -> None:
        headers = {
            "x-api-key": endpoint.api_key.get_secret_value(),
            "anthropic-version": _VERSION,
        }
        super().__init__(Connection(endpoint, headers, ("/v1/messages", "/v1")))

    @override
    def _path(self, dialect: Dialect) -> str:
        return "v1/messages"

    @override
    def _answer(self) -> ChatAnswer:
        return _Answer()

    @override
    def _body(self, request: ChatRequest, dialect: Dialect) -> Body:
        system: list[JsonValue] = [
            {"type": "text", "text": each.text}
            for each in request.messages
            if each.role == "system"
        ]
        body: Body = {
            "model": self._endpoint.model,
            "max_tokens": dialect.output_tokens,
            "messages": [_message(each) for each in request.messages if each.role != "system"],
        }
        if system:
            body["system"] = system
        if dialect.has_temperature and request.temperature is not None:
            body["temperature"] = request.temperature
        if request.answer_schema and dialect.response_format == "json_schema":
            format_: JsonValue = {"type": "json_schema", "schema": request.answer_schema}
            body["output_config"] = {"format": format_}
        elif request.answer_schema and dialect.response_format == "json_object":
            body["tools"] = [
                {
                    "name": _TOOL,
                    "description": "Give the answer.",
                    "input_schema": request.answer_schema,
                }
            ]
            body["tool_choice"] = {"type": "tool", "name": _TOOL}
        if dialect.streaming is not Streaming.NONE:
            body["stream"] = True
        return body


class _Answer(ChatAnswer):
    _FINISH: ClassVar[Mapping[str, FinishReason]] = {
        "max_tokens": FinishReason.LENGTH,
        "model_context_window_exceeded": FinishReason.LENGTH,
        "refusal": FinishReason.REFUSED,
        "pause_turn": FinishReason.INTERRUPTED,
    }

    @override
    def _take_body(self, body: dict[str, JsonValue]) -> str:
        match body.get("type"):
            case "message_start":
                return self._take_message(as_object(body.get("message")))
            case "message":
                self.is_whole = True
                return self._take_message(body)
            case "content_block_delta":
                return self._take_delta(as_object(body.get("delta")))
            case "message_delta":
                self._take_end(body)
            case "message_stop":
                self.is_done = True
            case _:
                self.error = self.error or body.get("error") or None
        return ""

    def _take_message(self, message: dict[str, JsonValue]) -> str:
        self.is_answer = True
        self._said |= {
            key: value
            for key, value in message.items()
            if key not in ("content", "stop_reason") and value is not None
        }
        self.finish = as_text(message.get("stop_reason")) or self.finish
        blocks = [as_object(each) for each in as_list(message.get("content"))]
        self._count(*(as_text(each.get("thinking")) for each in blocks))
        text = "".join(_text_of_block(each) for each in blocks)
        self._count(text)
        return text

    def _take_delta(self, delta: dict[str, JsonValue]) -> str:
        text = as_text(delta.get("text")) or as_text(delta.get("partial_json"))
        self._count(text, as_text(delta.get("thinking")))
        return text

    def _take_end(self, body: dict[str, JsonValue]) -> None:
        delta = as_object(body.get("delta"))
        self.finish = as_text(delta.get("stop_reason")) or self.finish
        if delta.get("stop_details"):
            self._said["stop_details"] = delta["stop_details"]
        usage = as_object(body.get("usage"))
        known = as_object(self._said.get("usage"))
        self._said["usage"] = {
            **known,
            **{key: value for key, value in usage.items() if value is not None},
        }

    @override
    def usage(self) -> Usage:
        usage = as_object(self._said.get("usage"))
        read = count_in(usage, "cache_read_input_tokens")
        written = count_in(usage, "cache_creation_input_tokens")
        details = as_object(usage.get("output_tokens_details"))
        return Usage(
            call_count=1,
            # Their input_tokens are those that the cache had no part in.
            prompt_tokens=count_in(usage, "input_tokens") + read + written,
            cached_tokens=read,
            cache_write_tokens=written,
            response_tokens=count_in(usage, "output_tokens") if self.is_ended else 0,
            reasoning_tokens=count_in(details, "thinking_tokens"),
        )


def _text_of_block(block: dict[str, JsonValue]) -> str:
    if block.get("type") == "tool_use":
        return json.dumps(block.get("input"), ensure_ascii=False)
    return as_text(block.get("text"))


def _message(message: Message) -> JsonValue:
    blocks: list[JsonValue] = [_image(each) for each in message.images]
    return {"role": message.role, "content": [*blocks, {"type": "text", "text": message.text}]}


def _image(image: Image) -> JsonValue:
    source: JsonValue = {
        "type": "base64",
        "media_type": image.media_type,
        "data": base64.b64encode(image.data).decode(),
    }
    return {"type": "image", "source": source}
