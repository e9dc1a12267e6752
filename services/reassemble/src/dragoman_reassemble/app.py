"""Composition of reassemble: the only place that names its adapters."""

from __future__ import annotations

from typing import Any

from dragoman_contracts.vocabulary import Service
from dragoman_reassemble.adapters.docx import DocxMerger
from dragoman_reassemble.handlers import reassembly_task
from dragoman_reassemble.settings import ReassembleSettings
from dragoman_runtime.service import run_service
from dragoman_runtime.worker import Task


def tasks() -> tuple[Task[Any], ...]:
    """The work this service performs."""
    return (reassembly_task(DocxMerger()),)


async def run(settings: ReassembleSettings) -> None:
    """Serve until told to stop."""
    await run_service(Service.REASSEMBLE, tasks(), settings)
