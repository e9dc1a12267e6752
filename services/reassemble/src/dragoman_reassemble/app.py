"""Composition of reassemble: the only place that names its adapters."""

from __future__ import annotations

from typing import Any

from dragoman_contracts.vocabulary import Service
from dragoman_reassemble import handlers
from dragoman_reassemble.adapters.docx import DocxMerger
from dragoman_reassemble.settings import ReassembleSettings
from dragoman_runtime.service import ServicePart, run_services
from dragoman_runtime.worker import Task

COMPUTING = ("dragoman_reassemble.adapters.docx", "dragoman_reassemble.domain")
"""The modules of what the tasks compute."""


def tasks() -> tuple[Task[Any], ...]:
    """The work this service performs."""
    return handlers.tasks(DocxMerger())


def part() -> ServicePart:
    """This service as a process takes it in."""
    return ServicePart(Service.REASSEMBLE, tasks(), preload=COMPUTING)


async def run(settings: ReassembleSettings) -> None:
    """Serve until told to stop."""
    await run_services([part()], settings)
