"""Composition of extract: the only place that names its adapters."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dragoman_contracts.vocabulary import Service
from dragoman_extract import handlers
from dragoman_extract.adapters.command.runner import ChildProcesses
from dragoman_extract.adapters.docx import DocxUnitExtractor
from dragoman_extract.adapters.registered import CatalogModels
from dragoman_extract.ai_tasks import GATE_PATIENCE_S
from dragoman_extract.settings import CommandSettings, ExtractSettings, TaskSettings
from dragoman_models.settings import ProviderSettings
from dragoman_runtime.service import ServicePart, database_of, run_services
from dragoman_runtime.settings import SettingsError
from dragoman_runtime.worker import Task
from dragoman_scripting.sandbox import Sandbox

if TYPE_CHECKING:
    from dragoman_catalog import Catalog, KeySeal

COMPUTING = ("dragoman_extract.adapters.docx", "dragoman_extract.domain")
"""The modules of what the tasks compute."""


def tasks(settings: CommandSettings | None = None) -> tuple[Task[Any], ...]:
    """The work this service performs, without a catalogue; without settings, commands run under the
    defaults.
    """
    models = CatalogModels(_no_catalog, frozenset(), patience_s=GATE_PATIENCE_S)
    runner = ChildProcesses(settings or CommandSettings())
    return handlers.tasks(DocxUnitExtractor(), runner, Sandbox(), models)


def part(settings: TaskSettings, catalog: Callable[[], Catalog] | None = None) -> ServicePart:
    """This service as a process takes it in; what killed workers left of commands is removed.

    The models of tasks are those of `catalog`; None where this installation has none.
    """
    runner = ChildProcesses(settings)
    runner.clear_leftovers()
    host = Sandbox(settings.script_processes)
    models = CatalogModels(
        catalog or _no_catalog, settings.private_hosts, patience_s=GATE_PATIENCE_S
    )

    async def close() -> None:
        await models.aclose()
        await host.aclose()

    return ServicePart(
        Service.EXTRACT,
        handlers.tasks(DocxUnitExtractor(), runner, host, models),
        preload=COMPUTING,
        close=close,
    )


def shared_part(settings: ExtractSettings) -> ServicePart:
    """This service in an installation of servers, with the catalogue in their database."""

    def catalog() -> Catalog:
        from dragoman_catalog import Catalog  # with SQLAlchemy, slow to import
        from dragoman_runtime.migrations.run import sqlalchemy_url
        from dragoman_runtime.projection import create_views_engine

        url = sqlalchemy_url(database_of(settings, Service.EXTRACT))
        return Catalog(create_views_engine(url, pool_size=2), _seal(settings))

    return part(settings, catalog)


async def run(settings: ExtractSettings) -> None:
    """Serve until told to stop."""
    await run_services([shared_part(settings)], settings)


def _seal(settings: ProviderSettings) -> KeySeal | None:
    from dragoman_catalog import KeySeal  # with SQLAlchemy, slow to import

    key = settings.encryption_key
    return None if key is None else KeySeal(key.get_secret_value().encode())


def _no_catalog() -> Catalog:
    raise SettingsError("AI tasks need the catalogue of an installation; this command has none.")
