"""Whether the process of this container does its work: `healthcheck.py [ready|connected|serving]…`.

- `ready`: the gateway says at `/health/ready` that store, objects and views are there.
- `connected`: a worker says at `/metrics` that it is connected to RabbitMQ.
- `serving`: any process answers at `/metrics`.

Without a word it is `connected` where `DRAGOMAN_METRICS_PORT` is set, else `ready`. Exit status: 0
yes, 1 no, with the reason on stderr, 2 wrong usage.
"""

import os
import re
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence

_PATIENCE_S = 4.0
_CONNECTED = re.compile(r"^dragoman_bus_connected\{[^}]*\} ([01])(?:\.0)?$", re.MULTILINE)


def main(words: Sequence[str]) -> int:
    """Look; the exit status."""
    default = "connected" if os.environ.get("DRAGOMAN_METRICS_PORT") else "ready"
    for word in words or (default,):
        if word not in _CHECKS:
            sys.stderr.write(f"no check {word!r}; choose from {', '.join(_CHECKS)}\n")
            return 2
        complaint = _CHECKS[word]()
        if complaint:
            sys.stderr.write(f"{word}: {complaint}\n")
            return 1
    return 0


def _ready() -> str:
    return _asked("HTTP", "8080", "/health/ready")[1]


def _serving() -> str:
    return _asked("METRICS", "9100", "/metrics")[1]


def _connected() -> str:
    text, complaint = _asked("METRICS", "9100", "/metrics")
    if complaint:
        return complaint
    states = _CONNECTED.findall(text)
    return "" if states and "0" not in states else "no connection to RabbitMQ"


def _asked(kind: str, port: str, path: str) -> tuple[str, str]:
    """The answer, and what is wrong with it."""
    host = os.environ.get(f"DRAGOMAN_{kind}_HOST") or "127.0.0.1"
    host = "127.0.0.1" if host in {"0.0.0.0", "::"} else host  # noqa: S104 - where it listens
    port = os.environ.get(f"DRAGOMAN_{kind}_PORT") or port
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://{host}:{port}{path}", timeout=_PATIENCE_S) as answer:
            return answer.read().decode(), ""
    except urllib.error.HTTPError as error:
        return "", f"{path} answers {error.code}"
    except OSError as error:
        return "", f"{path} does not answer: {error}"


_CHECKS: dict[str, Callable[[], str]] = {
    "ready": _ready,
    "connected": _connected,
    "serving": _serving,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
