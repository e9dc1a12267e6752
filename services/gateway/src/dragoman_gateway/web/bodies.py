"""The bodies of requests: who may send one, how large it may be, how long it may take, and how many
uploads there may be at once.

A body is read only for a request whose credential holds: reading one costs memory and disk. FastAPI
reads the body before it asks any dependency, so this is done before.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from fastapi import HTTPException
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dragoman_contracts.errors import DragomanError, RetryableError
from dragoman_gateway.web.depth import MOST_DEEP, TOO_DEEP, JsonDepth
from dragoman_gateway.web.errors import NotSignedInError
from dragoman_gateway.web.guard import SIGN_IN, error_page, way_in
from dragoman_gateway.web.problems import problem_of, problem_response, status_of
from dragoman_gateway.web.signin import SESSION_COOKIE, SignIn, remember

API = "/api/v1/"
CONSOLE = "/console/"
_SIGNING_IN = frozenset({API + "session", SIGN_IN})
_SIGN_IN_BYTES = 16 * 1024
_DRAINED_BYTES = 256 * 1024 * 1024
_DRAINED_S = 10.0
_SLOT_WAIT_S = 30.0


class TooManyUploadsError(RetryableError):
    """As many uploads as may be are under way; send it again in a moment."""

    default_code = "upload.too_many"


@dataclass(frozen=True, slots=True)
class BodyRules:
    """The limits of bodies. `limits_bytes` are those of the paths that take uploads, of which
    `uploads_at_once` are read at a time; in a path `*` stands for one part.

    A body must have come after `grace_s`, and a second more for each `least_bytes_per_s` that came.
    """

    limit_bytes: int
    limits_bytes: Mapping[str, int] = field(default_factory=dict[str, int])
    uploads_at_once: int = 8
    grace_s: float = 30.0
    least_bytes_per_s: int = 16 * 1024

    def limit_of(self, path: str) -> int:
        """The size of a body at most that may be sent to the path."""
        if path in _SIGNING_IN:
            return _SIGN_IN_BYTES
        found = self.upload_bytes(path)
        return self.limit_bytes if found is None else found

    def upload_bytes(self, path: str) -> int | None:
        """The size of an upload at most; None where the path takes none."""
        if path in self.limits_bytes:
            return self.limits_bytes[path]
        parts = path.split("/")
        limits = (
            limit
            for pattern, limit in self.limits_bytes.items()
            if "*" in pattern and _fits(pattern.split("/"), parts)
        )
        return next(limits, None)


def _fits(pattern: Sequence[str], parts: Sequence[str]) -> bool:
    pairs = zip(pattern, parts, strict=False)
    return len(pattern) == len(parts) and all(a in {"*", b} for a, b in pairs)


class Bodies:
    """Refuses bodies of strangers, and those that are too large, too slow or too many."""

    def __init__(self, app: ASGIApp, *, sign_in: SignIn, rules: BodyRules) -> None:
        self._app = app
        self._sign_in = sign_in
        self._rules = rules
        self._uploads = asyncio.Semaphore(rules.uploads_at_once)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, with its body watched."""
        if scope["type"] != "http" or not _has_body(Headers(scope=scope)):
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        refusal = await self._refusal(request)
        if refusal is not None:
            await _refuse(refusal, scope, receive, send)
            return
        limit = self._rules.limit_of(scope["path"])
        if _told_bytes(request.headers) > limit:
            await _refuse(_too_large(request, limit), scope, receive, send)
            return
        is_json = request.headers.get("content-type", "").partition(";")[0].endswith("json")
        watch = _Watch(receive, limit, self._rules, JsonDepth() if is_json else None)
        if self._rules.upload_bytes(scope["path"]) is None:
            await self._app(scope, watch.receive, send)
            return
        try:
            async with self._slot():
                await self._app(scope, watch.receive, send)
        except TooManyUploadsError as error:
            await _refuse(_answer(request, error), scope, receive, send)

    async def _refusal(self, request: Request) -> Response | None:
        """The answer to a body that is not read; None where it is."""
        path = request.url.path
        if path in _SIGNING_IN:
            return None
        try:
            if path.startswith(CONSOLE):
                if SESSION_COOKIE not in request.cookies:
                    raise NotSignedInError("Sign in first.")
                remember(request, await self._sign_in.identify(request))
            else:
                remember(request, await self._sign_in.identify_writer(request))
        except DragomanError as error:
            return _answer(request, error)
        return None

    @asynccontextmanager
    async def _slot(self) -> AsyncGenerator[None]:
        try:
            async with asyncio.timeout(_SLOT_WAIT_S):
                await self._uploads.acquire()
        except TimeoutError as error:
            raise TooManyUploadsError(
                "As many uploads as may be are under way; send it again in a moment."
            ) from error
        try:
            yield
        finally:
            self._uploads.release()


