"""A server with OpenAI's chat completions and embeddings, for tests of the playground: it wants its
key, knows its models, streams where that is asked, and keeps what it was asked.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "sk-playground-0f5b77"
MARKDOWN = (
    "# Invoice\n\n<table><tr><td>Total</td><td>7</td></tr></table>\n\n<script>alert(1)</script>"
)
_USAGE = {"prompt_tokens": 1_000, "completion_tokens": 200, "total_tokens": 1_200}
_MODELS = frozenset({"chatty", "seer", "vectors"})


class PlaygroundServer:
    """A running server. `asked` are the bodies it was sent; `hold` keeps a stream after its first
    piece until it is released.
    """

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.hold = threading.Event()
        self.hold.set()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    @property
    def url(self) -> str:
        """Its base URL."""
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def close(self) -> None:
        """Stop."""
        self.hold.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if self.headers.get("Authorization") != f"Bearer {KEY}":
                    self._send(401, {"error": {"code": "invalid_api_key", "message": "no"}})
                    return
                server.asked.append(body)
                if body["model"] not in _MODELS:
                    self._send(404, {"error": {"code": "model_not_found", "message": "none"}})
                elif self.path == "/v1/embeddings":
                    self._send(200, _embeddings(body))
                elif body.get("stream"):
                    self._stream(body)
                else:
                    self._send(200, _completion(body))

            def _send(self, status: int, body: dict[str, Any]) -> None:
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def _stream(self, body: dict[str, Any]) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.end_headers()
                for number, chunk in enumerate(_chunks(body)):
                    self.wfile.write(f"data: {chunk}\n\n".encode())
                    self.wfile.flush()
                    if number == 1:
                        server.hold.wait(30)

            def log_message(self, format: str, *args: object) -> None:
                """Stay quiet."""

        return Handler


def _text_of(body: dict[str, Any]) -> str:
    if body["model"] == "seer":
        return MARKDOWN
    content = body["messages"][-1]["content"]
    said = content if isinstance(content, str) else content[-1]["text"]
    return f"You said: {said}"


def _completion(body: dict[str, Any]) -> dict[str, Any]:
    message = {"role": "assistant", "content": _text_of(body)}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return {"id": "chatcmpl-1", "model": f"{body['model']}-1", "choices": [choice], "usage": _USAGE}


def _chunks(body: dict[str, Any]) -> Iterator[str]:
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": f"{body['model']}-1"}
    words = _text_of(body).split(" ")
    for number, word in enumerate(words):
        text = word if number == 0 else f" {word}"
        delta: dict[str, str] = {"content": text}
        if number == 0:
            delta["role"] = "assistant"
        choice = {"index": 0, "delta": delta, "finish_reason": None}
        yield json.dumps({**head, "choices": [choice]})
    end: dict[str, object] = {"index": 0, "delta": {}, "finish_reason": "stop"}
    yield json.dumps({**head, "choices": [end]})
    yield json.dumps({**head, "choices": [], "usage": _USAGE})
    yield "[DONE]"


def _embeddings(body: dict[str, Any]) -> dict[str, Any]:
    said: str | list[str] = body["input"]
    texts = [said] if isinstance(said, str) else said
    data = [
        {"object": "embedding", "index": number, "embedding": [3.0, 4.0 * len(text), 0.0]}
        for number, text in enumerate(texts)
    ]
    usage = {"prompt_tokens": 5, "total_tokens": 5}
    return {"object": "list", "model": "vectors-1", "data": data, "usage": usage}


@contextmanager
def playground_server() -> Generator[PlaygroundServer]:
    """A server for the block."""
    server = PlaygroundServer()
    try:
        yield server
    finally:
        server.close()
