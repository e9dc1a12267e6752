"""Composition of qa: the only place that names its adapters."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dragoman_contracts.references import ObjectRef
from dragoman_contracts.vocabulary import Service
from dragoman_qa import handlers
from dragoman_qa.adapters.built_in import BuiltInChecker
from dragoman_qa.adapters.judges import CatalogJudges
from dragoman_qa.adapters.languagetool import LanguageToolChecker
from dragoman_qa.judge_ports import JudgeModels
from dragoman_qa.ports import GrammarChecker
from dragoman_qa.settings import JudgeSettings, QaSettings
from dragoman_runtime.service import ServicePart, database_of, run_services
from dragoman_runtime.worker import Task

if TYPE_CHECKING:
    from dragoman_catalog import Catalog

COMPUTING = ("dragoman_qa.adapters.built_in", "dragoman_qa.domain")
"""The modules of what the tasks compute."""


def tasks(
    grammar: GrammarChecker | None = None, models: JudgeModels | None = None
) -> tuple[Task[Any], ...]:
    """The work this service performs, with the built-in checks, this checker of grammar and these
    models as judges.
    """
    return handlers.tasks(BuiltInChecker(), grammar, models)


def recorded_verification(
    grammar: ObjectRef | None, judgement: ObjectRef | None = None
) -> Task[Any]:
    """The QA phase with answers of a grammar checker and of a judge that are on record. Nobody is
    asked.
    """
    recorded = handlers.Recorded(grammar, judgement)
    return handlers.verification_task(BuiltInChecker(), recorded=recorded)


def part(settings: JudgeSettings, catalog: Callable[[], Catalog] | None = None) -> ServicePart:
    """This service as a process takes it in, with connections that end with it.

    The models that judge are those of `catalog`; None where this installation has none.
    """
    models = CatalogJudges(catalog, settings.private_hosts) if catalog else None
    grammar = None
    if settings.languagetool_url:
        grammar = LanguageToolChecker(
            settings.languagetool_url,
            timeout_s=settings.languagetool_timeout_s,
            max_characters=settings.languagetool_max_characters,
        )

    async def close() -> None:
        for each in (grammar, models):
            if each is not None:
                await each.aclose()

    return ServicePart(Service.QA, tasks(grammar, models), preload=COMPUTING, close=close)


def shared_part(settings: QaSettings) -> ServicePart:
    """This service in an installation of servers, with the catalogue in their database."""

    def catalog() -> Catalog:
        from dragoman_catalog import Catalog, KeySeal  # with SQLAlchemy, slow to import
        from dragoman_runtime.migrations.run import sqlalchemy_url
        from dragoman_runtime.projection import create_views_engine

        url = sqlalchemy_url(database_of(settings, Service.QA))
        key = settings.encryption_key
        seal = None if key is None else KeySeal(key.get_secret_value().encode())
        return Catalog(create_views_engine(url, pool_size=2), seal)

    return part(settings, catalog)


async def run(settings: QaSettings) -> None:
    """Serve until told to stop."""
    await run_services([shared_part(settings)], settings)
