"""A model server of the tests' own: OpenAI's chat completions over HTTP,
good or bad in a chosen way.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypedDict, cast

from servers.model_protocol import answered, units_in

Body = dict[str, object]


class SeenRequest(TypedDict):
    """What the server was sent."""

    headers: dict[str, str]
    body: Body


class BreakOffError(Exception):
    """The connection is to be cut in the middle of an answer."""


def upper(text: str) -> str:
    """The text in capitals; tags have no letters."""
    return text.upper()


class ModelServer:
    """Answers in capitals, or as `write` translates, as a stream where it is asked for one. `modes`
    are used up one a request; the last one stays. With `slots` it says so as llama.cpp does. `most_at_once` is how
    many requests it had in hand; those of the mode `held` wait for `released`. One that `is_quiet`
    lets its clients believe that connections stay open, and closes each without a word when a
    second request comes in: as any server may whose patience ends at that moment.
    """

    def __init__(
        self,
        *modes: str,
        slots: int = 0,
        is_quiet: bool = False,
        write: Callable[[str], str] = upper,
    ) -> None:
        self.modes = list(modes) or ["good"]
        self.write = write
        self.slots = slots
        self.is_quiet = is_quiet
        self.seen: list[SeenRequest] = []
        self.in_hand = 0
        self.most_at_once = 0
        self.released = threading.Event()
        self._changed = threading.Condition()
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
            protocol_version = "HTTP/1.1"
            is_used = False

            def do_GET(self) -> None:
                is_known = self.path == "/props" and server.slots > 0
                self.send_whole(
                    200 if is_known else 404, {}, json.dumps({"total_slots": server.slots})
                )

            def do_POST(self) -> None:
                if self.is_used:
                    self.close_connection = True
                    return
                self.is_used = server.is_quiet
                body = cast(
                    "Body", json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                )
                mode = server.begin({k.lower(): v for k, v in self.headers.items()}, body)
                try:
                    self.answer(mode, body)
                except ConnectionError:
                    self.close_connection = True  # who asked was tired of waiting
                finally:
                    server.end()

            def answer(self, mode: str, body: Body) -> None:
                refusal = server.refusal(mode, body)
                if refusal is not None:
                    self.send_whole(*refusal)
                    return
                completion = _completion(mode, body, server.write)
                if body.get("stream") and mode not in _WHOLE:
                    self.send_stream(_STREAMS.get(mode, good_stream)(completion, server))
                else:
                    self.send_whole(200, {"x-request-id": "req-1"}, json.dumps(completion))

            def send_whole(self, status: int, headers: dict[str, str], answer: str) -> None:
                payload = answer.encode()
                self.send_head(status, {**headers, "Content-Length": str(len(payload))})
                self.wfile.write(payload)

            def send_stream(self, pieces: Iterator[bytes]) -> None:
                head = {
                    "x-request-id": "req-1",
                    "Content-Type": "text/event-stream",
                    "Transfer-Encoding": "chunked",
                }
                self.send_head(200, head)
                try:
                    for piece in pieces:
                        self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
                    self.wfile.write(b"0\r\n\r\n")
                except BreakOffError:
                    return

            def send_head(self, status: int, headers: dict[str, str]) -> None:
                self.send_response(status)
                said = {} if server.is_quiet else {"Connection": "close"}
                for name, value in {**headers, **said}.items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Stay quiet."""

        return Handler

    def begin(self, headers: dict[str, str], body: Body) -> str:
        """Note a request; the mode in which it is answered."""
        with self._changed:
            self.seen.append({"headers": headers, "body": body})
            self.in_hand += 1
            self._changed.notify_all()
            self.most_at_once = max(self.most_at_once, self.in_hand)
            return self.modes.pop(0) if len(self.modes) > 1 else self.modes[0]

    def end(self) -> None:
        """Note that a request is answered."""
        with self._changed:
            self.in_hand -= 1

    def wait_until_in_hand(self, count: int) -> None:
        """Return when so many requests came and none is answered, or after a while."""
        with self._changed:
            self._changed.wait_for(lambda: self.in_hand >= count, 20)

    def refusal(self, mode: str, body: Body) -> tuple[int, dict[str, str], str] | None:
        """Status, headers and body where the request gets no answer."""
        if mode == "hang":
            self.released.wait(30)
            return 503, {}, "{}"
        if mode == "held":
            self.released.wait(30)
        if mode == "slow":
            time.sleep(_SLOW_S)
        if mode == "killed":
            raise ConnectionResetError
        if mode in _ERRORS:
            return _ERRORS[mode]
        if mode == "no_schema" and "json_schema" in json.dumps(body.get("response_format")):
            return (
                400,
                {},
                '{"error": {"code": "unsupported", "message": "response_format json_schema"}}',
            )
        if mode == "no_stream" and "stream" in body:
            return 400, {}, '{"error": {"message": "Streaming is not supported by this server."}}'
        if mode == "no_stream_options" and "stream_options" in body:
            extra = {
                "type": "extra_forbidden",
                "loc": ["body", "stream_options"],
                "msg": "Extra inputs are not allowed",
            }
            return 422, {}, json.dumps({"object": "error", "message": {"detail": [extra]}})
        most = 2_048
        if mode == "small_context" and cast("int", body["max_tokens"]) > most:
            words = f"'max_tokens' or 'max_completion_tokens' is too large: {body['max_tokens']}. This model's maximum "
            return (
                400,
                {},
                json.dumps(
                    {"error": {"message": f"{words}context length is 4096 tokens.", "code": 400}}
                ),
            )
        return None


