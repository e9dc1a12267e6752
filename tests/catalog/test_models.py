"""Providers and models in the catalogue, on SQLite and on PostgreSQL: keys sealed, one default a
category, prices by date, use that adds up, seeds that come once.
"""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from pydantic import SecretStr
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from catalog.catalogs import ADA, NOW
from dragoman_catalog import (
    INSTALLATION_PROJECT_ID,
    LOCAL_VISION_PROVIDER_ID,
    PADDLEOCR_VL_ID,
    AddressMovedError,
    Catalog,
    EncryptionKeyMissingError,
    EntryExistsError,
    EntryInUseError,
    EntryMissingError,
    KeySeal,
    KeyUnreadableError,
    ModelCall,
    ModelConfig,
    ModelEntry,
    ModelPrice,
    Provider,
    ProviderEntry,
    ProviderSeed,
    RegisteredModel,
    StaleEditError,
    UseCount,
    tables,
)
from dragoman_contracts.identity import new_id
from dragoman_contracts.models import ApiKind, Category
from dragoman_contracts.phases import Phase
from dragoman_contracts.references import ObjectRef
from dragoman_runtime.migrations.run import sqlalchemy_url
from dragoman_runtime.projection import create_views_engine

pytestmark = pytest.mark.parametrize("catalog_url", ["sqlite", "postgres"], indirect=True)

KEY = "sk-never-to-be-seen-8821"
ENTRY = ProviderEntry(name="Acme", api_kind=ApiKind.OPENAI, base_url="https://api.acme.example/v1")


async def provider_of(catalog: Catalog, name: str = "Acme", key: str = KEY) -> Provider:
    entry = ENTRY.model_copy(update={"name": name})
    return await catalog.providers.create(ADA, NOW, entry, SecretStr(key))


async def model_of(
    catalog: Catalog,
    provider: Provider,
    name: str,
    *,
    is_default: bool = False,
    prices: tuple[ModelPrice, ...] = (),
) -> RegisteredModel:
    entry = ModelEntry(
        provider_id=provider.provider_id,
        model_name=name,
        category=Category.LLM,
        is_default_in_category=is_default,
        config=ModelConfig(temperature=0.5),
    )
    return await catalog.models.create(ADA, NOW, entry, prices)


def engine_of(url: str) -> AsyncEngine:
    return create_views_engine(sqlalchemy_url(url))


async def test_a_key_lies_sealed_and_opens_with_the_same_encryption_key_alone(
    catalog: Catalog, catalog_url: str
) -> None:
    provider = await provider_of(catalog)
    assert provider.has_key
    assert (await catalog.providers.key(provider)).get_secret_value() == KEY
    engine = engine_of(catalog_url)
    async with engine.connect() as connection:
        for table in tables.metadata.sorted_tables:
            assert KEY not in repr((await connection.execute(select(table))).all())
    with pytest.raises(KeyUnreadableError, match="enter the provider's key anew"):
        await Catalog(engine, KeySeal(b"another key, as long as the first")).providers.key(provider)
    with pytest.raises(EncryptionKeyMissingError, match="DRAGOMAN_ENCRYPTION_KEY"):
        await Catalog(engine).providers.key(provider)
    await engine.dispose()


async def test_a_key_moved_to_another_provider_does_not_open(
    catalog: Catalog, catalog_url: str
) -> None:
    first, second = await provider_of(catalog), await provider_of(catalog, "Other", "sk-2")
    engine, of = engine_of(catalog_url), tables.providers.c
    async with engine.execution_options(is_writing=True).begin() as connection:
        row = (
            await connection.execute(
                select(of.key_ciphertext, of.key_nonce).where(of.provider_id == first.provider_id)
            )
        ).one()
        await connection.execute(
            update(tables.providers)
            .where(of.provider_id == second.provider_id)
            .values(key_ciphertext=row[0], key_nonce=row[1])
        )
    await engine.dispose()
    with pytest.raises(KeyUnreadableError, match="Other"):
        await catalog.providers.key(second)


