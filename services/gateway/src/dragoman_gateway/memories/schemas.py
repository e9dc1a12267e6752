"""The bodies of memories, their units and candidates, as they go over the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from dragoman_catalog.memory_values import BatchKind, MemoryBatch, PairCount, SavedUnit, UnitsQuery
from dragoman_catalog.values import DisplayName
from dragoman_contracts.locale import Locale
from dragoman_contracts.resources import UnitMatch
from dragoman_gateway.memories.rules import written
from dragoman_gateway.web.fields import NUL_FREE, UtcTime
from dragoman_linguistics import render, render_by
from dragoman_memory import MemoryState, MemoryUnit, SegmentType

_Text = Annotated[str, Field(max_length=2000, pattern=NUL_FREE)]
_Short = Annotated[str, Field(max_length=200, pattern=NUL_FREE)]
_Closed = ConfigDict(extra="forbid")


class NewMemory(BaseModel):
    """A memory to enter."""

    model_config = _Closed

    name: DisplayName
    project_code: str = Field(
        "", max_length=60, description="Empty: the memory is the installation's, read by all."
    )
    description: _Text = ""


class MemoryChange(BaseModel):
    """The fields that change; those that are left out stay."""

    model_config = _Closed

    name: DisplayName | None = None
    description: _Text | None = None


class PairView(BaseModel):
    """The units of a memory in one pair of locales."""

    source_language: str
    target_language: str
    unit_count: int
    indexed_count: int = Field(description="Of these, how many the search knows of.")


class MemoryView(BaseModel):
    """A translation memory."""

    memory_id: UUID
    name: str
    project_code: str = Field(description="Empty where it is the installation's.")
    description: str
    unit_count: int
    indexed_count: int
    pairs: list[PairView]
    index_job_id: UUID | None = Field(description="The last job that was to build its segments.")
    created_at: datetime
    created_by: str
    version: int


class MemoryList(BaseModel):
    """Memories by name."""

    items: list[MemoryView]


class ImportOrder(BaseModel):
    """How a file is taken in."""

    model_config = _Closed

    source_language: Locale = Field(description="BCP-47 tag.", examples=["en"])
    target_language: Locale = Field(description="BCP-47 tag.", examples=["de"])
    state: MemoryState = Field(
        MemoryState.REVIEWED, description="How far its units are trusted; `approved` is for admins."
    )
    keep_states: bool = Field(
        False, description="Take the states that an export of Dragoman has; for admins."
    )
    segment_type: SegmentType = Field(
        SegmentType.SENTENCE, description="Of units that do not say theirs."
    )
    origin: _Short = Field(
        "",
        description="Where its units come from, where they do not say so; empty: the file's name.",
    )
    domain: Annotated[str, Field(max_length=60, pattern=NUL_FREE)] = ""


class ImportView(BaseModel):
    """Units that came into a memory together, by an import or a review."""

    import_id: UUID
    kind: BatchKind
    job_id: UUID | None
    begun_at: datetime
    published_at: datetime | None = Field(description="When its units began to count.")
    dropped_at: datetime | None = Field(description="When it was given up, or its dry run ended.")
    read_count: int
    unit_count: int
    new_count: int
    changed_count: int
    unchanged_count: int


class ImportList(BaseModel):
    """Imports, the newest first."""

    items: list[ImportView]


class MatchView(BaseModel):
    """A unit that matches the text."""

    score: int = Field(description="50 to 102.")
    kind: str
    source: str
    target: str
    origin: str
    state: MemoryState
    unit_id: UUID
    memory_id: UUID
    is_ambiguous: bool


class UnitView(BaseModel):
    """A unit of a memory. Tags are written as `<1>…</1>`."""

    unit_id: UUID
    memory_id: UUID
    source_language: str
    target_language: str
    source: str
    target: str
    state: MemoryState
    is_candidate: bool
    is_indexed: bool
    segment_type: SegmentType
    origin: str
    project: str
    domain: str
    document: str
    created_at: datetime | None
    created_by: str
    changed_at: datetime | None
    changed_by: str
    notes: list[str]
    properties: list[tuple[str, str]]


class UnitPage(BaseModel):
    """Units in the order they came in."""

    items: list[UnitView]
    next_cursor: str | None


class UnitFilter(BaseModel):
    """Which units are asked for; what is left out lets all through."""

    model_config = _Closed

    text: _Short = Field("", description="Looked for in source and target, without case.")
    source: _Short = Field("", description="Looked for in the source.")
    target: _Short = Field("", description="Looked for in the target.")
    source_language: Locale | None = None
    target_language: Locale | None = None
    state: MemoryState | None = None
    origin: _Short = ""
    older_than: UtcTime | None = Field(None, description="Last changed before this time.")
    is_candidate: bool | None = None
    conflicts: bool = Field(False, description="Others have the same source, and another target.")
    duplicates: bool = Field(False, description="Others have the same source and target.")

    def query(self) -> UnitsQuery:
        """The filter as the catalogue takes it."""
        return UnitsQuery(
            text=self.text,
            source=self.source,
            target=self.target,
            source_locale=self.source_language,
            target_locale=self.target_language,
            state=self.state,
            origin=self.origin,
            older_than=self.older_than,
            is_candidate=self.is_candidate,
            is_conflict=self.conflicts,
            is_duplicate=self.duplicates,
        )


class UnitChange(BaseModel):
    """The fields that change; those that are left out stay."""

    model_config = _Closed

    target: Annotated[str, Field(max_length=20_000, pattern=NUL_FREE)] | None = None
    state: MemoryState | None = None
    domain: Annotated[str, Field(max_length=60, pattern=NUL_FREE)] | None = None
    notes: Annotated[list[_Text], Field(max_length=20)] | None = None


class BulkEdit(BaseModel):
    """The same for many units: those of `unit_ids`, or else those that `which` lets through, up to
    10,000.
    """

    model_config = _Closed

    unit_ids: Annotated[list[UUID], Field(max_length=10_000)] | None = None
    which: UnitFilter = Field(default_factory=lambda: UnitFilter.model_validate({}))
    state: MemoryState | None = None
    domain: Annotated[str, Field(max_length=60, pattern=NUL_FREE)] | None = None
    delete: bool = False

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        changes = self.state is not None or self.domain is not None
        if self.delete == changes:
            raise ValueError("say a state or a domain, or else `delete`")
        return self


class ReplaceOrder(BaseModel):
    """A text to be replaced in targets; with `preview` nothing is changed."""

    model_config = _Closed

    find: Annotated[str, Field(min_length=1, max_length=200, pattern=NUL_FREE)]
    replace: _Short = ""
    match_case: bool = False
    whole_words: bool = False
    which: UnitFilter = Field(default_factory=lambda: UnitFilter.model_validate({}))
    unit_ids: Annotated[list[UUID], Field(max_length=10_000)] | None = None
    preview: bool = True


class ReplacementView(BaseModel):
    """A unit's target before and after."""

    unit_id: UUID
    source: str
    before: str
    after: str


