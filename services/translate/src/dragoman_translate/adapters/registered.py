"""The models of the installation's registry as engines: found by id, or by the name of their API."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from dragoman_contracts.errors import PermanentError
from dragoman_contracts.models import ApiKind
from dragoman_contracts.resources import EngineChoice
from dragoman_models.clients import chat_model, text_translator
from dragoman_models.endpoint import Endpoint
from dragoman_models.limits import ProviderGate, ProviderLimits
from dragoman_models.registered import endpoint_of, limits_of
from dragoman_runtime.clock import Clock, SystemClock
from dragoman_runtime.eventstore import EventStore
from dragoman_translate.adapters.chat_engine import ChatEngine
from dragoman_translate.adapters.mt_engine import ServiceEngine
from dragoman_translate.adapters.places import Places
from dragoman_translate.ports import TranslationEngine

if TYPE_CHECKING:
    from dragoman_catalog import CallableModel, Catalog, RegisteredModel

_SERVICES = (ApiKind.DEEPL, ApiKind.LIBRETRANSLATE)
_SHOWN = 5


class Registry(NamedTuple):
    """The catalogue with its providers, the event store that holds their limits, and the private
    hosts that may be asked.
    """

    catalog: Catalog
    store: EventStore
    private_hosts: frozenset[str]


class RegisteredModels:
    """Makes engines of registered models, and keeps each until its entry is edited."""

    def __init__(
        self, connect: Callable[[], Awaitable[Registry]], clock: Clock | None = None
    ) -> None:
        """`connect` gives the registry; it is called once, when the first engine is asked for."""
        self._connect = connect
        self._clock = clock or SystemClock()
        self._registry: Registry | None = None
        self._connecting = asyncio.Lock()
        self._made: dict[UUID, tuple[tuple[int, int], TranslationEngine]] = {}
        self._gates: dict[UUID, tuple[int, ProviderGate]] = {}

    async def registry(self) -> Registry:
        """The registry, connected to."""
        async with self._connecting:
            if self._registry is None:
                self._registry = await self._connect()
        return self._registry

    async def catalog(self) -> Catalog:
        """The catalogue that the registry is part of."""
        return (await self.registry()).catalog

    async def engine(self, choice: EngineChoice) -> TranslationEngine:
        """The engine of a registered model.

        Raises:
            PermanentError: engine.unknown, engine.not_configured, engine.disabled.
            KeyUnreadableError, EncryptionKeyMissingError: the provider's key cannot be read.
        """
        from dragoman_catalog import EntryMissingError  # with SQLAlchemy, slow to import

        registry = await self.registry()
        model_id = registered_id(choice) or await _named(registry.catalog, choice)
        try:
            found = await registry.catalog.callable_model(model_id)
        except EntryMissingError as error:
            message = (
                f"There is no registered model {model_id}; choose one of dragoman models list."
            )
            raise PermanentError(message, code="engine.unknown") from error
        _require_enabled(found)
        versions = (found.provider.version, found.model.version)
        kept = self._made.get(model_id)
        if kept is not None and kept[0] == versions:
            return kept[1]
        engine = self._engine(registry, found)
        self._made[model_id] = (versions, engine)
        if kept is not None:
            await kept[1].aclose()
        return engine

    async def aclose(self) -> None:
        """End the connections of all engines."""
        for _, engine in self._made.values():
            await engine.aclose()
        self._made.clear()

    def _engine(self, registry: Registry, found: CallableModel) -> TranslationEngine:
        endpoint, places = _endpoint(registry, found), self._places(registry, found)
        if endpoint.api_kind in _SERVICES:
            return ServiceEngine(text_translator(endpoint), endpoint, places)
        temperature = found.model.config.temperature
        return ChatEngine(chat_model(endpoint), endpoint, places, temperature=temperature)

    def _places(self, registry: Registry, found: CallableModel) -> Places:
        provider, model = found.provider, found.model
        of_model = ProviderLimits(max_concurrent_calls=model.max_concurrent_calls)
        return Places(
            provider.api_kind,
            provider.name,
            model,
            self._gate(provider.provider_id, provider.version, limits_of(provider), registry.store),
            self._gate(model.model_id, model.version, of_model, registry.store),
            registry.catalog,
            self._clock,
        )

    def _gate(
        self, key: UUID, version: int, limits: ProviderLimits, store: EventStore
    ) -> ProviderGate:
        """The gate of an entry as it is now; its breaker remembers what failed."""
        kept = self._gates.get(key)
        if kept is None or kept[0] != version:
            kept = (version, ProviderGate(key, limits, store))
            self._gates[key] = kept
        return kept[1]


def registered_id(choice: EngineChoice) -> UUID | None:
    """The id of the registered model that a choice names as its engine or its model."""
    for name in (choice.engine, choice.model):
        try:
            return UUID(name)
        except ValueError:
            continue
    return None


def _endpoint(registry: Registry, found: CallableModel) -> Endpoint:
    kind = found.provider.api_kind
    # DeepL's models have names of ours where a provider has one model for all.
    is_own = kind is ApiKind.LIBRETRANSLATE or found.model.model_name in ("default", kind)
    name = "" if is_own and kind in _SERVICES else None
    return endpoint_of(found, registry.private_hosts, name=name)


def _require_enabled(found: CallableModel) -> None:
    if not (found.model.is_enabled and found.provider.is_enabled):
        what = found.model.title if not found.model.is_enabled else found.provider.name
        message = f"{what} is disabled in the registry; enable it, or choose another engine."
        raise PermanentError(message, code="engine.disabled")


async def _named(catalog: Catalog, choice: EngineChoice) -> UUID:
    """The id of the enabled model of this API and name; without a name the only one, or the default
    of its category.

    Raises:
        PermanentError: engine.not_configured, there is none, or several.
    """
    providers = {
        each.provider_id
        for each in await catalog.providers.all()
        if each.is_enabled and each.api_kind == choice.engine
    }
    models = [
        each
        for each in await catalog.models.all()
        if each.is_enabled
        and each.provider_id in providers
        and choice.model in ("", each.model_name)
    ]
    chosen = models if len(models) == 1 else [each for each in models if _is_default(each)]
    if len(chosen) == 1:
        return chosen[0].model_id
    if not models:
        which = f" named {choice.model!r}" if choice.model else ""
        message = (
            f"No enabled provider of kind {choice.engine} has an enabled model{which}; enter one in the "
            "console under Models, or with dragoman models."
        )
        raise PermanentError(message, code="engine.not_configured")
    names = ", ".join(each.model_name for each in models[:_SHOWN])
    message = f"Several models of kind {choice.engine} are registered; name one: {names}."
    raise PermanentError(message, code="engine.not_configured")


def _is_default(model: RegisteredModel) -> bool:
    return model.is_default_in_category
