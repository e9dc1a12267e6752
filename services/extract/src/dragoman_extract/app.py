"""Composition of extract: the only place that names its adapters."""

from __future__ import annotations

from typing import Any

from dragoman_contracts.vocabulary import Service
from dragoman_extract import handlers
from dragoman_extract.adapters.command.runner import ChildProcesses
from dragoman_extract.adapters.docx import DocxUnitExtractor
from dragoman_extract.settings import CommandSettings, ExtractSettings
from dragoman_runtime.service import ServicePart, run_services
from dragoman_runtime.worker import Task

COMPUTING = ("dragoman_extract.adapters.docx", "dragoman_extract.domain")
"""The modules of what the tasks compute."""


def tasks(settings: CommandSettings | None = None) -> tuple[Task[Any], ...]:
    """The work this service performs; without settings, commands run under the defaults."""
    return handlers.tasks(DocxUnitExtractor(), ChildProcesses(settings or CommandSettings()))


def part(settings: CommandSettings) -> ServicePart:
    """This service as a process takes it in; what killed workers left of commands is removed."""
    runner = ChildProcesses(settings)
    runner.clear_leftovers()
    return ServicePart(
        Service.EXTRACT, handlers.tasks(DocxUnitExtractor(), runner), preload=COMPUTING
    )


async def run(settings: ExtractSettings) -> None:
    """Serve until told to stop."""
    await run_services([part(settings)], settings)
