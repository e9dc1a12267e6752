"""Use cases of the registry: providers and their models are entered, edited and removed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from dragoman_catalog import (
    AddressMovedError,
    Catalog,
    CategoryDefault,
    EncryptionKeyMissingError,
    EntryMissingError,
    KeyUnreadableError,
    ModelCall,
    ModelEntry,
    ModelPrice,
    Provider,
    ProviderEntry,
    RegisteredModel,
    month_of,
)
from dragoman_contracts.models import Category
from dragoman_gateway.models.desk.costs import known_prices
from dragoman_gateway.models.schemas import (
    ModelDetail,
    ModelProvider,
    NewModel,
    NewProvider,
    PriceEntry,
    ProviderChange,
    ProviderDetail,
)
from dragoman_gateway.web.errors import FieldRefusedError
from dragoman_gateway.web.principals import Principal
from dragoman_gateway.web.signin import editor_of
from dragoman_models.addresses import AddressRefusedError, check_base_url
from dragoman_runtime.clock import Clock


class ModelDesk:
    """Enters and edits providers and models. Edits raise ConflictError where somebody edited the
    entry since the version that is named.
    """

    def __init__(self, catalog: Catalog, clock: Clock, private_hosts: frozenset[str]) -> None:
        self._catalog = catalog
        self._clock = clock
        self._private_hosts = private_hosts

    def now(self) -> datetime:
        """The time by which prices hold."""
        return self._clock.now()

    async def calls(self, model_id: UUID) -> list[ModelCall]:
        """The newest calls from the playground, the newest first."""
        return await self._catalog.model_uses.calls(model_id, limit=5)

    async def providers(self) -> list[ProviderDetail]:
        """The providers by name, each with the number of its models."""
        counts = Counter(each.provider_id for each in await self._catalog.models.all())
        return [
            await self._detail(each, counts[each.provider_id])
            for each in await self._catalog.providers.all()
        ]

    async def provider(self, provider_id: UUID) -> ProviderDetail:
        """The provider.

        Raises:
            EntryMissingError: there is none.
        """
        found = next(
            (each for each in await self.providers() if each.provider_id == provider_id), None
        )
        if found is None:
            raise EntryMissingError(f"There is no provider {provider_id}.")
        return found

    async def enter_provider(self, principal: Principal, entry: NewProvider) -> ProviderDetail:
        """Enter a provider.

        Raises:
            FieldRefusedError: the address may not be asked, or the key cannot be stored.
            EntryExistsError: the name is taken.
        """
        try:
            made = await self._catalog.providers.create(
                editor_of(principal), self._clock.now(), self._checked(entry), entry.api_key
            )
        except EncryptionKeyMissingError as error:
            raise FieldRefusedError("api_key", error.message, code=error.code) from error
        return await self._detail(made, 0)

    async def edit_provider(
        self, principal: Principal, provider_id: UUID, version: int, entry: ProviderChange
    ) -> ProviderDetail:
        """Replace a provider.

        Raises:
            EntryMissingError: there is none.
            FieldRefusedError: as `enter_provider`, or the address leads to another server and no
                key is named.
        """
        try:
            await self._catalog.providers.edit(
                editor_of(principal),
                self._clock.now(),
                provider_id,
                version=version,
                entry=self._checked(entry),
                api_key=entry.api_key,
            )
        except (EncryptionKeyMissingError, AddressMovedError) as error:
            raise FieldRefusedError("api_key", error.message, code=error.code) from error
        return await self.provider(provider_id)

    async def remove_provider(
        self, principal: Principal, provider_id: UUID, version: int, *, with_models: bool
    ) -> None:
        """Remove a provider, with its models where that is said.

        Raises:
            EntryMissingError: there is none.
            EntryInUseError: it has models, or a pipeline links to one.
        """
        await self._catalog.providers.remove(
            editor_of(principal),
            self._clock.now(),
            provider_id,
            version=version,
            with_models=with_models,
        )

    async def models(
        self, category: Category | None = None, provider_id: UUID | None = None
    ) -> list[ModelDetail]:
        """The models by category and name: all, or those of a category or a provider."""
        providers = {each.provider_id: each for each in await self._catalog.providers.all()}
        return [
            _model_detail(each, providers[each.provider_id])
            for each in await self._catalog.models.all()
            if each.provider_id in providers
            and category in {None, each.category}
            and provider_id in {None, each.provider_id}
        ]

    async def categories(self) -> list[CategoryDefault]:
        """The categories in their fixed order, each with its default."""
        return await self._catalog.models.categories()

    async def model(self, model_id: UUID) -> ModelDetail:
        """The model with its connection and its use of this month.

        Raises:
            EntryMissingError: there is none.
        """
        model = await self._catalog.models.find(model_id)
        provider = await self._catalog.providers.find(model.provider_id) if model else None
        if model is None or provider is None:
            raise EntryMissingError(f"There is no model {model_id}.")
        since = month_of(self._clock.now())
        use = await self._catalog.model_uses.since(model_id, since)
        return _model_detail(model, provider).model_copy(update={"use_this_month": use})

    async def enter_model(self, principal: Principal, entry: NewModel) -> ModelDetail:
        """Enter a model; without prices it gets those that are known.

        Raises:
            FieldRefusedError: there is no such provider, or two prices hold from one time on.
            EntryExistsError: the provider has this model in this category.
        """
        now = self._clock.now()
        provider = await self._provider_of(entry)
        prices = (
            known_prices(provider, entry, now)
            if entry.prices is None
            else _priced(entry.prices, now)
        )
        made = await self._catalog.models.create(editor_of(principal), now, _plain(entry), prices)
        return await self.model(made.model_id)

    async def edit_model(
        self, principal: Principal, model_id: UUID, version: int, entry: NewModel
    ) -> ModelDetail:
        """Replace a model; its prices stay where none are named.

        Raises:
            EntryMissingError: there is none.
            FieldRefusedError, EntryExistsError: as `enter_model`.
        """
        now = self._clock.now()
        await self._provider_of(entry)
        await self._catalog.models.edit(
            editor_of(principal),
            now,
            model_id,
            version=version,
            entry=_plain(entry),
            prices=None if entry.prices is None else _priced(entry.prices, now),
        )
        return await self.model(model_id)

    async def set_default(self, principal: Principal, model_id: UUID) -> ModelDetail:
        """Make the model the default of its category.

        Raises:
            EntryMissingError: there is none.
        """
        await self._catalog.models.set_default(editor_of(principal), self._clock.now(), model_id)
        return await self.model(model_id)

    async def remove_model(self, principal: Principal, model_id: UUID, version: int) -> None:
        """Remove a model.

        Raises:
            EntryMissingError: there is none.
            EntryInUseError: a pipeline links to it.
        """
        await self._catalog.models.remove(
            editor_of(principal), self._clock.now(), model_id, version=version
        )

    async def _detail(self, provider: Provider, model_count: int) -> ProviderDetail:
        try:
            await self._catalog.providers.key(provider)
            is_readable = True
        except (EncryptionKeyMissingError, KeyUnreadableError):
            is_readable = False
        return ProviderDetail(
            **provider.model_dump(), is_key_readable=is_readable, model_count=model_count
        )

    async def _provider_of(self, entry: ModelEntry) -> Provider:
        found = await self._catalog.providers.find(entry.provider_id)
        if found is None:
            raise FieldRefusedError("provider_id", f"There is no provider {entry.provider_id}.")
        return found

    def _checked(self, entry: ProviderEntry) -> ProviderEntry:
        """The entry without a key, and with its address as it is asked."""
        try:
            base_url = check_base_url(entry.base_url, self._private_hosts)
        except AddressRefusedError as error:
            raise FieldRefusedError("base_url", error.message, code=error.code) from error
        fields: dict[str, object] = {
            name: getattr(entry, name) for name in ProviderEntry.model_fields
        }
        return ProviderEntry.model_validate(fields | {"base_url": base_url})


def _plain(entry: NewModel) -> ModelEntry:
    return ModelEntry(**{name: getattr(entry, name) for name in ModelEntry.model_fields})


def _priced(entries: Sequence[PriceEntry], now: datetime) -> tuple[ModelPrice, ...]:
    prices = tuple(each.price(now) for each in entries)
    if len({each.valid_from for each in prices}) < len(prices):
        raise FieldRefusedError("prices", "Two prices hold from the same time on; keep one.")
    return prices


def _model_detail(model: RegisteredModel, provider: Provider) -> ModelDetail:
    shown = {name: getattr(provider, name) for name in ModelProvider.model_fields}
    fields = {name: getattr(model, name) for name in RegisteredModel.model_fields}
    return ModelDetail(**fields, provider=ModelProvider(**shown), use_this_month=[])
