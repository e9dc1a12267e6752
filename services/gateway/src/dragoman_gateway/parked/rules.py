"""The rules of parked work: what may be redriven or discarded. Pure."""

from __future__ import annotations

from dragoman_contracts.events import WorkDiscarded, WorkRedriven
from dragoman_contracts.job import Job, WorkKey
from dragoman_contracts.pipeline import redrive_request
from dragoman_gateway.web.errors import NotParkedError


def require_parked(job: Job, key: WorkKey) -> None:
    """Refuse work that is not parked.

    Raises:
        NotParkedError: it never was, or somebody redrove or discarded it, or the job was resumed.
    """
    if key not in job.parked:
        raise NotParkedError(
            f"Work {key.kind} {key.index} of job {job.job_id} is not parked; look at the job."
        )


def decide_redrive(job: Job, key: WorkKey) -> WorkRedriven:
    """The event that lets parked work be done again.

    Raises:
        NotParkedError: the work is not parked.
    """
    require_parked(job, key)
    return redrive_request(job, key)


def decide_discard(job: Job, key: WorkKey) -> WorkDiscarded:
    """The event that says that parked work will not be done.

    Raises:
        NotParkedError: the work is not parked.
    """
    require_parked(job, key)
    return WorkDiscarded(
        work_id=key.work_id(job.job_id), kind=key.kind, index=key.index, phase=key.phase
    )
