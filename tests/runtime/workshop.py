"""A workshop for worker tests: a real SQLite log and file objects, a clock that the test sets, and
small tasks.

    shop = await stack.enter_async_context(workshop(tmp_path))
    await shop.submit()
    await shop.worker(preflight(performed)).receive(shop.delivery(WorkKind.PREFLIGHT))
    assert await shop.types() == ["job.submitted", "phase.started", "preflight.passed"]

Run as a program it is a worker that kills itself: `python -m runtime.workshop FOLDER POINT`.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from typing_extensions import override

from contracts.streams import (
    JOB,
    PROJECT,
    batch,
    completed_translation,
    extracted,
    next_kind,
    origin,
    preflight_passed,
    submitted,
)
from dragoman_contracts.events import Event, JobSubmitted
from dragoman_contracts.identity import work_id
from dragoman_contracts.job import Job
from dragoman_contracts.model import Value
from dragoman_contracts.pipeline import WorkItem, next_phase
from dragoman_contracts.references import ObjectRef
from dragoman_contracts.vocabulary import PhaseKind, WorkKind
from dragoman_runtime.bus import Delivery
from dragoman_runtime.computing import Computing, Threads
from dragoman_runtime.eventstore import Append, Head, Jobs, Lease, Stored
from dragoman_runtime.eventstore.sqlite import SqliteEventStore
from dragoman_runtime.objects.files import FileObjectStore
from dragoman_runtime.worker import (
    Task,
    WorkContext,
    Worker,
    WorkerIdentity,
    WorkerLimits,
    WorkerPorts,
)

Performed = Callable[[WorkContext], Awaitable[None]]
"""What a test has a task do while it performs."""


class Outcome(Value):
    """What the small tasks find out."""

    number: int = 1


class SetClock:
    """Tells the time that the test has set."""

    def __init__(self) -> None:
        self.at = datetime.now(UTC)

    def now(self) -> datetime:
        return self.at

    def advance(self, by: timedelta) -> None:
        self.at += by


class Workshop:
    """One event database and one folder of objects, for any number of workers."""

    def __init__(self, store: SqliteEventStore, objects: FileObjectStore) -> None:
        self.store = store
        self.objects = objects
        self.clock = SetClock()
        self.jobs = Jobs(store)

    async def submit(
        self, *events: Event, first: JobSubmitted | None = None, job_id: UUID = JOB
    ) -> None:
        """Store a job with these events behind its submission."""
        await self._append(Head(), (first or submitted(), *events), job_id)

    async def append(self, *events: Event, job_id: UUID = JOB) -> None:
        """Add events to the job, as another process would."""
        _, head = await Jobs(self.store).load(job_id)
        await self._append(head, events, job_id)

    async def _append(self, head: Head, events: tuple[Event, ...], job_id: UUID) -> None:
        at = self.clock.now() - timedelta(seconds=1)
        await self.store.commit([Append(job_id, PROJECT, head, events, origin(), at)])

    async def job(self, job_id: UUID = JOB) -> Job:
        """The job as it stands."""
        job, _ = await self.jobs.load(job_id)
        return job

    async def events(self, job_id: UUID = JOB) -> list[Stored]:
        """The job's stream."""
        return await self.store.read(job_id)

    async def types(self) -> list[str]:
        """The names of the job's events."""
        return [each.recorded.type for each in await self.events()]

    async def last(self) -> Event:
        """The event that was appended last."""
        return (await self.events())[-1].recorded.data

    async def leases(self) -> set[UUID]:
        """The work ids of the job's leases that live."""
        return set(await self.store.live_leases(JOB))

    def worker(
        self,
        *tasks: Task[Any],
        owner: str = "one",
        limits: WorkerLimits | None = None,
        computing: Computing | None = None,
    ) -> Worker:
        """A worker that performs these tasks. Its heartbeat is not started."""
        ports = WorkerPorts(self.store, self.objects, self.clock, computing=computing or Threads())
        return Worker(
            tasks, ports, WorkerIdentity("test", owner, "build-1"), limits or WorkerLimits()
        )

    @staticmethod
    def delivery(kind: WorkKind, index: int = 0, *, job_id: UUID = JOB) -> Delivery:
        """This work of the job, on its way."""
        of_work = work_id(job_id, kind, index)
        return Delivery(
            WorkItem(
                work_id=of_work,
                project_id=PROJECT,
                job_id=job_id,
                version=1,
                kind=kind,
                index=index,
            )
        )


