"""A registry of models of a test's own, and the engines of what is registered there."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from catalog.catalogs import ADA, NOW
from dragoman_catalog import (
    Catalog,
    KeySeal,
    ModelEntry,
    ModelPrice,
    ProviderEntry,
    RegisteredModel,
    migrate_catalog,
)
from dragoman_contracts.models import Category
from dragoman_runtime.eventstore.sqlite import SqliteEventStore
from dragoman_runtime.migrations.run import sqlalchemy_url
from dragoman_runtime.projection import create_views_engine
from dragoman_translate.adapters.registered import RegisteredModels, Registry
from models.faithful.base import KEY, Provider
from models.kinds import OWN_MACHINE, Kind


@dataclass(frozen=True)
class Site:
    """A registry and its engines."""

    registry: Registry
    models: RegisteredModels

    async def register(
        self, kind: Kind, server: Provider, prices: tuple[ModelPrice, ...] = (), **more: object
    ) -> RegisteredModel:
        """Enter a provider at this server and its good model."""
        catalog = self.registry.catalog
        entry = ProviderEntry(name=kind.api.value, api_kind=kind.api, base_url=server.base_url)
        provider = await catalog.providers.create(ADA, NOW, entry, SecretStr(KEY))
        about = {
            "provider_id": provider.provider_id,
            "model_name": kind.model or "default",
            "category": Category.LLM,
            **more,
        }
        return await catalog.models.create(ADA, NOW, ModelEntry.model_validate(about), prices)


@asynccontextmanager
async def site(folder: Path) -> AsyncGenerator[Site]:
    """A registry in this folder."""
    url = f"sqlite:///{folder / 'catalog.db'}"
    await migrate_catalog(url)
    database = create_views_engine(sqlalchemy_url(url))
    store = SqliteEventStore(folder / "events.db")
    registry = Registry(Catalog(database, KeySeal(b"k" * 32)), store, OWN_MACHINE)

    async def connect() -> Registry:
        return registry

    models = RegisteredModels(connect)
    try:
        yield Site(registry, models)
    finally:
        await models.aclose()
        await store.aclose()
        await database.dispose()
