"""The number of calls that a server takes at once: from a setting, from the server, or learnt from
its queueing. Pure.

One call waited 2 s for its first token; beside another call it waited 30 s: the server takes one
after the other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

_MOST_UNLESS_SAID = 4
_SLACK_S = 1.0
_TOLERANCE = 1.5
_MOST_PATIENCE = 64


@dataclass(frozen=True)
class CallSeen:
    """One call that was answered.

    `in_flight` counts the calls under way when it was sent, itself included.

    `waited_s` passed before the first token. `size_bytes` is the size of the request, which takes
    time to read.
    """

    in_flight: int
    waited_s: float
    size_bytes: int


@dataclass(frozen=True)
class CallLimit:
    """The limit for the next call, with the facts it was learnt from.

    It starts at one call and never passes `most`.

    The limit grows by one after `patience` calls in a row that filled it and did not queue. A call
    that queued halves the limit and doubles the patience, so that a server with one slot is seldom
    tried with two calls.
    """

    calls: int = 1
    most: int = _MOST_UNLESS_SAID
    is_said: bool = False
    patience: int = 1
    successes: int = 0
    alone_s_per_byte: float | None = None

    @classmethod
    def of(cls, said: int) -> CallLimit:
        """The limit of a setting. 0 means that the limit is to be learnt."""
        return cls(calls=said, most=said, is_said=True) if said else cls()

    def with_slots(self, slots: int) -> CallLimit:
        """The limit when the server says how many calls it takes at once.

        Learning goes on, since other programs may use the same server.
        """
        return self if self.is_said else replace(self, calls=max(1, slots), most=max(1, slots))

    def after(self, call: CallSeen) -> CallLimit:
        """The limit after one more answered call."""
        if self.is_said:
            return self
        if self._has_queued(call):
            is_known_already = call.in_flight > self.calls
            return self if is_known_already else self._reduced(call.in_flight)
        learnt = (
            self if call.in_flight > 1 else replace(self, alone_s_per_byte=self._pace_with(call))
        )
        return learnt if call.in_flight < self.calls else learnt.after_success()

    def after_refusal(self) -> CallLimit:
        """The limit after the server asked to slow down, or fell silent."""
        return self if self.is_said else self._reduced(self.calls)

    def _has_queued(self, call: CallSeen) -> bool:
        if call.in_flight == 1 or self.alone_s_per_byte is None:
            return False
        # All read their prompts at the same time.
        shared_s = self.alone_s_per_byte * call.size_bytes * call.in_flight
        return call.waited_s > shared_s * _TOLERANCE + _SLACK_S

    def _reduced(self, calls: int) -> CallLimit:
        return replace(
            self,
            calls=max(1, calls // 2),
            successes=0,
            patience=min(self.patience * 2, _MOST_PATIENCE),
        )

    def _pace_with(self, call: CallSeen) -> float:
        pace, before = call.waited_s / max(1, call.size_bytes), self.alone_s_per_byte
        return pace if before is None else (before + pace) / 2

    def after_success(self) -> CallLimit:
        """The limit after a call that filled the limit and did not queue."""
        if self.successes + 1 < self.patience:
            return replace(self, successes=self.successes + 1)
        return replace(self, calls=min(self.calls + 1, self.most), successes=0)