async def test_without_an_encryption_key_a_provider_has_no_key(
    catalog: Catalog, catalog_url: str
) -> None:
    engine = engine_of(catalog_url)
    bare = Catalog(engine)
    with pytest.raises(EncryptionKeyMissingError):
        await bare.providers.create(ADA, NOW, ENTRY, SecretStr(KEY))
    plain = await bare.providers.create(ADA, NOW, ENTRY)
    assert not plain.has_key
    assert (await bare.providers.key(plain)).get_secret_value() == ""
    assert [each.name for each in await bare.providers.all()] == [
        "Acme",
        "Local embedding server",
        "Local vision server",
    ]
    await engine.dispose()


async def test_an_edit_keeps_replaces_or_drops_the_key(catalog: Catalog) -> None:
    first = await provider_of(catalog)
    renamed = ENTRY.model_copy(update={"name": "Acme 2", "requests_per_minute": 60})
    second = await catalog.providers.edit(ADA, NOW, first.provider_id, version=1, entry=renamed)
    assert (second.version, second.has_key, second.requests_per_minute) == (2, True, 60)
    assert await catalog.providers.find(first.provider_id) == second
    assert (await catalog.providers.key(second)).get_secret_value() == KEY
    for version, key in ((2, "sk-new"), (3, "")):
        edited = await catalog.providers.edit(
            ADA, NOW, first.provider_id, version=version, entry=ENTRY, api_key=SecretStr(key)
        )
        assert edited.has_key == bool(key)
        assert (await catalog.providers.key(edited)).get_secret_value() == key
    with pytest.raises(StaleEditError):
        await catalog.providers.edit(ADA, NOW, first.provider_id, version=1, entry=ENTRY)
    actions = [row.action for row in await catalog.audit(entity_id=str(first.provider_id))]
    assert sorted(actions) == ["provider.created", *["provider.edited"] * 3]


async def test_a_stored_key_does_not_follow_an_address_to_another_server(
    catalog: Catalog,
) -> None:
    provider = await provider_of(catalog)
    same = ENTRY.model_copy(update={"base_url": "https://API.acme.example:443/v2"})
    moved = ENTRY.model_copy(update={"base_url": "https://evil.example/v1"})
    with pytest.raises(AddressMovedError):
        await catalog.providers.edit(ADA, NOW, provider.provider_id, version=1, entry=moved)
    await catalog.providers.edit(ADA, NOW, provider.provider_id, version=1, entry=same)
    edited = await catalog.providers.edit(
        ADA, NOW, provider.provider_id, version=2, entry=moved, api_key=SecretStr("sk-theirs")
    )
    assert edited.base_url == "https://evil.example/v1"


async def test_a_category_has_one_default_also_when_many_set_it_at_once(
    catalog: Catalog,
) -> None:
    provider = await provider_of(catalog)
    models = [await model_of(catalog, provider, f"m{n}", is_default=True) for n in range(4)]
    assert await catalog.models.default(Category.LLM) == models[3]
    await asyncio.gather(
        *(catalog.models.set_default(ADA, NOW, each.model_id) for each in models),
        model_of(catalog, provider, "late", is_default=True),
    )
    found = [each for each in await catalog.models.all() if each.category is Category.LLM]
    assert len(found) == 5
    assert sum(each.is_default_in_category for each in found) == 1
    set_again = await catalog.models.set_default(ADA, NOW, models[0].model_id)
    assert await catalog.models.set_default(ADA, NOW, models[0].model_id) == set_again
    categories = {each.category: each for each in await catalog.models.categories()}
    assert list(categories) == list(Category)
    assert categories[Category.LLM].default_model_id == models[0].model_id
    assert categories[Category.LLM].model_count == 5
    assert categories[Category.VISION].default_model_id == PADDLEOCR_VL_ID
    assert categories[Category.OCR].default_model_id is None


async def test_the_database_itself_refuses_two_defaults(catalog: Catalog, catalog_url: str) -> None:
    provider = await provider_of(catalog)
    for name in ("one", "two"):
        await model_of(catalog, provider, name)
    engine, of = engine_of(catalog_url), tables.models.c
    both = update(tables.models).where(of.category == Category.LLM.value)
    async with engine.execution_options(is_writing=True).connect() as connection:
        with pytest.raises(IntegrityError):
            await connection.execute(both.values(is_default_in_category=True))
    await engine.dispose()


