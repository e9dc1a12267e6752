"""The image's probe, held against a server that answers as a process of Dragoman does."""

import os
import subprocess
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from deployment.dockerfile import DOCKERFILE
from servers.process import free_port

_SCRIPT = DOCKERFILE.parent / "healthcheck.py"
_METRICS = '# TYPE dragoman_bus_connected gauge\ndragoman_bus_connected{server="mq"} '


@contextmanager
def _answering(status: int, text: str) -> Generator[int]:
    """A server that answers all requests so; its port."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: requests are not news."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


def _asked(*words: str, **variables: str) -> tuple[int, str]:
    surroundings = {
        name: value for name, value in os.environ.items() if not name.startswith("DRAGOMAN_")
    }
    said = subprocess.run(
        [sys.executable, _SCRIPT, *words],
        env=surroundings | {f"DRAGOMAN_{name}": value for name, value in variables.items()},
        check=False,
        capture_output=True,
        text=True,
    )
    return said.returncode, said.stderr


@pytest.mark.parametrize(
    ("metrics", "status"),
    [(f"{_METRICS}1.0\n", 0), (f"{_METRICS}0.0\n", 1), ("dragoman_build_info 1\n", 1)],
)
def test_a_worker_is_well_when_it_is_connected(metrics: str, status: int) -> None:
    with _answering(200, metrics) as port:
        assert _asked(METRICS_PORT=str(port), METRICS_HOST="0.0.0.0")[0] == status  # noqa: S104
        assert _asked("serving", METRICS_PORT=str(port))[0] == 0


@pytest.mark.parametrize(("answer", "status"), [(200, 0), (503, 1)])
def test_the_gateway_is_well_when_it_says_so(answer: int, status: int) -> None:
    with _answering(answer, "{}") as port:
        found, said = _asked(HTTP_PORT=str(port))

    assert found == status
    assert ("503" in said) is (status == 1)


def test_a_process_that_does_not_answer_is_not_well() -> None:
    status, said = _asked("ready", HTTP_PORT=str(free_port()))

    assert status == 1
    assert "does not answer" in said


def test_an_unknown_word_is_wrong_usage() -> None:
    assert _asked("alive")[0] == 2
