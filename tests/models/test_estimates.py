"""Ranges of tokens and money before a run."""

from decimal import Decimal

from dragoman_contracts.analysis import TextLoad
from dragoman_models.estimates import cost_range, token_range
from dragoman_models.prices import Price

LOAD = TextLoad(unit_count=40, plain=4_000)
PRICE = Price(input=Decimal(2), output=Decimal(8), cache_read=Decimal("0.5"))


def test_the_example_of_the_module_holds() -> None:
    tokens = token_range(LOAD, 25)
    assert (tokens.input_low, tokens.input_high) == (1_589, 11_616)


def test_an_empty_load_costs_nothing() -> None:
    tokens = token_range(TextLoad(), 25)
    assert tokens.input_high == tokens.output_high == 0
    found = cost_range("openai", "m", tokens, PRICE)
    assert found.cost_low == found.cost_high == 0


def test_the_lower_end_is_below_the_upper_and_grows_with_the_load() -> None:
    small, large = token_range(LOAD, 25), token_range(LOAD + LOAD, 25)
    assert small.input_low < small.input_high < large.input_high
    assert small.output_low < small.output_high < large.output_high


def test_the_cache_makes_the_lower_end_cheaper_and_counts_once() -> None:
    tokens = token_range(LOAD, 10)
    found = cost_range("openai", "m", tokens, PRICE)
    cached = tokens.input_cached_low
    plain = tokens.input_low - cached
    wanted = (plain * 2 + cached * Decimal("0.5") + tokens.output_low * 8) / Decimal(1_000_000)
    assert found.cost_low == wanted
    assert found.cost_high is not None
    assert found.cost_low is not None
    assert found.cost_low < found.cost_high


def test_an_unknown_price_is_none_and_never_nothing() -> None:
    found = cost_range("openai", "m", token_range(LOAD, 25), None)
    assert found.cost_low is None
    assert found.cost_high is None


def test_scripts_without_an_alphabet_take_more_tokens_a_character() -> None:
    dense = token_range(TextLoad(unit_count=1, dense=1_000), 25)
    plain = token_range(TextLoad(unit_count=1, plain=1_000), 25)
    assert dense.input_low > plain.input_low
