"""One request to an OpenAI-compatible server, and its answer read as it comes."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Collection
from dataclasses import dataclass, field

import httpx
from pydantic import JsonValue

from dragoman_contracts.errors import RetryableError
from dragoman_translate.adapters.openai_answer import Answer
from dragoman_translate.adapters.openai_errors import ServerError
from dragoman_translate.adapters.server_events import ServerEvents
from dragoman_translate.ports import RawTarget, ReplyListener, ReplyProgress

_PATIENCE = 5
_LINGER_S = 5.0
_TELL_EVERY_S = 1.0
_MOST_BYTES_PER_TOKEN = 16
_MOST_BYTES_OF_ERROR = 1_000_000


class RefusedError(Exception):
    """The server answered with an error and nothing of an answer; caught by the engine."""

    def __init__(self, error: ServerError) -> None:
        super().__init__(error.reason)
        self.error = error


@dataclass(frozen=True)
class Limits:
    """How long to wait and how much to read.

    `silence_s` is the longest silence: no byte at all. Bytes that carry nothing, which servers send
    to keep a connection open, are borne five times as long. An answer that comes as a whole has
    `silence_s` altogether. `output_tokens` bounds an answer whose server does not know the limit
    that was sent.
    """

    silence_s: float
    output_tokens: int

    @property
    def patience_s(self) -> float:
        """The longest time in which nothing is written."""
        return self.silence_s * _PATIENCE

    @property
    def written_bytes(self) -> int:
        """The longest answer that is read."""
        return self.output_tokens * _MOST_BYTES_PER_TOKEN


@dataclass
class Call:
    """A request that is made once.

    Times are seconds since it was sent; `waited_s` is None before the first token.
    """

    client: httpx.AsyncClient
    body: dict[str, JsonValue]
    headers: dict[str, str]
    limits: Limits
    asked: Collection[str] = ()
    listener: ReplyListener | None = None
    request_id: str = ""
    waited_s: float | None = None
    elapsed_s: float = 0.0
    content: bytes = b""
    answer: Answer = field(init=False)

    def __post_init__(self) -> None:
        self.answer = Answer(self.asked)
        self.content = json.dumps(self.body, ensure_ascii=False, separators=(",", ":")).encode()
        self._sent_at = time.monotonic()
        self._written_at = self._sent_at
        self._told_at = self._sent_at
        self._events = ServerEvents()

    async def make(self) -> Answer:
        """Send the request and read the answer to its end, or to where it broke off once begun.

        Raises:
            RefusedError: the server answered with an error.
            RetryableError: engine.timeout or engine.unavailable, when nothing was written;
                engine.malformed_reply, when what came is no chat completion.
        """
        self._sent_at = self._written_at = self._told_at = time.monotonic()
        if self.listener is not None:  # the wait for a turn is over, the one for the first token begins
            self.listener(ReplyProgress(targets=(), token_count=0, waited_s=0.0, elapsed_s=0.0))
        try:
            await self._receive()
        except (TimeoutError, httpx.TimeoutException) as error:
            if not self.answer.has_begun:
                raise self._silence() from error
        except httpx.TransportError as error:
            if not self.answer.has_begun:
                message = f"No connection to the server ({type(error).__name__}); is DRAGOMAN_OPENAI_BASE_URL right?"
                raise RetryableError(message, code="engine.unavailable") from error
        finally:
            self.elapsed_s = time.monotonic() - self._sent_at
        return self._whole_or_begun()

    def _whole_or_begun(self) -> Answer:
        answer = self.answer
        if answer.error and not answer.has_begun:
            raise RefusedError(ServerError.of(200, {}, {"error": answer.error}))
        if not answer.has_begun and not (answer.has_choices and (answer.finish or answer.is_done or answer.is_whole)):
            message = "The server ended its answer before it said anything; look at the server, then resume."
            raise RetryableError(message, code="engine.unavailable")
        return answer

    async def _receive(self) -> None:
        async with asyncio.timeout(self.limits.silence_s) as alarm, self._request() as response:
            self.request_id = response.headers.get("x-request-id", "")
            if not response.is_success:
                raise RefusedError(ServerError.of(response.status_code, response.headers, await _start_of(response)))
            async for data in response.aiter_bytes():
                if self._take(self._events.feed(data)):
                    return
                if not self._events.is_whole:
                    alarm.reschedule(asyncio.get_running_loop().time() + self._may_be_silent_for_s())
            self._take(self._events.close())

    def _request(self) -> contextlib.AbstractAsyncContextManager[httpx.Response]:
        headers = {**self.headers, "Content-Type": "application/json"}
        return self.client.stream("POST", "chat/completions", content=self.content, headers=headers)

    def _may_be_silent_for_s(self) -> float:
        if self.answer.is_done or self.answer.finish:
            return min(_LINGER_S, self.limits.silence_s)  # only counts and the end of the body are still to come
        patience_left_s = self._written_at + self.limits.patience_s - time.monotonic()
        return max(0.0, min(self.limits.silence_s, patience_left_s))

    def _take(self, events: list[str]) -> bool:
        """Read events; True when no more should be read."""
        answer, written = self.answer, self.answer.written_bytes
        targets: list[RawTarget] = []
        for event in events:
            try:
                targets += answer.take(event)
            except ValueError as error:
                if self._events.is_whole:
                    raise self._no_completion() from error
            if answer.error:
                return True
        if self._events.is_whole and events and not answer.has_choices:
            raise self._no_completion()
        if answer.written_bytes > written:
            self._note_progress(tuple(targets))
        return answer.written_bytes > self.limits.written_bytes

    def _note_progress(self, targets: tuple[RawTarget, ...]) -> None:
        now = time.monotonic()
        self._written_at = now
        if self._events.is_whole:
            return
        is_first = self.waited_s is None
        self.waited_s = now - self._sent_at if self.waited_s is None else self.waited_s
        if self.listener is not None and (is_first or targets or now - self._told_at >= _TELL_EVERY_S):
            self._told_at = now
            progress = ReplyProgress(
                targets=self.answer.targets,
                token_count=self.answer.token_count,
                waited_s=self.waited_s,
                elapsed_s=now - self._sent_at,
            )
            self.listener(progress)

    def _silence(self) -> RetryableError:
        message = f"The server was silent for {self.limits.silence_s:g} s (DRAGOMAN_OPENAI_TIMEOUT_S)."
        return RetryableError(message, code="engine.timeout")

    def _no_completion(self) -> RetryableError:
        message = "The server answered with something other than a chat completion; check DRAGOMAN_OPENAI_BASE_URL."
        return RetryableError(message, code="engine.malformed_reply")


async def _start_of(response: httpx.Response) -> bytes:
    read = b""
    async for data in response.aiter_bytes():
        read += data
        if len(read) > _MOST_BYTES_OF_ERROR:
            break
    return read
