"""The HTTP server: uvicorn, told once how to serve."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager, suppress

import uvicorn
from starlette.types import ASGIApp
from typing_extensions import override

from dragoman_gateway.adapters.connections import (
    HEAD_BYTES,
    ConnectionLimits,
    SeldomSaid,
    limited,
)

_GRACE_S = 10
_AT_ONCE = 128  # asyncio accepts so many before it looks at one: see `ConnectionLimits`
_QUEUED = 2048
_seldom_said = SeldomSaid()


class _Server(uvicorn.Server):
    """Leaves signals to whoever runs the process."""

    @contextmanager
    @override
    def capture_signals(self) -> Generator[None]:
        """Nothing is captured."""
        yield

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to accept. The system queues more connections than are accepted at once."""
        await super().startup(sockets)
        for each in sockets or ():
            each.listen(_QUEUED)


@asynccontextmanager
async def serving(
    app: ASGIApp,
    host: str,
    port: int,
    *,
    trusted_proxies: str = "127.0.0.1",
    limits: ConnectionLimits | None = None,
) -> AsyncGenerator[int]:
    """Serve the application for the block; gives the port, which is a free one where 0 was asked.

    Raises:
        OSError: the address is taken or not ours.
    """
    listening = listener(host, port)
    logging.getLogger("asyncio").addFilter(_seldom_said)
    server = _Server(
        uvicorn.Config(
            app,
            http=limited((limits or ConnectionLimits()).within_descriptors()),
            ws="none",
            h11_max_incomplete_event_size=HEAD_BYTES,
            backlog=_AT_ONCE,
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            forwarded_allow_ips=trusted_proxies,
            timeout_graceful_shutdown=_GRACE_S,
        )
    )
    bound: int = listening.getsockname()[1]
    task = asyncio.ensure_future(server.serve(sockets=[listening]))
    try:
        yield bound
    finally:
        server.should_exit = True
        with suppress(asyncio.CancelledError):
            await task
        listening.close()


def listener(host: str, port: int) -> socket.socket:
    """A listening socket whose connections send at once.

    An answer's head and body are two writes: with Nagle's algorithm the second waits for the peer's
    delayed acknowledgement of the first, some 40 ms (RFC 1122 §4.2.3.2). asyncio turns it off only
    for sockets made with the protocol number of TCP, which those of `create_server` do not have.

    Raises:
        OSError: the address is taken or not ours.
    """
    listening = socket.create_server(
        (host, port), family=_family(host), backlog=_QUEUED, reuse_port=False
    )
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
