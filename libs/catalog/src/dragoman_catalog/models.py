"""The models of the providers, with their prices, as stored."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from sqlalchemy import Select, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from dragoman_catalog import tables
from dragoman_catalog.database import (
    one,
    reading,
    require_one,
    require_version,
    rows,
    values,
    write_audit,
    writing,
)
from dragoman_catalog.errors import EntryInUseError, EntryMissingError
from dragoman_catalog.model_values import (
    CategoryDefault,
    ModelEntry,
    ModelPrice,
    Provider,
    RegisteredModel,
)
from dragoman_catalog.pipelines import pipelines_linked_to
from dragoman_catalog.values import Editor
from dragoman_contracts.commands import LinkedModel
from dragoman_contracts.identity import new_id
from dragoman_contracts.model import Value
from dragoman_contracts.models import Category

_MODELS = tables.models
_PRICES = tables.model_prices
_PROVIDERS = tables.providers
_WRITING = 0x6D6F64656C73  # the number of this lock: "models" in ASCII
_T = TypeVar("_T")


class _PriceRow(ModelPrice):
    model_id: UUID


class Models:
    """The models. At most one of a category is its default."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def all(self) -> list[RegisteredModel]:
        """Every model, by category and name."""
        async with reading(self._engine) as connection:
            statement = _select().order_by(
                _MODELS.c.category, _MODELS.c.model_name, _MODELS.c.model_id
            )
            return await _with_prices(connection, statement)

    async def find(self, model_id: UUID) -> RegisteredModel | None:
        """The model; None where there is none."""
        async with reading(self._engine) as connection:
            return await _model(connection, model_id)

    async def default(self, category: Category) -> RegisteredModel | None:
        """The default of a category, if it and its provider are enabled; None otherwise."""
        statement = (
            _select()
            .join(_PROVIDERS, _PROVIDERS.c.provider_id == _MODELS.c.provider_id)
            .where(
                _MODELS.c.category == category.value,
                _MODELS.c.is_default_in_category,
                _MODELS.c.is_enabled,
                _PROVIDERS.c.is_enabled,
            )
        )
        async with reading(self._engine) as connection:
            found = await _with_prices(connection, statement)
        return found[0] if found else None

    async def categories(self) -> list[CategoryDefault]:
        """Every category in its fixed order, with its default."""
        counts = select(_MODELS.c.category, func.count().label("n")).group_by(_MODELS.c.category)
        defaults = select(_MODELS.c.category, _MODELS.c.model_id).where(
            _MODELS.c.is_default_in_category
        )
        async with reading(self._engine) as connection:
            count_of = {row["category"]: row["n"] for row in await rows(connection, counts)}
            default_of = {
                row["category"]: row["model_id"] for row in await rows(connection, defaults)
            }
        return [
            CategoryDefault.model_validate(
                {
                    "category": each,
                    "model_count": count_of.get(each.value, 0),
                    "default_model_id": default_of.get(each.value),
                }
            )
            for each in Category
        ]

    async def linked(self, model_id: UUID) -> LinkedModel | None:
        """The model as a pipeline's command takes it; None where there is none, or where it or its
        provider is disabled.
        """
        statement = (
            select(
                _MODELS.c.model_id,
                _PROVIDERS.c.name.label("provider"),
                _MODELS.c.model_name,
                _MODELS.c.category,
                _PROVIDERS.c.base_url,
            )
            .join(_PROVIDERS, _PROVIDERS.c.provider_id == _MODELS.c.provider_id)
            .where(_MODELS.c.model_id == model_id, _MODELS.c.is_enabled, _PROVIDERS.c.is_enabled)
        )
        async with reading(self._engine) as connection:
            return await one(connection, statement, LinkedModel)

    async def create(
        self,
        editor: Editor,
        now: datetime,
        entry: ModelEntry,
        prices: Sequence[ModelPrice] = (),
        *,
        model_id: UUID | None = None,
    ) -> RegisteredModel:
        """Enter a model. As the default of its category it takes the place of the one before.

        Raises:
            EntryMissingError: there is no such provider.
            EntryExistsError: the provider has this model in this category.
        """

        async def work(connection: AsyncConnection) -> RegisteredModel:
            return await insert_model(connection, editor, now, entry, prices, model_id)

        return await self._written(work)

    async def edit(
        self,
        editor: Editor,
        now: datetime,
        model_id: UUID,
        *,
        version: int,
        entry: ModelEntry,
        prices: Sequence[ModelPrice] | None = None,
    ) -> RegisteredModel:
        """Replace the model as it was at `version`; its prices stay where they are None.

        Raises:
            EntryMissingError: there is no such model, or no such provider.
            StaleEditError: the model was edited since `version`.
            EntryExistsError: the provider has another such model in this category.
        """

        async def work(connection: AsyncConnection) -> RegisteredModel:
            before = await _required(connection, model_id)
            require_version(before.version, version)
            await _require_provider(connection, entry.provider_id)
            kept = before.prices if prices is None else _sorted(prices)
            change = {name: getattr(entry, name) for name in ModelEntry.model_fields}
            after = before.model_copy(
                update={**change, "updated_at": now, "version": version + 1, "prices": kept}
            )
            await _replace(connection, editor, now, before, after)
            return after

        return await self._written(work)

    async def set_default(self, editor: Editor, now: datetime, model_id: UUID) -> RegisteredModel:
        """Make the model the default of its category, in the place of the one before; setting it
        twice changes nothing.

        Raises:
            EntryMissingError: there is no such model.
        """

        async def work(connection: AsyncConnection) -> RegisteredModel:
            before = await _required(connection, model_id)
            if before.is_default_in_category:
                return before
            change = {
                "is_default_in_category": True,
                "updated_at": now,
                "version": before.version + 1,
            }
            after = before.model_copy(update=change)
            await _replace(connection, editor, now, before, after)
            return after

        return await self._written(work)

    async def remove(self, editor: Editor, now: datetime, model_id: UUID, *, version: int) -> None:
        """Remove the model as it was at `version`, with its prices and what it was used.

        Raises:
            EntryMissingError: there is no such model.
            StaleEditError: it was edited since `version`.
            EntryInUseError: a pipeline links to it.
        """
        async with writing(self._engine) as connection:
            before = await _required(connection, model_id)
            require_version(before.version, version)
            await remove_models(connection, editor, now, [model_id])

    async def _written(self, work: Callable[[AsyncConnection], Awaitable[_T]]) -> _T:
        """Do it in a transaction, one at a time: who sets a default takes it from another model."""
        async with writing(self._engine) as connection:
            if connection.dialect.name == "postgresql":  # SQLite has one writer as it is
                await connection.execute(select(func.pg_advisory_xact_lock(_WRITING)))
            return await work(connection)


