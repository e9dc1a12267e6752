"""Events of a job's life and of its work: submitted, started, stopped, resumed,
failed, parked, erased.
"""

from __future__ import annotations

from operator import not_
from typing import Annotated, ClassVar, Self
from uuid import UUID

from pydantic import AwareDatetime, Field, model_validator

from dragoman_contracts.events.base import Count, ErrorCode, Event, KeyPhase, PhaseResult
from dragoman_contracts.model import Value
from dragoman_contracts.phases import Pipeline
from dragoman_contracts.references import ArtifactKind, NamedObject, ObjectRef, Sha256
from dragoman_contracts.subject import LocalePair, Scope, SubjectRef
from dragoman_contracts.vocabulary import Service, WorkName


class JobRules(Value):
    """The few settings of a job that its fold and its worker need;
    the rest is in the policy object.
    """

    max_attempts: Annotated[int, Field(ge=1)] = 5
    retention_days: Annotated[int, Field(ge=1)] | None = None
    is_auto_start: bool = True


SOURCE_INPUT, INTAKE_INPUT = "source", "intake_record"
"""The inputs of a job on a document: its bytes,
and the record of who submitted them and how they are called.
"""


class JobSubmitted(Event):
    """A job was opened: on a subject or on none, with these inputs, under a policy that will not
    change.

    `scope` is the part of the subject that it holds while it runs. `inputs` have names that are
    unique among them. `locales` are there where it translates. `request_digest` is the sha256 of
    what was asked; the same idempotency key with another digest is refused. A source that
    `was_encrypted` is kept as what its password opened.
    """

    name: ClassVar[str] = "job.submitted"
    schema_version: ClassVar[int] = 2
    producer: ClassVar[Service | None] = Service.GATEWAY

    subject: SubjectRef | None = None
    scope: Scope = ""
    inputs: tuple[NamedObject, ...] = ()
    locales: LocalePair | None = None
    policy: ObjectRef | None = None
    pipeline: Pipeline
    rules: JobRules
    request_digest: Sha256
    first_kind: WorkName
    first_phase: KeyPhase = ""
    parent_job_id: UUID | None = None
    submission_id: UUID | None = None
    was_encrypted: bool = False

    @model_validator(mode="after")
    def _inputs_have_names_of_their_own(self) -> Self:
        if len({each.name for each in self.inputs}) != len(self.inputs):
            raise ValueError("two inputs have the same name")
        return self


class StartRequested(PhaseResult):
    """A job that was submitted with auto-start off was told to go on."""

    name: ClassVar[str] = "job.start_requested"
    producer: ClassVar[Service | None] = Service.GATEWAY


class JobCompleted(Event):
    """The end of a job that went well, said by the worker whose phase was the last."""

    name: ClassVar[str] = "job.completed"
    producer: ClassVar[Service | None] = None


class CancelRequested(Event):
    """A person asked to stop; workers stop at the next unit and keep what they have."""

    name: ClassVar[str] = "job.cancel_requested"
    producer: ClassVar[Service | None] = Service.GATEWAY


class JobCancelled(Event):
    """No lease of the job lives any more."""

    name: ClassVar[str] = "job.cancelled"
    producer: ClassVar[Service | None] = Service.INTAKE


class ResumeRequested(PhaseResult):
    """A failed or cancelled job goes on from its checkpoint.

    `batch_indexes` are the batches still to do, of the work `next_kind`; of a translation where
    that is None.
    """

    name: ClassVar[str] = "job.resume_requested"
    producer: ClassVar[Service | None] = Service.GATEWAY

    batch_indexes: tuple[Count, ...] = ()


class JobMarkedFailed(Event):
    """A person declared a job failed that moves no more;
    what a worker still brings is recorded and moves nothing.
    """

    name: ClassVar[str] = "job.marked_failed"
    producer: ClassVar[Service | None] = Service.GATEWAY


class CheckpointDiscarded(Event):
    """A person gave up what a failed or cancelled job has done:
    it cannot be resumed any more, only run anew.
    """

    name: ClassVar[str] = "job.checkpoint_discarded"
    producer: ClassVar[Service | None] = Service.GATEWAY


class JobRemoved(Event):
    """A person took a job at rest out of the lists. Its stream stays, and its objects go by
    retention; a job that is resumed comes back.
    """

    name: ClassVar[str] = "job.removed"
    producer: ClassVar[Service | None] = Service.GATEWAY


class WorkFailed(Event):
    """An attempt failed and will be made again, not before `retry_at`."""

    name: ClassVar[str] = "work.failed"
    producer: ClassVar[Service | None] = None

    work_id: UUID
    kind: WorkName
    index: Count
    phase: KeyPhase = ""
    attempt: Annotated[int, Field(ge=1)]
    code: ErrorCode
    retry_at: AwareDatetime


class WorkParked(Event):
    """Work was set aside until a person acts; `reason` is an object with the message and the
    stack's short form, `log` what the program said that the work ran.
    """

    name: ClassVar[str] = "work.parked"
    producer: ClassVar[Service | None] = None

    work_id: UUID
    kind: WorkName
    index: Count
    phase: KeyPhase = ""
    attempt: Annotated[int, Field(ge=1)]
    code: ErrorCode
    reason: ObjectRef | None = None
    log: Annotated[ObjectRef | None, Field(exclude_if=not_)] = None


class WorkRedriven(PhaseResult):
    """A person wants parked work done. Where nothing else holds the job it goes on,
    with what a resume would owe.
    """

    name: ClassVar[str] = "work.redriven"
    producer: ClassVar[Service | None] = Service.GATEWAY

    work_id: UUID
    kind: WorkName
    index: Count
    phase: KeyPhase = ""
    batch_indexes: tuple[Count, ...] = ()


class WorkDiscarded(Event):
    """A person said that parked work will not be done;
    the job stays failed until it is resumed as a whole.
    """

    name: ClassVar[str] = "work.discarded"
    producer: ClassVar[Service | None] = Service.GATEWAY

    work_id: UUID
    kind: WorkName
    index: Count
    phase: KeyPhase = ""


class ArtifactErased(Event):
    """An artifact was deleted, by retention or on request; replay and verify treat it as erased."""

    name: ClassVar[str] = "artifact.erased"
    producer: ClassVar[Service | None] = Service.INTAKE

    kind: ArtifactKind
    digest: Sha256


class ReplayPackaged(Event):
    """The job was packed up to be replayed elsewhere."""

    name: ClassVar[str] = "job.replay_packaged"
    producer: ClassVar[Service | None] = Service.GATEWAY

    artifact: ObjectRef
