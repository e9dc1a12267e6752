"""The provider that the settings describe, entered once: an admin's edit of it is kept, and what
an admin deleted stays deleted.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from dragoman_catalog import tables
from dragoman_catalog.database import one, reading, rows, writing
from dragoman_catalog.errors import EntryExistsError
from dragoman_catalog.model_values import ModelEntry, Provider, ProviderEntry, ProviderSeed
from dragoman_catalog.models import insert_model, select_models_of
from dragoman_catalog.providers import Providers, select_providers
from dragoman_catalog.values import Editor
from dragoman_contracts.models import ApiKind, Category

_SEEDS = tables.seeds
_PROVIDERS = tables.providers
_MODELS = tables.models
_SEEDER = Editor(actor="system", actor_name="settings")


class Seeds:
    """Enters what settings describe."""

    def __init__(self, engine: AsyncEngine, providers: Providers) -> None:
        self._engine = engine
        self._providers = providers

    async def plant(self, now: datetime, seed: ProviderSeed) -> bool:
        """Enter the provider and its model where this was not done before; whether it was now.

        Raises:
            EncryptionKeyMissingError: the seed has a key, and there is nothing to seal it with.
        """
        name = f"{seed.base_url}#{seed.model_name}"[:600]
        try:
            async with reading(self._engine) as connection:
                if await _is_planted(connection, name):
                    return False
            async with writing(self._engine) as connection:
                if await _is_planted(connection, name):
                    return False
                await connection.execute(insert(_SEEDS).values(name=name, seeded_at=now))
                provider = await self._provider(connection, now, seed)
                if seed.model_name:
                    await _plant_model(connection, now, provider, seed.model_name)
        except EntryExistsError:
            return False  # another process was faster, or somebody has given the name
        return True

    async def _provider(
        self, connection: AsyncConnection, now: datetime, seed: ProviderSeed
    ) -> Provider:
        there = select_providers().where(
            _PROVIDERS.c.base_url == seed.base_url, _PROVIDERS.c.api_kind == ApiKind.OPENAI.value
        )
        found = await one(connection, there.order_by(_PROVIDERS.c.created_at), Provider)
        if found is not None:
            return found
        entry = ProviderEntry(name=seed.name, api_kind=ApiKind.OPENAI, base_url=seed.base_url)
        return await self._providers.insert(connection, _SEEDER, now, entry, seed.api_key)


async def _is_planted(connection: AsyncConnection, name: str) -> bool:
    return bool(await rows(connection, select(_SEEDS.c.name).where(_SEEDS.c.name == name)))


async def _plant_model(
    connection: AsyncConnection, now: datetime, provider: Provider, model_name: str
) -> None:
    if await rows(connection, select_models_of(provider, model_name)):
        return
    default = select(_MODELS.c.model_id).where(
        _MODELS.c.category == Category.LLM.value, _MODELS.c.is_default_in_category
    )
    entry = ModelEntry(
        provider_id=provider.provider_id,
        model_name=model_name,
        category=Category.LLM,
        is_default_in_category=not await rows(connection, default),
    )
    await insert_model(connection, _SEEDER, now, entry)
