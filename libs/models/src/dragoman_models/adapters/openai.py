"""OpenAI's API, from OpenAI or any server that speaks it: chat completions and embeddings."""

from __future__ import annotations

import base64

from pydantic import JsonValue
from typing_extensions import override

from dragoman_contracts.events import Usage
from dragoman_models.adapters.answer import ChatAnswer
from dragoman_models.adapters.chatting import Body, ChatClient
from dragoman_models.adapters.completion import Completion
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
    Image,
    Message,
)


class OpenAiChat(ChatClient):
    """Chat completions, streamed where the server can."""

    _EXPECTED = "a chat completion"

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__(_connection(endpoint))

    @override
    def _path(self, dialect: Dialect) -> str:
        return "chat/completions"

    @override
    def _answer(self) -> ChatAnswer:
        return Completion()

    @override
    def _headers(self, request: ChatRequest) -> dict[str, str]:
        return _idempotent(request.idempotency_key)

    @override
    def _body(self, request: ChatRequest, dialect: Dialect) -> Body:
        body: Body = {
            "model": self._endpoint.model,
            "messages": [_message(each) for each in request.messages],
        }
        if dialect.output_tokens is not None:
            body[dialect.limit_name] = dialect.output_tokens
        if dialect.has_temperature and request.temperature is not None:
            body["temperature"] = request.temperature
        if request.answer_schema and dialect.response_format == "json_schema":
            schema: JsonValue = {"name": "answer", "strict": True, "schema": request.answer_schema}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        elif request.answer_schema and dialect.response_format == "json_object":
            body["response_format"] = {"type": "json_object"}
        if dialect.streaming is not Streaming.NONE:
            body["stream"] = True
        if dialect.streaming is Streaming.COUNTED:
            body["stream_options"] = {"include_usage": True}
        return body


class OpenAiEmbeddings(EmbeddingModel):
    """Vectors of `/embeddings`."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._connection = _connection(endpoint)

    @override
    async def embed(self, request: EmbeddingRequest) -> EmbeddingReply:
        body: Body = {"model": self._connection.endpoint.model, "input": list(request.inputs)}
        if request.dimension:
            body["dimensions"] = request.dimension
        headers = _idempotent(request.idempotency_key)
        call = await self._connection.ask("embeddings", body, "embeddings", headers)
        answer = as_object(call.answer.value)
        found = [as_object(each) for each in as_list(answer.get("data"))]
        usage = as_object(answer.get("usage"))
        return reply_of(
            self._connection,
            request,
            call,
            [each.get("embedding") for each in sorted(found, key=_index)],
            usage=Usage(call_count=1, prompt_tokens=count_in(usage, "prompt_tokens")),
            model=as_text(answer.get("model")),
            envelope={key: value for key, value in answer.items() if key != "data"},
        )

    @override
    async def aclose(self) -> None:
        await self._connection.aclose()


def _connection(endpoint: Endpoint) -> Connection:
    key = endpoint.api_key.get_secret_value()
    return Connection(
        endpoint, {"Authorization": f"Bearer {key}" if key else ""}, ("/chat/completions",)
    )


def _idempotent(key: str) -> dict[str, str]:
    return {"Idempotency-Key": key} if key else {}


def _message(message: Message) -> JsonValue:
    if not message.images:
        return {"role": message.role, "content": message.text}
    parts: list[JsonValue] = [_image(each) for each in message.images]
    return {"role": message.role, "content": [*parts, {"type": "text", "text": message.text}]}


def _image(image: Image) -> JsonValue:
    data = base64.b64encode(image.data).decode()
    return {"type": "image_url", "image_url": {"url": f"data:{image.media_type};base64,{data}"}}


def _index(entry: dict[str, JsonValue]) -> int:
    return count_in(entry, "index")
