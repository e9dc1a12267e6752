"""The end of the log in memory, for its readers in the one process that writes it."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Sequence
from itertools import islice
from threading import Lock
from uuid import UUID

from dragoman_runtime.eventstore.port import Stored


class RecentEvents:
    """The events appended last, up to `capacity`, without a gap.

    The writing thread adds them, any thread reads them.

    So dispatcher, reconciler and projections read no file and decode no event while they keep up
    with the log.
    """

    def __init__(self, capacity: int = 2000) -> None:
        self._kept: deque[Stored] = deque(maxlen=capacity)
        self._versions: dict[UUID, int] = {}
        self._most_versions = capacity * 5
        self._lock = Lock()

    def add(self, stored: Sequence[Stored]) -> None:
        """Add committed events, in the order of the commits."""
        with self._lock:
            if self._kept and stored and stored[0].position != self._kept[-1].position + 1:
                self._kept.clear()
            self._kept.extend(stored)
            if len(self._versions) > self._most_versions:
                self._versions.clear()
            for each in stored:
                self._versions[each.recorded.originator_id] = each.recorded.originator_version

    def behind(
        self, position: int, limit: int, types: Collection[str] | None = None
    ) -> list[Stored] | None:
        """The log behind a position, of these types.

        None where it begins before the events that are kept.
        """
        with self._lock:
            if not self._kept or position < self._kept[0].position - 1:
                return None
            # From the right: a deque is walked from its end, and readers are few events behind.
            news = list(islice(reversed(self._kept), max(self._kept[-1].position - position, 0)))
            news.reverse()
            if types is None:
                return news[:limit]
            return list(islice((each for each in news if each.recorded.type in types), limit))

    def is_head(self, stream_id: UUID, version: int) -> bool:
        """Whether this is known to be the last version of the stream."""
        return self._versions.get(stream_id) == version
