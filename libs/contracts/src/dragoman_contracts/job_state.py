"""A job's state and its parts: what the fold in `job` makes of a stream."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import FrozenInstanceError, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeVar
from uuid import UUID

from dragoman_contracts import events as e
from dragoman_contracts.batches import Batches
from dragoman_contracts.errors import PermanentError
from dragoman_contracts.identity import work_id
from dragoman_contracts.phases import Phase, Pipeline
from dragoman_contracts.references import Artifact, ObjectRef
from dragoman_contracts.review import Save
from dragoman_contracts.steps import step_of_work
from dragoman_contracts.subject import LocalePair
from dragoman_contracts.vocabulary import RESUMABLE, JobStatus, PhaseKind, WorkKind

_T = TypeVar("_T")
_STOPPED = frozenset({JobStatus.CANCELLING, JobStatus.CANCELLED, JobStatus.FAILED})


class JobLacksError(PermanentError):
    """A step needs an input, languages or a policy that its job was opened without."""

    default_code = "job.incomplete"


@dataclass(frozen=True, slots=True, order=True)
class WorkKey:
    """A piece of a job's work: its kind, the batch index (0 where there are no batches), and, where
    the kind does not say which phase it is, the phase's name.
    """

    kind: str
    index: int = 0
    phase: str = ""

    def work_id(self, job_id: UUID) -> UUID:
        """The id of this piece of work in a job."""
        return work_id(job_id, self.kind, self.index, self.phase)


@dataclass(frozen=True, slots=True)
class PhaseRun:
    """How far a phase has come. Without any time: not yet begun; `finished_at` alone: the phase was
    not needed.

    `plan` and `batches` are there once the phase was cut into batches: by a plan where it is
    spread, one by one where it is a chain. Items are what the phase counts: units, articles, tasks.
    `output` is the result of a phase that has no event of its own. `reused_count` items have their
    answer from calls that were paid for earlier. `savings` of a translation are None where its plan
    counts none.
    """

    started_at: datetime | None = None
    finished_at: datetime | None = None
    plan: ObjectRef | None = None
    batches: Batches = field(default_factory=Batches)
    item_count: int = 0
    done_count: int = 0
    failed_count: int = 0
    reused_count: int = 0
    savings: e.Savings | None = None
    usage: e.Usage = field(default_factory=e.Usage)
    cursor: ObjectRef | None = None
    output: ObjectRef | None = None

    @property
    def is_complete(self) -> bool:
        """Whether every batch is done."""
        return self.batches.pending_count == 0

    @property
    def is_cut(self) -> bool:
        """Whether the phase was cut into batches, be it none."""
        return self.plan is not None or self.batches.count > 0


@dataclass(frozen=True, slots=True)
class Trouble:
    """A failed attempt (`retry_at` says when the next is due) or parked work
    (`retry_at` is None).
    """

    code: str
    attempt: int
    occurred_at: datetime
    retry_at: datetime | None = None
    reason: ObjectRef | None = None


@dataclass(frozen=True, slots=True)
class Extraction:
    """The result of extraction: the list of units as an object, and their number."""

    units: ObjectRef
    unit_count: int
    translatable_count: int
    segment_count: int
    word_count: int


@dataclass(frozen=True, slots=True)
class Verification:
    """QA's word on the job."""

    verdict: e.QaVerdict
    results: ObjectRef
    passed_count: int
    review_count: int
    blocked_count: int


class ReviewStatus(StrEnum):
    """How far a review session is, requirement E's word."""

    OPENED = "opened"
    EXPORTED = "exported"
    IMPORTED = "imported"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Retranslation:
    """A person's wish to have units translated again, and whether it was met."""

    request: ObjectRef
    actor: str
    actor_record: str | None
    is_done: bool = False


