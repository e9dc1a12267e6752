"""The rows of a registry of models as endpoints, limits and costs.

The registry is any that has the attributes named here; this library knows no database.

    endpoint = endpoint_of(found, private_hosts)
    gate = ProviderGate(provider_id, limits_of(found.provider), store)
    cost = cost_of(reply.usage, price)
"""

from __future__ import annotations

from decimal import Decimal
from typing import Protocol

from pydantic import SecretStr

from dragoman_contracts.events import Usage
from dragoman_contracts.models import ApiKind
from dragoman_models import prices
from dragoman_models.endpoint import Endpoint
from dragoman_models.limits import ProviderLimits

TIMEOUT_S, CONNECT_S = 120.0, 10.0
"""The longest silence and the longest wait for a connection where a model's row sets none."""


class _Limited(Protocol):
    """The limits of a provider's row; None where there is none."""

    @property
    def max_concurrent_calls(self) -> int | None: ...
    @property
    def requests_per_minute(self) -> int | None: ...
    @property
    def tokens_per_minute(self) -> int | None: ...


class _Provider(_Limited, Protocol):
    @property
    def api_kind(self) -> ApiKind: ...
    @property
    def base_url(self) -> str: ...


class _Config(Protocol):
    @property
    def timeout_s(self) -> float | None: ...
    @property
    def connect_timeout_s(self) -> float | None: ...


class _Model(Protocol):
    @property
    def model_name(self) -> str: ...
    @property
    def max_output_tokens(self) -> int | None: ...
    @property
    def context_tokens(self) -> int | None: ...
    @property
    def config(self) -> _Config: ...


class _Registered(Protocol):
    """A model's row with its provider's, and the provider's key in clear."""

    @property
    def provider(self) -> _Provider: ...
    @property
    def model(self) -> _Model: ...
    @property
    def api_key(self) -> SecretStr: ...


class _Priced(Protocol):
    """Prices of a million tokens as decimal texts; None where a price is not known."""

    @property
    def input(self) -> str | None: ...
    @property
    def output(self) -> str | None: ...
    @property
    def cache_read(self) -> str | None: ...
    @property
    def cache_write(self) -> str | None: ...


def endpoint_of(
    found: _Registered, private_hosts: frozenset[str], *, name: str | None = None
) -> Endpoint:
    """The endpoint of a registered model; `name` replaces the model's name where it is not None."""
    model, config = found.model, found.model.config
    return Endpoint(
        api_kind=found.provider.api_kind,
        base_url=found.provider.base_url,
        api_key=found.api_key,
        model=model.model_name if name is None else name,
        timeout_s=config.timeout_s or TIMEOUT_S,
        connect_timeout_s=config.connect_timeout_s or CONNECT_S,
        max_output_tokens=model.max_output_tokens,
        context_tokens=model.context_tokens,
        private_hosts=private_hosts,
    )


def limits_of(row: _Limited, *, calls_at_once: int | None = None) -> ProviderLimits:
    """The limits of a provider; `calls_at_once` holds where its row sets no such limit."""
    return ProviderLimits(
        max_concurrent_calls=row.max_concurrent_calls or calls_at_once,
        requests_per_minute=row.requests_per_minute,
        tokens_per_minute=row.tokens_per_minute,
    )


def cost_of(usage: Usage, price: _Priced | None) -> Decimal | None:
    """The cost of calls in the price's currency; None where a price that it needs is not known."""
    if price is None or price.input is None:
        return None
    if price.output is None and usage.response_tokens:
        return None
    return prices.cost(
        usage,
        prices.Price(
            input=Decimal(price.input),
            output=Decimal(price.output or 0),
            cache_read=_decimal(price.cache_read),
            cache_write=_decimal(price.cache_write),
        ),
    )


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
