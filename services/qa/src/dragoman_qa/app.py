"""Composition of qa: the only place that names its adapters."""

from __future__ import annotations

from typing import Any

from dragoman_contracts.vocabulary import Service
from dragoman_qa.adapters.built_in import BuiltInChecker
from dragoman_qa.handlers import verification_task
from dragoman_qa.settings import QaSettings
from dragoman_runtime.service import ServicePart, run_services
from dragoman_runtime.worker import Task

COMPUTING = ("dragoman_qa.adapters.built_in", "dragoman_qa.domain")
"""The modules of what the tasks compute."""


def tasks() -> tuple[Task[Any], ...]:
    """The work this service performs."""
    return (verification_task(BuiltInChecker()),)


def part() -> ServicePart:
    """This service as a process takes it in."""
    return ServicePart(Service.QA, tasks(), preload=COMPUTING)


async def run(settings: QaSettings) -> None:
    """Serve until told to stop."""
    await run_services([part()], settings)
