"""A job as people see it: its folded state, with what its objects say. Used by API and console."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from pydantic import ValidationError

from dragoman_contracts.errors import ObjectCorruptError, ObjectMissingError
from dragoman_contracts.events import INTAKE_INPUT
from dragoman_contracts.job import Job, WorkKey
from dragoman_contracts.model import Value
from dragoman_contracts.pipeline import owed
from dragoman_contracts.policy import ActorRecord, IntakeRecord, Policy
from dragoman_contracts.references import ArtifactKind, ObjectRef
from dragoman_contracts.reports import PreflightReport
from dragoman_contracts.under_way import WorkUnderWay
from dragoman_gateway.jobs.rules import WAITING_FOR_PEOPLE
from dragoman_gateway.web.records import Records
from dragoman_runtime.eventstore import EventStore, Jobs, LiveLease, read_subject
from dragoman_runtime.objects import ObjectStore, get_value
from dragoman_runtime.under_way import work_under_way
from dragoman_runtime.worker.failure import ParkingReason

_V = TypeVar("_V", bound=Value)
_LEASES_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class JobRecords:
    """The objects of a job, read; None where they were erased.
    `reasons` are messages of parked work.
    """

    intake: IntakeRecord | None
    policy: Policy | None
    reasons: Mapping[WorkKey, str]


@dataclass(frozen=True, slots=True)
class Standing:
    """How a state of a job stands to the present: the job's newest version, and the leases of its
    work by work id.

    `leases` is None where the state is one of the past, of which nobody holds anything. `under_way`
    is what is said of the work that is held. `superseded_by` is the job that was opened later for
    the same scope, while this one waits for people.
    """

    latest_version: int
    leases: Mapping[UUID, LiveLease] | None = None
    under_way: tuple[WorkUnderWay, ...] = ()
    superseded_by: UUID | None = None


async def standing_now(store: EventStore, jobs: Jobs, job: Job) -> tuple[Job, Standing]:
    """A job's newest state and its standing; asks for leases only where work is owed.

    The leases are read before the state: units of a batch that ends meanwhile are then in both and
    count once, and never are they in neither.
    """
    if not owed(job):
        return job, Standing(job.version, {}, superseded_by=await _superseded_by(store, job))
    leases = await store.live_leases(job.job_id)
    job, _ = await jobs.load(job.job_id)
    return job, Standing(job.version, leases, work_under_way(job, leases))


async def _superseded_by(store: EventStore, job: Job) -> UUID | None:
    if job.status not in WAITING_FOR_PEOPLE:
        return None
    if job.submitted.subject is None:
        return None
    subject, _ = await read_subject(store, job.submitted.subject.id)
    last = subject.last_job(job.submitted.scope) if subject else None
    return None if last == job.job_id else last


class LeaseWatch:
    """The live leases of one job, for whoever follows it: asked for at most once a second."""

    def __init__(self, store: EventStore, job_id: UUID) -> None:
        self._store = store
        self._job_id = job_id
        self._leases: Mapping[UUID, LiveLease] = {}
        self._asked_at = -math.inf

    async def look(self) -> Mapping[UUID, LiveLease]:
        """The leases by work id. Ask before the job is read,
        as `standing_now` does and for its reason.
        """
        now = asyncio.get_running_loop().time()
        if now - self._asked_at >= _LEASES_EVERY_S:
            self._asked_at = now
            self._leases = await self._store.live_leases(self._job_id)
        return self._leases


async def job_records(objects: ObjectStore, job: Job) -> JobRecords:
    """The records of a job."""
    project_id = job.project_id
    reasons: dict[WorkKey, str] = {}
    for key in job.parked:
        reason = await parking_reason(objects, job, key)
        if reason is not None:
            reasons[key] = reason.message
    return JobRecords(
        intake=await record_of(objects, job),
        policy=await _found(objects, project_id, job.submitted.policy, Policy),
        reasons=reasons,
    )


async def parking_reason(objects: ObjectStore, job: Job, key: WorkKey) -> ParkingReason | None:
    """Why this work was parked; None where it was erased, or could not be stored."""
    return await _found(objects, job.project_id, job.parked[key].reason, ParkingReason)


async def record_of(objects: ObjectStore, job: Job) -> IntakeRecord | None:
    """The record of the submission; None where it was erased,
    and for a job that nobody submitted a file for.
    """
    return await _found(objects, job.project_id, job.input(INTAKE_INPUT), IntakeRecord)


def title_of(job: Job, record: IntakeRecord | None) -> str:
    """The name of a job's file, or that of its pipeline where it has none;
    empty where the name was erased.
    """
    if record is not None:
        return record.file_name
    return "" if job.input(INTAKE_INPUT) else job.pipeline.name


async def preflight_report(objects: ObjectStore, job: Job) -> PreflightReport | None:
    """The newest report of preflight; None where there is none, or it was erased."""
    kinds = (each for each in reversed(job.artifacts) if each.kind is ArtifactKind.PREFLIGHT_REPORT)
    artifact = next(kinds, None)
    return (
        await Records(objects).find(job.project_id, artifact.object, PreflightReport)
        if artifact
        else None
    )


async def names_of(objects: ObjectStore, job: Job, digests: Iterable[str]) -> dict[str, str]:
    """The names of people by the digests of their records; without those that were erased."""
    records = Records(objects)
    found = {digest: await records.find(job.project_id, digest, ActorRecord) for digest in digests}
    return {
        digest: record.display_name
        for digest, record in found.items()
        if record and record.display_name
    }


def duration_s(
    started_at: datetime | None, finished_at: datetime | None, now: datetime
) -> float | None:
    """How long a phase took, or had been running at `now`; None before it began."""
    return (
        None
        if started_at is None
        else round(((finished_at or now) - started_at).total_seconds(), 3)
    )


async def _found(
    objects: ObjectStore, project_id: UUID, ref: ObjectRef | None, type_: type[_V]
) -> _V | None:
    if ref is None:
        return None
    try:
        return await get_value(objects, project_id, ref, type_)
    except (ObjectMissingError, ObjectCorruptError, ValidationError):
        return None  # erased, or damaged: the job is shown without it, and `events verify` names the damage
