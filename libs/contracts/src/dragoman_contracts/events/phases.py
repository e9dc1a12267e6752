"""Events of any phase, whatever its step: begun, cut into batches,
a batch done, finished, refused.
"""

from __future__ import annotations

from operator import not_
from typing import Annotated, ClassVar

from pydantic import Field

from dragoman_contracts.events.base import Count, ErrorCode, Event, PhaseResult, Usage
from dragoman_contracts.references import NamedObject, ObjectRef
from dragoman_contracts.vocabulary import PhaseName, Service, WorkName


class PhaseStarted(Event):
    """A worker took the lease of the first work of a phase."""

    name: ClassVar[str] = "phase.started"
    producer: ClassVar[Service | None] = None

    phase: PhaseName
    kind: WorkName


class PhasePlanned(Event):
    """A phase was cut into batches of work of this kind, each of which is now owed."""

    name: ClassVar[str] = "phase.planned"
    producer: ClassVar[Service | None] = None

    phase: PhaseName
    kind: WorkName
    plan: ObjectRef
    batch_count: Count
    item_count: Count


class PhaseBatchDone(Event):
    """The outcome of one batch was stored: a checkpoint. Where it `has_next`, the batch behind it
    is now owed.

    `cursor` is an object that says where the next batch begins. `calls` are the recorded model
    calls, in order.
    """

    name: ClassVar[str] = "phase.batch_done"
    producer: ClassVar[Service | None] = None

    phase: PhaseName
    kind: WorkName
    index: Count
    output: ObjectRef
    item_count: Count
    failed_count: Count = 0
    cursor: ObjectRef | None = None
    has_next: bool = False
    calls: tuple[ObjectRef, ...] = ()
    usage: Usage = Usage()


class PhaseFinished(PhaseResult):
    """A phase whose result has no event of its own came to its end.

    `artifacts` are files for people, `log` is what the program that made them said.
    `item_count` is how many items a whole phase counted, as words or pages; batches bring theirs
    themselves.
    """

    name: ClassVar[str] = "phase.finished"
    producer: ClassVar[Service | None] = None

    phase: PhaseName
    output: ObjectRef | None = None
    artifacts: tuple[NamedObject, ...] = ()
    item_count: Annotated[Count, Field(exclude_if=not_)] = 0
    log: Annotated[ObjectRef | None, Field(exclude_if=not_)] = None


class PhaseRefused(Event):
    """A phase found that the job cannot be done as it is; `report` names the cure.
    Only a rerun can follow.
    """

    name: ClassVar[str] = "phase.refused"
    producer: ClassVar[Service | None] = None

    phase: PhaseName
    report: ObjectRef
    codes: tuple[ErrorCode, ...]
