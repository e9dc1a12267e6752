"""How far people are with the translations of each project, taken down once a day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime
from uuid import UUID

from dragoman_contracts.coverage import Coverage, coverage_of
from dragoman_contracts.envelope import RecordedEvent
from dragoman_contracts.events import JobSubmitted
from dragoman_contracts.job import Job
from dragoman_contracts.locale import Locale

_Key = tuple[UUID, UUID, Locale, str]
Coverages = dict[tuple[UUID, str], Coverage]
"""How far people are, by project and target locale."""


class Newest:
    """The newest job of each document, target locale and pipeline: those before it do not count."""

    def __init__(self) -> None:
        self._jobs: dict[_Key, UUID] = {}

    def add(self, recorded: RecordedEvent) -> None:
        """Take in an event, in the order of the log."""
        event = recorded.data
        if isinstance(event, JobSubmitted) and event.locales is not None:
            subject = event.subject.id if event.subject else recorded.stream_id
            key = (recorded.project_id, subject, event.locales.target, event.pipeline.name)
            self._jobs[key] = recorded.stream_id

    def __iter__(self) -> Iterator[UUID]:
        return iter(self._jobs.values())


async def covered(newest: Newest, job_of: Callable[[UUID], Awaitable[Job]]) -> Coverages:
    """How far people are with these jobs, without those that a person took out of the lists."""
    found: defaultdict[tuple[UUID, str], Coverage] = defaultdict(Coverage)
    for job_id in newest:
        job = await job_of(job_id)
        if not job.is_removed:
            found[job.project_id, str(job.locales.target)] += coverage_of(job)
    return dict(found)


def day_of(now: datetime) -> str:
    """The day of a snapshot: `2026-11-30`, in UTC."""
    return now.date().isoformat()
