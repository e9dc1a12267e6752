"""The ports of index: the catalogue's memories, and a place for a file that is read more than once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from dragoman_catalog import BatchKind, BuildPlan, Memory, MemoryBatch, SavedSegment
from dragoman_contracts.references import ObjectRef
from dragoman_exchange import Rejection, Repair
from dragoman_memory import Intake, MemoryUnit

Sizes = Sequence[tuple[UUID, int, int]]
Choice = Callable[[int, Sizes], tuple[UUID, ...] | None]


@dataclass(frozen=True, slots=True)
class Piece:
    """Some units of a file, the entries that give none, and both in the order of the file."""

    units: Sequence[MemoryUnit]
    rejections: Sequence[Rejection]
    items: Sequence[MemoryUnit | Rejection]


class UnitReading(Protocol):
    """A file of units that is being read."""

    async def next_piece(self, most: int) -> Piece:
        """The next units and rejections, `most` of both; empty at the end of the file.

        Raises:
            PermanentError: the file cannot be read, or not any further; the message says the cure.
            RetryableError: who reads it was killed.
        """
        ...

    @property
    def repairs(self) -> tuple[Repair, ...]:
        """The faults that reading put right; known at the end of the file."""
        ...


class UnitFiles(Protocol):
    """Opens files of units."""

    def open(
        self, data: AsyncIterator[bytes], intake: Intake
    ) -> AbstractAsyncContextManager[UnitReading]:
        """The units of the file whose bytes come in pieces, for the block."""
        ...


class MemoryList(Protocol):
    """The memories there are."""

    async def find(self, memory_id: UUID) -> Memory | None:
        """The memory; None where there is none."""
        ...


class Batches(Protocol):
    """Units that come in together."""

    async def begin(
        self,
        batch_id: UUID,
        memory: Memory,
        kind: BatchKind,
        now: datetime,
        *,
        job_id: UUID | None = None,
        source: ObjectRef | None = None,
    ) -> MemoryBatch:
        """The batch as it is: begun now, or earlier."""
        ...

    async def stage(
        self, batch: MemoryBatch, units: Sequence[MemoryUnit], entry_count: int
    ) -> None:
        """Keep units; so many entries of the file were read in all."""
        ...

    async def publish(
        self, batch: MemoryBatch, now: datetime, *, is_dry: bool = False
    ) -> MemoryBatch:
        """Let the batch count; a dry run drops it."""
        ...

    async def restart(self, batch: MemoryBatch) -> None:
        """Forget what was staged."""
        ...

    async def drop(self, batch_id: UUID, now: datetime) -> None:
        """Give up a batch."""
        ...

    async def forget(self, memory_id: UUID, now: datetime, age: timedelta) -> int:
        """Give up old imports that came to no end."""
        ...


class Segments(Protocol):
    """Segments that are built."""

    async def find(self, segment_id: UUID) -> SavedSegment | None:
        """The segment; None where there is none."""
        ...

    async def next_build(self, memory_id: UUID, choice: Choice) -> BuildPlan | None:
        """The next segment to be built; None where there is nothing to do."""
        ...

    async def units(
        self, plan: BuildPlan, after: int, limit: int
    ) -> list[tuple[int, UUID, MemoryUnit]]:
        """Units of a build behind the row `after`."""
        ...

    async def publish(
        self, plan: BuildPlan, segment: SavedSegment | None, last_row: int, now: datetime
    ) -> None:
        """Put the segment in the place of those that it replaces."""
        ...


class MemoryShelf(Protocol):
    """The parts of the catalogue that index reads and writes."""

    @property
    def memories(self) -> MemoryList:
        """The memories."""
        ...

    @property
    def memory_batches(self) -> Batches:
        """Their batches."""
        ...

    @property
    def memory_segments(self) -> Segments:
        """Their segments."""
        ...
