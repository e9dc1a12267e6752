"""A job as people see it: its folded state, with what its objects say. Used by API and console."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from pydantic import ValidationError

from dragoman_contracts.errors import ObjectCorruptError, ObjectMissingError
from dragoman_contracts.job import Job, Trouble, WorkKey
from dragoman_contracts.model import Value
from dragoman_contracts.pipeline import owed
from dragoman_contracts.policy import IntakeRecord, Policy
from dragoman_contracts.references import ObjectRef
from dragoman_contracts.under_way import WorkUnderWay
from dragoman_runtime.eventstore import EventStore, Jobs, LiveLease
from dragoman_runtime.objects import ObjectStore, get_value
from dragoman_runtime.under_way import work_under_way
from dragoman_runtime.worker.failure import ParkingReason

_V = TypeVar("_V", bound=Value)
_LEASES_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class JobRecords:
    """What a job's objects say; None where they were erased. `reasons` are messages of parked work."""

    intake: IntakeRecord | None
    policy: Policy | None
    reasons: Mapping[WorkKey, str]


@dataclass(frozen=True, slots=True)
class Standing:
    """How a state of a job stands to the present: the job's newest version, and the leases of its work by work id.

    `leases` is None where the state is one of the past, of which nobody holds anything. `under_way` is what is said of
    the work that is held.
    """

    latest_version: int
    leases: Mapping[UUID, LiveLease] | None = None
    under_way: tuple[WorkUnderWay, ...] = ()


async def standing_now(store: EventStore, jobs: Jobs, job: Job) -> tuple[Job, Standing]:
    """A job's newest state and its standing; asks for leases only where work is owed.

    The leases are read before the state: units of a batch that ends meanwhile are then in both and count once, and
    never are they in neither.
    """
    if not owed(job):
        return job, Standing(job.version, {})
    leases = await store.live_leases(job.job_id)
    job, _ = await jobs.load(job.job_id)
    return job, Standing(job.version, leases, work_under_way(job, leases))


class LeaseWatch:
    """The live leases of one job, for whoever follows it: asked for at most once a second."""

    def __init__(self, store: EventStore, job_id: UUID) -> None:
        self._store = store
        self._job_id = job_id
        self._leases: Mapping[UUID, LiveLease] = {}
        self._asked_at = -math.inf

    async def look(self) -> Mapping[UUID, LiveLease]:
        """The leases by work id. Ask before the job is read, as `standing_now` does and for its reason."""
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
    ref = job.parked[key].reason
    return None if ref is None else await _found(objects, job.project_id, ref, ParkingReason)


async def record_of(objects: ObjectStore, job: Job) -> IntakeRecord | None:
    """What was said at submission; None where it was erased."""
    return await _found(objects, job.project_id, job.submitted.intake_record, IntakeRecord)


def troubles(job: Job) -> list[tuple[WorkKey, Trouble]]:
    """What failed, parked work first, then in the order it happened."""
    parked = sorted(job.parked.items(), key=lambda each: each[1].occurred_at)
    failed = sorted(job.failures.items(), key=lambda each: each[1].occurred_at)
    return [*parked, *failed]


def duration_s(started_at: datetime | None, finished_at: datetime | None, now: datetime) -> float | None:
    """How long a phase took, or had been running at `now`; None before it began."""
    return None if started_at is None else round(((finished_at or now) - started_at).total_seconds(), 3)


async def _found(objects: ObjectStore, project_id: UUID, ref: ObjectRef, type_: type[_V]) -> _V | None:
    try:
        return await get_value(objects, project_id, ref, type_)
    except (ObjectMissingError, ObjectCorruptError, ValidationError):
        return None  # erased, or damaged: the job is shown without it, and `events verify` names the damage
