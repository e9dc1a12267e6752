"""Google's Gemini API, v1beta: generateContent and batchEmbedContents."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from typing import ClassVar
from urllib.parse import quote

from pydantic import JsonValue
from typing_extensions import override

from dragoman_contracts.events import Usage
from dragoman_models.adapters.answer import ChatAnswer
from dragoman_models.adapters.chatting import Body, ChatClient
from dragoman_models.adapters.connection import Connection
from dragoman_models.adapters.embedding import reply_of
from dragoman_models.dialect import Dialect, Streaming
from dragoman_models.endpoint import Endpoint
from dragoman_models.json_values import as_list, as_object, as_text, count_in, storable
from dragoman_models.ports import (
    ChatRequest,
    EmbeddingModel,
    EmbeddingReply,
    EmbeddingRequest,
    FinishReason,
    Image,
    Message,
)

_ROLES = {"user": "user", "assistant": "model"}
_BLOCKED = "prompt_blocked"


class GeminiChat(ChatClient):
    """Generated content, streamed."""

    _EXPECTED = "generated content"

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__(_connection(endpoint))

    @override
    def _path(self, dialect: Dialect) -> str:
        path = _model_path(self._connection)
        if dialect.streaming is Streaming.NONE:
            return f"{path}:generateContent"
        return f"{path}:streamGenerateContent?alt=sse"

    @override
    def _answer(self) -> ChatAnswer:
        return _Answer()

    @override
    def _body(self, request: ChatRequest, dialect: Dialect) -> Body:
        config: Body = {}
        if dialect.output_tokens is not None:
            config["maxOutputTokens"] = dialect.output_tokens
        if dialect.has_temperature and request.temperature is not None:
            config["temperature"] = request.temperature
        if request.answer_schema and dialect.response_format != "text":
            config["responseMimeType"] = "application/json"
        if request.answer_schema and dialect.response_format == "json_schema":
            config["responseJsonSchema"] = request.answer_schema
        system: list[JsonValue] = [
            {"text": each.text} for each in request.messages if each.role == "system"
        ]
        body: Body = {
            "contents": [_content(each) for each in request.messages if each.role != "system"]
        }
        if system:
            body["systemInstruction"] = {"parts": system}
        if config:
            body["generationConfig"] = config
        return body


class GeminiEmbeddings(EmbeddingModel):
    """Vectors of `batchEmbedContents`, which takes 100 texts at most."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._connection = _connection(endpoint)

    @override
    async def embed(self, request: EmbeddingRequest) -> EmbeddingReply:
        model = _model_path(self._connection)
        dimension: Body = {"outputDimensionality": request.dimension} if request.dimension else {}
        body: Body = {
            "requests": [
                {"model": model, "content": {"parts": [{"text": text}]}, **dimension}
                for text in request.inputs
            ]
        }
        call = await self._connection.ask(f"{model}:batchEmbedContents", body, "embeddings")
        answer = as_object(call.answer.value)
        counts = as_object(answer.get("usageMetadata"))
        return reply_of(
            self._connection,
            request,
            call,
            [as_object(each).get("values") for each in as_list(answer.get("embeddings"))],
            usage=Usage(call_count=1, prompt_tokens=count_in(counts, "promptTokenCount")),
            model=self._connection.endpoint.model,
            envelope={key: value for key, value in answer.items() if key != "embeddings"},
        )

    @override
    async def aclose(self) -> None:
        await self._connection.aclose()


class _Answer(ChatAnswer):
    _FINISH: ClassVar[Mapping[str, FinishReason]] = {
        "max_tokens": FinishReason.LENGTH,
        "other": FinishReason.INTERRUPTED,
        "malformed_response": FinishReason.MALFORMED,
        "malformed_function_call": FinishReason.MALFORMED,
        **dict.fromkeys(
            (
                "safety", "recitation", "blocklist", "prohibited_content", "spii", "language",
                "image_safety", _BLOCKED,
            ),
            FinishReason.REFUSED,
        ),
    }  # fmt: skip

    @override
    def _text_of(self, event: str) -> str:
        # Without alt=sse, which a proxy may lose, a stream is one list.
        if event.lstrip().startswith("["):
            bodies = as_list(json.loads(event))
            return "".join(self._take_body(as_object(each)) for each in bodies)
        return super()._text_of(event)

    @override
    def _take_body(self, body: dict[str, JsonValue]) -> str:
        self.error = self.error or body.get("error") or None
        self._said |= {
            key: value for key, value in body.items() if key != "candidates" and value is not None
        }
        if as_object(body.get("promptFeedback")).get("blockReason"):
            self.is_answer, self.finish = True, _BLOCKED
        candidates = as_list(body.get("candidates"))
        if not candidates:
            return ""
        self.is_answer = True
        candidate = as_object(candidates[0])
        self.finish = as_text(candidate.get("finishReason")) or self.finish
        parts = [
            as_object(each) for each in as_list(as_object(candidate.get("content")).get("parts"))
        ]
        self._count(*(as_text(each.get("text")) for each in parts))
        return "".join(as_text(each.get("text")) for each in parts if not each.get("thought"))

    @property
    @override
    def model(self) -> str:
        return self.said("modelVersion")

    @property
    @override
    def request_id(self) -> str:
        return storable(self.said("responseId"))

    @override
    def usage(self) -> Usage:
        counts = as_object(self._said.get("usageMetadata"))
        thoughts = count_in(counts, "thoughtsTokenCount")
        return Usage(
            call_count=1,
            prompt_tokens=count_in(counts, "promptTokenCount")
            + count_in(counts, "toolUsePromptTokenCount"),
            cached_tokens=count_in(counts, "cachedContentTokenCount"),
            # Their candidates are counted without the thoughts.
            response_tokens=count_in(counts, "candidatesTokenCount") + thoughts,
            reasoning_tokens=thoughts,
        )


def _connection(endpoint: Endpoint) -> Connection:
    return Connection(endpoint, {"x-goog-api-key": endpoint.api_key.get_secret_value()})


def _model_path(connection: Connection) -> str:
    """The model below the base URL, whose version may be left out."""
    name = quote(connection.endpoint.model.removeprefix("models/"), safe="")
    is_versioned = re.search(r"/v\d+\w*$", connection.base_url) is not None
    return f"models/{name}" if is_versioned else f"v1beta/models/{name}"


def _content(message: Message) -> JsonValue:
    parts: list[JsonValue] = [_image(each) for each in message.images]
    return {"role": _ROLES[message.role], "parts": [*parts, {"text": message.text}]}


def _image(image: Image) -> JsonValue:
    data = base64.b64encode(image.data).decode()
    return {"inlineData": {"mimeType": image.media_type, "data": data}}
