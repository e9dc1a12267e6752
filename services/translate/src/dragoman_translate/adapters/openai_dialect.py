"""The body of a chat completion that asks for translations, in the dialect of a server."""

from __future__ import annotations

from pydantic import JsonValue

from dragoman_models.dialect import Dialect, Streaming
from dragoman_translate.ports import EngineRequest
from dragoman_translate.prompt import messages, reply_schema


def body_of(
    dialect: Dialect, model: str, request: EngineRequest, temperature: float | None
) -> dict[str, JsonValue]:
    """The request in this dialect."""
    conversation: list[JsonValue] = [
        {"role": message["role"], "content": message["content"]} for message in messages(request)
    ]
    body: dict[str, JsonValue] = {
        "model": model,
        "messages": conversation,
        dialect.limit_name: dialect.output_tokens,
    }
    if dialect.has_temperature and temperature is not None:
        body["temperature"] = temperature
    if dialect.response_format == "json_schema":
        schema: JsonValue = {"name": "translation", "strict": True, "schema": reply_schema()}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    elif dialect.response_format == "json_object":
        body["response_format"] = {"type": "json_object"}
    if dialect.streaming is not Streaming.NONE:
        body["stream"] = True
    if dialect.streaming is Streaming.COUNTED:
        body["stream_options"] = {"include_usage": True}
    return body