class _Watch:
    """A body as it comes in, within its limits."""

    def __init__(
        self, receive: Receive, limit_bytes: int, rules: BodyRules, depth: JsonDepth | None
    ) -> None:
        self._receive = receive
        self._depth = depth
        self._limit_bytes = limit_bytes
        self._rules = rules
        self._came = 0
        self._is_whole = False
        self._began: float | None = None

    async def receive(self) -> Message:
        """The next part.

        Raises:
            HTTPException: more came than may, it came too slowly, or it is JSON that nests too deep.
        """
        if self._is_whole:
            return await self._receive()
        if self._began is None:
            self._began = asyncio.get_running_loop().time()
        ends = self._began + self._rules.grace_s + self._came / self._rules.least_bytes_per_s
        try:
            async with asyncio.timeout_at(ends):
                message = await self._receive()
        except TimeoutError:
            raise HTTPException(408, "The body came too slowly.", {"Connection": "close"}) from None
        self._is_whole = message["type"] != "http.request" or not message.get("more_body", False)
        self._came += len(message.get("body", b""))
        if self._came > self._limit_bytes:
            if not self._is_whole:
                await _drain(self._receive)
            raise HTTPException(413, _too_large_text(self._limit_bytes), {"Connection": "close"})
        if self._depth is not None:
            self._depth.feed(message.get("body", b""))
            if self._depth.deepest > MOST_DEEP:
                raise HTTPException(422, TOO_DEEP, {"Connection": "close"})
        return message


def _has_body(headers: Headers) -> bool:
    return "transfer-encoding" in headers or headers.get("content-length", "0") != "0"


def _told_bytes(headers: Headers) -> int:
    told = headers.get("content-length", "")
    return int(told) if told.isascii() and told.isdigit() else 0


def _answer(request: Request, error: DragomanError) -> Response:
    if not request.url.path.startswith(CONSOLE):
        return problem_of(request, error)
    if isinstance(error, NotSignedInError):
        return way_in(request)
    return error_page(status_of(error), error.message)


async def _refuse(response: Response, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer at once, then read on for a while and throw away: a client that is still sending when
    the connection closes never sees the answer.
    """
    response.headers["Connection"] = "close"

    async def held(message: Message) -> None:
        is_last = message["type"] == "http.response.body" and not message.get("more_body", False)
        await send({**message, "more_body": True} if is_last else message)

    await response(scope, receive, held)
    if "expect" not in Headers(scope=scope):
        await _drain(receive)
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _drain(receive: Receive) -> None:
    came = 0
    try:
        async with asyncio.timeout(_DRAINED_S):
            while came < _DRAINED_BYTES:
                message = await receive()
                came += len(message.get("body", b""))
                if message["type"] != "http.request" or not message.get("more_body", False):
                    return
    except TimeoutError:
        return


def _too_large(request: Request, limit_bytes: int) -> Response:
    text = _too_large_text(limit_bytes)
    if request.url.path.startswith(CONSOLE):
        return error_page(413, text)
    return problem_response(request, 413, "upload.too_large", text)


def _too_large_text(limit_bytes: int) -> str:
    return f"The request is larger than the {limit_bytes} bytes this installation takes."
