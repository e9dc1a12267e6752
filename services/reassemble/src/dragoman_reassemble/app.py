"""Composition of reassemble: the only place that names its adapters."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dragoman_contracts.locale import Locale
from dragoman_contracts.policy import Policy
from dragoman_contracts.vocabulary import Service
from dragoman_reassemble.adapters.docx import DocxMerger, merged_docx
from dragoman_reassemble.domain import targets_now
from dragoman_reassemble.handlers import reassembly_task, target_lists
from dragoman_reassemble.settings import ReassembleSettings
from dragoman_runtime.service import ServicePart, run_services
from dragoman_runtime.worker import Task

__all__ = ["COMPUTING", "draft", "part", "run", "target_lists", "tasks"]


COMPUTING = ("dragoman_reassemble.adapters.docx", "dragoman_reassemble.domain")
"""The modules of what the tasks compute."""


def tasks() -> tuple[Task[Any], ...]:
    """The work this service performs."""
    return (reassembly_task(DocxMerger()),)


def draft(source: bytes, units: bytes, lists: Iterable[bytes], policy: Policy, target_locale: Locale) -> bytes:
    """The document that these `TargetList`s for a `UnitList`, all as JSON, give: for a look before anybody decided."""
    targets = targets_now(DocxMerger(), source, units, lists, policy)
    return merged_docx(source, targets, policy.extraction, target_locale)


def part() -> ServicePart:
    """This service as a process takes it in."""
    return ServicePart(Service.REASSEMBLE, tasks(), preload=COMPUTING)


async def run(settings: ReassembleSettings) -> None:
    """Serve until told to stop."""
    await run_services([part()], settings)
