"""An object as its stream and its jobs tell of it: its fields, its phase, its status. Pure.

    object.created {a: 1}   subject.job_opened J   object.edited {a: 3}   job J: script changed {a: 2, b: 9}
    fields: {a: 3, b: 9}

The values of a job's scripts stand where the job was opened first: a person's later edit goes
before a result that comes late (ADR 0029).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pydantic import JsonValue

from dragoman_contracts.classes import ClassDeclaration
from dragoman_contracts.envelope import RecordedEvent
from dragoman_contracts.events import ObjectCreated, ObjectEdited, ObjectRemoved, SubjectJobOpened
from dragoman_contracts.job import Job, current_phase
from dragoman_contracts.references import ObjectRef
from dragoman_contracts.vocabulary import LIVE, JobStatus
from dragoman_gateway.jobs.rules import is_running
from dragoman_gateway.web.errors import RunningJobError


class ObjectStatus(StrEnum):
    """How far an object is: NEW where no pipeline ran, READY and ERROR as requirement C says."""

    NEW = "NEW"
    RUNNING = "RUNNING"
    READY = "READY"
    ERROR = "ERROR"


@dataclass(frozen=True, slots=True)
class Entry:
    """A place in an object's history: values that a person set, or a job with what its scripts did."""

    record: ObjectRef | None = None
    job_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class ObjectHistory:
    """An object as its stream tells of it; `record` is that of its creation.

    `entries` are its values and jobs, in order. `edited_since` says whether a person set a field
    after the last job was opened.
    """

    object_id: UUID
    project_id: UUID
    version: int
    record: ObjectRef
    created_at: datetime
    changed_at: datetime
    created_by: str
    entries: tuple[Entry, ...] = ()
    job_id: UUID | None = None
    edited_since: bool = False
    is_removed: bool = False

    @property
    def job_ids(self) -> tuple[UUID, ...]:
        """The jobs opened on it, the oldest first."""
        return tuple(each.job_id for each in self.entries if each.job_id is not None)


def fold(recorded: Iterable[RecordedEvent]) -> ObjectHistory | None:
    """The object after these events; None where it was not created."""
    history: ObjectHistory | None = None
    for each in recorded:
        history = evolve(history, each)
    return history


def evolve(history: ObjectHistory | None, recorded: RecordedEvent) -> ObjectHistory | None:
    """The object after one more event of its stream."""
    event = recorded.data
    if history is None:
        if not isinstance(event, ObjectCreated):
            return None
        return ObjectHistory(
            object_id=recorded.stream_id,
            project_id=recorded.project_id,
            version=recorded.version,
            record=event.record,
            created_at=recorded.occurred_at,
            changed_at=recorded.occurred_at,
            created_by=recorded.origin.actor,
        )
    history = replace(history, version=recorded.version, changed_at=recorded.occurred_at)
    match event:
        case ObjectEdited(record=record):
            entries = (*history.entries, Entry(record=record))
            return replace(history, entries=entries, edited_since=True)
        case SubjectJobOpened(job_id=job_id):
            known = job_id in history.job_ids
            entries = history.entries if known else (*history.entries, Entry(job_id=job_id))
            since = history.edited_since if known else False
            return replace(history, entries=entries, job_id=job_id, edited_since=since)
        case ObjectRemoved():
            return replace(history, is_removed=True)
        case _:
            return history


def shown_fields(
    declaration: ClassDeclaration, values: Mapping[str, JsonValue], phase: str
) -> dict[str, JsonValue]:
    """The declared fields in their order, the phase's name in its field. Empty ones are None; what
    a script wrote into a field that the class does not declare is left out.
    """
    named = {declaration.phase_field: phase or None} if declaration.phase_field else {}
    return {name: values.get(name) for name in declaration.fields} | named


def script_outputs(job: Job) -> tuple[ObjectRef, ...]:
    """The results of the scripts that the job finished, in order."""
    return tuple(
        output
        for phase in job.pipeline.phases
        if phase.kind == "script" and (output := job.runs[phase.name].output) is not None
    )


def phase_of(job: Job | None) -> str:
    """The phase an object is at: the one under way or owed, at the end the last one (requirement C).
    Empty without a job.
    """
    if job is None:
        return ""
    return (current_phase(job) or job.pipeline.phases[-1]).name


def status_of_job(status: JobStatus) -> ObjectStatus:
    """The word for an object whose last job has this status."""
    if status is JobStatus.COMPLETED:
        return ObjectStatus.READY
    if status in LIVE or status is JobStatus.CANCELLING:
        return ObjectStatus.RUNNING
    return ObjectStatus.ERROR


def status_of(job: Job | None) -> ObjectStatus:
    """How far an object is whose last job this is."""
    return ObjectStatus.NEW if job is None else status_of_job(job.status)


def statuses_of(status: ObjectStatus) -> frozenset[JobStatus]:
    """The statuses of a last job that give an object this status."""
    return frozenset(each for each in JobStatus if status_of_job(each) is status)


def require_at_rest(object_id: UUID, jobs: Iterable[Job]) -> None:
    """Refuse while a job of the object runs.

    Raises:
        ObjectRunningError: one does.
    """
    for job in jobs:
        if is_running(job):
            raise ObjectRunningError(object_id, job.job_id)


class ObjectRunningError(RunningJobError):
    """A phase of the object runs; wait for it, or cancel its job."""

    default_code = "object.running"

    def __init__(self, object_id: UUID, job_id: UUID) -> None:
        super().__init__(
            job_id,
            f"A phase of object {object_id} runs, in job {job_id}; wait for it or cancel that job.",
        )


def can_go_on(history: ObjectHistory, job: Job | None, phase_name: str) -> bool:
    """Whether a wish for this phase goes on with the last job, so that only what failed is done
    again: it stopped at this phase, and no field was edited since.
    """
    return (
        job is not None
        and job.status in {JobStatus.FAILED, JobStatus.CANCELLED}
        and not job.is_checkpoint_discarded
        and not history.edited_since
        and phase_of(job) == phase_name
    )


def is_same_again(history: ObjectHistory, job: Job | None, class_version: int) -> bool:
    """Whether a phase that is begun now would do what a finished job did: then a person wants new
    answers. Where something changed, answers to equal questions hold and cost nothing.
    """
    return (
        job is not None
        and job.status is JobStatus.COMPLETED
        and not history.edited_since
        and job.pipeline.version == class_version
    )
