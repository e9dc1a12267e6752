"""Sizes the calls of an engine: small at first, then as much as the engine writes in a reasonable
time. Pure.

A local model writes ten tokens a second, a hosted one two hundred. A call that is sized by the
measured pace shows its first units soon, and loses little where it breaks off. A call that failed
for its size is never repeated at that size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dragoman_contracts.text import Unit
from dragoman_linguistics import render
from dragoman_translate.planning import OUTPUT_SHARE, expected_output_tokens
from dragoman_translate.ports import EngineCapabilities, EngineReply

_FIRST_TOKENS = 480  # expected of the first call, whose pace nobody knows: half a minute at 10 real tokens a second
_CALL_S = 30.0  # a call is to take about so long; longer calls would hardly save more of the prompt's reading
_NEWEST_SHARE = 0.5
_GROWTH = 1.25
_SMALLEST_TOKENS = 16


@dataclass
class Pace:
    """The measured pace of one engine in this process, and the largest answer it may be asked for
    after failures.

    `tokens_per_s` is in the tokens that servers count, for people to read. `expected_per_s` is in
    the tokens that were expected for the units that came; it sizes the next call and depends on no
    server's way of counting. Both are None until a call was measured. `most_tokens` is None while
    no call failed for its size.
    """

    tokens_per_s: float | None = None
    expected_per_s: float | None = None
    most_tokens: float | None = None

    def cut(self, units: Sequence[Unit], capabilities: EngineCapabilities) -> Sequence[Unit]:
        """The first units, as many as the next call should hold; at least one."""
        budget = self._budget(capabilities)
        if budget is None:
            return units
        total = 0
        for count, unit in enumerate(units):
            total += tokens_of(unit)
            if count and total > budget:
                return units[:count]
        return units

    def _budget(self, capabilities: EngineCapabilities) -> float | None:
        """The tokens that the next answer should have at most; None where nothing limits it."""
        limits: list[float] = []
        if capabilities.writes_slowly:
            limits.append(
                _FIRST_TOKENS if self.expected_per_s is None else self.expected_per_s * _CALL_S
            )
        if capabilities.max_output_tokens is not None:
            limits.append(capabilities.max_output_tokens * OUTPUT_SHARE)
        if self.most_tokens is not None:
            limits.append(self.most_tokens)
        return min(limits, default=None)

    def learn(self, asked: Sequence[Unit], reply: EngineReply) -> None:
        """Learn from a call that was answered: its pace, and that the engine can answer as much,
        and perhaps more.
        """
        circumstances = reply.circumstances
        written_ms = circumstances.latency_ms - circumstances.waited_ms
        seconds = max(written_ms, 1) / 1000  # an answer that came at once was written fast
        came = {target.unit_id for target in reply.targets}
        expected = sum(tokens_of(unit) for unit in asked if unit.unit_id in came)
        self.tokens_per_s = _measured(self.tokens_per_s, reply.usage.response_tokens, seconds)
        self.expected_per_s = _measured(self.expected_per_s, expected, seconds)
        if self.most_tokens is not None:
            self.most_tokens *= _GROWTH

    def halve(self, units: Sequence[Unit]) -> None:
        """Ask for at most half of these units from now on: a call with all failed for its size."""
        self.most_tokens = max(sum(map(tokens_of, units)) / 2, _SMALLEST_TOKENS)


def _measured(known: float | None, tokens: int, seconds: float) -> float | None:
    """The pace after one more call, which counts half. A call of too few tokens changes nothing."""
    if tokens < _SMALLEST_TOKENS:
        return known
    return tokens / seconds if known is None else known + (tokens / seconds - known) * _NEWEST_SHARE


def tokens_of(unit: Unit) -> int:
    """An estimate of the tokens that a unit's target will take in a reply."""
    return expected_output_tokens(render(unit.source).text)