@dataclass(frozen=True, slots=True)
class Review:
    """A review session: people at work on the units. `state` is what they made of them up to some
    save, `saves` are those behind it; `saved_count` counts all. `retranslations` are all that were
    asked for, in their order. For `reviewed_count` units somebody stands, and of these
    `approved_count` are approved; None where saves of an older version did not say.
    """

    session_id: UUID
    opened_at: datetime
    status: ReviewStatus = ReviewStatus.OPENED
    state: ObjectRef | None = None
    saves: tuple[Save, ...] = ()
    saved_count: int = 0
    due_at: datetime | None = None
    reviewer_ids: tuple[UUID, ...] = ()
    retranslations: tuple[Retranslation, ...] = ()
    reviewed_count: int | None = 0
    approved_count: int | None = 0


@dataclass
class JobState:
    """A job's state while its events are folded: the handlers in `job_changes` set its fields.
    Others see a `Job`.

    Mappings and tuples in it are shared with the states before: a handler puts another in their
    place. A failed job is held by its `parked` work, by work a person `discarded`, or by a person
    who marked it failed. `stopped_at` is since when it is failed or cancelled, `head_at` when the
    last event occurred.
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
    verification: Verification | None = None
    is_review_owed: bool = False
    review_pending_count: int = 0
    reviewed_targets: tuple[ObjectRef, ...] = ()
    review: Review | None = None
    final_docx: ObjectRef | None = None
    artifacts: tuple[Artifact, ...] = ()
    failures: Mapping[WorkKey, Trouble] = field(default_factory=dict[WorkKey, Trouble])
    parked: Mapping[WorkKey, Trouble] = field(default_factory=dict[WorkKey, Trouble])
    discarded: frozenset[WorkKey] = frozenset()
    is_marked_failed: bool = False
    is_checkpoint_discarded: bool = False
    is_removed: bool = False
    stopped_at: datetime | None = None

    @property
    def pipeline(self) -> Pipeline:
        """The snapshot of the pipeline the job follows."""
        return self.submitted.pipeline

    def input(self, name: str) -> ObjectRef | None:
        """The input of this name; None where the job was opened without it."""
        return next((each.object for each in self.submitted.inputs if each.name == name), None)

    def needed_input(self, name: str) -> ObjectRef:
        """The input of this name, for a step that cannot do without.

        Raises:
            JobLacksError: the job was opened without it.
        """
        return self._present(self.input(name), f"input {name!r}")

    @property
    def source(self) -> ObjectRef:
        """The document the job was opened on.

        Raises:
            JobLacksError: the job has none.
        """
        return self.needed_input(e.SOURCE_INPUT)

    @property
    def policy(self) -> ObjectRef:
        """The policy: everything the job's results depend on besides its inputs.

        Raises:
            JobLacksError: the job has none.
        """
        return self._present(self.submitted.policy, "policy")

    @property
    def locales(self) -> LocalePair:
        """The languages the job translates between.

        Raises:
            JobLacksError: the job has none.
        """
        return self._present(self.submitted.locales, "languages")

    def needed(self, value: _T | None, name: str) -> _T:
        """The value of the job, which a phase needs: `job.needed(job.extraction, "units")`.

        Raises:
            JobLacksError: there is none; its pipeline lacks the phase that makes it.
        """
        cure = "add a phase before it that gives it to the pipeline, and submit it again"
        return self._present(value, name, cure)

    def _present(self, value: _T | None, name: str, cure: str = "submit it with one") -> _T:
        if value is None:
            raise JobLacksError(
                f"Job {self.job_id} has no {name}, which its pipeline {self.pipeline.name} needs; {cure}."
            )
        return value

    @property
    def plan(self) -> PhaseRun | None:
        """The translation once it is planned:
        its batches are those of the translation plan, its items units.
        """
        phase = self.phase_of_kind(PhaseKind.TRANSLATION)
        run = None if phase is None else self.runs[phase.name]
        return run if run is not None and run.plan is not None else None

    @property
    def translation_plan(self) -> ObjectRef | None:
        """The translation plan, once there is one."""
        return None if self.plan is None else self.plan.plan

    def phase_of_kind(self, kind: str) -> Phase | None:
        """The first phase of this kind, where the pipeline has one."""
        return next((phase for phase in self.pipeline.phases if phase.kind == kind), None)

    @property
    def makes_document(self) -> bool:
        """Whether people or a reassembly follow quality checks: a trial of an engine ends with
        these.
        """
        return any(
            self.phase_of_kind(kind) is not None
            for kind in (PhaseKind.REVIEW, PhaseKind.REASSEMBLY)
        )

    def phase_named(self, name: str) -> Phase | None:
        """The phase of this name."""
        return next((phase for phase in self.pipeline.phases if phase.name == name), None)

    def phase_of(self, key: WorkKey) -> Phase | None:
        """The phase that a piece of work belongs to; None for a cancellation,
        and for work of another pipeline.
        """
        if key.phase:
            return self.phase_named(key.phase)
        step = step_of_work(key.kind)
        return None if step is None else self.phase_of_kind(step.kind)

    def is_finished(self, phase: Phase) -> bool:
        """Whether the phase ended, or was found not to be needed."""
        return self.runs[phase.name].finished_at is not None

    @property
    def retranslations_owed(self) -> tuple[WorkKey, ...]:
        """The retranslations that people wait for: the review is open, and they are neither done
        nor parked.
        """
        if self.review is None or not self.is_review_owed or self.status in _STOPPED:
            return ()
        keys = (
            WorkKey(WorkKind.RETRANSLATION, index)
            for index, each in enumerate(self.review.retranslations)
            if not each.is_done
        )
        return tuple(key for key in keys if key not in self.parked and key not in self.discarded)

    @property
    def is_stopped(self) -> bool:
        """Whether a late outcome is recorded but moves the job no further,
        until a person resumes it (DESIGN §3).
        """
        return self.status in _STOPPED

    @property
    def checkpoint_phases(self) -> tuple[str, ...]:
        """Names of the finished phases, which a resume skips."""
        return tuple(phase.name for phase in self.pipeline.phases if self.is_finished(phase))

    @property
    def is_interrupted(self) -> bool:
        """Whether the job is failed or cancelled,
        and has a checkpoint from which it can be resumed.
        """
        return (
            self.status in RESUMABLE
            and not self.is_checkpoint_discarded
            and bool(self.checkpoint_phases)
        )

    def is_set_aside(self, key: WorkKey) -> bool:
        """Whether this work waits for a person, or will not be done."""
        return key in self.parked or key in self.discarded

    def has_work_beside(self, key: WorkKey) -> bool:
        """Whether other batches of this batch's phase can be done though it is set aside."""
        phase = self.phase_of(key)
        step = phase.step if phase is not None else None
        if phase is None or step is None or not step.parks_alone or key.kind != step.batch_work:
            return False
        pending = self.runs[phase.name].batches.pending
        return not all(self.is_set_aside(WorkKey(key.kind, index, key.phase)) for index in pending)

    def goes_on_without(self, key: WorkKey) -> bool:
        """Whether this parked work is all that keeps the job from going on."""
        holding = {each for each in self.parked if each.kind != WorkKind.RETRANSLATION} - {key}
        discarded = any(each.kind != WorkKind.RETRANSLATION for each in self.discarded)
        is_held = bool(holding) or discarded or self.is_marked_failed
        return self.status is JobStatus.FAILED and key in self.parked and not is_held


class Job(JobState):
    """A job's state after `version` events. Nothing changes it: the fold makes another."""

    def __setattr__(self, name: str, value: object) -> None:
        raise FrozenInstanceError(f"A job's {name} changes by events alone.")


def current_phase(job: JobState) -> Phase | None:
    """The first phase that is not finished; None when the pipeline is at its end."""
    return next((phase for phase in job.pipeline.phases if not job.is_finished(phase)), None)