class ReplaceAnswer(BaseModel):
    """How many units change, or changed; a preview shows the first 200."""

    unit_count: int
    is_preview: bool
    items: list[ReplacementView] = []


class BulkAnswer(BaseModel):
    """How many units were changed or deleted."""

    unit_count: int


def pair_view(count: PairCount) -> PairView:
    """The pair as it goes out."""
    return PairView(
        source_language=str(count.source_locale),
        target_language=str(count.target_locale),
        unit_count=count.unit_count,
        indexed_count=count.indexed_count,
    )


def import_view(batch: MemoryBatch) -> ImportView:
    """The import as it goes out."""
    return ImportView(
        import_id=batch.batch_id,
        kind=batch.kind,
        job_id=batch.job_id,
        begun_at=batch.begun_at,
        published_at=batch.published_at,
        dropped_at=batch.dropped_at,
        read_count=batch.entry_count,
        unit_count=batch.unit_count,
        new_count=batch.new_count,
        changed_count=batch.changed_count,
        unchanged_count=batch.unchanged_count,
    )


def match_view(match: UnitMatch) -> MatchView:
    """The match as it goes out."""
    key = render(match.source)
    return MatchView(
        score=match.score,
        kind=match.kind,
        source=key.text,
        target=render_by(match.target, key),
        origin=match.origin,
        state=MemoryState(match.state),
        unit_id=match.memory_unit_id,
        memory_id=match.memory_id,
        is_ambiguous=match.is_ambiguous,
    )


def unit_view(saved: SavedUnit) -> UnitView:
    """The unit as it goes out."""
    unit: MemoryUnit = saved.unit
    source, target = written(unit)
    return UnitView(
        unit_id=unit.unit_id,
        memory_id=saved.memory_id,
        source_language=str(unit.source_locale),
        target_language=str(unit.target_locale),
        source=source,
        target=target,
        state=unit.state,
        is_candidate=saved.is_candidate,
        is_indexed=saved.is_indexed,
        segment_type=unit.segment_type,
        origin=unit.origin,
        project=unit.project,
        domain=unit.domain,
        document=unit.document,
        created_at=unit.created_at,
        created_by=unit.created_by,
        changed_at=unit.changed_at,
        changed_by=unit.changed_by,
        notes=list(unit.notes),
        properties=list(unit.properties),
    )
