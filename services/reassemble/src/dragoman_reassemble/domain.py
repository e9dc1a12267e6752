"""The rules of reassembly: which targets count, and which events follow. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from dragoman_contracts.events import DocumentReassembled, Event, JobCompleted
from dragoman_contracts.job import Job
from dragoman_contracts.model import Value
from dragoman_contracts.pipeline import WorkItem
from dragoman_contracts.references import ObjectRef
from dragoman_contracts.text import Content, TargetList

RULES_VERSION = 1
"""Raised when the same source and targets would give another document."""


class ReassemblyOutcome(Value):
    """The final document and its manifest."""

    final_docx: ObjectRef
    manifest: ObjectRef


def merged_targets(lists: Iterable[TargetList]) -> dict[str, Content]:
    """The target of each unit; a later list (a review) takes the place of an earlier one."""
    return {target.unit_id: target.target for each in lists for target in each.targets}


def decide(job: Job, item: WorkItem, outcome: ReassemblyOutcome) -> tuple[Event, ...]:
    """DocumentReassembled, and with it the job is completed."""
    return (DocumentReassembled(final_docx=outcome.final_docx, manifest=outcome.manifest), JobCompleted())
