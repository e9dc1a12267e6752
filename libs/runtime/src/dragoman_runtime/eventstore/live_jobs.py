"""The reconciler's table of live jobs, beside the events: on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
_CLAIM_SQLITE = (
    "UPDATE live_jobs SET due_at = ? WHERE job_id IN "
    "(SELECT job_id FROM live_jobs WHERE due_at <= ? ORDER BY due_at LIMIT ?) RETURNING job_id"
)
_FORGET_SQLITE = (
    "DELETE FROM live_jobs WHERE job_id = ? AND NOT EXISTS "
    "(SELECT 1 FROM stored_events WHERE originator_id = live_jobs.job_id AND originator_version > ?)"
)
_WAKE_POSTGRES = """
INSERT INTO live_jobs (job_id, due_at) SELECT * FROM unnest($1::uuid[], $2::timestamptz[])
ON CONFLICT (job_id) DO UPDATE SET due_at = least(live_jobs.due_at, excluded.due_at)
"""
_CLAIM_POSTGRES = """
UPDATE live_jobs SET due_at = $2 WHERE job_id IN
    (SELECT job_id FROM live_jobs WHERE due_at <= $1 ORDER BY due_at LIMIT $3 FOR UPDATE SKIP LOCKED)
RETURNING job_id
"""
_FORGET_POSTGRES = """
DELETE FROM live_jobs USING unnest($1::uuid[], $2::bigint[]) AS seen (job_id, version)
WHERE live_jobs.job_id = seen.job_id AND NOT EXISTS (
    SELECT 1 FROM dragoman_events AS event
    WHERE event.originator_id = seen.job_id AND event.originator_version > seen.version
)
"""


class SqliteLiveJobs(LiveJobs):
    """Live jobs in the event database of one process."""

    def __init__(self, store: SqliteEventStore) -> None:
        self._store = store

    @override
    async def wake(self, wakes: Sequence[Wake]) -> None:
        if wakes:
            await self._store.execute_many(
                _WAKE_SQLITE, [(wake.job_id.hex, wake.due_at.timestamp()) for wake in wakes]
            )

    @override
    async def wake_all(self, now: datetime, *, beyond: datetime | None = None) -> None:
        after = float("-inf") if beyond is None else beyond.timestamp()
        await self._store.execute(
            "UPDATE live_jobs SET due_at = ? WHERE due_at > ?", (now.timestamp(), after)
        )

    @override
    async def claim(self, now: datetime, until: datetime, *, limit: int = 500) -> list[UUID]:
        at = now.timestamp()
        due = await self._store.execute(
            "SELECT 1 FROM live_jobs WHERE due_at <= ? LIMIT 1", (at,), commit=False
        )
        if not due:  # nothing is written while nothing is due
            return []
        rows = await self._store.execute(_CLAIM_SQLITE, (until.timestamp(), at, limit))
        return [UUID(str(row[0])) for row in rows]

    @override
    async def forget(self, seen: Mapping[UUID, int]) -> None:
        if seen:
            await self._store.execute_many(
                _FORGET_SQLITE, [(job_id.hex, version) for job_id, version in seen.items()]
            )


class PostgresLiveJobs(LiveJobs):
    """Live jobs in the event database that the services share."""

    def __init__(self, store: PostgresEventStore) -> None:
        self._pool = store.pool

    @override
    async def wake(self, wakes: Sequence[Wake]) -> None:
        earliest: dict[UUID, datetime] = {}
        # PostgreSQL refuses an ON CONFLICT DO UPDATE that would change one row twice (21000).
        for wake in wakes:
            earliest[wake.job_id] = min(wake.due_at, earliest.get(wake.job_id, wake.due_at))
        if not earliest:
            return
        # In one order, or two reconcilers may wait for each other's rows (40P01).
        ordered = sorted(earliest)
        async with translated_errors():
            await self._pool.execute(
                _WAKE_POSTGRES, ordered, [earliest[job_id] for job_id in ordered]
            )

    @override
    async def wake_all(self, now: datetime, *, beyond: datetime | None = None) -> None:
        async with translated_errors():
            await self._pool.execute(
                "UPDATE live_jobs SET due_at = $1 WHERE $2::timestamptz IS NULL OR due_at > $2",
                now,
                beyond,
            )

    @override
    async def claim(self, now: datetime, until: datetime, *, limit: int = 500) -> list[UUID]:
        async with translated_errors():
            rows = await self._pool.fetch(_CLAIM_POSTGRES, now, until, limit)
        return [row[0] for row in rows]

    @override
    async def forget(self, seen: Mapping[UUID, int]) -> None:
        if seen:
            async with translated_errors():
                await self._pool.execute(_FORGET_POSTGRES, list(seen), list(seen.values()))
