"""A model server of the tests' own: OpenAI's chat completions over HTTP, good or bad in a chosen way."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypedDict, cast

Units = list[dict[str, str]]


class SeenRequest(TypedDict):
    """What the server was sent."""

    headers: dict[str, str]
    body: dict[str, object]


def upper(text: str) -> str:
    """The text in capitals; tags have no letters."""
    return text.upper()


class ModelServer:
    """Answers in capitals. `modes` are used up one a request; the last one stays."""

    def __init__(self, *modes: str) -> None:
        self.modes = list(modes) or ["good"]
        self.seen: list[SeenRequest] = []
        self.released = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    @property
    def base_url(self) -> str:
        """Where the API's paths hang."""
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def close(self) -> None:
        """Let hanging requests go and stop."""
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = cast("dict[str, object]", json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                server.seen.append({"headers": {k.lower(): v for k, v in self.headers.items()}, "body": body})
                mode = server.modes.pop(0) if len(server.modes) > 1 else server.modes[0]
                status, headers, answer = server.answer(mode, body)
                payload = answer.encode()
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(payload))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(payload)

            def log_message(self, format: str, *args: object) -> None:
                """Stay quiet."""

        return Handler

    def answer(self, mode: str, body: dict[str, object]) -> tuple[int, dict[str, str], str]:
        """Status, headers and body for a request."""
        if mode == "hang":
            self.released.wait(30)
            return 503, {}, "{}"
        if mode in _ERRORS:
            return _ERRORS[mode]
        if mode == "no_schema" and "json_schema" in json.dumps(body.get("response_format")):
            return 400, {}, '{"error": {"code": "unsupported", "message": "response_format json_schema"}}'
        messages = cast("list[dict[str, str]]", body["messages"])
        units = cast("Units", json.loads(messages[-1]["content"])["units"])
        return 200, {"x-request-id": "req-1"}, json.dumps(_completion(mode, units))


_ERRORS: dict[str, tuple[int, dict[str, str], str]] = {
    "401": (401, {}, '{"error": {"code": "invalid_api_key", "message": "Wrong key sk-secret"}}'),
    "402": (402, {}, '{"error": {"type": "insufficient_quota"}}'),
    "404": (404, {}, '{"error": {"code": "model_not_found"}}'),
    "400": (400, {}, '{"error": {"code": "bad", "message": "The quick brown fox"}}'),
    "429": (429, {"Retry-After": "7"}, '{"error": {"code": "rate_limit_exceeded"}}'),
    "500": (500, {}, "oops"),
    "web_page": (200, {}, "<html>Welcome</html>"),
}
_WRITERS: dict[str, Callable[[str], str]] = {"dropped_tags": lambda text: re.sub(r"</?\d+/?>", "", text).upper()}


def _completion(mode: str, units: Units) -> dict[str, object]:
    write = _WRITERS.get(mode, upper)
    answered = [{"id": unit["id"], "target": write(unit["source"])} for unit in units]
    if mode == "wrong_ids":
        answered = [{"id": "nobody", "target": "X"}, *answered[1:]]
    content = json.dumps({"units": answered}, ensure_ascii=False)
    finish = "stop"
    if mode == "truncated":
        content, finish = content[: int(len(content) * 0.7)], "length"
    if mode == "chatty":
        content = f"<think>units?</think>Sure!\n```json\n{content}\n```\nAnything else?"
    if mode == "prose":
        content = "I would rather not."
    message: dict[str, object] = {"role": "assistant", "content": content}
    if mode == "refusal":
        message |= {"content": None, "refusal": "No."}
    return {
        "id": "chatcmpl-1",
        "model": "test-model-1",
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        "usage": {
            "prompt_tokens": 90,
            "completion_tokens": 30,
            "prompt_tokens_details": {"cached_tokens": 64},
            "completion_tokens_details": {"reasoning_tokens": 5},
        },
    }
