"""Ollama's own API, as `ollama serve` answers it."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Iterator
from typing import Any

from models.faithful.base import (
    Answered,
    Asked,
    Json,
    Provider,
    check,
    lines,
    pieces_of,
    until_broken,
    written,
)

_DEFAULT_CONTEXT = 4_096
_BYTES_PER_TOKEN = 4


def _refusal(status: int, message: str) -> Answered:
    return Answered(status, {"error": message})


_MODES: dict[str, Answered] = {
    "rate_limited": _refusal(429, "you have reached your usage limit"),
    "overloaded": _refusal(503, "server busy, please try again. maximum pending requests exceeded"),
    "broken": _refusal(500, "llama runner process has terminated: exit status 2"),
    "no_memory": _refusal(
        500, "model requires more system memory (9.5 GiB) than is available (3.1 GiB)"
    ),
    "no_credit": _refusal(402, "payment required"),
    "unauthorised": _refusal(401, "unauthorized"),
    "web_page": Answered(200, "<html>Welcome</html>"),
}


class OllamaServer(Provider):
    """`llama-old` takes `json` as a format and no schema. A prompt that does not fit is cut in silence, unless
    the request forbids it.
    """

    def answer(self, asked: Asked) -> Answered:
        body = asked.body
        model = body.get("model")
        check(model != "llama-none", lambda: _refusal(404, f"model '{model}' not found"))
        if asked.path == "/api/embed":
            return self._embedded(body)
        check(asked.path == "/api/chat", lambda: Answered(404, "404 page not found"))
        is_schema = isinstance(body.get("format"), dict)
        said = 'invalid format: "{...}"; expected "json"'
        check(not is_schema or model != "llama-old", lambda: _refusal(400, said))
        mode = self.mode()
        if mode in ("held", "hang"):
            self.released.wait(30)
        if mode in _MODES:
            return _MODES[mode]
        return _answered(body, mode)

    def _embedded(self, body: Json) -> Answered:
        longest = max(len(text) for text in body["input"]) // _BYTES_PER_TOKEN
        fits = longest <= body.get("options", {}).get("num_ctx", _DEFAULT_CONTEXT)
        said = "the input length exceeds the context length"
        check(fits or body.get("truncate", True), lambda: _refusal(400, said))
        mode = self.mode()
        if mode in _MODES:
            return _MODES[mode]
        width = body.get("dimensions", 4)
        found = [[float(len(text))] * width for text in body["input"]]
        if mode == "too_few":
            found.pop()
        answer = {"model": body["model"], "embeddings": found, "prompt_eval_count": 9}
        return Answered(200, answer)


def _answered(body: Json, mode: str) -> Answered:
    context = body.get("options", {}).get("num_ctx", _DEFAULT_CONTEXT)
    size = sum(len(each["content"].encode()) for each in body["messages"]) // _BYTES_PER_TOKEN
    said = "the input length exceeds the context length"
    check(size <= context or body.get("truncate", True), lambda: _refusal(400, said))
    if mode == "context":
        return _refusal(400, said)
    format_: Any = body.get("format")
    schema: Json | None = {} if format_ == "json" else format_
    text = "" if mode == "empty" else written(body, body["messages"][-1]["content"], schema)
    counts = {"prompt_eval_count": 100, "eval_count": 30}
    if mode == "cut":
        counts = {"prompt_eval_count": context - 30, "eval_count": 30}
    end: Json = {
        "done": True,
        "done_reason": "length" if mode == "length" else "stop",
        "total_duration": 5_000_000,
        **counts,
    }
    head: Json = {"model": body["model"], "created_at": "2026-01-01T00:00:00Z"}
    if not body.get("stream", True) or mode == "whole":
        return Answered(200, {**head, "message": {"role": "assistant", "content": text}, **end})
    stream = lines(_chunks(text, head, end))
    if mode == "breaks_off":
        stream = until_broken(stream, 3)
    if mode == "errs_inside":
        trouble = b'{"error": "an error was encountered while running the model"}\n'
        stream = itertools.chain(lines(itertools.islice(_chunks(text, head, end), 2)), [trouble])
    return Answered(200, None, stream, {"Content-Type": "application/x-ndjson"})


def _chunks(text: str, head: Json, end: Json) -> Iterator[Json]:
    for piece in pieces_of(text):
        yield {**head, "message": {"role": "assistant", "content": piece}, "done": False}
    yield {**head, "message": {"role": "assistant", "content": ""}, **end}


def images_in(asked: Asked) -> list[bytes]:
    """The pictures of a request."""
    return [base64.b64decode(each) for each in asked.body["messages"][-1]["images"]]