async def insert_model(
    connection: AsyncConnection,
    editor: Editor,
    now: datetime,
    entry: ModelEntry,
    prices: Sequence[ModelPrice] = (),
    model_id: UUID | None = None,
) -> RegisteredModel:
    """Enter a model within the transaction of `connection`.

    Raises:
        EntryMissingError: there is no such provider.
    """
    await _require_provider(connection, entry.provider_id)
    model = RegisteredModel(
        **{name: getattr(entry, name) for name in ModelEntry.model_fields},
        model_id=model_id or new_id(),
        created_at=now,
        updated_at=now,
        version=1,
        prices=_sorted(prices),
    )
    if model.is_default_in_category:
        await _displace(connection, editor, now, model)
    await connection.execute(insert(_MODELS).values(_row(model)))
    await _insert_prices(connection, model)
    await _audit(connection, editor, now, "model.created", None, model)
    return model


async def titles_of_models(connection: AsyncConnection, provider_id: UUID) -> dict[UUID, str]:
    """The models of a provider: their ids and the names that people see."""
    statement = _select().where(_MODELS.c.provider_id == provider_id).order_by(_MODELS.c.model_name)
    return {
        each.model_id: each.title for each in await values(connection, statement, RegisteredModel)
    }


async def remove_models(
    connection: AsyncConnection, editor: Editor, now: datetime, model_ids: Sequence[UUID]
) -> None:
    """Remove models within the transaction of `connection`.

    Raises:
        EntryInUseError: pipelines link to one of them.
    """
    linking = await pipelines_linked_to(connection, frozenset(model_ids))
    if linking:
        raise EntryInUseError(
            f"Pipelines link to the model: {', '.join(linking)}. Link them to another, or disable the model."
        )
    for model_id in model_ids:
        before = await _required(connection, model_id)
        for table in (tables.model_prices, tables.model_use, tables.model_calls, _MODELS):
            await connection.execute(delete(table).where(table.c.model_id == model_id))
        await _audit(connection, editor, now, "model.removed", before, None)


