"""The jobs that owe work, found in the whole log: to fill the reconciler's table again, or to find
what it lacks.

The table `live_jobs` is no copy of the log: a job too many does no harm, and the reconciler takes
it out. So the table is filled in place, and not built beside and renamed as views are (ADR 0012).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence, Set
from uuid import UUID

from sqlalchemy import Table

from dragoman_contracts.events import JobCompleted, StreamType
from dragoman_contracts.job import fold
from dragoman_contracts.pipeline import owed
from dragoman_runtime.clock import Clock
from dragoman_runtime.eventstore import Jobs, Stored
from dragoman_runtime.eventstore.postgres import PostgresEventStore
from dragoman_runtime.eventstore.reading import UNREADABLE
from dragoman_runtime.eventstore.sqlite import SqliteEventStore
from dragoman_runtime.reconciler import LIVE_JOBS_POSITION, WAKING, LiveJobs, Wake

Owing = Callable[[Sequence[UUID]], Awaitable[None]]


class OwingJobs:
    """Reads streams and calls `found` with those of jobs that owe work.

    It makes no rows of a view.
    """

    name = "live_jobs"
    incomplete: frozenset[UUID] = frozenset()
    unfoldable: Set[UUID] = frozenset()

    def __init__(self, found: Owing) -> None:
        self._found = found
        self.count = 0

    def cost(self, stored: Stored) -> int:
        """One place for each event: nothing is kept of it."""
        return 1

    async def rows_of(
        self, streams: Sequence[Sequence[Stored]], damaged: Set[UUID] = frozenset()
    ) -> Sequence[tuple[Table, Sequence[dict[str, object]]]]:
        """No rows. A damaged job owes nothing that anybody could do."""
        self.unfoldable = frozenset()
        owing = [
            stream[0].recorded.stream_id
            for stream in streams
            if stream[0].recorded.stream_id not in damaged and self._is_owing(stream)
        ]
        self.count += len(owing)
        if owing:
            await self._found(owing)
        return ()

    def _is_owing(self, stream: Sequence[Stored]) -> bool:
        try:
            return _is_owing(stream)
        except UNREADABLE:
            self.unfoldable = {*self.unfoldable, stream[0].recorded.stream_id}
            return False


def waking(live_jobs: LiveJobs, clock: Clock) -> Owing:
    """A function that has the reconciler look at jobs now."""

    async def wake(job_ids: Sequence[UUID]) -> None:
        now = clock.now()
        await live_jobs.wake([Wake(job_id, now) for job_id in job_ids])

    return wake


async def missing_of(
    store: PostgresEventStore | SqliteEventStore, job_ids: Sequence[UUID]
) -> list[UUID]:
    """The jobs that owe work now and are not in the table, so that no reconciler looks at them."""
    # Asked twice: a job may come into the table between the first look and the reading of its
    # stream.
    known = await _known(store, job_ids)
    unknown = [job_id for job_id in job_ids if job_id not in known]
    jobs = await Jobs(store).load_several(unknown)
    known = {*await _known(store, unknown), *(await _unread(store) if unknown else ())}
    return [job.job_id for job in jobs if owed(job) and job.job_id not in known]


async def _unread(store: PostgresEventStore | SqliteEventStore) -> set[UUID]:
    """The jobs of which the reconciler has news to read: where nothing is at work, as in an idle
    state folder, a job that was told to stop or to go on comes into the table with the next start.
    """
    query = f"SELECT position FROM positions WHERE name = '{LIVE_JOBS_POSITION}'"  # noqa: S608 - ours
    if isinstance(store, PostgresEventStore):
        rows = [tuple(row) for row in await store.pool.fetch(query)]
    else:
        rows = await store.execute(query, commit=False)
    position, found = int(rows[0][0]) if rows else 0, set[UUID]()
    while page := await store.tail(position, types=WAKING):
        found |= {each.recorded.stream_id for each in page}
        position = page[-1].position
    return found


async def make_table(store: PostgresEventStore) -> None:
    """The table of live jobs, where somebody dropped it."""
    for statement in (
        "CREATE TABLE IF NOT EXISTS live_jobs (job_id uuid PRIMARY KEY, due_at timestamptz NOT NULL)",
        "CREATE INDEX IF NOT EXISTS live_jobs_due ON live_jobs (due_at)",
    ):
        await store.pool.execute(statement)


async def _known(
    store: PostgresEventStore | SqliteEventStore, job_ids: Sequence[UUID]
) -> set[UUID]:
    if isinstance(store, PostgresEventStore):
        rows = await store.pool.fetch(
            "SELECT job_id FROM live_jobs WHERE job_id = ANY ($1)", list(job_ids)
        )
        return {row[0] for row in rows}
    found = await store.execute("SELECT job_id FROM live_jobs", commit=False)
    return {UUID(str(row[0])) for row in found}


def _is_owing(stream: Sequence[Stored]) -> bool:
    if stream[0].recorded.stream_type is not StreamType.JOB:
        return False
    if isinstance(stream[-1].recorded.data, JobCompleted):
        return False
    job = fold(each.recorded for each in stream)
    return job is not None and bool(owed(job))
