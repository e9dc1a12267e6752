"""Slows down guessing: after some failures from one place, that place waits."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime, timedelta

from dragoman_contracts.errors import RetryableError

_MAX_PLACES = 10_000


class TooManyFailuresError(RetryableError):
    """Too many sign-ins failed from this address or for this name; try again later."""

    default_code = "auth.too_many_failures"


class FailureBrake:
    """Counts failures by place (an address, a name) within a sliding window; kept in memory, so by each process."""

    def __init__(self, *, allowed: int = 10, window: timedelta = timedelta(minutes=10)) -> None:
        self._allowed = allowed
        self._window = window
        self._failures: OrderedDict[str, list[datetime]] = OrderedDict()

    def require_free(self, now: datetime, *places: str) -> None:
        """Refuse while one of these places has failed too often.

        Raises:
            TooManyFailuresError: with the seconds to wait.
        """
        for place in places:
            recent = [at for at in self._failures.get(place, []) if now - at < self._window]
            if len(recent) >= self._allowed:
                wait_s = (recent[0] + self._window - now).total_seconds()
                raise TooManyFailuresError("Too many sign-ins failed; try again later.", retry_after_s=wait_s)

    def failed(self, now: datetime, *places: str) -> None:
        """Note a failure of each of these places."""
        for place in places:
            recent = [at for at in self._failures.get(place, []) if now - at < self._window]
            self._failures[place] = [*recent, now][-self._allowed :]
            self._failures.move_to_end(place)
        while len(self._failures) > _MAX_PLACES:
            self._failures.popitem(last=False)
