"""The rules of index: an import's report, which segments are merged, which events follow. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from dragoman_contracts.deciding import batch_done
from dragoman_contracts.events import Event, PhaseBatchDone, PhaseFinished
from dragoman_contracts.job import Job
from dragoman_contracts.memory_steps import IMPORT_REPORT
from dragoman_contracts.model import Value
from dragoman_contracts.pipeline import WorkItem
from dragoman_contracts.references import NamedObject, ObjectRef
from dragoman_exchange import Rejection, Repair

MOST_REJECTIONS = 10_000
"""Rejections that a report lists; all are counted."""

SEGMENT_UNITS = 200_000
"""Units that one segment has at most: building one takes memory for each."""

_GROWTH = 4
_STALE = 0.2
STAGE, PUBLISH = 0, 1


class ImportReport(Value):
    """The fate of a file's units.

    `unit_count` is how many came into the memory, `new_count` and `changed_count` of these took no
    place or another unit's; `unchanged_count` were there already, `repeated_count` came twice in
    the file. A dry run says what would have become of them.
    """

    is_dry: bool
    entry_count: int = 0
    unit_count: int = 0
    new_count: int = 0
    changed_count: int = 0
    unchanged_count: int = 0
    repeated_count: int = 0
    rejected_count: int = 0
    rejections: tuple[Rejection, ...] = ()
    repairs: tuple[Repair, ...] = ()


class ImportOutcome(Value):
    """The outcome of a batch of an import: the report so far, and what it counts."""

    report: ObjectRef
    item_count: int
    failed_count: int = 0


class IndexOutcome(Value):
    """The outcome of one build: `output` tells of it, `has_next` whether there is more to build."""

    output: ObjectRef
    item_count: int
    has_next: bool


class BuiltSegment(Value):
    """The yield of a build; without a segment where nothing was left to build."""

    segment_id: UUID | None = None
    index: ObjectRef | None = None
    units: ObjectRef | None = None
    unit_count: int = 0
    replaced_count: int = 0


def merged(fresh: int, sizes: Sequence[tuple[UUID, int, int]]) -> tuple[UUID, ...] | None:
    """The segments that are built anew together with the new units, which are `fresh`; None where
    nothing is to be built.

    A small segment is merged as soon as what joins it is a quarter of it, and one of which a fifth
    was deleted is built anew: so there are few of them, and each unit is built a few times only.
    """
    stale = [one for one, units, gone in sizes if gone > units * _STALE]
    if not fresh and not stale:
        return None
    if fresh >= SEGMENT_UNITS:
        return ()
    chosen, total = list[UUID](), fresh
    for one, units, gone in sorted(sizes, key=lambda size: size[1]):
        left = units - gone
        is_small = units <= total * _GROWTH
        if (is_small or one in stale) and total + left <= SEGMENT_UNITS:
            chosen.append(one)
            total += left
    if not fresh and not chosen:
        return (stale[0],)
    return tuple(chosen)


def decide_import(job: Job, item: WorkItem, outcome: ImportOutcome) -> tuple[Event, ...]:
    """The batch, and behind the second one the end, with the report for people."""
    phase = job.phase_of(item.key)
    if phase is None:
        return ()
    done = PhaseBatchDone(
        phase=phase.name,
        kind=item.kind,
        index=item.index,
        output=outcome.report,
        item_count=outcome.item_count,
        failed_count=outcome.failed_count,
        has_next=item.index == STAGE,
    )
    report = NamedObject(name=IMPORT_REPORT, object=outcome.report)
    return tuple(
        each.model_copy(update={"artifacts": (report,)})
        if isinstance(each, PhaseFinished)
        else each
        for each in batch_done(job, phase, done, outcome.report)
    )


def decide_index(job: Job, item: WorkItem, outcome: IndexOutcome) -> tuple[Event, ...]:
    """The segment that was built, and the end behind the last one."""
    phase = job.phase_of(item.key)
    if phase is None:
        return ()
    done = PhaseBatchDone(
        phase=phase.name,
        kind=item.kind,
        index=item.index,
        output=outcome.output,
        item_count=outcome.item_count,
        has_next=outcome.has_next,
    )
    return batch_done(job, phase, done)
