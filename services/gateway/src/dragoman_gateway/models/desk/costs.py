"""The share of a call in the use of its model, and the list prices that are known."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from dragoman_catalog import ModelEntry, ModelPrice, Provider, UseCount
from dragoman_contracts.events import Usage
from dragoman_models import prices
from dragoman_models.registered import cost_of

SOURCE = "genai-prices"


def count_of(usage: Usage, price: ModelPrice | None, *, is_failed: bool = False) -> UseCount:
    """The share of a call in the use of its model."""
    cost = None if is_failed else cost_of(usage, price)
    return UseCount(
        failed_count=int(is_failed),
        input_tokens=usage.prompt_tokens,
        cached_tokens=usage.cached_tokens,
        output_tokens=usage.response_tokens,
        cost=cost,
        currency=price.currency if price and cost is not None else "",
    )


def known_prices(provider: Provider, entry: ModelEntry, now: datetime) -> tuple[ModelPrice, ...]:
    """The list price of a model of the provider from now on; empty where it is not known."""
    found = prices.known_price(
        provider.api_kind, entry.model_name, now.date(), base_url=provider.base_url
    )
    if found is None:
        return ()
    price = ModelPrice(
        valid_from=now,
        input=_text(found.input),
        output=_text(found.output),
        cache_read=_text(found.cache_read),
        cache_write=_text(found.cache_write),
        currency=found.currency,
        source=SOURCE,
    )
    return (price,)


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else format(amount.normalize(), "f")
