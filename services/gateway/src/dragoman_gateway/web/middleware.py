"""The layers that every request passes: alias of the current API version,
hosts, headers, log line.
"""

from __future__ import annotations

import re
import time

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dragoman_gateway.web.problems import bug_response, problem_response
from dragoman_runtime.telemetry import canonical_line
from dragoman_runtime.telemetry.metrics import HTTP_DURATION_SECONDS, HTTP_REQUESTS_TOTAL

CURRENT_VERSION = "/api/v1"
_UNVERSIONED = re.compile(r"/api(?=/(?!v\d+(?:/|$))|$)")
_SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_ONLY_HTTPS = "max-age=31536000"  # a year; RFC 6797
_PROBED = "/health/"


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


class KnownHosts:
    """Answers only under the hosts that this server is reached at: a page elsewhere whose name was
    made to point here (DNS rebinding) names another. Without hosts every one is answered.
    """

    def __init__(self, app: ASGIApp, *, hosts: frozenset[str]) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on where its host is known."""
        if scope["type"] != "http" or self._is_known(scope):
            await self._app(scope, receive, send)
            return
        text = "This server does not answer under this host; see DRAGOMAN_PUBLIC_URL."
        response = problem_response(Request(scope), 421, "request.unknown_host", text)
        await response(scope, receive, send)

    def _is_known(self, scope: Scope) -> bool:
        # Probes name an address, not a host.
        if not self._hosts or scope["path"].startswith(_PROBED):
            return True
        return host_name(Headers(scope=scope).get("host", "")) in self._hosts


def host_name(host: str) -> str:
    """The name in a Host header or an address, without the port."""
    name = host.partition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0]
    return name.lower().rstrip(".")


class Surroundings:
    """Adds the security headers to every answer, answers bugs, and logs one line for each request:
    method, route, status, duration.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and watch its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status, is_begun = time.perf_counter(), 500, False

        async def watched(message: Message) -> None:
            nonlocal status, is_begun
            if message["type"] == "http.response.start":
                status, is_begun = message["status"], True
                headers = MutableHeaders(scope=message)
                for name, value in _SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
                if scope["scheme"] == "https":
                    headers.setdefault("Strict-Transport-Security", _ONLY_HTTPS)
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception as error:
            response = bug_response(Request(scope), error)
            if is_begun:  # too late for an answer: the connection ends
                raise
            await response(scope, receive, watched)
        finally:
            route: object = getattr(scope.get("route"), "path", None)
            duration_s = time.perf_counter() - began
            HTTP_REQUESTS_TOTAL.labels(f"{status // 100}xx").inc()
            HTTP_DURATION_SECONDS.labels(scope["method"], str(route or "none")).observe(duration_s)
            canonical_line(
                "gateway.answered",
                outcome="failed" if status >= 500 else "done",
                duration_ms=duration_s * 1000,
                is_quiet=status < 400 and scope["path"].startswith(_PROBED),
                method=scope["method"],
                route=route,
                status=status,
            )
