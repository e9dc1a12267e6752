"""A job's state and its parts: what the fold in `job` makes of a stream."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from dragoman_contracts import events as e
from dragoman_contracts.locale import Locale
from dragoman_contracts.phases import Phase, Pipeline
from dragoman_contracts.references import Artifact, ObjectRef
from dragoman_contracts.vocabulary import RESUMABLE, JobStatus, PhaseKind, WorkKind

_STOPPED = frozenset({JobStatus.CANCELLING, JobStatus.CANCELLED, JobStatus.FAILED})

WorkKey = tuple[WorkKind, int]
"""A piece of a job's work: its kind, and the batch index (0 where there are no batches)."""


@dataclass(frozen=True, slots=True)
class PhaseRun:
    """When a phase began and ended. Both None: not yet; `finished_at` alone: the phase was not needed."""

    started_at: datetime | None = None
    finished_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Trouble:
    """A failed attempt (`retry_at` says when the next is due) or parked work (`retry_at` is None)."""

    code: str
    attempt: int
    occurred_at: datetime
    retry_at: datetime | None = None
    reason: ObjectRef | None = None


@dataclass(frozen=True, slots=True)
class Extraction:
    """What extraction found."""

    units: ObjectRef
    unit_count: int
    translatable_count: int
    segment_count: int
    word_count: int


@dataclass(frozen=True)
class Plan:
    """The translation plan and, by batch index, the targets that are there (None: not yet)."""

    plan: ObjectRef
    unit_count: int
    batches: tuple[ObjectRef | None, ...]
    pending_count: int
    translated_count: int = 0
    usage: e.Usage = field(default_factory=e.Usage)

    @property
    def pending(self) -> tuple[int, ...]:
        """Indexes of the batches that have no targets yet."""
        return tuple(index for index, targets in enumerate(self.batches) if targets is None)

    @property
    def is_complete(self) -> bool:
        """Whether every batch has its targets."""
        return self.pending_count == 0


@dataclass(frozen=True, slots=True)
class Verification:
    """QA's word on the job."""

    verdict: e.QaVerdict
    results: ObjectRef
    passed_count: int
    review_count: int
    blocked_count: int


@dataclass(frozen=True)
class Job:
    """A job's state after `version` events. `head_at` is when the last of them occurred.

    A failed job is held by its `parked` work, by work a person `discarded`, or by a person who marked it failed.
    `stopped_at` is since when it is failed or cancelled.
    """

    job_id: UUID
    project_id: UUID
    version: int
    status: JobStatus
    stage: str
    submitted: e.JobSubmitted
    submitted_at: datetime
    submitted_by: str
    correlation_id: UUID
    traceparent: str | None
    head_at: datetime
    runs: Mapping[str, PhaseRun]
    is_started: bool
    preflight_verdict: e.PreflightVerdict | None = None
    finding_codes: tuple[str, ...] = ()
    extraction: Extraction | None = None
    plan: Plan | None = None
    verification: Verification | None = None
    is_review_owed: bool = False
    review_pending_count: int = 0
    reviewed_targets: tuple[ObjectRef, ...] = ()
    final_docx: ObjectRef | None = None
    artifacts: tuple[Artifact, ...] = ()
    failures: Mapping[WorkKey, Trouble] = field(default_factory=dict[WorkKey, Trouble])
    parked: Mapping[WorkKey, Trouble] = field(default_factory=dict[WorkKey, Trouble])
    discarded: frozenset[WorkKey] = frozenset()
    is_marked_failed: bool = False
    is_checkpoint_discarded: bool = False
    stopped_at: datetime | None = None

    @property
    def pipeline(self) -> Pipeline:
        """The snapshot of the pipeline the job follows."""
        return self.submitted.pipeline

    @property
    def source_locale(self) -> Locale:
        """The locale of the source."""
        return self.submitted.source_locale

    @property
    def target_locale(self) -> Locale:
        """The locale the job translates into."""
        return self.submitted.target_locale

    def phase_of_kind(self, kind: PhaseKind) -> Phase | None:
        """The first phase of this kind, where the pipeline has one."""
        return next((phase for phase in self.pipeline.phases if phase.kind is kind), None)

    def is_finished(self, phase: Phase) -> bool:
        """Whether the phase ended, or was found not to be needed."""
        return self.runs[phase.name].finished_at is not None

    @property
    def is_stopped(self) -> bool:
        """Whether a late outcome is recorded but moves the job no further, until a person resumes it (DESIGN §3)."""
        return self.status in _STOPPED

    @property
    def checkpoint_phases(self) -> tuple[str, ...]:
        """Names of the finished phases, which a resume skips."""
        return tuple(phase.name for phase in self.pipeline.phases if self.is_finished(phase))

    @property
    def is_interrupted(self) -> bool:
        """Whether the job is failed or cancelled, and has a checkpoint from which it can be resumed."""
        return self.status in RESUMABLE and not self.is_checkpoint_discarded and bool(self.checkpoint_phases)

    def goes_on_without(self, key: WorkKey) -> bool:
        """Whether this parked work is all that keeps the job from going on."""
        is_held = bool(self.parked.keys() - {key}) or bool(self.discarded) or self.is_marked_failed
        return self.status is JobStatus.FAILED and key in self.parked and not is_held
