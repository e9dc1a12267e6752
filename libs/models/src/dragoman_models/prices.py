"""Prices of models, and the cost of calls.

known_price(ApiKind.ANTHROPIC, "claude-3-haiku-20240307", date(2026, 11, 1))   0.25 and 1.25 USD for a million tokens
known_price(ApiKind.OPENAI, "my-own-model", date(2026, 11, 1))                 None: its calls have tokens and no cost

A price that is not known is None and never 0: a cap on money must hold for it, too.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from importlib import resources
from typing import Literal

from pydantic import BaseModel, Field, JsonValue

from dragoman_contracts.events import Usage
from dragoman_contracts.model import Value
from dragoman_models.endpoint import ApiKind
from dragoman_models.json_values import as_list, as_object, as_text

_MILLION = 1_000_000
_KINDS = {
    ApiKind.OPENAI: "openai",
    ApiKind.ANTHROPIC: "anthropic",
    ApiKind.GEMINI: "google",
}


class Price(Value):
    """The price of a million tokens in US dollars, from a day on.

    `cache_read` and `cache_write` are None where such tokens cost as much as others. `valid_from`
    is None for a price without a known beginning.
    """

    input: Decimal = Field(ge=0)
    output: Decimal = Field(default=Decimal(0), ge=0)
    cache_read: Decimal | None = Field(default=None, ge=0)
    cache_write: Decimal | None = Field(default=None, ge=0)
    currency: Literal["USD"] = "USD"
    valid_from: date | None = None


def cost(usage: Usage, price: Price) -> Decimal:
    """The cost of calls in the price's currency, exact.

    `prompt_tokens` hold the tokens of the cache, which are counted at their own price and not twice.
    """
    read = min(usage.cached_tokens, usage.prompt_tokens)
    written = min(usage.cache_write_tokens, usage.prompt_tokens - read)
    plain = usage.prompt_tokens - read - written
    sum_ = (
        plain * price.input
        + read * (price.input if price.cache_read is None else price.cache_read)
        + written * (price.input if price.cache_write is None else price.cache_write)
        + usage.response_tokens * price.output
    )
    return sum_ / _MILLION


def price_on(prices: Sequence[Price], day: date) -> Price | None:
    """The price that holds on a day: of those that had begun, the one that began last."""
    begun = [each for each in prices if each.valid_from is None or each.valid_from <= day]
    return max(begun, key=lambda each: each.valid_from or date.min, default=None)


def known_price(
    api_kind: ApiKind, model: str, on_date: date, base_url: str | None = None
) -> Price | None:
    """The list price of a model on a day; None where it is not known.

    With a base URL the provider is told by its address, so that a model of the same name on another
    server has no price, and that of OpenRouter its own. Without, it is the maker of the API. Prices
    are those of prompts of ordinary length; of prices by the hour, the highest.
    """
    for provider in _providers():
        is_meant = (
            provider.id == _KINDS.get(api_kind) if base_url is None else provider.is_at(base_url)
        )
        found = provider.prices_of(model) if is_meant else ()
        if found:
            return price_on(found, on_date)
    return None


class _Model(BaseModel):
    match: dict[str, JsonValue]
    prices: list[dict[str, str]]

    def read_prices(self) -> tuple[Price, ...]:
        return tuple(
            Price.model_validate(
                {("valid_from" if key == "from" else key): value for key, value in each.items()}
            )
            for each in self.prices
        )


class _Provider(BaseModel):
    id: str
    address: str
    models: list[_Model]

    def is_at(self, base_url: str) -> bool:
        found = re.match(self.address, base_url)
        if found is None:
            return False
        # api.openai.com.elsewhere.example is elsewhere.
        is_name_complete = re.match(r"[\w.-]", base_url[found.end() :]) is None
        return is_name_complete or found.group().endswith((".", "/"))

    def prices_of(self, model: str) -> tuple[Price, ...]:
        found = next((each for each in self.models if _fits(each.match, model)), None)
        return found.read_prices() if found else ()


@functools.cache
def _providers() -> tuple[_Provider, ...]:
    text = (resources.files("dragoman_models") / "vendor" / "prices.json").read_text(
        encoding="utf-8"
    )
    document = as_object(json.loads(text))
    return tuple(_Provider.model_validate(each) for each in as_list(document.get("providers")))


def _fits(clause: dict[str, JsonValue], model: str) -> bool:
    name = model.lower()
    for operator, value in clause.items():
        if isinstance(value, list):
            parts = [_fits(as_object(each), model) for each in value]
            return all(parts) if operator == "and" else any(parts)
        wanted = as_text(value).lower()
        match operator:
            case "=":
                return name == wanted
            case "^":
                return name.startswith(wanted)
            case "$":
                return name.endswith(wanted)
            case "*":
                return wanted in name
            case "~":
                return re.search(as_text(value), model) is not None
            case _:
                return False
    return False