_ERRORS: dict[str, tuple[int, dict[str, str], str]] = {
    "401": (401, {}, '{"error": {"code": "invalid_api_key", "message": "Wrong key sk-secret"}}'),
    "402": (402, {}, '{"error": {"type": "insufficient_quota"}}'),
    "404": (404, {}, '{"error": {"code": "model_not_found"}}'),
    "400": (400, {}, '{"error": {"code": "bad", "message": "The quick brown fox"}}'),
    "429": (429, {"Retry-After": "7"}, '{"error": {"code": "rate_limit_exceeded"}}'),
    "429_soon": (429, {"Retry-After": "1"}, '{"error": {"code": "rate_limit_exceeded"}}'),
    "429_billing": (
        429,
        {},
        '{"error": {"type": "requests", "code": "project_spend_limit_exceeded"}}',
    ),
    "500": (500, {}, "oops"),
    "context": (
        400,
        {},
        '{"error": {"code": 400, "type": "exceed_context_size_error", "n_ctx": 4096}}',
    ),
    "context_in_200": (
        200,
        {},
        '{"error": {"message": "Trying to keep the first 9 tokens when context the overflows."}}',
    ),
    "filtered": (
        400,
        {},
        '{"error": {"code": "content_filter", "message": "The quick brown fox"}}',
    ),
    "web_page": (200, {}, "<html>Welcome</html>"),
}
_WRITERS: dict[str, Callable[[str], str]] = {
    "doubled_tags": lambda text: re.sub(r"(</?\d+/>)", r"\1 \1", text).upper(),
    "dropped_tags": lambda text: re.sub(r"</?\d+/?>", "", text).upper(),
}
_SLOW_S = 2.0
_WHOLE = ("whole", "parts", "nulls")
_SHARE = 0.85  # of an answer that breaks off: its third unit has begun


def _with_swapped_tags(text: str) -> str:
    """The text with the numbers of its first two tags exchanged, or the one tag gone."""
    numbers = list(dict.fromkeys(re.findall(r"<(\d+)/?>", text)))[:2]
    if len(numbers) < 2:
        return re.sub(r"</?\d+/?>", "", text)
    others = dict(zip(numbers, reversed(numbers), strict=True))
    return re.sub(
        r"<(/?)(\d+)(/?)>", lambda tag: f"<{tag[1]}{others.get(tag[2], tag[2])}{tag[3]}>", text
    )


