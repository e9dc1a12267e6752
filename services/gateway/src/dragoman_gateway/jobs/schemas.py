"""The bodies of jobs, as they go over the wire, and the headers beside them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field, JsonValue

from dragoman_contracts.events import (
    PreflightVerdict,
    QaVerdict,
    RevisionStrategy,
    Savings,
    Usage,
)
from dragoman_contracts.locale import Locale
from dragoman_contracts.references import ArtifactKind
from dragoman_contracts.subject import SubjectRef
from dragoman_contracts.under_way import Doing
from dragoman_contracts.vocabulary import JobStatus
from dragoman_gateway.jobs.rules import JobAction

LOCATION: dict[str, Any] = {"Location": {"description": "The job.", "schema": {"type": "string"}}}
ETAG: dict[str, Any] = {"ETag": {"description": "The job's version.", "schema": {"type": "string"}}}


class JobVerdict(StrEnum):
    """The decision of QA on a job."""

    PASSED = "passed"
    NEEDS_REVIEW = "needs_review"
    BLOCKED = "blocked"


VERDICTS = {
    QaVerdict.REASSEMBLY_PENDING: JobVerdict.PASSED,
    QaVerdict.NEEDS_REVIEW: JobVerdict.NEEDS_REVIEW,
    QaVerdict.BLOCKED: JobVerdict.BLOCKED,
}
"""The verdicts of events, whose word for passing is the status that follows (requirement E), as
the API has them.
"""


class JobLinks(BaseModel):
    """Where a job's parts and actions are."""

    self: str
    events: str
    history: str
    units: str
    artifacts: str
    process: str
    cancel: str
    resume: str
    retry: str
    rerun: str
    mark_failed: str
    checkpoint: str
    reruns: str
    parent: str | None


class JobSummary(BaseModel):
    """A job in a list. It may lag a moment behind the job itself."""

    job_id: UUID
    project_code: str
    subject: SubjectRef | None = Field(
        description="The document, source or object that the job is about."
    )
    document_id: UUID | None = Field(description="The subject, where it is a document.")
    document_version: int | None
    version: int = Field(description="How many events the job has; the ETag of its detail.")
    status: JobStatus
    stage: str
    progress_pct: float
    pipeline: str
    engine: str
    source_language: Locale | None = Field(
        description="None, as the target, of a job that does not translate."
    )
    target_language: Locale | None
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
    parent_job_id: UUID | None = Field(description="The job this one is a rerun of.")
    submission_id: UUID | None = Field(
        description="What the jobs of one upload of several files have in common."
    )
    is_interrupted: bool = Field(
        description="Whether it is failed or cancelled and can be resumed where it stopped."
    )
    finished_phases: list[str]
    stopped_at: datetime | None = Field(description="Since when it is failed or cancelled.")
    links: JobLinks


class JobPage(BaseModel):
    """A page of jobs, the newest submitted first."""

    items: list[JobSummary]
    next_cursor: str | None


class PhaseView(BaseModel):
    """A phase of the job's pipeline and how far it is. `duration_s` counts to its end, or while it
    runs to the last event.
    """

    name: str
    kind: str
    share_pct: float
    state: Literal["pending", "running", "done", "skipped"]
    started_at: datetime | None
    finished_at: datetime | None
    duration_s: float | None


class Counts(BaseModel):
    """Numbers counted from the job's events; None before the phase that finds them."""

    units: int | None = None
    translatable_units: int | None = None
    segments: int | None = None
    words: int | None = None
    planned_units: int | None = None
    translated_units: int | None = None
    batches: int | None = None
    batches_translated: int | None = None
    passed_units: int | None = None
    review_units: int | None = None
    blocked_units: int | None = None
    review_pending_units: int | None = None


class TroubleView(BaseModel):
    """Work that failed: `retry_at` says when it is tried again,
    and is None where it was parked for a person.
    """

    kind: str
    index: int
    phase: str = Field(default="", description="The phase; empty where the kind says which it is.")
    code: str
    attempt: int
    occurred_at: datetime
    retry_at: datetime | None
    is_parked: bool
    reason: str | None


