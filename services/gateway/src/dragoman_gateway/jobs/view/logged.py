"""The list of jobs from the log itself, for a process that has no view of jobs near the log's end.

Jobs go into tables in memory in the list's own order, some at a time, and are asked for there, so
that a filter means the same as in the view. Of all jobs only the first event is read; streams are
read as far down the list as it takes.
"""

from __future__ import annotations

from itertools import groupby
from uuid import UUID

import structlog
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine
from typing_extensions import override

from dragoman_contracts.coverage import Coverage
from dragoman_contracts.events import JobSubmitted
from dragoman_gateway.jobs.view.projection import JobsProjection
from dragoman_gateway.jobs.view.queries import JobQueries
from dragoman_gateway.jobs.view.rows import JobFilter, JobRow
from dragoman_gateway.jobs.view.tables import jobs_metadata
from dragoman_gateway.web.columns import to_micros
from dragoman_gateway.web.cursors import Page
from dragoman_gateway.web.records import Records
from dragoman_runtime.eventstore import DamagedEventError, EventStore, Stored

_JOBS_AT_ONCE = 200
_log = structlog.stdlib.get_logger()


class LoggedJobs(JobQueries):
    """Lists jobs as the log tells them when they are first asked for.
    Only `list_jobs` and `coverage` are answered.
    """

    def __init__(self, memory: AsyncEngine, store: EventStore, records: Records) -> None:
        """`memory` is an empty database of its own, `sqlite+aiosqlite://`."""
        super().__init__(memory)
        self._memory = memory
        self._store = store
        self._projection = JobsProjection(store, records)
        self._left: list[UUID] | None = None

    @override
    async def list_jobs(
        self, which: JobFilter, *, cursor: str | None = None, limit: int = 50
    ) -> Page[JobRow]:
        if self._left is None:
            self._left = await self._begin()
        while True:
            page = await super().list_jobs(which, cursor=cursor, limit=limit)
            # Jobs not yet read come behind all of these.
            if page.next_cursor is not None or not self._left:
                return page
            newest, self._left = self._left[-_JOBS_AT_ONCE:], self._left[:-_JOBS_AT_ONCE]
            await self._read(newest)

    @override
    async def coverage(self, project_id: UUID) -> dict[str, Coverage]:
        left = await self._begin() if self._left is None else self._left
        self._left = []
        for start in range(0, len(left), _JOBS_AT_ONCE):
            await self._read(left[start : start + _JOBS_AT_ONCE])
        return await super().coverage(project_id)

    async def _begin(self) -> list[UUID]:
        """Make the tables; the ids of all jobs, the newest last."""
        async with self._memory.begin() as connection:
            await connection.run_sync(jobs_metadata.create_all)
        heads: list[tuple[int, UUID]] = []
        position = 0
        while stored := await self._store.tail(position, limit=5000, types=[JobSubmitted.name]):
            position = stored[-1].position
            envelopes = [each.recorded for each in stored]
            heads += [
                (to_micros(envelope.occurred_at), envelope.stream_id) for envelope in envelopes
            ]
        return [job_id for _, job_id in sorted(heads)]

    async def _read(self, job_ids: list[UUID]) -> None:
        stored = await self._read_sound(job_ids)
        streams = [
            list(stream) for _, stream in groupby(stored, key=lambda each: each.recorded.stream_id)
        ]
        async with self._memory.begin() as connection:
            for table, rows in await self._projection.rows_of(streams):
                if rows:
                    await connection.execute(insert(table), rows)

    async def _read_sound(self, job_ids: list[UUID]) -> list[Stored]:
        """The events of these jobs, without the jobs of which one cannot be read."""
        wanted = dict.fromkeys(job_ids, 0)
        while True:
            try:
                return await self._store.read_several(wanted)
            except DamagedEventError as error:
                _log.error("job.unreadable", job_id=str(error.stream_id), error_code=error.code)
                del wanted[error.stream_id]
