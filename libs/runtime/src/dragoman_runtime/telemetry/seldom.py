"""Which log lines of an outage are written: the first at once, then ever more seldom.

A server that is away makes every loop and every delivery of a process try again, several times a
second. One line per cause tells as much as a hundred.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

_FIRST_S, _LONGEST_S = 5.0, 300.0
_MOST_CAUSES = 1000


@dataclass(slots=True)
class _Saying:
    next_at: float
    interval_s: float
    seen_at: float
    left_out: int = 0


class Seldom:
    """Tells which of many equal messages are to be said: the first, then one after 5 s, 10 s, 20 s
    and so on, at least every 5 minutes.

    A message that was not there for twice its interval counts as new.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._sayings: dict[str, _Saying] = {}
        self._lock = threading.Lock()  # libraries log from threads of their own

    def due(self, cause: str) -> int | None:
        """The number of equal messages left out since the last one; None where this one is to be
        left out too.
        """
        now = self._clock()
        with self._lock:
            if len(self._sayings) >= _MOST_CAUSES:
                self._sayings.clear()
            known = self._sayings.get(cause)
            if known is None or now - known.seen_at > 2 * known.interval_s:
                self._sayings[cause] = _Saying(now + _FIRST_S, _FIRST_S, now)
                return 0
            known.seen_at = now
            if now < known.next_at:
                known.left_out += 1
                return None
            left_out, known.left_out = known.left_out, 0
            known.interval_s = min(known.interval_s * 2, _LONGEST_S)
            known.next_at = now + known.interval_s
            return left_out

    def reset(self) -> None:
        """Take every message as new."""
        with self._lock:
            self._sayings.clear()


seldom = Seldom()
"""The messages of this process."""


class SeldomFilter(logging.Filter):
    """Lets equal lines of a library through at growing intervals."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether this line is to be written."""
        return seldom.due(f"{record.name} {record.levelno} {record.msg}") is not None