class OwedView(BaseModel):
    """A piece of work the job owes: a person need do nothing, a worker takes it.

    `due_at` says when work that failed is tried again, and is None where it may begin at once.
    `held_until` is when the lease of the worker that performs it ends, unless it is renewed; None
    where nobody holds it.
    """

    kind: str
    index: int
    phase: str = Field(default="", description="The phase; empty where the kind says which it is.")
    due_at: datetime | None
    is_held: bool | None = Field(
        description="Whether a worker performs it now; None in a past state."
    )
    held_until: datetime | None


class WorkUnderWayView(BaseModel):
    """A piece of work that a worker performs now, as the worker says: about once a second, and gone
    with its lease.

    Of work that ends within seconds, or has a worker of an older version, only the first three may
    be known.
    """

    kind: str
    index: int = Field(description="The batch, from 0; 0 for work that is not cut into batches.")
    phase: str = Field(default="", description="The phase; empty where the kind says which it is.")
    attempt: int
    since: datetime | None = Field(description="When this attempt began.")
    doing: Doing
    doing_since: datetime | None
    said_at: datetime | None = Field(description="When the worker said this.")
    done_units: int
    units: int = Field(description="Units of the batch; 0 where nothing is counted.")
    tokens: int = Field(description="Tokens written for this piece of work so far.")
    tokens_per_s: float | None = Field(
        description="How fast the answer is written; None where it was not measured."
    )
    units_per_s: float | None = Field(
        description="The measured pace of this job's units, waits for answers included."
    )
    remaining_s: float | None = Field(
        description="About how long it will last at that pace; None where unknown."
    )
    model: str
    text: str = Field(description="All this in a line for people.")


class ArtifactView(BaseModel):
    """Something a job made that can be downloaded,
    at an address that works without signing in until it expires.
    """

    kind: ArtifactKind
    name: str = Field(
        default="", description="Name of a file that a command wrote, with folders; else empty."
    )
    file_name: str
    media_type: str
    size_bytes: int
    sha256: str
    created_at: datetime
    retention_expires_at: datetime | None
    download_url: str
    download_expires_at: datetime


class IntakeView(BaseModel):
    """The statements made at submission."""

    domain_pack_code: str
    file_name: str
    external_reference: str
    document_title: str
    version_label: str
    family_key: str
    revision_strategy: RevisionStrategy
    submitted_by_note: str
    metadata: dict[str, JsonValue]


class PipelineView(BaseModel):
    """Which pipeline a job follows."""

    name: str
    version: int


class ModelOfJob(BaseModel):
    """The model that a command links to, as it was when the job was submitted."""

    model_id: UUID
    provider: str
    model_name: str
    category: str
    base_url: str


class CommandOfJob(BaseModel):
    """A command that the job runs."""

    phase: str
    command: str = Field(
        description="As a shell would take it, with what was known at submission filled in and without secrets."
    )
    timeout_s: int
    model: ModelOfJob | None


class PreviousView(BaseModel):
    """The earlier job whose translations a job takes over: how many there are, and how many of them
    people wrote or accepted.
    """

    job_id: UUID
    document_version: int | None
    unit_count: int
    person_count: int