def _completion(mode: str, body: Body, write: Callable[[str], str]) -> Body:
    messages = cast("list[dict[str, str]]", body["messages"])
    units = units_in(json.loads(messages[-1]["content"]))
    write = _WRITERS.get(mode, write)
    targets = [(number, write(text)) for number, text in units]
    if mode == "swapped_tags":
        targets = [(number, _with_swapped_tags(text)) for number, text in targets]
    if mode == "lost_ids":
        targets = targets[: len(targets) // 2]
    if mode == "wrong_ids":
        targets = [("999", "X"), *targets[1:]]
    content = answered(targets)
    finish = "stop"
    if mode == "broken_json":
        content = content[: len(content) // 2] + content[len(content) // 2 + 9 :].rstrip("]}")
    if mode == "truncated":
        content, finish = content[: int(len(content) * _SHARE)], "length"
    if mode == "unfinished_thought":
        content, finish = f"<think>Perhaps {content} Or else", "length"
    if mode == "chatty":
        content = f"<think>units?</think>Sure!\n```json\n{content}\n```\nAnything else?"
    if mode == "prose":
        content = "I would rather not."
    message: Body = {"role": "assistant", "content": content}
    if mode == "parts":
        parts = [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": content[:9]}]
        message["content"] = [*parts, {"type": "text", "text": content[9:]}]
    if mode == "refusal":
        message |= {"content": None, "refusal": "No."}
    completion: Body = {
        "id": "chatcmpl-1",
        "model": "test-model-1",
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        "usage": {
            "prompt_tokens": 90,
            "completion_tokens": 30,
            "prompt_tokens_details": {"cached_tokens": 64, "cache_write_tokens": 16},
            "completion_tokens_details": {"reasoning_tokens": 5},
        },
    }
    if mode == "nulls":
        completion |= {
            "id": None,
            "model": None,
            "usage": {"prompt_tokens": None, "completion_tokens": None},
        }
    return completion


def good_stream(completion: Body, server: ModelServer) -> Iterator[bytes]:
    """The completion as OpenAI streams it."""
    yield from _written(completion)
    yield from _ending(completion)
    yield b"data: [DONE]\n\n"


def _event(completion: Body, delta: Body, finish: object = None, **more: object) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    chunk = {
        "id": completion["id"],
        "model": completion["model"],
        "choices": [choice],
        "usage": None,
        **more,
    }
    return f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n".encode()


def _message(completion: Body) -> dict[str, str | None]:
    return cast("list[dict[str, dict[str, str | None]]]", completion["choices"])[0]["message"]


def _written(completion: Body, share: float = 1.0) -> Iterator[bytes]:
    """The role, then the text in small pieces, as much of it as `share` says."""
    message = _message(completion)
    yield _event(completion, {"role": "assistant", "content": None})
    for key in ("content", "refusal"):
        text = message.get(key) or ""
        text = text[: int(len(text) * share)]
        for start in range(0, len(text), 7):
            yield _event(completion, {key: text[start : start + 7]})


def _ending(completion: Body) -> Iterator[bytes]:
    finish = cast("list[Body]", completion["choices"])[0]["finish_reason"]
    yield _event(completion, {}, finish)
    yield _event(completion, {}, None, choices=[], usage=completion["usage"])


def _falls_silent(completion: Body, server: ModelServer) -> Iterator[bytes]:
    yield from _written(completion, _SHARE)
    server.released.wait(30)


def _breaks_off(completion: Body, server: ModelServer) -> Iterator[bytes]:
    yield from _written(completion, _SHARE)
    raise BreakOffError


def _ends_early(completion: Body, server: ModelServer) -> Iterator[bytes]:
    yield from _written(completion, _SHARE)


def _errs_inside(completion: Body, server: ModelServer) -> Iterator[bytes]:
    yield from _written(completion, _SHARE)
    yield _event(completion, {}, "error", error={"code": 502, "message": "The quick brown fox"})


def _never_ends(completion: Body, server: ModelServer) -> Iterator[bytes]:
    """The units until one has begun, and then numbers for ever."""
    yield from _written(completion, _SHARE)
    while not server.released.is_set():
        yield _event(completion, {"content": "1, 2, 3, "})


def _overflows_inside(completion: Body, server: ModelServer) -> Iterator[bytes]:
    yield from _written(completion, _SHARE)
    yield b'data: {"error": {"code": 500, "message": "Context size has been exceeded.", "type": "server_error"}}\n\n'


def _errs_at_once(completion: Body, server: ModelServer) -> Iterator[bytes]:
    yield b": OPENROUTER PROCESSING\n\n"
    yield b'data: {"error": {"code": 429, "message": "Slow down"}}\n\n'


def _without_done(completion: Body, server: ModelServer) -> Iterator[bytes]:
    yield from _written(completion)
    yield from _ending(completion)


def _crlf_and_pings(completion: Body, server: ModelServer) -> Iterator[bytes]:
    """Other line ends, comments between, and pieces that part lines and characters."""
    stream = b": ping\r\n\r\n" + b"".join(good_stream(completion, server)).replace(b"\n", b"\r\n")
    for start in range(0, len(stream), 5):
        yield stream[start : start + 5]


def _only_pings(completion: Body, server: ModelServer) -> Iterator[bytes]:
    while not server.released.wait(0.05):
        yield b": ping\n\n"


def _only_thinks(completion: Body, server: ModelServer) -> Iterator[bytes]:
    """A thought beside the text, which ends by length."""
    content = _message(completion)["content"]
    yield _event(completion, {"reasoning_content": f"Perhaps {content}"})
    yield from _ending({**completion, "choices": [{"finish_reason": "length"}]})


_STREAMS: dict[str, Callable[[Body, ModelServer], Iterator[bytes]]] = {
    "falls_silent": _falls_silent,
    "breaks_off": _breaks_off,
    "ends_early": _ends_early,
    "errs_inside": _errs_inside,
    "overflows_inside": _overflows_inside,
    "never_ends": _never_ends,
    "errs_at_once": _errs_at_once,
    "without_done": _without_done,
    "crlf_and_pings": _crlf_and_pings,
    "only_pings": _only_pings,
    "only_thinks": _only_thinks,
}
