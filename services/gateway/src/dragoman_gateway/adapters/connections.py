"""The limits of an HTTP connection: how long a request's head may take, and how many connections
there may be.

A request's head is its first lines, up to the empty one. A client that never finishes one costs a
file descriptor and nothing else, so a few hundred of them would keep everybody out.
"""

from __future__ import annotations

import asyncio
import logging
import resource
import time
from dataclasses import dataclass
from typing import Any

from typing_extensions import override
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle
from uvicorn.server import ServerState

HEAD_BYTES = 64 * 1024
_LATE = b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nRetry-After: 5\r\n"
    b"Connection: close\r\n\r\n"
)
_SAID_EVERY_S = 10.0


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """The limits of all connections. `most` counts those that are open at once."""

    most: int = 1000
    head_s: float = 10.0

    def within_descriptors(self) -> ConnectionLimits:
        """The limits with `most` lowered to half of the descriptors that the process may open: the
        other half is for the work.
        """
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        half = self.most if soft == resource.RLIM_INFINITY else max(soft // 2, 1)
        return ConnectionLimits(min(self.most, half), self.head_s)


class LimitedProtocol(H11Protocol):
    """A connection that ends where its next head takes too long. Where there are too many, the one
    that has waited longest without a request gives way to the new one.

    Attributes:
        idle_since: the loop's time since when no request is under way; None while one is.
    """

    limits = ConnectionLimits()

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._is_refused = False
        self._late: asyncio.TimerHandle | None = None
        self.idle_since: float | None = None

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take the connection, or refuse it where all others are at work."""
        if len(self.connections) >= self.limits.most and not self._make_room():
            self._is_refused = True
            transport.write(_FULL)
            transport.close()
            return
        super().connection_made(transport)
        self._await_head()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self.stop_waiting()
        if not self._is_refused:
            super().connection_lost(exc)

    @override
    def eof_received(self) -> None:
        """Let the connection end."""
        if not self._is_refused:
            super().eof_received()

    @override
    def data_received(self, data: bytes) -> None:
        """Read on, and watch whether a head is under way: the time for it is not given anew with
        each byte.
        """
        if self._is_refused:
            return
        super().data_received(data)
        if self._is_at_work():
            self.stop_waiting()
        elif self._late is None:
            self._await_head()

    @override
    def on_response_complete(self) -> None:
        """Wait for the next request."""
        super().on_response_complete()
        if not self._is_at_work():
            self.idle_since = self.loop.time()

    def _is_at_work(self) -> bool:
        cycle: object = getattr(self, "cycle", None)
        return isinstance(cycle, RequestResponseCycle) and not cycle.response_complete

    def _await_head(self) -> None:
        if self.transport.is_closing():
            return
        self.idle_since = self.loop.time()
        self._late = self.loop.call_later(self.limits.head_s, self._end_late)

    def stop_waiting(self) -> None:
        """The head came, or nobody waits for it any more."""
        self.idle_since = None
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _end_late(self) -> None:
        self._late = None
        if not self._is_at_work() and not self.transport.is_closing():
            self.transport.write(_LATE)
            self.transport.close()

    def _make_room(self) -> bool:
        waiting = [
            each
            for each in self.connections
            if isinstance(each, LimitedProtocol) and each.idle_since is not None
        ]
        if not waiting:
            return False
        oldest = min(waiting, key=lambda each: each.idle_since or 0.0)
        oldest.stop_waiting()
        self.connections.discard(oldest)
        oldest.transport.abort()
        return True


def limited(limits: ConnectionLimits) -> type[LimitedProtocol]:
    """The protocol with these limits."""
    return type("_Limited", (LimitedProtocol,), {"limits": limits})


class SeldomSaid(logging.Filter):
    """Lets a line about a lack of descriptors through once in ten seconds: asyncio tries again at
    once and logs each try.
    """

    def __init__(self) -> None:
        super().__init__()
        self._next = 0.0

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is logged."""
        if "out of system resource" not in str(record.msg):
            return True
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + _SAID_EVERY_S
        return True
