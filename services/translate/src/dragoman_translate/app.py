"""Composition of translate: the only place that names its adapters."""

from __future__ import annotations

from typing import Any

from dragoman_contracts.vocabulary import Service
from dragoman_runtime.service import run_service
from dragoman_runtime.worker import Task
from dragoman_translate.adapters.configured import ConfiguredEngines, engine_names
from dragoman_translate.handlers import translation_tasks
from dragoman_translate.ports import Engines
from dragoman_translate.settings import TranslateSettings

__all__ = ["ConfiguredEngines", "engine_names", "run", "tasks"]


def tasks(engines: Engines) -> tuple[Task[Any], ...]:
    """The work this service performs, with these engines."""
    return translation_tasks(engines)


async def run(settings: TranslateSettings) -> None:
    """Serve until told to stop, then end the engines."""
    engines = ConfiguredEngines(settings)
    try:
        await run_service(Service.TRANSLATE, tasks(engines), settings)
    finally:
        await engines.aclose()