async def test_a_disabled_model_or_provider_is_neither_default_nor_linked(
    catalog: Catalog,
) -> None:
    linked = await catalog.models.linked(PADDLEOCR_VL_ID)
    assert linked is not None
    assert (linked.provider, linked.model_name, linked.category, linked.base_url) == (
        "Local vision server",
        "PaddleOCR-VL-1.5",
        "VL",
        "http://127.0.0.1:8101/v1",
    )
    provider = await catalog.providers.find(LOCAL_VISION_PROVIDER_ID)
    assert provider is not None
    off = ProviderEntry(
        name=provider.name,
        api_kind=provider.api_kind,
        base_url=provider.base_url,
        is_enabled=False,
    )
    await catalog.providers.edit(ADA, NOW, provider.provider_id, version=1, entry=off)
    assert await catalog.models.linked(PADDLEOCR_VL_ID) is None
    assert await catalog.models.default(Category.VISION) is None
    assert await catalog.models.linked(uuid4()) is None


async def test_prices_hold_from_their_day_on(catalog: Catalog) -> None:
    provider = await provider_of(catalog)
    old = ModelPrice(valid_from=NOW - timedelta(days=9), input="3", output="15")
    new = ModelPrice(valid_from=NOW, input="2.50", cache_read="0.25", currency="EUR")
    model = await model_of(catalog, provider, "m", prices=(old, new))
    assert await catalog.models.find(model.model_id) == model
    assert model.prices == (new, old)
    assert model.price_at(NOW) == new
    assert model.price_at(NOW - timedelta(days=1)) == old
    assert model.price_at(NOW - timedelta(days=10)) is None
    entry = ModelEntry(provider_id=provider.provider_id, model_name="m", category=Category.LLM)
    kept = await catalog.models.edit(ADA, NOW, model.model_id, version=1, entry=entry)
    assert (kept.prices, kept.version) == (model.prices, 2)
    gone = await catalog.models.edit(ADA, NOW, model.model_id, version=2, entry=entry, prices=())
    assert await catalog.models.find(model.model_id) == gone
    assert gone.prices == ()


async def test_the_same_model_is_entered_once_for_a_category(catalog: Catalog) -> None:
    provider = await provider_of(catalog)
    await model_of(catalog, provider, "m")
    with pytest.raises(EntryExistsError):
        await model_of(catalog, provider, "m")
    with pytest.raises(EntryExistsError):
        await provider_of(catalog)
    missing = ModelEntry(provider_id=uuid4(), model_name="m", category=Category.LLM)
    with pytest.raises(EntryMissingError, match="provider"):
        await catalog.models.create(ADA, NOW, missing)


async def test_what_is_in_use_is_not_deleted(catalog: Catalog) -> None:
    provider = await provider_of(catalog)
    model = await model_of(catalog, provider, "m", prices=(ModelPrice(valid_from=NOW),))
    with pytest.raises(EntryInUseError, match="Acme has models: m"):
        await catalog.providers.remove(ADA, NOW, provider.provider_id, version=1)
    config = {"command": ["cat", "{input}"], "model_id": str(model.model_id)}
    phases = [Phase.model_validate({"name": "run", "kind": "command", "config": config})]
    await catalog.pipelines.create(ADA, NOW, "read", phases)
    with pytest.raises(EntryInUseError, match="read"):
        await catalog.models.remove(ADA, NOW, model.model_id, version=1)
    with pytest.raises(EntryInUseError, match="read"):
        await catalog.providers.remove(ADA, NOW, provider.provider_id, version=1, with_models=True)
    await catalog.pipelines.edit(ADA, NOW, "read", version=1, is_retired=True)
    await catalog.providers.remove(ADA, NOW, provider.provider_id, version=1, with_models=True)
    assert await catalog.models.find(model.model_id) is None
    assert await catalog.providers.find(provider.provider_id) is None
    actions = {row.action for row in await catalog.audit()}
    assert {"provider.removed", "model.removed"} <= actions


