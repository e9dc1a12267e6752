"""Composition of translate: the only place that names its adapters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dragoman_contracts.references import ObjectRef
from dragoman_contracts.vocabulary import Service
from dragoman_runtime.service import ServicePart, database_of, run_services
from dragoman_runtime.worker import Task
from dragoman_translate.adapters.answer_pages import AnswerPages
from dragoman_translate.adapters.configured import ConfiguredEngines, engine_names
from dragoman_translate.adapters.pinned_memories import PinnedMemories
from dragoman_translate.adapters.probe import probe_engine
from dragoman_translate.adapters.purse import CatalogPurse
from dragoman_translate.adapters.recorded import RecordedAnswers, RecordedEngines
from dragoman_translate.adapters.registered import RegisteredModels, Registry
from dragoman_translate.handlers import call_pointer, translation_tasks
from dragoman_translate.ports import (
    AnswerPage,
    Engines,
    EngineSignature,
    Memories,
    ModelCall,
    Purse,
)
from dragoman_translate.retranslating import retranslation_task
from dragoman_translate.settings import EngineSettings, TranslateSettings

if TYPE_CHECKING:
    pass

__all__ = [
    "ConfiguredEngines",
    "RegisteredModels",
    "Registry",
    "engine_names",
    "part",
    "probe_engine",
    "recorded_batch",
    "registered_models",
    "run",
    "tasks",
]

_CONNECTIONS = 2  # for leases and limits of providers


def tasks(
    engines: Engines, memories: Memories | None = None, purse: Purse | None = None
) -> tuple[Task[Any], ...]:
    """The work this service performs, with these engines."""
    return (
        *translation_tasks(engines, AnswerPages(), memories, purse),
        retranslation_task(engines, purse),
    )


def recorded_batch(
    calls: Mapping[ObjectRef, bytes], reused: bytes | None = None
) -> tuple[Task[Any], Mapping[str, ObjectRef]]:
    """The work of a batch that made these calls, and its ledger's pointers to the calls.

    `reused` is the page of the answers that the batch found unit by unit. No engine is asked.
    """
    parsed = {
        ref: ModelCall.model_validate_json(data, extra="ignore") for ref, data in calls.items()
    }
    signatures: list[EngineSignature] = []
    for call in parsed.values():
        if call.signature not in signatures:
            signatures.append(call.signature)
    page = AnswerPage.model_validate_json(reused, extra="ignore") if reused else AnswerPage()
    answers = RecordedAnswers(page, {ref.digest: call for ref, call in parsed.items()})
    _, batch = translation_tasks(RecordedEngines(signatures), answers)
    return batch, {call_pointer(call.fingerprint): ref for ref, call in parsed.items()}


def part(settings: EngineSettings, registered: RegisteredModels | None = None) -> ServicePart:
    """This service as a process takes it in, with engines that end with it."""
    engines = ConfiguredEngines(settings, registered)
    purse = None if registered is None else CatalogPurse(registered.catalog)
    return ServicePart(
        Service.TRANSLATE,
        tasks(engines, PinnedMemories(), purse),
        settings.translate_concurrency,
        close=engines.aclose,
    )


def registered_models(settings: TranslateSettings) -> RegisteredModels:
    """The models of the registry that the services share: connected to when one is first asked."""

    async def connect() -> Registry:
        # Slow to import, and the one process has a registry of its own.
        from dragoman_catalog import Catalog, KeySeal
        from dragoman_runtime.eventstore.postgres import PostgresEventStore
        from dragoman_runtime.migrations.run import sqlalchemy_url
        from dragoman_runtime.projection import create_views_engine

        url = database_of(settings, "translate-models")
        key = settings.encryption_key
        seal = None if key is None else KeySeal(key.get_secret_value().encode())
        catalog = Catalog(create_views_engine(sqlalchemy_url(url)), seal)
        store = await PostgresEventStore.connect(url, pool_size=_CONNECTIONS)
        return Registry(catalog, store, settings.private_hosts)

    return RegisteredModels(connect)


async def run(settings: TranslateSettings) -> None:
    """Serve until told to stop, then end the engines."""
    await run_services([part(settings, registered_models(settings))], settings)
