"""Tokens and costs of a run before it begins, as ranges.

A text of 4,000 Latin characters in 40 units, in batches of 25: 1,589 to 11,616 tokens in.

The lower end is a run in full batches in which nothing is asked again and the provider's cache
holds the instructions; the upper end one in small batches whose every third unit is asked twice,
with memory and terms shown. Both are estimates: another model cuts text into other tokens.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from dragoman_contracts.analysis import CostRange, TextLoad, TokenRange
from dragoman_contracts.events import Usage
from dragoman_models.prices import Price, cost


@dataclass(frozen=True, slots=True)
class _Rates:
    """Tokens: of a character by script, of a batch's instructions, of what frames a unit; the
    length of a target over its source; units in a batch; and how often a unit is asked.
    """

    plain: float
    middling: float
    dense: float
    instructions: int
    frame_in: int
    frame_out: int
    growth: float
    most_units: int
    asked: float


_LOW = _Rates(1 / 4.5, 1 / 3, 0.7, 170, 9, 9, 0.9, 1000, 1.0)
_HIGH = _Rates(1 / 3, 1 / 1.5, 1.5, 1_000, 60, 40, 1.5, 8, 1.33)


def token_range(load: TextLoad, batch_size: int) -> TokenRange:
    """The tokens that this load will take in batches of at most `batch_size` units."""
    low, low_fixed = _tokens_in(load, batch_size, _LOW)
    high, _ = _tokens_in(load, batch_size, _HIGH)
    return TokenRange(
        input_low=low,
        input_high=high,
        input_cached_low=low_fixed,
        output_low=_tokens_out(load, _LOW),
        output_high=_tokens_out(load, _HIGH),
    )


def cost_range(engine: str, model: str, tokens: TokenRange, price: Price | None) -> CostRange:
    """The cost of these tokens; None where the price is not known, and never 0 for that."""
    low = Usage(
        prompt_tokens=tokens.input_low,
        cached_tokens=tokens.input_cached_low,
        response_tokens=tokens.output_low,
    )
    high = Usage(prompt_tokens=tokens.input_high, response_tokens=tokens.output_high)
    return CostRange(
        engine=engine,
        model=model,
        tokens=tokens,
        cost_low=None if price is None else cost(low, price),
        cost_high=None if price is None else cost(high, price),
    )


def _text_tokens(load: TextLoad, rates: _Rates) -> float:
    return load.plain * rates.plain + load.middling * rates.middling + load.dense * rates.dense


def _tokens_in(load: TextLoad, batch_size: int, rates: _Rates) -> tuple[int, int]:
    """All tokens in, and those of the instructions of all batches but the first."""
    batches = math.ceil(load.unit_count / max(1, min(batch_size, rates.most_units)))
    fixed = batches * rates.instructions
    units = _text_tokens(load, rates) + load.unit_count * rates.frame_in
    whole = math.ceil((fixed + units) * rates.asked)
    return whole, max(0, batches - 1) * rates.instructions


def _tokens_out(load: TextLoad, rates: _Rates) -> int:
    written = _text_tokens(load, rates) * rates.growth + load.unit_count * rates.frame_out
    return math.ceil(written * rates.asked)
