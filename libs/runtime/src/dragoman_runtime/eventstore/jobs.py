"""Jobs and their subjects as their streams tell them. The jobs read last are kept:
only their tail is read again.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from uuid import UUID

from cachetools import LRUCache

from dragoman_contracts import subject_state
from dragoman_contracts.errors import PermanentError
from dragoman_contracts.job import Job, fold
from dragoman_contracts.subject_state import Subject
from dragoman_runtime.eventstore.port import DamagedEventError, EventStore, Head, Stored
from dragoman_runtime.eventstore.reading import UNREADABLE
from dragoman_runtime.telemetry import get_logger

_log = get_logger()


class JobMissingError(PermanentError):
    """No job has this id."""

    default_code = "job.missing"


class Jobs:
    """Folds job streams from the store. Keeps up to `capacity` jobs;
    each look-up still asks the store for news.
    """

    def __init__(self, store: EventStore, *, capacity: int = 512) -> None:
        self._store = store
        self._kept: LRUCache[UUID, tuple[Job, Head]] = LRUCache(capacity)

    async def find(self, job_id: UUID) -> tuple[Job, Head] | None:
        """The job and the head of its stream, as of now; None for an unknown id.

        Raises:
            DamagedEventError: an event of it cannot be read, or does not go with the others.
        """
        job, head = self._kept.get(job_id, (None, Head()))
        stored = await self._store.read(job_id, after=head.version)
        if stored:
            job = _folded(job_id, stored, job)
            head = Head(stored[-1].recorded.version, stored[-1].digest)
        if job is None:
            return None
        self._kept[job_id] = job, head
        return job, head

    async def load(self, job_id: UUID) -> tuple[Job, Head]:
        """The job and the head of its stream, as of now.

        Raises:
            JobMissingError: there is no such job.
            DamagedEventError: as `find`.
        """
        found = await self.find(job_id)
        if found is None:
            raise JobMissingError(f"Job {job_id} does not exist.")
        return found

    def known(self, job_id: UUID, version: int) -> tuple[Job, Head] | None:
        """The job at this version or a later one as it was read last,
        for who then appends and so learns of news.
        """
        kept = self._kept.get(job_id)
        return kept if kept is not None and kept[1].version >= version else None

    async def load_several(self, job_ids: Sequence[UUID]) -> list[Job]:
        """The jobs as of now, in one question to the store; without those that do not exist, and
        those of which an event is damaged.
        """
        wanted = list(job_ids)
        while True:
            try:
                return await self._load_several(wanted)
            except DamagedEventError as error:
                _log.error("job.unreadable", job_id=str(error.stream_id), error_code=error.code)
                wanted.remove(error.stream_id)

    async def _load_several(self, job_ids: Sequence[UUID]) -> list[Job]:
        known: dict[UUID, tuple[Job | None, Head]] = {
            job_id: self._kept.get(job_id, (None, Head())) for job_id in job_ids
        }
        stored = await self._store.read_several(
            {job_id: head.version for job_id, (_, head) in known.items()}
        )
        for stream_id, news in groupby(stored, key=lambda each: each.recorded.stream_id):
            added = list(news)
            job = _folded(stream_id, added, known[stream_id][0])
            known[stream_id] = (job, Head(added[-1].recorded.version, added[-1].digest))
        found = [(job, head) for job, head in known.values() if job is not None]
        for job, head in found:
            self._kept[job.job_id] = job, head
        return [job for job, _ in found]

    def learn(self, job: Job, stored: tuple[Stored, ...]) -> tuple[Job, Head] | None:
        """The job after events this process appended itself, without asking the store."""
        mine = [each for each in stored if each.recorded.stream_id == job.job_id]
        if not mine:
            return None
        evolved = fold((each.recorded for each in mine), job)
        head = Head(mine[-1].recorded.version, mine[-1].digest)
        self._kept[job.job_id] = evolved, head
        return evolved, head


def _folded(job_id: UUID, stored: Sequence[Stored], job: Job | None) -> Job | None:
    try:
        return fold((each.recorded for each in stored), job)
    except UNREADABLE as error:
        raise DamagedEventError(job_id) from error


async def read_subject(store: EventStore, subject_id: UUID) -> tuple[Subject | None, Head]:
    """A document, source or object, and the head of its stream;
    None and version 0 where the project never met it.
    """
    stored = await store.read(subject_id)
    head = Head(stored[-1].recorded.version, stored[-1].digest) if stored else Head()
    return subject_state.fold(each.recorded for each in stored), head
