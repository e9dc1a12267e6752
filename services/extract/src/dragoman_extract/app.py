"""Composition of extract: the only place that names its adapters."""

from __future__ import annotations

from typing import Any

from dragoman_contracts.vocabulary import Service
from dragoman_extract.adapters.docx import DocxUnitExtractor
from dragoman_extract.handlers import extraction_task
from dragoman_extract.settings import ExtractSettings
from dragoman_runtime.service import ServicePart, run_services
from dragoman_runtime.worker import Task

COMPUTING = ("dragoman_extract.adapters.docx", "dragoman_extract.domain")
"""The modules of what the tasks compute."""


def tasks() -> tuple[Task[Any], ...]:
    """The work this service performs."""
    return (extraction_task(DocxUnitExtractor()),)


def part() -> ServicePart:
    """This service as a process takes it in."""
    return ServicePart(Service.EXTRACT, tasks(), preload=COMPUTING)


async def run(settings: ExtractSettings) -> None:
    """Serve until told to stop."""
    await run_services([part()], settings)
