"""Work under way, read from its leases, on which workers keep notes for people (ADR 0016)."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from pydantic import ValidationError

from dragoman_contracts.job import Job
from dragoman_contracts.model import Value, from_json
from dragoman_contracts.pipeline import owed
from dragoman_contracts.under_way import WorkUnderWay
from dragoman_runtime.eventstore import LiveLease


class _Signed(Value):
    """A note with its author.

    A worker of an older version leaves the last owner's note on a lease that it takes.
    """

    owner: str
    work: WorkUnderWay


def written(owner: str, work: WorkUnderWay) -> str:
    """A note as it stands on a lease."""
    return _Signed(owner=owner, work=work).model_dump_json(exclude_defaults=True)


def work_under_way(job: Job, leases: Mapping[UUID, LiveLease]) -> tuple[WorkUnderWay, ...]:
    """The job's work that workers perform now, ordered by kind and index, with their notes.

    `leases` are live leases by work id, of other jobs too. Leased work without a note is included
    where the job owes it.
    """
    items = {item.work_id: item for item in owed(job) if item.work_id in leases}
    found: list[WorkUnderWay] = []
    for of_work, lease in leases.items():
        said, item = _read(lease), items.get(of_work)
        if said is not None:
            if said.key.work_id(job.job_id) == of_work:
                found.append(said)
        elif item is not None:
            trouble = job.failures.get(item.key)
            attempt = 1 if trouble is None else trouble.attempt + 1
            found.append(
                WorkUnderWay(kind=item.kind, index=item.index, phase=item.phase, attempt=attempt)
            )
    return tuple(sorted(found, key=lambda each: each.key))


def _read(lease: LiveLease) -> WorkUnderWay | None:
    if lease.note is None:
        return None
    try:
        signed = from_json(_Signed, lease.note.encode())
    except ValidationError:
        return None  # the note of a newer version
    return signed.work if signed.owner == lease.owner else None
