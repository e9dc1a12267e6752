"""What every request passes: the alias of the current API version, the size of its body, headers, and the log line."""

from __future__ import annotations

import re
import time

from fastapi import HTTPException
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dragoman_gateway.problems import problem_response
from dragoman_runtime.telemetry import canonical_line

CURRENT_VERSION = "/api/v1"
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
    """Refuses bodies over the limit: by Content-Length before reading, else once more has come. Uploads have their own.

    Starlette's own limit answers in plain text.
    """

    def __init__(self, app: ASGIApp, *, limit_bytes: int, upload_limit_bytes: int, upload_path: str) -> None:
        self._app = app
        self._limit = limit_bytes
        self._upload_limit = upload_limit_bytes
        self._upload_path = upload_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, counting its bytes."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._upload_limit if scope["path"].rstrip("/") == self._upload_path else self._limit
        told = Headers(scope=scope).get("content-length", "")
        if told.isascii() and told.isdigit() and int(told) > limit:
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
                    raise HTTPException(413, _too_large(limit))
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
            route: object = getattr(scope.get("route"), "path", "-")
            canonical_line(
                "gateway.answered",
                outcome="failed" if status >= 500 else "done",
                duration_ms=(time.perf_counter() - began) * 1000,
                method=scope["method"],
                route=str(route).replace("{", ":").replace("}", "").replace("/", "."),
                status=status,
            )


def _too_large(limit_bytes: int) -> str:
    return f"The request is larger than the {limit_bytes} bytes this installation takes."
