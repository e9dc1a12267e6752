"""A model server that can be slow at will: OpenAI's chat completions,
by Dragoman's model protocol.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from servers.model_protocol import answered, question_in, units_in
from servers.process import wait_until

_LATIN, _CYRILLIC = "abcdefghijklmnopqrstuvwxyz", "абвгдежзиклмнопрстуфхцчшщэ"
_PSEUDO = str.maketrans(_LATIN + _LATIN.upper(), _CYRILLIC + _CYRILLIC.upper())
_HELD_S = 60


def foreign(text: str) -> str:
    """The text in other letters, as the pseudo engine writes it; tags have no letters."""
    return text.translate(_PSEUDO)


class SlowModel:
    """Answers `answers` requests at once and holds all later ones until `release`; with a `status`,
    answers only that.

    `asked` are the bodies of all requests and `answered` of those whose answer was sent in time, as
    they came.
    """

    def __init__(
        self, *, answers: int = 1_000_000, status: int = 200, does_translate: bool = True
    ) -> None:
        self.asked: list[bytes] = []
        self.answered: list[bytes] = []
        self.status = status
        self._answers = answers
        self._does_translate = does_translate
        self._released = threading.Event()
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    @property
    def settings(self) -> dict[str, str]:
        """The environment that points the openai engine here,
        with as many calls at once as it has workers.
        """
        return {
            "DRAGOMAN_OPENAI_BASE_URL": f"http://127.0.0.1:{self._server.server_port}/v1",
            "DRAGOMAN_OPENAI_MODEL": "test",
            "DRAGOMAN_OPENAI_API_KEY": "key",
            "DRAGOMAN_OPENAI_MAX_CONCURRENT_CALLS": "4",
        }

    def wait_until_held(self, count: int) -> None:
        """Return when `count` requests wait for their answers."""
        wait_until(
            lambda: len(self.asked) >= self._answers + count,
            timeout_s=90,
            what=f"{count} calls in flight",
        )

    def release(self) -> None:
        """Hold nothing any more."""
        self._released.set()

    def close(self) -> None:
        """Stop."""
        self.release()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, body: bytes) -> bytes:
        """The answer to a request, at once or in the end."""
        with self._lock:
            self.asked.append(body)
            is_held = len(self.asked) > self._answers and not self._released.is_set()
            if not is_held:
                self.answered.append(body)
        if is_held:
            self._released.wait(_HELD_S)
        write = foreign if self._does_translate else str
        units = [(number, write(text)) for number, text in units_in(question_in(body))]
        content = answered(units, body)
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": content},
            "finish_reason": "stop",
        }
        return json.dumps({"id": "chatcmpl-1", "model": "test-1", "choices": [choice]}).encode()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        model = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                answer = model.answer(self.rfile.read(int(self.headers["Content-Length"])))
                if model.status != 200:
                    answer = json.dumps({"error": {"code": "refused"}}).encode()
                try:
                    self.send_response(model.status)
                    self.send_header("Content-Length", str(len(answer)))
                    self.end_headers()
                    self.wfile.write(answer)
                except ConnectionError:
                    self.close_connection = True  # who asked was killed

            def log_message(self, format: str, *args: object) -> None:
                """Stay quiet."""

        return Handler


@contextmanager
def slow_model(
    *, answers: int = 1_000_000, status: int = 200, does_translate: bool = True
) -> Generator[SlowModel]:
    """A model server for the block."""
    model = SlowModel(answers=answers, status=status, does_translate=does_translate)
    try:
        yield model
    finally:
        model.close()