class JobDetail(BaseModel):
    """A job as its events tell it, up to `version`.

    Two answers of one version are the same, but for download addresses, which are signed anew, for
    the leases of owed work and what is said of it, which are of the present only, and for what was
    erased in the meantime.
    """

    job_id: UUID
    project_id: UUID
    project_code: str | None
    subject: SubjectRef | None = Field(
        description="The document, source or object that the job is about."
    )
    document_id: UUID | None = Field(description="The subject, where it is a document.")
    document_version: int | None
    version: int
    latest_version: int = Field(description="How many events the job has by now.")
    is_past: bool = Field(
        description="Whether newer events have changed the job since; true only where `at` is given."
    )
    status: JobStatus
    stage: str
    is_resting: bool = Field(description="Whether nothing moves until a person acts.")
    is_waiting_for_start: bool = Field(description="Whether POST …/process lets it go on.")
    is_interrupted: bool = Field(
        description="Whether it is failed or cancelled and can be resumed where it stopped."
    )
    is_marked_failed: bool = Field(description="Whether a person declared it failed.")
    is_checkpoint_discarded: bool = Field(
        description="Whether what it has done was discarded: only a rerun is left."
    )
    stopped_at: datetime | None = Field(description="Since when it is failed or cancelled.")
    finished_phases: list[str]
    progress_pct: float = Field(
        description="The units that work under way has brought so far count as well."
    )
    remaining_s: float | None = Field(
        description="About how long the translation will last at the pace of now; None where it is not known."
    )
    work_under_way: list[WorkUnderWayView] = Field(
        description="What workers perform now; empty in a past state."
    )
    status_views: dict[str, str | None] = Field(
        description="The status in other requirements' words."
    )
    pipeline: PipelineView
    engine: str | None
    model: str | None
    source_language: Locale | None = Field(
        description="None, as the target, of a job that does not translate."
    )
    target_language: Locale | None
    submitted_by: str
    submitted_at: datetime
    updated_at: datetime
    parent_job_id: UUID | None
    superseded_by: UUID | None = Field(
        description="The job that was opened later for the same version, target language and pipeline; None unless "
        "this one waits for people."
    )
    submission_id: UUID | None
    intake: IntakeView | None = Field(description="None where it was erased.")
    preflight_status: PreflightVerdict | None
    preflight_findings: list[str]
    qa_verdict: JobVerdict | None
    file_name: str = Field(description="As in a list; empty where it was erased.")
    document_title: str
    external_reference: str
    version_label: str
    unit_count: int | None
    translated_count: int
    review_count: int
    blocked_count: int
    trouble_code: str | None = Field(description="Why the job does not go on, or has to wait.")
    counts: Counts
    usage: Usage = Field(description="That of the calls which were paid for this job.")
    reused_units: int = Field(
        description="Units whose answer is from calls that were paid for earlier."
    )
    savings: Savings | None = Field(
        default=None,
        description="The units and words by where their translation came from; null where an older version translated.",
    )
    previous_version: PreviousView | None = Field(
        default=None,
        description="The earlier job whose translations were taken over; null for none.",
    )
    phases: list[PhaseView]
    commands: list[CommandOfJob]
    troubles: list[TroubleView]
    owed: list[OwedView]
    artifacts: list[ArtifactView]
    actions: list[JobAction] = Field(
        description="Those of the links that the state allows now; `remove` is DELETE of the job itself."
    )
    links: JobLinks


class EventView(BaseModel):
    """One event of a job. `data` holds ids, counts and references, never text."""

    event_id: UUID
    type: str
    schema_version: int
    version: int
    occurred_at: datetime
    actor: str
    attempt: int
    data: dict[str, JsonValue]


class JobMoment(BaseModel):
    """Where the job stood after an event."""

    status: JobStatus
    stage: str
    progress_pct: float
    translated_units: int
    planned_units: int | None
    owed_count: int


class LiveEvent(BaseModel):
    """An event, and where the job stood after it."""

    event: EventView
    job: JobMoment


class LiveWork(BaseModel):
    """The work that workers perform now, and where the job stands. No event:
    it is told once, and kept nowhere.
    """

    job: JobMoment
    remaining_s: float | None
    work_under_way: list[WorkUnderWayView]


class HistoryPage(BaseModel):
    """A page of a job's history, oldest first;
    `next_after` is the `after` of the next page, None at the end.
    """

    items: list[LiveEvent]
    next_after: int | None


class EventPage(BaseModel):
    """A page of a job's events, oldest first;
    `next_after` is the `after` of the next page, None at the end.
    """

    items: list[EventView]
    next_after: int | None


def job_links(job_id: UUID, parent_job_id: UUID | None = None) -> JobLinks:
    """The addresses of a job, from the server's root."""
    base = f"/api/v1/jobs/{job_id}"
    return JobLinks(
        self=base,
        events=f"{base}/events",
        history=f"{base}/history",
        units=f"{base}/units",
        artifacts=f"{base}/artifacts",
        process=f"{base}/process",
        cancel=f"{base}/cancel",
        resume=f"{base}/resume",
        retry=f"{base}/retry",
        rerun=f"{base}/rerun",
        mark_failed=f"{base}/mark-failed",
        checkpoint=f"{base}/checkpoint",
        reruns=f"/api/v1/jobs?parent={job_id}",
        parent=f"/api/v1/jobs/{parent_job_id}" if parent_job_id else None,
    )
