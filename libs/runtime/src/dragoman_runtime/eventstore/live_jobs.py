"""The reconciler's table of live jobs, beside the events: on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from typing_extensions import override

from dragoman_runtime.eventstore.postgres import PostgresEventStore, translated_errors
from dragoman_runtime.eventstore.sqlite import SqliteEventStore
from dragoman_runtime.reconciler import LiveJobs, Wake

_WAKE_SQLITE = (
    "INSERT INTO live_jobs VALUES (?, ?) ON CONFLICT (job_id) "
    "DO UPDATE SET due_at = min(live_jobs.due_at, excluded.due_at)"
)
_POSTPONE_SQLITE = "INSERT INTO live_jobs VALUES (?, ?) ON CONFLICT (job_id) DO UPDATE SET due_at = excluded.due_at"
_WAKE_POSTGRES = """
INSERT INTO live_jobs (job_id, due_at) SELECT * FROM unnest($1::uuid[], $2::timestamptz[])
ON CONFLICT (job_id) DO UPDATE SET due_at = least(live_jobs.due_at, excluded.due_at)
"""
_POSTPONE_POSTGRES = """
INSERT INTO live_jobs (job_id, due_at) SELECT * FROM unnest($1::uuid[], $2::timestamptz[])
ON CONFLICT (job_id) DO UPDATE SET due_at = excluded.due_at
"""


class SqliteLiveJobs(LiveJobs):
    """Live jobs in the event database of one process."""

    def __init__(self, store: SqliteEventStore) -> None:
        self._store = store

    @override
    async def wake(self, wakes: Sequence[Wake]) -> None:
        await self._upsert(wakes, _WAKE_SQLITE)

    @override
    async def due(self, now: datetime, *, limit: int = 500) -> list[UUID]:
        rows = await self._store.execute(
            "SELECT job_id FROM live_jobs WHERE due_at <= ? ORDER BY due_at LIMIT ?",
            (now.timestamp(), limit),
            commit=False,
        )
        return [UUID(str(row[0])) for row in rows]

    @override
    async def postpone(self, wakes: Sequence[Wake]) -> None:
        await self._upsert(wakes, _POSTPONE_SQLITE)

    @override
    async def forget(self, job_ids: Sequence[UUID]) -> None:
        for job_id in job_ids:
            await self._store.execute("DELETE FROM live_jobs WHERE job_id = ?", (job_id.hex,))

    async def _upsert(self, wakes: Sequence[Wake], statement: str) -> None:
        for wake in wakes:
            await self._store.execute(statement, (wake.job_id.hex, wake.due_at.timestamp()))


class PostgresLiveJobs(LiveJobs):
    """Live jobs in the event database that the services share."""

    def __init__(self, store: PostgresEventStore) -> None:
        self._pool = store.pool

    @override
    async def wake(self, wakes: Sequence[Wake]) -> None:
        await self._upsert(wakes, _WAKE_POSTGRES)

    @override
    async def due(self, now: datetime, *, limit: int = 500) -> list[UUID]:
        async with translated_errors():
            rows = await self._pool.fetch(
                "SELECT job_id FROM live_jobs WHERE due_at <= $1 ORDER BY due_at LIMIT $2", now, limit
            )
        return [row[0] for row in rows]

    @override
    async def postpone(self, wakes: Sequence[Wake]) -> None:
        await self._upsert(wakes, _POSTPONE_POSTGRES)

    @override
    async def forget(self, job_ids: Sequence[UUID]) -> None:
        async with translated_errors():
            await self._pool.execute("DELETE FROM live_jobs WHERE job_id = ANY ($1)", list(job_ids))

    async def _upsert(self, wakes: Sequence[Wake], statement: str) -> None:
        earliest: dict[UUID, datetime] = {}
        for wake in wakes:  # one statement must not meet the same row twice
            earliest[wake.job_id] = min(wake.due_at, earliest.get(wake.job_id, wake.due_at))
        if not earliest:
            return
        async with translated_errors():
            await self._pool.execute(statement, list(earliest), list(earliest.values()))
