"""A receiver of webhooks for tests: a real HTTP server that answers as it is told, and a verifier of
its own.

with HookServer(500, 200) as server:       # the first message is refused, the next is taken
    ...
    (first, second) = server.received
    verified(second, secret)
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

USUAL = 204


@dataclass(frozen=True)
class Received:
    """A request as it came; names of headers in lower case."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def id(self) -> str:
        """The id of the message."""
        return self.headers["webhook-id"]

    @property
    def message(self) -> dict[str, Any]:
        """The message."""
        return json.loads(self.body)


class HookServer:
    """Answers with these statuses, one a request, and then with 204. `headers` go with each answer.

    Of the "statuses", `held` waits for `released`, `cut` closes the connection, `long` answers 200 with a
    body that does not end.
    """

    def __init__(self, *statuses: int | str, headers: Mapping[str, str] | None = None) -> None:
        self.statuses = list(statuses)
        self.headers = dict(headers or {})
        self.received: list[Received] = []
        self.released = threading.Event()
        self._came = threading.Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    @property
    def url(self) -> str:
        """Where it takes messages."""
        return f"http://127.0.0.1:{self._server.server_port}/hook?key=1"

    @property
    def types(self) -> list[str]:
        """The types of the messages that came."""
        return [each.message["type"] for each in self.received]

    def take(self, received: Received) -> int | str:
        """Note a request; how it is answered."""
        with self._came:
            self.received.append(received)
            self._came.notify_all()
            return self.statuses.pop(0) if self.statuses else USUAL

    def wait_for(self, count: int) -> bool:
        """Wait until so many requests came; False where they did not."""
        with self._came:
            return self._came.wait_for(lambda: len(self.received) >= count, 30)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler(server: HookServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status = server.take(Received(self.path, headers, body))
            if status == "held":
                server.released.wait(30)
                status = USUAL
            if status == "cut":
                self.close_connection = True
                return
            if status == "long":
                self._write_for_ever()
                return
            self.send_response(int(status))
            for name, value in server.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", "0")
            self.end_headers()

        def _write_for_ever(self) -> None:
            self.send_response(200)
            self.end_headers()
            try:
                while not server.released.is_set():
                    self.wfile.write(b"x" * 65536)
            except OSError:
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler


def verified(received: Received, secret: str, *, now: float | None = None) -> bool:
    """Whether the message was signed with this secret, by the specification alone."""
    key = base64.b64decode(secret.split("_", 1)[1])
    timestamp = received.headers["webhook-timestamp"]
    if now is not None and abs(now - int(timestamp)) > 300:
        return False
    signed = b".".join([received.id.encode(), timestamp.encode(), received.body])
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    for each in received.headers["webhook-signature"].split(" "):
        version, _, signature = each.partition(",")
        if version == "v1" and hmac.compare_digest(signature, expected):
            return True
    return False
