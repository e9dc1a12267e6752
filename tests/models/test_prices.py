from datetime import date
from decimal import Decimal

import pytest

from dragoman_contracts.events import Usage
from dragoman_models.endpoint import ApiKind
from dragoman_models.prices import Price, cost, known_price, price_on

TODAY = date(2026, 11, 30)
PRICE = Price(
    input=Decimal(3), output=Decimal(15), cache_read=Decimal("0.3"), cache_write=Decimal("3.75")
)


def test_tokens_of_the_cache_are_counted_once_and_at_their_own_price() -> None:
    usage = Usage(
        call_count=1,
        prompt_tokens=1_000_000,
        cached_tokens=600_000,
        cache_write_tokens=100_000,
        response_tokens=200_000,
        reasoning_tokens=150_000,
    )
    # 0.3 M plain, 0.6 M read, 0.1 M written; thoughts are among the tokens written.
    assert cost(usage, PRICE) == Decimal("0.9") + Decimal("0.18") + Decimal("0.375") + Decimal(3)


def test_without_a_price_of_its_own_the_cache_costs_as_much_as_the_rest() -> None:
    usage = Usage(prompt_tokens=1_000_000, cached_tokens=400_000, cache_write_tokens=100_000)
    assert cost(usage, Price(input=Decimal(2))) == 2


def test_counts_that_contradict_each_other_cost_no_less_than_nothing() -> None:
    usage = Usage(prompt_tokens=10, cached_tokens=50, cache_write_tokens=50)
    assert cost(usage, PRICE) == Decimal(10) * Decimal("0.3") / 1_000_000


@pytest.mark.parametrize(
    ("kind", "model", "input_", "output"),
    [
        (ApiKind.ANTHROPIC, "claude-3-haiku-20240307", "0.25", "1.25"),
        (ApiKind.OPENAI, "gpt-4o-mini", "0.15", "0.6"),
        (ApiKind.OPENAI, "gpt-4o-mini-2024-07-18", "0.15", "0.6"),
        (ApiKind.OPENAI, "text-embedding-3-small", "0.02", "0"),
        (ApiKind.GEMINI, "gemini-2.5-flash", "0.3", "2.5"),
    ],
)
def test_prices_of_known_models_are_there(
    kind: ApiKind, model: str, input_: str, output: str
) -> None:
    price = known_price(kind, model, TODAY)
    assert price is not None
    assert (price.input, price.output) == (Decimal(input_), Decimal(output))


@pytest.mark.parametrize(
    ("kind", "model", "base_url"),
    [
        (ApiKind.OPENAI, "my-own-model", None),
        (ApiKind.OPENAI, "gpt-4o-mini", "http://127.0.0.1:8000/v1"),
        (ApiKind.OPENAI, "gpt-4o-mini", "https://api.openai.com.evil.example/v1"),
        (ApiKind.OLLAMA, "llama3", None),
        (ApiKind.DEEPL, "", None),
    ],
)
def test_a_price_that_is_not_known_is_none_and_not_nothing(
    kind: ApiKind, model: str, base_url: str | None
) -> None:
    assert known_price(kind, model, TODAY, base_url) is None


def test_a_provider_is_told_by_its_address() -> None:
    assert known_price(ApiKind.OPENAI, "gpt-4o-mini", TODAY, "https://api.openai.com/v1")
    assert known_price(ApiKind.OPENAI, "mistral-small-latest", TODAY, "https://api.mistral.ai/v1")


def test_of_prices_by_date_the_one_holds_that_began_last() -> None:
    first = Price(input=Decimal(3))
    second = Price(input=Decimal(2), valid_from=date(2026, 3, 1))
    third = Price(input=Decimal(1), valid_from=date(2027, 1, 1))
    prices = (third, first, second)
    assert price_on(prices, date(2026, 2, 28)) == first
    assert price_on(prices, date(2026, 3, 1)) == second
    assert price_on(prices, date(2027, 1, 1)) == third
    assert price_on((second,), date(2026, 2, 28)) is None
