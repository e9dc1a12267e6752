"""A provider of the tests' own: an HTTP server that refuses what the real one refuses."""

from __future__ import annotations

import json
import re
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import urlsplit

from servers.model_protocol import answered, units_in

KEY = "sk-5ecret-5ecret-5ecret"
Json = dict[str, Any]


class BreakOffError(Exception):
    """The connection is to be cut in the middle of an answer."""


@dataclass(frozen=True)
class Asked:
    """A request as the server got it; names of headers in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: Json


@dataclass(frozen=True)
class Answered:
    """An answer: one body, or pieces of a stream."""

    status: int = 200
    body: Json | list[Any] | str | None = None
    pieces: Iterator[bytes] | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


class RefusedError(Exception):
    """The request is refused with this answer."""

    def __init__(self, answered: Answered) -> None:
        super().__init__(answered.status)
        self.answered = answered


class Provider(ABC):
    """Serves on a port of its own until it is closed.

    `modes` are used up one a request that is in order; without any, answers are good. Requests of the mode
    `held` wait for `released`. `most_at_once` is how many requests were in hand at once.
    """

    def __init__(self, *modes: str) -> None:
        self.modes = list(modes)
        self.seen: list[Asked] = []
        self.released = threading.Event()
        self.in_hand = 0
        self.most_at_once = 0
        self._changed = threading.Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def base_url(self) -> str:
        """The address that a person would give."""
        return self.origin

    @abstractmethod
    def answer(self, asked: Asked) -> Answered:
        """The answer to a request; raises RefusedError."""

    def mode(self) -> str:
        """The mode of the next answer."""
        with self._changed:
            return self.modes.pop(0) if self.modes else "good"

    def begin(self, asked: Asked) -> None:
        """Note a request."""
        with self._changed:
            self.seen.append(asked)
            self.in_hand += 1
            self.most_at_once = max(self.most_at_once, self.in_hand)
            self._changed.notify_all()

    def end(self) -> None:
        """Note that a request is about to be answered."""
        with self._changed:
            self.in_hand -= 1

    def wait_until_in_hand(self, count: int) -> None:
        """Return when so many requests are in hand, or after a while."""
        with self._changed:
            self._changed.wait_for(lambda: self.in_hand >= count, 20)

    def close(self) -> None:
        """Let held requests go and stop."""
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _handler(provider: Provider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.respond()

        def do_POST(self) -> None:
            self.respond()

        def respond(self) -> None:
            url = urlsplit(self.path)
            content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            body: Json = json.loads(content) if content else {}
            asked = Asked(self.command, url.path, url.query, headers, body)
            provider.begin(asked)
            try:
                answered = provider.answer(asked)
            except RefusedError as refused:
                answered = refused.answered
            try:
                self.send(answered)
            except (ConnectionError, BreakOffError):
                self.close_connection = True

        def send(self, answered: Answered) -> None:
            pieces = answered.pieces
            if pieces is None:
                provider.end()
                content = _content(answered.body)
                self.head(answered, {"Content-Length": str(len(content))})
                self.wfile.write(content)
                return
            self.head(answered, {"Transfer-Encoding": "chunked"})
            try:
                for piece in pieces:
                    self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            finally:
                provider.end()
            self.wfile.write(b"0\r\n\r\n")

        def head(self, answered: Answered, more: Mapping[str, str]) -> None:
            self.send_response(answered.status)
            kind = "application/json"
            said = {"Content-Type": kind, **answered.headers, **more, "Connection": "close"}
            for name, value in said.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Stay quiet."""

    return Handler


def _content(body: Json | list[Any] | str | None) -> bytes:
    return (body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)).encode()


def events(bodies: Iterator[Json], *, named: bool = False) -> Iterator[bytes]:
    """Server-sent events; `named` by the type of each body."""
    for body in bodies:
        name = f"event: {body['type']}\n" if named else ""
        yield f"{name}data: {json.dumps(body, ensure_ascii=False)}\n\n".encode()


def lines(bodies: Iterator[Json]) -> Iterator[bytes]:
    """Lines of JSON, cut at odd places."""
    text = "".join(json.dumps(body, ensure_ascii=False) + "\n" for body in bodies).encode()
    for start in range(0, len(text), 50):
        yield text[start : start + 50]


def pieces_of(text: str) -> list[str]:
    """The text in small pieces."""
    return re.findall(r".{1,7}", text, re.DOTALL)


def until_broken(bodies: Iterator[bytes], count: int) -> Iterator[bytes]:
    """The first of these, and then the connection is cut."""
    for number, each in enumerate(bodies):
        if number == count:
            raise BreakOffError
        yield each


def check(condition: object, refusal: Callable[[], Answered]) -> None:
    """Refuse unless the condition holds."""
    if not condition:
        raise RefusedError(refusal())


SAYINGS: dict[str, str] = {
    "no JSON": "I would rather not.",
    "a number": '{"shareCapital": 25000}',
    "a fence": 'Here:\n```json\n{"shareCapital": "25,000.00"}\n```',
}
"""The answers of a model that is told to say one; told to insist, it says so again when corrected."""


def written(body: Json, text: str, schema: Json | None) -> str:
    """The model's answer: the question in capitals, as an object where a schema asks for one.

    Units of Dragoman's model protocol are answered one by one; tags have no letters.
    """
    whole = json.dumps(body, ensure_ascii=False)
    for name, saying in SAYINGS.items():
        if f"(say {name})" in text or f"(insist on {name})" in whole:
            return saying
    if schema is None:
        return text.upper()
    name = next(iter(schema.get("properties", {"answer": {}})))
    if name == "units":
        return answered((number, each.upper()) for number, each in units_in(json.loads(text)))
    return json.dumps({name: text.upper()}, ensure_ascii=False)