def select_models_of(provider: Provider, model_name: str) -> Select[tuple[object, ...]]:
    """The models of a provider that it knows by this name."""
    return _select().where(
        _MODELS.c.provider_id == provider.provider_id, _MODELS.c.model_name == model_name
    )


def _select() -> Select[tuple[object, ...]]:
    return select(*(_MODELS.c[name] for name in RegisteredModel.model_fields if name != "prices"))


async def _with_prices(
    connection: AsyncConnection, statement: Select[tuple[object, ...]]
) -> list[RegisteredModel]:
    found = await values(connection, statement, RegisteredModel)
    ids = [each.model_id for each in found]
    prices = await values(
        connection,
        select(_PRICES)
        .where(_PRICES.c.model_id.in_(ids))
        .order_by(_PRICES.c.model_id, _PRICES.c.valid_from.desc()),
        _PriceRow,
    )
    of_model: dict[UUID, list[ModelPrice]] = {}
    for row in prices:
        of_model.setdefault(row.model_id, []).append(_plain(row))
    return [
        each.model_copy(update={"prices": tuple(of_model.get(each.model_id, ()))}) for each in found
    ]


def _plain(row: ModelPrice) -> ModelPrice:
    return ModelPrice(**{name: getattr(row, name) for name in ModelPrice.model_fields})


async def _model(connection: AsyncConnection, model_id: UUID) -> RegisteredModel | None:
    found = await _with_prices(connection, _select().where(_MODELS.c.model_id == model_id))
    return found[0] if found else None


async def _required(connection: AsyncConnection, model_id: UUID) -> RegisteredModel:
    found = await _model(connection, model_id)
    if found is None:
        raise EntryMissingError(f"There is no model {model_id}.")
    return found


async def _require_provider(connection: AsyncConnection, provider_id: UUID) -> None:
    wanted = select(_PROVIDERS.c.provider_id).where(_PROVIDERS.c.provider_id == provider_id)
    if not await rows(connection, wanted):
        raise EntryMissingError(f"There is no provider {provider_id}.")


async def _displace(
    connection: AsyncConnection, editor: Editor, now: datetime, model: RegisteredModel
) -> None:
    """Take the default away from the other model that has it."""
    others = _select().where(
        _MODELS.c.category == model.category.value,
        _MODELS.c.is_default_in_category,
        _MODELS.c.model_id != model.model_id,
    )
    for before in await _with_prices(connection, others):
        change = {
            "is_default_in_category": False,
            "updated_at": now,
            "version": before.version + 1,
        }
        await connection.execute(
            update(_MODELS)
            .where(_MODELS.c.model_id == before.model_id, _MODELS.c.is_default_in_category)
            .values(change | {"version": _MODELS.c.version + 1})
        )
        after = before.model_copy(update=change)
        await _audit(connection, editor, now, "model.edited", before, after)


async def _replace(
    connection: AsyncConnection,
    editor: Editor,
    now: datetime,
    before: RegisteredModel,
    after: RegisteredModel,
) -> None:
    if after.is_default_in_category:
        await _displace(connection, editor, now, after)
    done = await connection.execute(
        update(_MODELS)
        .where(_MODELS.c.model_id == before.model_id, _MODELS.c.version == before.version)
        .values(_row(after))
    )
    require_one(done.rowcount)
    if after.prices != before.prices:
        await connection.execute(delete(_PRICES).where(_PRICES.c.model_id == before.model_id))
        await _insert_prices(connection, after)
    await _audit(connection, editor, now, "model.edited", before, after)


async def _insert_prices(connection: AsyncConnection, model: RegisteredModel) -> None:
    prices = [each.model_dump() | {"model_id": model.model_id} for each in model.prices]
    if prices:
        await connection.execute(insert(_PRICES), prices)


def _row(model: RegisteredModel) -> dict[str, object]:
    row: dict[str, object] = model.model_dump(exclude={"prices", "config"})
    return row | {"config": model.config.model_dump(mode="json", exclude_none=True)}


def _sorted(prices: Sequence[ModelPrice]) -> tuple[ModelPrice, ...]:
    return tuple(sorted(prices, key=lambda each: each.valid_from, reverse=True))


async def _audit(
    connection: AsyncConnection,
    editor: Editor,
    now: datetime,
    action: str,
    before: Value | None,
    after: Value | None,
) -> None:
    entry = after or before
    await write_audit(
        connection,
        editor,
        now,
        action=action,
        entity_id=str(entry.model_id) if isinstance(entry, RegisteredModel) else "",
        before=before,
        after=after,
    )