async def test_use_adds_up_by_month_and_currency(catalog: Catalog) -> None:
    model = await model_of(catalog, await provider_of(catalog), "m")
    priced = UseCount(input_tokens=10, output_tokens=5, cost=Decimal("0.000000375"), currency="USD")
    for day in (date(2026, 10, 31), date(2026, 11, 1), date(2026, 11, 30)):
        await catalog.model_uses.note(model.model_id, day, priced)
    await catalog.model_uses.note(
        model.model_id, date(2026, 11, 2), UseCount(failed_count=1, input_tokens=1)
    )
    unpriced, dollars = await catalog.model_uses.since(model.model_id, date(2026, 11, 1))
    assert (unpriced.call_count, unpriced.failed_count, unpriced.cost) == (1, 1, None)
    assert (dollars.call_count, dollars.input_tokens, dollars.output_tokens) == (2, 20, 10)
    assert (dollars.cost, dollars.currency) == (Decimal("0.00000075"), "USD")


async def test_use_of_many_calls_at_once_is_all_counted(catalog: Catalog) -> None:
    model = await model_of(catalog, await provider_of(catalog), "m")
    await asyncio.gather(
        *(catalog.model_uses.note(model.model_id, NOW.date(), UseCount()) for _ in range(8))
    )
    (used,) = await catalog.model_uses.since(model.model_id, NOW.date())
    assert used.call_count == 8


async def test_calls_of_the_playground_keep_their_objects_from_maintenance(
    catalog: Catalog,
) -> None:
    model = await model_of(catalog, await provider_of(catalog), "m")
    asked = ObjectRef(digest="ab" * 32, size_bytes=3, media_type="application/json")
    call = ModelCall(
        call_id=new_id(),
        model_id=model.model_id,
        called_at=NOW,
        actor="user:ada",
        code="",
        record=(asked,),
    )
    await catalog.model_uses.record(call, UseCount(input_tokens=3))
    assert await catalog.model_uses.calls(model.model_id) == [call]
    assert (INSTALLATION_PROJECT_ID, asked.digest) in await catalog.object_roots()
    await catalog.models.remove(ADA, NOW, model.model_id, version=1)
    assert (INSTALLATION_PROJECT_ID, asked.digest) not in await catalog.object_roots()


async def test_the_settings_seed_their_provider_once(catalog: Catalog) -> None:
    seed = ProviderSeed(
        name="From settings",
        base_url="https://api.openai.com/v1",
        api_key=SecretStr(KEY),
        model_name="gpt-x",
    )
    assert await asyncio.gather(*(catalog.seeds.plant(NOW, seed) for _ in range(3))) in [
        [first, second, third]
        for first, second, third in (
            (True, False, False),
            (False, True, False),
            (False, False, True),
        )
    ]
    model = await catalog.models.default(Category.LLM)
    assert model is not None
    found = await catalog.callable_model(model.model_id)
    assert (found.provider.name, found.model.model_name) == ("From settings", "gpt-x")
    assert found.api_key.get_secret_value() == KEY
    assert KEY not in repr(found)
    assert KEY not in found.model_dump_json()
    await catalog.providers.remove(
        ADA, NOW, found.provider.provider_id, version=1, with_models=True
    )
    assert not await catalog.seeds.plant(NOW, seed)
    assert await catalog.models.default(Category.LLM) is None


async def test_a_seed_keeps_what_an_admin_entered(catalog: Catalog) -> None:
    mine = await provider_of(catalog)
    model = await model_of(catalog, mine, "m", is_default=True)
    seed = ProviderSeed(
        name="From settings", base_url=mine.base_url, api_key=SecretStr("sk-2"), model_name="other"
    )
    assert await catalog.seeds.plant(NOW, seed)
    assert (await catalog.providers.key(mine)).get_secret_value() == KEY
    assert await catalog.models.default(Category.LLM) == model
    assert {each.model_name for each in await catalog.models.all()} == {
        "PaddleOCR-VL-1.5",
        "multilingual-e5-small",
        "m",
        "other",
    }
