"""The one way in which every API is asked: a POST whose answer is read as it comes.

There are no hidden retries: what is asked again is decided, and paid for, by who calls.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

import httpx
from pydantic import JsonValue

from dragoman_contracts.errors import RetryableError
from dragoman_models.endpoint import ApiKind
from dragoman_models.refusals import Cures, ServerError
from dragoman_models.server_events import Events, ServerEvents

_PATIENCE = 5
_LINGER_S = 5.0
_MOST_BYTES_PER_TOKEN = 16
_MOST_BYTES_OF_ERROR = 1_000_000
_MOST_BYTES = 64 * 1024 * 1024
_REQUEST_IDS = ("x-request-id", "request-id", "x-trace-id")
_REQUEST_ID_LENGTH = 200


class RefusedError(Exception):
    """The server answered with an error and nothing of an answer; caught by the client."""

    def __init__(self, error: ServerError) -> None:
        super().__init__(f"HTTP {error.status}")
        self.error = error


class Incoming(Protocol):
    """An answer that is read as it comes."""

    error: JsonValue
    is_whole: bool
    is_answer: bool

    @property
    def has_begun(self) -> bool:
        """Whether anything was written, so that the call is paid."""
        ...

    @property
    def is_ended(self) -> bool:
        """Whether the answer is complete, so that only counts may follow."""
        ...

    @property
    def written_bytes(self) -> int:
        """The size of what was written."""
        ...

    def take(self, event: str) -> str:
        """Read one event, and give the text in it.

        Raises:
            ValueError: the event cannot be read.
        """
        ...


@dataclass(frozen=True)
class Limits:
    """How long to wait and how much to read.

    `silence_s` is the longest silence: no byte at all. Bytes that carry nothing, which servers send
    to keep a connection open, are borne five times as long. An answer that comes as a whole has
    `silence_s` altogether. `output_tokens` bounds an answer whose server does not know the limit
    that was sent; None where none was. `received_bytes` bounds every answer.
    """

    silence_s: float
    output_tokens: int | None = None
    received_bytes: int = _MOST_BYTES

    @property
    def patience_s(self) -> float:
        """The longest time in which nothing is written."""
        return self.silence_s * _PATIENCE

    @property
    def written_bytes(self) -> int:
        """The longest text that is read."""
        if self.output_tokens is None:
            return self.received_bytes
        return self.output_tokens * _MOST_BYTES_PER_TOKEN


_Answer = TypeVar("_Answer", bound=Incoming)


@dataclass
class Call(Generic[_Answer]):
    """A request that is made once.

    Times are seconds since it was sent; `waited_s` is None before the first text. `on_text` is told
    each piece of text of an answer that streams. `is_cut_off` says that we read no further, since
    the answer was too long or `on_text` gave True.
    """

    client: httpx.AsyncClient
    path: str
    body: dict[str, JsonValue]
    answer: _Answer
    limits: Limits
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    api: ApiKind = ApiKind.OPENAI
    cures: Cures = field(default_factory=Cures)
    events: Events = field(default_factory=ServerEvents)
    expected: str = "an answer of this API"
    on_text: Callable[[str], bool | None] | None = None
    request_id: str = ""
    waited_s: float | None = None
    elapsed_s: float = 0.0
    content: bytes = b""
    is_cut_off: bool = False

    def __post_init__(self) -> None:
        self.content = json.dumps(self.body, ensure_ascii=False, separators=(",", ":")).encode()
        self._sent_at = time.monotonic()
        self._written_at = self._sent_at
        self._received_bytes = 0
        self._had_odd_events = False

    async def make(self) -> _Answer:
        """Send the request and read the answer to its end, or to where it broke off once begun.

        Raises:
            RefusedError: the server answered with an error.
            PermanentError: model.address_refused.
            RetryableError: engine.timeout or engine.unavailable, when nothing was written;
                engine.malformed_reply, when the server sent something other than an answer.
        """
        self._sent_at = self._written_at = time.monotonic()
        try:
            await self._receive()
        except (TimeoutError, httpx.TimeoutException) as error:
            if not self.answer.has_begun:
                raise self._silence() from error
        except (httpx.TransportError, httpx.DecodingError, httpx.InvalidURL) as error:
            if not self.answer.has_begun:
                message = f"No connection to the server ({type(error).__name__}); is {self.cures.address} right?"
                raise RetryableError(message, code="engine.unavailable") from error
        finally:
            self.elapsed_s = time.monotonic() - self._sent_at
        return self._whole_or_begun()

    def seconds_since_sent(self) -> float:
        """The age of the request."""
        return time.monotonic() - self._sent_at

    def _whole_or_begun(self) -> _Answer:
        answer = self.answer
        if answer.error and not answer.has_begun:
            raise RefusedError(ServerError.of(200, {}, {"error": answer.error}, self.api))
        if self._had_odd_events and not answer.is_answer:
            raise self._no_answer()
        if not answer.has_begun and not (answer.is_answer and (answer.is_ended or answer.is_whole)):
            message = "The server ended its answer before it said anything; look at the server, then resume."
            raise RetryableError(message, code="engine.unavailable")
        return answer

    async def _receive(self) -> None:
        async with asyncio.timeout(self.limits.silence_s) as alarm, self._request() as response:
            self.request_id = _request_id(response.headers)
            if not response.is_success:
                error = ServerError.of(
                    response.status_code, response.headers, await _start_of(response), self.api
                )
                raise RefusedError(error)
            async for data in response.aiter_bytes():
                self._received_bytes += len(data)
                if self._take(self.events.feed(data)) or self._is_too_long():
                    return
                if not self.events.is_whole:
                    alarm.reschedule(
                        asyncio.get_running_loop().time() + self._may_be_silent_for_s()
                    )
            self._take(self.events.close())

    def _request(self) -> contextlib.AbstractAsyncContextManager[httpx.Response]:
        headers = {**self.headers, "Content-Type": "application/json"}
        return self.client.stream("POST", self.path, content=self.content, headers=headers)

    def _is_too_long(self) -> bool:
        if self._received_bytes <= self.limits.received_bytes:
            return False
        if self.events.is_whole or not self.answer.has_begun:
            message = f"The server's answer is longer than {self.limits.received_bytes} bytes; ask for less at once."
            raise RetryableError(message, code="engine.malformed_reply")
        return True

    def _may_be_silent_for_s(self) -> float:
        if self.answer.is_ended:
            # Only counts and the end of the body are still to come.
            return min(_LINGER_S, self.limits.silence_s)
        patience_left_s = self._written_at + self.limits.patience_s - time.monotonic()
        return max(0.0, min(self.limits.silence_s, patience_left_s))

    def _take(self, events: list[str]) -> bool:
        """Read events; True when no more should be read."""
        answer, written = self.answer, self.answer.written_bytes
        texts: list[str] = []
        for event in events:
            try:
                texts.append(answer.take(event))
            except ValueError as error:
                self._had_odd_events = True
                if self.events.is_whole:
                    raise self._no_answer() from error
            if answer.error:
                return True
        if self.events.is_whole and events and not answer.is_answer:
            raise self._no_answer()
        has_enough = answer.written_bytes > written and self._note_text("".join(texts))
        self.is_cut_off = has_enough or answer.written_bytes > self.limits.written_bytes
        return self.is_cut_off

    def _note_text(self, text: str) -> bool:
        """Tell of a text; True when no more should be read."""
        self._written_at = time.monotonic()
        if self.events.is_whole:
            return False
        self.waited_s = self.seconds_since_sent() if self.waited_s is None else self.waited_s
        return self.on_text is not None and self.on_text(text) is True

    def _silence(self) -> RetryableError:
        message = f"The server was silent for {self.limits.silence_s:g} s ({self.cures.silence})."
        return RetryableError(message, code="engine.timeout")

    def _no_answer(self) -> RetryableError:
        message = f"The server answered with something other than {self.expected}; check {self.cures.address}."
        return RetryableError(message, code="engine.malformed_reply")


def _request_id(headers: httpx.Headers) -> str:
    return next((headers[each] for each in _REQUEST_IDS if each in headers), "")[
        :_REQUEST_ID_LENGTH
    ]


async def _start_of(response: httpx.Response) -> bytes:
    read = b""
    async for data in response.aiter_bytes():
        read += data
        if len(read) > _MOST_BYTES_OF_ERROR:
            break
    return read
