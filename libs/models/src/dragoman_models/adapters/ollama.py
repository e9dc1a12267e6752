"""Ollama's own API: /api/chat and /api/embed.

Its OpenAI-compatible face knows no `num_ctx` and cuts prompt and answer at 4,096 tokens in silence;
here each request says how much room it needs, and asks to be refused rather than cut.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import ClassVar

from pydantic import JsonValue
from typing_extensions import override

from dragoman_contracts.events import Usage
from dragoman_models.adapters.answer import ChatAnswer
from dragoman_models.adapters.chatting import Body, ChatClient
from dragoman_models.adapters.connection import Connection
from dragoman_models.adapters.embedding import reply_of
from dragoman_models.dialect import Dialect, Streaming
from dragoman_models.endpoint import Endpoint
from dragoman_models.json_values import as_list, as_object, as_text, count_in
from dragoman_models.ports import (
    ChatRequest,
    EmbeddingModel,
    EmbeddingReply,
    EmbeddingRequest,
    FinishReason,
    Message,
)
from dragoman_models.server_events import Events, JsonLines

_LEAST_CONTEXT = 4_096
_MOST_CONTEXT = 131_072
_OUTPUT_EXPECTED = 2_048
_BYTES_PER_TOKEN = 3
_TOKENS_PER_IMAGE = 2_048


class OllamaChat(ChatClient):
    """Chat, streamed as lines of JSON."""

    _EXPECTED = "a chat answer of Ollama"

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__(_connection(endpoint))
        self._context_tokens = endpoint.context_tokens or _LEAST_CONTEXT

    @override
    def _path(self, dialect: Dialect) -> str:
        return "api/chat"

    @override
    def _answer(self) -> ChatAnswer:
        return _Answer(self._context_tokens)

    @override
    def _events(self) -> Events:
        return JsonLines()

    @override
    def _body(self, request: ChatRequest, dialect: Dialect) -> Body:
        self._make_room(request, dialect.output_tokens)
        options: Body = {"num_ctx": self._context_tokens}
        if dialect.output_tokens is not None:
            options["num_predict"] = dialect.output_tokens
        if dialect.has_temperature and request.temperature is not None:
            options["temperature"] = request.temperature
        body: Body = {
            "model": self._endpoint.model,
            "messages": [_message(each) for each in request.messages],
            "stream": dialect.streaming is not Streaming.NONE,
            "truncate": False,
            "shift": False,
            "options": options,
        }
        if request.answer_schema and dialect.response_format == "json_schema":
            body["format"] = request.answer_schema
        elif request.answer_schema and dialect.response_format == "json_object":
            body["format"] = "json"
        return body

    def _make_room(self, request: ChatRequest, output_tokens: int | None) -> None:
        """Grow the context to what the request may need, where the endpoint does not say it.

        It never shrinks and grows by doubling, since the server loads the model anew for each size.
        """
        if self._endpoint.context_tokens is not None:
            return
        size = sum(len(each.text.encode()) for each in request.messages) // _BYTES_PER_TOKEN
        images = sum(len(each.images) for each in request.messages) * _TOKENS_PER_IMAGE
        needed = size + images + (output_tokens or _OUTPUT_EXPECTED)
        while self._context_tokens < min(needed, _MOST_CONTEXT):
            self._context_tokens *= 2


class OllamaEmbeddings(EmbeddingModel):
    """Vectors of `/api/embed`. Texts that are too long are refused, not cut."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._connection = _connection(endpoint)

    @override
    async def embed(self, request: EmbeddingRequest) -> EmbeddingReply:
        endpoint = self._connection.endpoint
        body: Body = {"model": endpoint.model, "input": list(request.inputs), "truncate": False}
        if request.dimension:
            body["dimensions"] = request.dimension
        if endpoint.context_tokens is not None:
            body["options"] = {"num_ctx": endpoint.context_tokens}
        call = await self._connection.ask("api/embed", body, "embeddings of Ollama")
        answer = as_object(call.answer.value)
        return reply_of(
            self._connection,
            request,
            call,
            as_list(answer.get("embeddings")),
            usage=Usage(call_count=1, prompt_tokens=count_in(answer, "prompt_eval_count")),
            model=as_text(answer.get("model")),
            envelope={key: value for key, value in answer.items() if key != "embeddings"},
        )

    @override
    async def aclose(self) -> None:
        await self._connection.aclose()


class _Answer(ChatAnswer):
    _FINISH: ClassVar[Mapping[str, FinishReason]] = {
        "length": FinishReason.LENGTH,
        "load": FinishReason.INTERRUPTED,
        "unload": FinishReason.INTERRUPTED,
    }

    def __init__(self, context_tokens: int) -> None:
        super().__init__()
        self._context_tokens = context_tokens

    @override
    def _take_body(self, body: dict[str, JsonValue]) -> str:
        self.error = self.error or body.get("error") or None
        message = as_object(body.get("message"))
        self.is_answer = self.is_answer or "message" in body
        self._said |= {
            key: value for key, value in body.items() if key != "message" and value is not None
        }
        self.is_done = self.is_done or body.get("done") is True
        self.finish = as_text(body.get("done_reason")) or self.finish
        text = as_text(message.get("content"))
        self._count(text, as_text(message.get("thinking")))
        return text

    @property
    @override
    def finish_reason(self) -> FinishReason:
        reason = super().finish_reason
        usage = self.usage()
        # Where the server cut after all, it says that it came to a stop.
        is_full = usage.prompt_tokens + usage.response_tokens >= self._context_tokens
        return FinishReason.LENGTH if reason is FinishReason.STOP and is_full else reason

    @override
    def usage(self) -> Usage:
        return Usage(
            call_count=1,
            prompt_tokens=count_in(self._said, "prompt_eval_count"),
            response_tokens=count_in(self._said, "eval_count"),
        )


def _connection(endpoint: Endpoint) -> Connection:
    key = endpoint.api_key.get_secret_value()
    headers = {"Authorization": f"Bearer {key}" if key else ""}
    return Connection(endpoint, headers, ("/v1", "/api"))


def _message(message: Message) -> JsonValue:
    said: Body = {"role": message.role, "content": message.text}
    if message.images:
        said["images"] = [base64.b64encode(each.data).decode() for each in message.images]
    return said
