"""A job as of any event of its past: the fold of its stream up to there,
made anew at every look.
"""

from __future__ import annotations

from dragoman_contracts.errors import PermanentError
from dragoman_contracts.job import Job, fold
from dragoman_runtime.eventstore import EventStore, Stored


class NoSuchVersionError(PermanentError):
    """The job has no event of this number; the message says which it has."""

    default_code = "job.no_such_version"


def job_as_of(job: Job, stored: list[Stored], version: int) -> Job:
    """The job after the first `version` events of its stream, which `stored` holds from its
    beginning.

    Raises:
        NoSuchVersionError: the stream has fewer events, or `version` is below 1.
    """
    past = fold(each.recorded for each in stored[: max(version, 0)])
    if past is None or past.version != version:
        raise NoSuchVersionError(
            f"Job {job.job_id} has the events 1 to {job.version}; {version} is none of them."
        )
    return past


async def load_as_of(store: EventStore, job: Job, version: int) -> Job:
    """As `job_as_of`, of a job that was just loaded; reads nothing where the newest state is asked
    for.

    Raises:
        NoSuchVersionError: as `job_as_of`.
    """
    return job if version == job.version else job_as_of(job, await store.read(job.job_id), version)
