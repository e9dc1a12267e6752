"""Google's Gemini API, as generativelanguage.googleapis.com answers it."""

from __future__ import annotations

import base64
import itertools
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

_CONFIG = {
    "maxOutputTokens", "temperature", "responseMimeType", "responseJsonSchema", "responseSchema",
}  # fmt: skip
_USAGE = {
    "promptTokenCount": 100,
    "cachedContentTokenCount": 40,
    "candidatesTokenCount": 25,
    "thoughtsTokenCount": 5,
    "totalTokenCount": 130,
}
_ERROR_INFO = "type.googleapis.com/google.rpc.ErrorInfo"
_QUOTA = "type.googleapis.com/google.rpc.QuotaFailure"
_RETRY = "type.googleapis.com/google.rpc.RetryInfo"


def _refusal(code: int, status: str, message: str, *details: Json) -> Answered:
    error = {"code": code, "message": message, "status": status, "details": list(details)}
    return Answered(code, {"error": error})


def _invalid(message: str, *details: Json) -> Answered:
    return _refusal(400, "INVALID_ARGUMENT", message, *details)


def _exhausted(quota: str, message: str = "You exceeded your current quota") -> Answered:
    violations = [{"quotaId": quota, "quotaValue": "15"}]
    failed: Json = {"@type": _QUOTA, "violations": violations}
    return _refusal(
        429, "RESOURCE_EXHAUSTED", message, failed, {"@type": _RETRY, "retryDelay": "34s"}
    )


_MODES: dict[str, Answered] = {
    "rate_limited": _exhausted("GenerateRequestsPerMinutePerProjectPerModel-FreeTier"),
    "daily": _exhausted("GenerateRequestsPerDayPerProjectPerModel-FreeTier"),
    "no_credit": _exhausted(
        "GenerateRequestsPerDayPerProjectPerModel",
        "Quota exceeded for metric: x, limit: 0, model: y",
    ),
    "overloaded": _refusal(503, "UNAVAILABLE", "The model is overloaded."),
    "broken": _refusal(500, "INTERNAL", "An internal error has occurred."),
    "context": _invalid(
        "The input token count (40000) exceeds the maximum number of tokens allowed (32768)."
    ),
    "web_page": Answered(200, "<html>Welcome</html>"),
}


class GeminiServer(Provider):
    """`gemini-old` knows no responseJsonSchema."""

    @property
    def base_url(self) -> str:
        return f"{self.origin}/v1beta"

    def answer(self, asked: Asked) -> Answered:
        key = asked.headers.get("x-goog-api-key")
        said = "Method doesn't allow unregistered callers."
        check(key is not None, lambda: _refusal(403, "PERMISSION_DENIED", said))
        info: Json = {"@type": _ERROR_INFO, "reason": "API_KEY_INVALID"}
        said = "API key not valid. Please pass a valid API key."
        check(key == KEY, lambda: _invalid(said, info))
        model, _, method = asked.path.removeprefix("/v1beta/models/").partition(":")
        lost = not asked.path.startswith("/v1beta/models/") or model == "gemini-none"
        said = f"models/{model} is not found for API version v1beta"
        check(not lost, lambda: _refusal(404, "NOT_FOUND", said))
        if method == "batchEmbedContents":
            return self._embedded(asked.body)
        _check_body(asked.body, model)
        mode = self.mode()
        if mode in ("held", "hang"):
            self.released.wait(30)
        if mode in _MODES:
            return _MODES[mode]
        is_stream = method == "streamGenerateContent" and mode != "whole"
        return _answered(asked, model, mode, is_stream=is_stream)

    def _embedded(self, body: Json) -> Answered:
        said = "at most 100 requests can be in one batch"
        check(
            len(body["requests"]) <= 100, lambda: _invalid(f"* BatchEmbedContentsRequest: {said}")
        )
        mode = self.mode()
        if mode in _MODES:
            return _MODES[mode]
        found: list[Json] = []
        for each in body["requests"]:
            text, width = each["content"]["parts"][0]["text"], each.get("outputDimensionality", 4)
            found.append({"values": [float(len(text))] * width})
        if mode == "too_few":
            found.pop()
        return Answered(200, {"embeddings": found, "usageMetadata": {"promptTokenCount": 9}})


def _check_body(body: Json, model: str) -> None:
    unknown = sorted(set(body) - {"contents", "systemInstruction", "generationConfig"})
    said = f'Invalid JSON payload received. Unknown name "{unknown}": Cannot find field.'
    check(not unknown, lambda: _invalid(said))
    roles = {each["role"] for each in body["contents"]}
    check(roles <= {"user", "model"}, lambda: _invalid("Please use a valid role: user, model."))
    config = body.get("generationConfig", {})
    known = _CONFIG - ({"responseJsonSchema"} if model == "gemini-old" else set())
    odd = sorted(set(config) - known)
    said = f"Invalid JSON payload received. Unknown name \"{odd}\" at 'generation_config': Cannot find field."
    check(not odd, lambda: _invalid(said))


def _answered(asked: Asked, model: str, mode: str, *, is_stream: bool) -> Answered:
    body, config = asked.body, asked.body.get("generationConfig", {})
    text = body["contents"][-1]["parts"][-1]["text"]
    said = "" if mode == "empty" else written(body, text, config.get("responseJsonSchema"))
    head: Json = {"modelVersion": f"{model}-001", "responseId": "resp-1"}
    if mode == "blocked":
        return Answered(
            200, {**head, "promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": _USAGE}
        )
    reason = {"length": "MAX_TOKENS", "refusal": "SAFETY", "malformed": "MALFORMED_RESPONSE"}
    finish = reason.get(mode, "STOP")
    if not is_stream:
        whole = {**_candidate(said, finish), **head, "usageMetadata": _USAGE}
        # A proxy that loses alt=sse turns a stream into a list.
        is_list = asked.path.endswith(":streamGenerateContent")
        return Answered(200, [whole] if is_list else whole)
    stream = events(_chunks(said, finish, head))
    if mode == "breaks_off":
        stream = until_broken(stream, 3)
    if mode == "errs_inside":
        trouble = (
            b'data: {"error": {"code": 503, "message": "overloaded", "status": "UNAVAILABLE"}}\n\n'
        )
        stream = itertools.chain(itertools.islice(stream, 3), [trouble])
    check("alt=sse" in asked.query, lambda: Answered(500, "no sse"))
    return Answered(200, None, stream, {"Content-Type": "text/event-stream"})


def _candidate(text: str, finish: str | None = None, **part: Any) -> Json:
    parts = [{"text": text, **part}] if text else []
    candidate: Json = {"content": {"role": "model", "parts": parts}, "index": 0}
    return {"candidates": [candidate | ({"finishReason": finish} if finish else {})]}


def _chunks(text: str, finish: str, head: Json) -> Iterator[Json]:
    counts = {"promptTokenCount": 100, "totalTokenCount": 100}
    yield {**_candidate("let me think", thought=True), **head, "usageMetadata": counts}
    for piece in pieces_of(text):
        yield {**_candidate(piece), **head, "usageMetadata": counts}
    yield {**_candidate("", finish), **head, "usageMetadata": _USAGE}


def images_in(asked: Asked) -> list[bytes]:
    """The pictures of a request."""
    parts = asked.body["contents"][-1]["parts"]
    found = [part["inlineData"]["data"] for part in parts if "inlineData" in part]
    return [base64.b64decode(each) for each in found]
