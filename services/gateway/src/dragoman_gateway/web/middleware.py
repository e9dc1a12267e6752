"""The layers that every request passes: alias of the current API version, size of the body, headers, log line."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping

from fastapi import HTTPException
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dragoman_gateway.web.problems import problem_response
from dragoman_runtime.telemetry import canonical_line

CURRENT_VERSION = "/api/v1"
_DRAINED_BYTES = 256 * 1024 * 1024
_UNVERSIONED = re.compile(r"/api(?=/(?!v\d+(?:/|$))|$)")
_SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}


class ApiAlias:
    """Lets `/api/…` answer as the current version, `/api/v1/…`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, under its versioned path."""
        if scope["type"] == "http" and _UNVERSIONED.match(scope["path"]):
            path = _UNVERSIONED.sub(CURRENT_VERSION, scope["path"], count=1)
            scope = {**scope, "path": path, "raw_path": path.encode()}
        await self._app(scope, receive, send)


class BodyLimit:
    """Refuses bodies over the limit: by Content-Length before reading, else once more has come.

    `limits_bytes` are those of the paths that take uploads. Starlette's own limit answers in plain text.
    """

    def __init__(self, app: ASGIApp, *, limit_bytes: int, limits_bytes: Mapping[str, int]) -> None:
        self._app = app
        self._limit = limit_bytes
        self._limits = limits_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, counting its bytes."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._limits.get(scope["path"], self._limit)
        headers = Headers(scope=scope)
        told = headers.get("content-length", "")
        if told.isascii() and told.isdigit() and int(told) > limit:
            if "expect" not in headers:
                await _drain(receive)
            response = problem_response(
                Request(scope), 413, "upload.too_large", _too_large(limit), headers={"Connection": "close"}
            )
            await response(scope, receive, send)
            return
        came = 0

        async def counted() -> Message:
            nonlocal came
            message = await receive()
            if message["type"] == "http.request":
                came += len(message.get("body", b""))
                if came > limit:
                    if message.get("more_body", False):
                        await _drain(receive)
                    raise HTTPException(413, _too_large(limit), {"Connection": "close"})
            return message

        await self._app(scope, counted, send)


class Surroundings:
    """Adds the security headers to every answer and logs one line for it: method, route, status, duration."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and watch its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 500

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in _SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            route: object = getattr(scope.get("route"), "path", None)
            canonical_line(
                "gateway.answered",
                outcome="failed" if status >= 500 else "done",
                duration_ms=(time.perf_counter() - began) * 1000,
                method=scope["method"],
                route=route,
                status=status,
            )


async def _drain(receive: Receive) -> None:
    """Read on for a while: a client that is still sending when the connection closes never sees the answer."""
    came = 0
    while came < _DRAINED_BYTES:
        message = await receive()
        came += len(message.get("body", b""))
        if message["type"] != "http.request" or not message.get("more_body", False):
            return


def _too_large(limit_bytes: int) -> str:
    return f"The request is larger than the {limit_bytes} bytes this installation takes."
