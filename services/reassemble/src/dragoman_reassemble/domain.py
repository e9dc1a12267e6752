"""The rules of reassembly: which targets count, and which events follow. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from dragoman_contracts.deciding import end_phase
from dragoman_contracts.events import DocumentReassembled, Event
from dragoman_contracts.job import Job
from dragoman_contracts.locale import Locale
from dragoman_contracts.model import Value, from_json
from dragoman_contracts.pipeline import WorkItem
from dragoman_contracts.policy import UNIT_RULES, Policy
from dragoman_contracts.references import ObjectRef
from dragoman_contracts.text import Content, TargetList, UnitList
from dragoman_contracts.vocabulary import PhaseKind
from dragoman_linguistics import adopted
from dragoman_reassemble.ports import DocumentMerger

RULES_VERSION = 2
"""Raised when the same source and targets would give another document."""


class ReassemblyOutcome(Value):
    """The final document and its manifest."""

    final_docx: ObjectRef
    manifest: ObjectRef


class Reassembled(Value):
    """The final document, how many units have a target in it,
    and the names of the parts that differ.
    """

    data: bytes
    unit_count: int
    changed_parts: tuple[str, ...]


def reassembled(
    merger: DocumentMerger,
    source: bytes,
    units: bytes,
    lists: Iterable[bytes],
    policy: Policy,
    locale: Locale,
) -> Reassembled:
    """The source with the targets of these `TargetList`s for a `UnitList`, all as JSON, in their
    places.

    Raises:
        PermanentError: the targets do not belong to this document, it cannot be read, or more than
            text changed.
    """
    targets = targets_now(merger, source, units, lists, policy)
    merged = merger.merge(source, targets, policy.extraction, locale)
    return Reassembled(
        data=merged.data, unit_count=len(targets), changed_parts=merged.changed_parts
    )


def targets_now(
    merger: DocumentMerger, source: bytes, units: bytes, lists: Iterable[bytes], policy: Policy
) -> dict[str, Content]:
    """The target of each unit as this version reads units, also where an older one read them.

    Raises:
        OutdatedUnitsError: the older version read the text in other pieces.
    """
    targets = merged_targets(lists)
    if policy.unit_rules == UNIT_RULES:
        return targets
    return adopted(
        from_json(UnitList, units).units, merger.units(source, policy.extraction), targets
    )


def merged_targets(lists: Iterable[bytes]) -> dict[str, Content]:
    """The target of each unit; a later list (a review) takes the place of an earlier one."""
    return {
        target.unit_id: target.target
        for each in lists
        for target in from_json(TargetList, each).targets
    }


def decide(job: Job, item: WorkItem, outcome: ReassemblyOutcome) -> tuple[Event, ...]:
    """DocumentReassembled, and with it the job is completed, where no work follows."""
    reassembled = DocumentReassembled(final_docx=outcome.final_docx, manifest=outcome.manifest)
    return end_phase(job, job.phase_of_kind(PhaseKind.REASSEMBLY), reassembled)
