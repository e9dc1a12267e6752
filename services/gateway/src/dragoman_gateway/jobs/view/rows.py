"""What the gateway needs from outside, and the views it shows.

Lists and searches read views, which follow the log a moment behind; one job's GET and every decision fold its stream.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from dragoman_catalog.values import SubmissionTerms
from dragoman_contracts.errors import PermanentError
from dragoman_contracts.job import WorkKey
from dragoman_contracts.locale import Locale
from dragoman_contracts.model import Value
from dragoman_contracts.reports import QaFinding
from dragoman_contracts.text import StoryKind
from dragoman_contracts.vocabulary import JobStatus

_Row = TypeVar("_Row")


class InvalidCursorError(PermanentError):
    """The cursor is none that this list gave out; begin without one."""

    default_code = "request.invalid_cursor"


@dataclass(frozen=True, slots=True)
class Page(Generic[_Row]):
    """A piece of a list. `next_cursor` goes on behind its last row; None at the end."""

    rows: tuple[_Row, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class JobFilter:
    """Which jobs a list shows. `project_ids` None means every project, an empty set none.

    `text` is looked for, case folded, in file name, title and external reference. `is_interrupted` None means either,
    `parent_job_id` the job whose reruns are asked for.
    """

    project_ids: frozenset[UUID] | None = None
    statuses: frozenset[JobStatus] = frozenset()
    stage: str | None = None
    text: str = ""
    is_interrupted: bool | None = None
    parent_job_id: UUID | None = None


class JobRow(Value):
    """A job as the list shows it. `version` is that of the stream when the row was written."""

    job_id: UUID
    project_id: UUID
    document_id: UUID
    document_version: int
    version: int
    status: JobStatus
    stage: str
    progress_pct: float
    pipeline_name: str
    engine: str
    source_locale: Locale
    target_locale: Locale
    project_code: str
    file_name: str
    document_title: str
    external_reference: str
    version_label: str
    submitted_by: str
    submitted_by_name: str
    submitted_at: datetime
    updated_at: datetime
    unit_count: int | None
    translated_count: int
    review_count: int
    blocked_count: int
    trouble_code: str | None
    parent_job_id: UUID | None
    finished_phases: tuple[str, ...]
    stopped_at: datetime | None
    is_interrupted: bool


@dataclass(frozen=True, slots=True)
class ParkedFilter:
    """Which parked work a list shows. `project_ids` None means every project, an empty set none; `code` None any."""

    project_ids: frozenset[UUID] | None = None
    code: str | None = None


class ParkedRow(Value):
    """Parked work as the list shows it. `message` is empty where its reason was erased or could not be stored."""

    job_id: UUID
    kind: str
    index: int
    phase: str
    project_code: str
    file_name: str
    code: str
    message: str
    attempts: int
    parked_at: datetime

    @property
    def key(self) -> WorkKey:
        """What of the job it is."""
        return WorkKey(self.kind, self.index, self.phase)


class UnitRow(Value):
    """A unit of a job with its result. `position` is its place in the document, from 0; texts are without tags.

    `verification_state` is a `UnitVerdict`, or `pending` before QA; `result_source` a `ResultSource`, None before
    translation.
    """

    unit_id: str
    position: int
    story: StoryKind
    part: str
    is_translatable: bool
    source_text: str
    target_text: str | None
    result_source: str | None
    verification_state: str
    findings: tuple[QaFinding, ...] = ()


@dataclass(frozen=True, slots=True)
class AuditKey:
    """Where in an audit list a row stands: lists go from the newest to the oldest, by time and then by id."""

    occurred_at: datetime
    entry_id: str


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which audit entries to list. Times are a half-open interval; None leaves a side open.

    `is_by_service` False leaves out what services did by themselves; None means either.
    """

    project_ids: frozenset[UUID] | None = None
    actor: str | None = None
    action: str | None = None
    entity_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    is_by_service: bool | None = None


class AuditRow(Value):
    """One thing somebody did: `action` is the event's name, `entity` the kind of stream or of catalogue entry.

    `entry_id` is unique among all audit entries (the event's id, or the catalogue audit row's) and ends no tie by
    chance. Name and address are empty where they were erased or no person acted.
    """

    entry_id: str
    occurred_at: datetime
    project_id: UUID | None
    actor: str
    actor_name: str = ""
    source_address: str = ""
    action: str
    entity: str
    entity_id: str
    before_digest: str = ""
    after_digest: str = ""

    @property
    def key(self) -> AuditKey:
        """Where in the list this row stands."""
        return AuditKey(self.occurred_at, self.entry_id)


class JobViews(Protocol):
    """The read models, projected from the log. May lag behind it; `position` says how far they have come.

    Every method raises RetryableError while the database cannot be reached.
    """

    async def list_jobs(self, which: JobFilter, *, cursor: str | None = None, limit: int = 50) -> Page[JobRow]:
        """Jobs, the newest submitted first.

        Raises:
            InvalidCursorError: the cursor is none of this list.
        """
        ...

    async def list_parked(self, which: ParkedFilter, *, cursor: str | None = None, limit: int = 50) -> Page[ParkedRow]:
        """Parked work, the newest first.

        Raises:
            InvalidCursorError: the cursor is none of this list.
        """
        ...

    async def count_parked(self, project_ids: frozenset[UUID] | None) -> dict[str, int]:
        """How much work is parked with which code, the most first; `project_ids` as in `ParkedFilter`."""
        ...

    async def units(
        self, job_id: UUID, *, cursor: str | None = None, limit: int = 100, verification_state: str | None = None
    ) -> Page[UnitRow]:
        """A job's units in document order; empty for an unknown job or before extraction.

        Raises:
            InvalidCursorError: the cursor is none of this list.
        """
        ...

    async def count_by_status(self, which: JobFilter) -> dict[JobStatus, int]:
        """How many jobs stand where, whatever statuses the filter asks for; statuses of no job are left out."""
        ...

    async def count_by_verification(self, job_id: UUID) -> dict[str, int]:
        """How many units of a job have which verification state."""
        ...

    async def audit(self, which: AuditFilter, *, before: AuditKey | None = None, limit: int = 100) -> list[AuditRow]:
        """What people did to jobs and documents, the newest first, behind `before` where it is given."""
        ...

    async def position(self) -> int:
        """The place in the log up to which the views are projected."""
        ...


class SubmissionCatalog(Protocol):
    """What a submission needs of the catalogue."""

    async def submission_terms(
        self, project_code: str, domain_pack_code: str, source: Locale, target: Locale
    ) -> SubmissionTerms:
        """What a submission needs to know, read at one moment."""
        ...
