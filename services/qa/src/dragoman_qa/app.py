"""Composition of qa: the only place that names its adapters."""

from __future__ import annotations

from typing import Any

from dragoman_contracts.references import ObjectRef
from dragoman_contracts.vocabulary import Service
from dragoman_qa import handlers
from dragoman_qa.adapters.built_in import BuiltInChecker
from dragoman_qa.adapters.languagetool import LanguageToolChecker
from dragoman_qa.ports import GrammarChecker
from dragoman_qa.settings import GrammarSettings, QaSettings
from dragoman_runtime.service import ServicePart, run_services
from dragoman_runtime.worker import Task

COMPUTING = ("dragoman_qa.adapters.built_in", "dragoman_qa.domain")
"""The modules of what the tasks compute."""


def tasks(grammar: GrammarChecker | None = None) -> tuple[Task[Any], ...]:
    """The work this service performs, with the built-in checks and this checker of grammar."""
    return handlers.tasks(BuiltInChecker(), grammar)


def recorded_verification(grammar: ObjectRef | None) -> Task[Any]:
    """The QA phase with answers of a grammar checker that are on record. No server is asked."""
    return handlers.verification_task(BuiltInChecker(), recorded=grammar)


def part(settings: GrammarSettings) -> ServicePart:
    """This service as a process takes it in, with a connection that ends with it."""
    if not settings.languagetool_url:
        return ServicePart(Service.QA, tasks(), preload=COMPUTING)
    grammar = LanguageToolChecker(
        settings.languagetool_url,
        timeout_s=settings.languagetool_timeout_s,
        max_characters=settings.languagetool_max_characters,
    )
    return ServicePart(Service.QA, tasks(grammar), preload=COMPUTING, close=grammar.aclose)


async def run(settings: QaSettings) -> None:
    """Serve until told to stop."""
    await run_services([part(settings)], settings)