@asynccontextmanager
async def workshop(folder: Path, store: SqliteEventStore | None = None) -> AsyncGenerator[Workshop]:
    """A workshop in this folder, which may be one that another process left."""
    opened = store or SqliteEventStore(folder / "events.db")
    objects = FileObjectStore(folder / "objects")
    await objects.open()
    try:
        yield Workshop(opened, objects)
    finally:
        await opened.aclose()


class Count:
    """Counts performances, and does for each what the test wants:
    `during` is awaited while the lease is held.
    """

    def __init__(self, during: Performed | None = None) -> None:
        self.contexts: list[WorkContext] = []
        self._during = during

    @property
    def count(self) -> int:
        """How often the work was performed."""
        return len(self.contexts)

    async def __call__(self, context: WorkContext) -> Outcome:
        self.contexts.append(context)
        if self._during:
            await self._during(context)
        return Outcome()


class Raising:
    """Performs by raising these errors in turn, and then well."""

    def __init__(self, *errors: BaseException) -> None:
        self.errors = list(errors)

    async def __call__(self, context: WorkContext) -> Outcome:
        if self.errors:
            raise self.errors.pop(0)
        return Outcome()


_Perform = Callable[[WorkContext], Awaitable[Outcome]]


def preflight(perform: _Perform, *, is_kept: bool = True) -> Task[Outcome]:
    """A preflight that accepts every document."""

    def decide(job: Job, item: WorkItem, outcome: Outcome) -> tuple[Event, ...]:
        return (preflight_passed(next_kind(job, PhaseKind.PREFLIGHT)),)

    return Task(WorkKind.PREFLIGHT, Outcome, _inputs if is_kept else None, perform, decide)


def extraction(perform: _Perform) -> Task[Outcome]:
    """An extraction that finds forty units."""

    def decide(job: Job, item: WorkItem, outcome: Outcome) -> tuple[Event, ...]:
        return (extracted(next_kind(job, PhaseKind.EXTRACTION)),)

    return Task(WorkKind.EXTRACTION, Outcome, _inputs, perform, decide)


def translation(perform: _Perform, *, is_kept: bool = True) -> Task[Outcome]:
    """A translation of one batch; the last of a job that moves completes the phase."""

    def decide(job: Job, item: WorkItem, outcome: Outcome) -> tuple[Event, ...]:
        is_last = (
            job.plan is not None
            and job.plan.batches.pending == (item.index,)
            and next_phase(job) is not None
        )
        done = (completed_translation(next_kind(job, PhaseKind.TRANSLATION)),) if is_last else ()
        return (batch(item.index), *done)

    return Task(WorkKind.TRANSLATION_BATCH, Outcome, _inputs if is_kept else None, perform, decide)


def _inputs(job: Job, item: WorkItem) -> dict[str, object]:
    return {"source": job.source.digest, "index": item.index}


def die() -> None:
    """End this process as a power cut would."""
    os.kill(os.getpid(), signal.SIGKILL)


class _DyingStore(SqliteEventStore):
    """Dies after the commit that takes a lease, or after the one that appends the result."""

    point: str = ""

    @override
    async def commit(
        self,
        appends: Sequence[Append] = (),
        *,
        take: Lease | None = None,
        release: Lease | None = None,
    ) -> tuple[Stored, ...]:
        stored = await super().commit(appends, take=take, release=release)
        if (take and self.point == "after lease") or (release and self.point == "after append"):
            die()
        return stored


class _DyingObjects(FileObjectStore):
    """Dies after the outcome's pointer is stored."""

    point: str = ""

    @override
    async def put_pointer(self, project_id: UUID, fingerprint: str, ref: ObjectRef) -> ObjectRef:
        kept = await super().put_pointer(project_id, fingerprint, ref)
        if self.point == "after pointer":
            die()
        return kept


async def _work_and_die(folder: Path, point: str) -> None:
    store, objects = _DyingStore(folder / "events.db"), _DyingObjects(folder / "objects")
    store.point = objects.point = point

    async def note(context: WorkContext) -> None:
        with (folder / "performed").open("a") as file:
            file.write("performed\n")
        if point == "in perform":
            die()

    shop = Workshop(store, objects)
    await shop.worker(preflight(Count(note))).receive(shop.delivery(WorkKind.PREFLIGHT))


if __name__ == "__main__":
    asyncio.run(_work_and_die(Path(sys.argv[1]), sys.argv[2]))
