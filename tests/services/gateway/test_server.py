"""The gateway's listening socket."""

import socket

import pytest

from dragoman_gateway.adapters.server import listener


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_connections_send_their_small_answers_at_once(host: str) -> None:
    with listener(host, 0) as listening, socket.create_connection(listening.getsockname()[:2]):
        accepted, _ = listening.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
