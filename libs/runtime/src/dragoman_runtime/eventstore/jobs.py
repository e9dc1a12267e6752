"""Jobs and documents as their streams tell them, with the jobs read last kept so that only their tail is read again."""

from __future__ import annotations

from collections import OrderedDict
from uuid import UUID

from dragoman_contracts import document as document_module
from dragoman_contracts.document import Document
from dragoman_contracts.errors import PermanentError
from dragoman_contracts.job import Job, fold
from dragoman_runtime.eventstore.port import EventStore, Head, Stored


class JobMissingError(PermanentError):
    """No job has this id."""

    default_code = "job.missing"


class Jobs:
    """Folds job streams from the store. Keeps up to `capacity` jobs; each look-up still asks the store for news."""

    def __init__(self, store: EventStore, *, capacity: int = 512) -> None:
        self._store = store
        self._capacity = capacity
        self._kept: OrderedDict[UUID, tuple[Job, Head]] = OrderedDict()

    async def find(self, job_id: UUID) -> tuple[Job, Head] | None:
        """The job and the head of its stream, as of now; None for an unknown id."""
        job, head = self._kept.get(job_id, (None, Head()))
        stored = await self._store.read(job_id, after=head.version)
        if stored:
            job = fold((each.recorded for each in stored), job)
            head = Head(stored[-1].recorded.envelope.version, stored[-1].digest)
        if job is None:
            return None
        self._keep(job, head)
        return job, head

    async def load(self, job_id: UUID) -> tuple[Job, Head]:
        """The job and the head of its stream, as of now.

        Raises:
            JobMissingError: there is no such job.
        """
        found = await self.find(job_id)
        if found is None:
            raise JobMissingError(f"Job {job_id} does not exist.")
        return found

    def learn(self, job: Job, stored: tuple[Stored, ...]) -> tuple[Job, Head] | None:
        """The job after events this process appended itself, without asking the store."""
        mine = [each for each in stored if each.recorded.envelope.stream_id == job.job_id]
        evolved = fold((each.recorded for each in mine), job)
        if evolved is None or not mine:
            return None
        head = Head(mine[-1].recorded.envelope.version, mine[-1].digest)
        self._keep(evolved, head)
        return evolved, head

    def _keep(self, job: Job, head: Head) -> None:
        self._kept[job.job_id] = (job, head)
        self._kept.move_to_end(job.job_id)
        while len(self._kept) > self._capacity:
            self._kept.popitem(last=False)


async def read_document(store: EventStore, document_id: UUID) -> tuple[Document | None, Head]:
    """The document and the head of its stream; None and version 0 where the project never met it."""
    stored = await store.read(document_id)
    head = Head(stored[-1].recorded.envelope.version, stored[-1].digest) if stored else Head()
    return document_module.fold(each.recorded for each in stored), head
