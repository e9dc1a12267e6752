"""The arithmetic of limits: a shared window of calls or tokens, and a circuit breaker. Pure.

A window is one number that all processes share: the time until which what was let through fills it
(generic cell rate algorithm, ITU-T I.371). 60 requests a minute: 6 at once, then one every 1.1 s.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

_BURST_SHARE = 10
_MOST_PERIODS_AHEAD = 10
_MICROSECONDS = 1_000_000


@dataclass(frozen=True)
class Window:
    """At most `limit` units in any `period_s`, however they are spread.

    A tenth of them may come at once. The rest is let through evenly, so slowly that both together
    stay within the limit. A request larger than that tenth waits until nothing else fills the window,
    and then passes; only such requests can pass the limit, by their own size.
    """

    limit: int
    period_s: float = 60.0

    @property
    def burst(self) -> int:
        """The units that may come at once."""
        return max(1, self.limit // _BURST_SHARE)

    @property
    def unit_us(self) -> float:
        """The microseconds in which one unit is let through."""
        return self.period_s * _MICROSECONDS / (self.limit - self.burst + 1)

    def wait_us(self, filled_until_us: int, now_us: int, units: int) -> int:
        """The microseconds until this many units may pass; 0 when they may pass now."""
        filled = self._plausible(filled_until_us, now_us)
        if units >= self.burst:
            return max(0, filled - now_us)
        room_us = (self.burst - units) * self.unit_us
        return max(0, round(filled - now_us - room_us))

    def after(self, filled_until_us: int, now_us: int, units: int) -> int:
        """The time until which the window is filled once the units have passed.

        Negative units give back what was not used.
        """
        filled = self._plausible(filled_until_us, now_us)
        return max(0, max(filled, now_us if units > 0 else 0) + round(units * self.unit_us))

    def _plausible(self, filled_until_us: int, now_us: int) -> int:
        """The time as stored, unless a clock that was wrong has stored it."""
        most = now_us + round(_MOST_PERIODS_AHEAD * self.period_s * _MICROSECONDS)
        return now_us if filled_until_us > most else filled_until_us


@dataclass(frozen=True)
class Breaker:
    """Keeps calls away from a provider that does not answer.

    After `failures` in a row it is open for `rest_s`, which doubles up to `longest_rest_s` each time
    the trial that follows fails. One trial is let through at a time. Times are seconds of any clock
    that only goes forward.
    """

    failures: int = 5
    rest_s: float = 30.0
    longest_rest_s: float = 600.0
    failed: int = 0
    opened_at: float | None = None
    trial_at: float | None = None
    openings: int = 0

    @property
    def rests_for_s(self) -> float:
        """The seconds that it stays open."""
        doubled = self.rest_s * 2.0 ** max(0, self.openings - 1)
        return min(doubled, self.longest_rest_s)

    def wait_s(self, now: float) -> float:
        """The seconds until a call may be tried; 0 when it may be tried now."""
        if self.opened_at is None:
            return 0.0
        left_s = self.opened_at + self.rests_for_s - now
        if left_s > 0:
            return left_s
        # A trial whose end nobody told of is given up after as long a rest.
        if self.trial_at is not None and now < self.trial_at + self.rests_for_s:
            return self.trial_at + self.rests_for_s - now
        return 0.0

    def trying(self, now: float) -> Breaker:
        """The breaker while a call is tried."""
        return self if self.opened_at is None else replace(self, trial_at=now)

    def after_success(self) -> Breaker:
        """The breaker after a call that was answered."""
        return Breaker(self.failures, self.rest_s, self.longest_rest_s)

    def after_nothing(self) -> Breaker:
        """The breaker after a call that was broken off, which says nothing of the provider."""
        return replace(self, trial_at=None)

    def after_failure(self, now: float) -> Breaker:
        """The breaker after a call that was not answered."""
        failed = self.failed + 1
        if self.opened_at is None and failed < self.failures:
            return replace(self, failed=failed)
        if self.opened_at is not None and self.trial_at is None:
            return replace(self, failed=failed)  # a call from before it opened
        return replace(
            self, failed=failed, opened_at=now, trial_at=None, openings=self.openings + 1
        )
