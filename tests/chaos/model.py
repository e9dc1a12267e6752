"""A model server that speaks OpenAI's chat completions, goes wrong at will, and keeps a log of
every request.

It answers by Dragoman's model protocol in other letters, the same for the same text, so that a
disturbed run can be held against an undisturbed one byte by byte.
"""

from __future__ import annotations

import json
import random
import re
import threading
import time
from collections import Counter
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from chaos.orders import REVIEW_MARK
from e2e.slow_model import foreign
from servers.model_protocol import answered, question_in, units_in
from servers.process import free_port

FAULTS = (
    "down",
    "slow",
    "rate limited",
    "failing",
    "garbage",
    "invalid JSON",
    "ids missing",
    "ids wrong",
)
"""The ways in which the engine goes wrong. `down` closes the port;
the others meet every second request.
"""

_SLOW_S = 1.5


@dataclass(frozen=True)
class Request:
    """One request: the call it belongs to, when it came,
    and whether its answer was one that can be recorded.
    """

    key: str
    at: float
    is_answered: bool


class ChaosModel:
    """The server, on a port that it keeps while it is down.
    `fault` is what is wrong at the moment; empty: nothing.
    """

    def __init__(self, seed: int) -> None:
        self.requests: list[Request] = []
        self.faults_met: Counter[str] = Counter()
        self.fault = ""
        self._random = random.Random(seed)  # noqa: S311 - to be repeatable
        self._lock = threading.Lock()
        self._port = free_port()
        self._server: ThreadingHTTPServer | None = None
        self._thread: threading.Thread | None = None

    @property
    def settings(self) -> dict[str, str]:
        """The environment that points the openai engine here."""
        return {
            "DRAGOMAN_OPENAI_BASE_URL": f"http://127.0.0.1:{self._port}/v1",
            "DRAGOMAN_OPENAI_MODEL": "chaos",
            "DRAGOMAN_OPENAI_API_KEY": "key",
            "DRAGOMAN_OPENAI_TIMEOUT_S": "20",
            "DRAGOMAN_OPENAI_MAX_CONCURRENT_CALLS": "4",
        }

    def start(self) -> None:
        """Serve."""
        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def stop(self) -> None:
        """Close the port."""
        server, thread, self._server, self._thread = self._server, self._thread, None, None
        if server is not None and thread is not None:
            server.shutdown()
            server.server_close()
            thread.join()

    def answer(self, key: str, body: bytes) -> tuple[int, bytes]:
        """Status and body of the answer, wrong in the way of the moment."""
        with self._lock:
            fault = self.fault if self.fault and self._random.random() < 0.5 else ""
            self.faults_met[fault] += 1
            is_answered = fault not in ("rate limited", "failing", "garbage")
            self.requests.append(Request(key, time.time(), is_answered))
        if fault == "slow":
            time.sleep(_SLOW_S)
        return _answer(fault, body)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        model = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                body = self.rfile.read(length)
                if len(body) < length:
                    return  # who asked was killed while asking
                status, answer = model.answer(self.headers["Idempotency-Key"], body)
                try:
                    self.send_response(status)
                    self.send_header("Content-Length", str(len(answer)))
                    self.send_header("Retry-After", "1")
                    self.end_headers()
                    self.wfile.write(answer)
                except ConnectionError:
                    self.close_connection = True  # who asked was killed

            def log_message(self, format: str, *args: object) -> None:
                """Stay quiet."""

        return Handler


def _answer(fault: str, body: bytes) -> tuple[int, bytes]:
    if fault == "rate limited":
        return 429, b'{"error": {"code": "rate_limit_exceeded"}}'
    if fault == "failing":
        return 500, b'{"error": {"code": "server_error"}}'
    if fault == "garbage":
        return 200, b"<html>Bad gateway</html>"
    targets = [(number, _translated(text)) for number, text in units_in(question_in(body))]
    if fault == "ids missing":
        targets = targets[1:]
    if fault == "ids wrong":
        targets = [(f"9{number}", text) for number, text in targets]
    content = answered(targets)
    if fault == "invalid JSON":
        content = content[: len(content) // 2]
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": content},
        "finish_reason": "stop",
    }
    usage = {"prompt_tokens": 100, "completion_tokens": 100}
    return 200, json.dumps(
        {"id": "chatcmpl-1", "model": "chaos-1", "choices": [choice], "usage": usage}
    ).encode()


def _translated(source: str) -> str:
    text = re.sub("4711", "1174", source) if REVIEW_MARK in source else source
    return foreign(text)
