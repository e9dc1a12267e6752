"""The forms of providers and models: what their fields hold, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TypeVar

from pydantic import BaseModel

from dragoman_catalog import ModelPrice
from dragoman_gateway.models.schemas import (
    ModelDetail,
    NewModel,
    NewProvider,
    ProviderChange,
    ProviderDetail,
)
from dragoman_gateway.web.forms import valid

LIMITS = ("max_concurrent_calls", "requests_per_minute", "tokens_per_minute")
PRICES = ("input", "output", "cache_read", "cache_write")
_COUNTS = ("context_tokens", "max_output_tokens", "max_concurrent_calls")
_NUMBERS = ("temperature", "timeout_s")
_B = TypeVar("_B", bound=BaseModel)


def provider_values(provider: ProviderDetail | None) -> dict[str, str]:
    """The fields of a provider's form."""
    if provider is None:
        return {"api_kind": "openai", "is_enabled": "yes"}
    limits = {name: _text(getattr(provider, name)) for name in LIMITS}
    return {
        "name": provider.name,
        "api_kind": provider.api_kind.value,
        "base_url": provider.base_url,
        "is_enabled": "yes" if provider.is_enabled else "",
        "version": str(provider.version),
        **limits,
    }


def new_provider(values: Mapping[str, str]) -> NewProvider:
    """The provider that the form enters.

    Raises:
        FormRefusedError: with the fields that cannot be.
    """
    return _valid(NewProvider, _provider_body(values) | {"api_key": _key(values)})


def provider_change(values: Mapping[str, str]) -> ProviderChange:
    """The provider as the form leaves it. An empty field keeps the key, the box removes it.

    Raises:
        FormRefusedError: with the fields that cannot be.
    """
    key = _key(values) or ("" if values.get("removes_key") else None)
    return _valid(ProviderChange, _provider_body(values) | {"api_key": key})


def model_values(model: ModelDetail | None, now: datetime) -> dict[str, str]:
    """The fields of a model's form, with the prices that hold now."""
    if model is None:
        return {"category": "LLM", "is_enabled": "yes", "currency": "USD"}
    price = model.price_at(now)
    prices = {name: _text(getattr(price, name)) if price else "" for name in PRICES}
    return {
        "provider_id": str(model.provider_id),
        "model_name": model.model_name,
        "display_name": model.display_name,
        "category": model.category.value,
        "is_default_in_category": "yes" if model.is_default_in_category else "",
        "is_enabled": "yes" if model.is_enabled else "",
        "dimension": _text(model.config.dimension),
        "currency": price.currency if price else "USD",
        "version": str(model.version),
        **{name: _text(getattr(model, name)) for name in _COUNTS},
        **{name: _text(getattr(model.config, name)) for name in _NUMBERS},
        **prices,
    }


def model_entry(
    values: Mapping[str, str], now: datetime, before: ModelDetail | None = None
) -> NewModel:
    """The model that the form enters, or leaves. Prices that were changed hold from now on, those
    of before until then; a new model without prices gets those that are known.

    Raises:
        FormRefusedError: with the fields that cannot be.
    """
    config = before.config.model_dump(exclude_none=True) if before else {}
    config |= {"dimension": _count(values, "dimension")}
    config |= {name: _number(values, name) for name in _NUMBERS}
    body: dict[str, object] = {
        name: values.get(name, "").strip()
        for name in ("provider_id", "model_name", "display_name", "category")
    }
    body |= {name: bool(values.get(name)) for name in ("is_default_in_category", "is_enabled")}
    body |= {name: _count(values, name) for name in _COUNTS}
    return _valid(NewModel, body | {"config": config, "prices": _prices(values, now, before)})


def _prices(
    values: Mapping[str, str], now: datetime, before: ModelDetail | None
) -> list[dict[str, object]] | None:
    said = {name: values.get(name, "").strip().replace(",", ".") or None for name in PRICES}
    currency = values.get("currency", "").strip().upper() or "USD"
    old = before.price_at(now) if before else None
    was = {name: getattr(old, name) if old else None for name in PRICES}
    if said == was and (old is None or old.currency == currency):
        return None
    kept: tuple[ModelPrice, ...] = before.prices if before else ()
    fresh: dict[str, object] = {
        **said,
        "currency": currency,
        "source": "entered",
        "valid_from": now.isoformat(),
    }
    return [fresh, *(each.model_dump(mode="json") for each in kept)]


def _provider_body(values: Mapping[str, str]) -> dict[str, object]:
    body: dict[str, object] = {
        name: values.get(name, "").strip() for name in ("name", "api_kind", "base_url")
    }
    body |= {name: _count(values, name) for name in LIMITS}
    return body | {"is_enabled": bool(values.get("is_enabled"))}


def _key(values: Mapping[str, str]) -> str:
    return values.get("api_key", "").strip()


def _text(value: object) -> str:
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _count(values: Mapping[str, str], name: str) -> int | str | None:
    text = values.get(name, "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else text or None


def _number(values: Mapping[str, str], name: str) -> str | None:
    return values.get(name, "").strip().replace(",", ".") or None


def _valid(type_: type[_B], body: Mapping[str, object]) -> _B:
    return valid(type_, body, words=_WORDS, patterns=_PATTERNS, nested=_NESTED)


_WORDS = {"uuid_parsing": "Choose a provider."}
_NESTED = frozenset({"config", "prices"})
_PATTERNS = {
    "base_url": "Begin with https:// or http://, and leave out spaces.",
    "currency": "Write three letters, such as USD.",
    **dict.fromkeys(PRICES, "Write an amount, such as 2.50."),
}
