"""Memories, their imports and segments, and filters of their units, as values."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from dragoman_catalog.model_values import INSTALLATION_PROJECT_ID
from dragoman_catalog.values import DisplayName, Version
from dragoman_contracts.locale import Locale
from dragoman_contracts.model import Value
from dragoman_contracts.references import ObjectRef
from dragoman_memory import MemoryState, MemoryUnit


class Memory(Value):
    """A translation memory. `project_id` is its home: the project it belongs to, whose objects its
    segments are, or the installation's.

    `seq` grows with each change of its units, `segments_seq` with each change of its segments.
    """

    memory_id: UUID
    project_id: UUID
    name: DisplayName
    description: Annotated[str, Field(max_length=2000, pattern=r"^[^\x00]*$")] = ""
    version: Version
    created_at: AwareDatetime
    created_by: str
    seq: int = 0
    segments_seq: int = 0
    index_job_id: UUID | None = None

    @property
    def is_shared(self) -> bool:
        """Whether it belongs to the installation, and every project may read it."""
        return self.project_id == INSTALLATION_PROJECT_ID


class BatchKind(StrEnum):
    """Where a batch of units came from."""

    IMPORT = "import"
    REVIEW = "review"


class MemoryBatch(Value):
    """Units that came in together and count together: all of them, or none.

    `entry_count` entries of the file were read so far. The counts of new, changed and unchanged
    units are known once it was published or dropped.
    """

    batch_id: UUID
    memory_id: UUID
    project_id: UUID
    kind: BatchKind
    job_id: UUID | None = None
    source: ObjectRef | None = None
    begun_at: AwareDatetime
    entry_count: int = 0
    unit_count: int = 0
    new_count: int = 0
    changed_count: int = 0
    unchanged_count: int = 0
    published_at: AwareDatetime | None = None
    published_seq: int | None = None
    dropped_at: AwareDatetime | None = None


class SavedSegment(Value):
    """A segment of a memory: the objects of its index and of its units."""

    segment_id: UUID
    memory_id: UUID
    project_id: UUID
    source_locale: Locale
    target_locale: Locale
    index_object: ObjectRef
    units_object: ObjectRef
    unit_count: int
    built_at: AwareDatetime


class PinnedSegments(Value):
    """The segments of a memory for a pair of languages, at one moment, and the entries in them that
    were deleted since they were built.
    """

    segments: tuple[SavedSegment, ...]
    deleted: tuple[UUID, ...]


class SavedUnit(Value):
    """A unit as the catalogue holds it. `row_id` is its place in lists."""

    row_id: int
    memory_id: UUID
    unit: MemoryUnit
    is_candidate: bool
    is_indexed: bool


class UnitsQuery(Value):
    """Which units of a memory are asked for. `text` is looked for in source or target, `source` and
    `target` in theirs; case does not count. `older_than` is by the last change.

    `is_conflict`: others have the same source and another target; `is_duplicate`: others have the
    same source and the same target.
    """

    source_locale: Locale | None = None
    target_locale: Locale | None = None
    text: str = ""
    source: str = ""
    target: str = ""
    state: MemoryState | None = None
    origin: str = ""
    older_than: datetime | None = None
    is_candidate: bool | None = None
    is_conflict: bool = False
    is_duplicate: bool = False


class PairCount(Value):
    """How many units a memory has in a pair of locales, and how many of these are in segments."""

    source_locale: Locale
    target_locale: Locale
    unit_count: int
    indexed_count: int


class BuildPlan(Value):
    """A segment to be built: of the new units of a pair, and of those in segments that it replaces.

    `seq` and `segments_seq` are the memory's when this was found out.
    """

    memory: Memory
    source_locale: Locale
    target_locale: Locale
    replaced: tuple[UUID, ...] = ()
    fresh_count: int = 0
    seq: int
    segments_seq: int
