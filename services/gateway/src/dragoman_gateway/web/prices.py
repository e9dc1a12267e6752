"""Prices of engines and registered models: the registry's own first, then the list price."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from dragoman_catalog import Catalog, ModelPrice, Provider, RegisteredModel
from dragoman_contracts.models import ApiKind, Category
from dragoman_contracts.resources import EngineChoice
from dragoman_models.prices import Price, known_price

FREE_ENGINES = frozenset({"apertium", "identity", "memory", "pseudo"})
_KIND_OF_ENGINE = {
    "openai": ApiKind.OPENAI,
    "anthropic": ApiKind.ANTHROPIC,
    "gemini": ApiKind.GEMINI,
}
Priced = tuple[RegisteredModel, Provider]


async def language_models(catalog: Catalog) -> list[Priced]:
    """The enabled language models of the registry, each with its provider."""
    providers = {each.provider_id: each for each in await catalog.providers.all()}
    return [
        (model, provider)
        for model in await catalog.models.all()
        if (provider := providers.get(model.provider_id)) is not None
        and model.category is Category.LLM
        and model.is_enabled
        and provider.is_enabled
    ]


async def asked_engine(catalog: Catalog, engine: str, model_name: str) -> EngineChoice:
    """The engine and the model as the record of their answers names them: a registered model by its
    API's. The model is empty where the settings of another process say it.
    """
    for model in await catalog.models.all():
        if str(model.model_id) in (engine, model_name):
            for provider in await catalog.providers.all():
                if provider.provider_id == model.provider_id:
                    return EngineChoice(engine=provider.api_kind.value, model=model.model_name)
    return EngineChoice(engine=engine, model=model_name)


def price_of_engine(
    engine: str, model_name: str, models: Iterable[Priced], now: datetime
) -> Price | None:
    """The price of an engine with a model; None where it is not known, never 0 for that."""
    if engine in FREE_ENGINES:
        return Price(input=Decimal(0))
    for model, provider in models:
        if model_name in {model.model_name, str(model.model_id)} or engine == str(model.model_id):
            return price_of_model(model, provider, now)
    kind = _KIND_OF_ENGINE.get(engine)
    return known_price(kind, model_name, now.date()) if kind and model_name else None


def price_of_model(model: RegisteredModel, provider: Provider, now: datetime) -> Price | None:
    """The price of a registered model in US dollars; None where it is not known."""
    stored = model.price_at(now)
    if stored is not None:
        return _as_price(stored) if stored.currency == "USD" else None
    return known_price(provider.api_kind, model.model_name, now.date(), base_url=provider.base_url)


def _as_price(stored: ModelPrice) -> Price | None:
    if stored.input is None or stored.output is None:
        return None
    return Price(
        input=Decimal(stored.input),
        output=Decimal(stored.output),
        cache_read=None if stored.cache_read is None else Decimal(stored.cache_read),
        cache_write=None if stored.cache_write is None else Decimal(stored.cache_write),
    )
