"""The event store on SQLite: the library's own recorder, with leases and positions beside it in the
same file.

One process owns the file. All writes go through one thread, so they never wait for SQLite's lock;
reads have threads of their own.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar, cast
from uuid import UUID

from eventsourcing.persistence import IntegrityError, PersistenceError, StoredEvent
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteCursor, SQLiteDatastore
from typing_extensions import override

from dragoman_contracts.errors import ConflictError
from dragoman_runtime.eventstore.port import (
    Append,
    EventStore,
    Lease,
    LeaseHeldError,
    LiveLease,
    LockedPosition,
    Stored,
    StoreUnavailableError,
    encode_append,
)
from dragoman_runtime.eventstore.reading import LogRow, read_page, read_row
from dragoman_runtime.eventstore.recent_events import RecentEvents

_T = TypeVar("_T")

_TABLES = (
    "CREATE TABLE IF NOT EXISTS work_leases (work_id TEXT PRIMARY KEY, job_id TEXT NOT NULL, owner TEXT NOT NULL, "
    "expires_at REAL NOT NULL, takeovers INTEGER NOT NULL DEFAULT 0, note TEXT) WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS work_leases_job ON work_leases (job_id)",
    "CREATE TABLE IF NOT EXISTS live_jobs (job_id TEXT PRIMARY KEY, due_at REAL NOT NULL) WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS live_jobs_due ON live_jobs (due_at)",
    "CREATE TABLE IF NOT EXISTS positions (name TEXT PRIMARY KEY, position INTEGER NOT NULL) WITHOUT ROWID",
)
_LATER_COLUMNS = {  # of the leases, which a file of an earlier version lacks
    "takeovers": "ALTER TABLE work_leases ADD COLUMN takeovers INTEGER NOT NULL DEFAULT 0",
    "note": "ALTER TABLE work_leases ADD COLUMN note TEXT",
}
_TAKE = (
    "INSERT INTO work_leases (work_id, job_id, owner, expires_at) VALUES (?, ?, ?, ?) "
    "ON CONFLICT (work_id) DO UPDATE SET owner = excluded.owner, expires_at = excluded.expires_at, "
    "note = NULL, takeovers = work_leases.takeovers + (work_leases.owner <> excluded.owner) "
    "WHERE work_leases.expires_at <= ? OR work_leases.owner = excluded.owner RETURNING takeovers"
)

_RENEW = "UPDATE work_leases SET expires_at = ?, note = ? WHERE work_id = ? AND owner = ? RETURNING work_id"


class _Recorder(SQLiteApplicationRecorder):
    """The library's recorder with leases in the transaction of the events."""

    def construct_create_table_statements(self) -> list[str]:
        return [*super().construct_create_table_statements(), *_TABLES]

    def create_table(self) -> None:
        super().create_table()
        with self.datastore.transaction(commit=True) as cursor:
            cursor.execute("SELECT name FROM pragma_table_info('work_leases')")
            found = {str(row[0]) for row in cursor.fetchall()}
            for name, statement in _LATER_COLUMNS.items():
                if name not in found:
                    cursor.execute(statement)

    def commit(
        self, events: Sequence[StoredEvent], take: Lease | None, release: Lease | None
    ) -> list[int]:
        with self.datastore.transaction(commit=True) as cursor:
            if take:
                _take(cursor, take)
            if release:
                cursor.execute(
                    "DELETE FROM work_leases WHERE work_id = ? AND owner = ?",
                    (release.work_id.hex, release.owner),
                )
            return list(self._insert_events(cursor, events) or ())

    def renew(self, rows: Sequence[tuple[float, str | None, str, str]]) -> set[UUID]:
        kept: set[UUID] = set()
        with self.datastore.transaction(commit=True) as cursor:
            for row in rows:
                cursor.execute(_RENEW, row)
                kept.update(UUID(str(each[0])) for each in cursor.fetchall())
        return kept

    def execute(
        self, statement: str, parameters: Sequence[Any] = (), *, commit: bool
    ) -> list[tuple[Any, ...]]:
        with self.datastore.transaction(commit=commit) as cursor:
            cursor.execute(statement, parameters)
            return [tuple(cast("Sequence[Any]", row)) for row in cursor.fetchall()]

    def execute_many(self, statement: str, rows: Sequence[Sequence[Any]]) -> None:
        with self.datastore.transaction(commit=True) as cursor:
            for row in rows:
                cursor.execute(statement, row)


def _log_row(row: StoredEvent, position: int = 0) -> LogRow:
    try:
        stream_id = UUID(str(row.originator_id))
    except ValueError:  # the damage is in the row's own id
        stream_id = UUID(int=0)
    return LogRow(stream_id, row.originator_version, row.state, position)


def _read(row: StoredEvent) -> Stored:
    return read_row(_log_row(row))


def _take(cursor: SQLiteCursor, lease: Lease) -> None:
    now = time.time()
    values = (
        lease.work_id.hex,
        lease.job_id.hex,
        lease.owner,
        now + lease.ttl.total_seconds(),
        now,
    )
    cursor.execute(_TAKE, values)
    row = cursor.fetchone()
    if row is None:
        raise LeaseHeldError(
            f"Work {lease.work_id} of job {lease.job_id} is leased by another worker."
        )
    lease.takeovers = int(row[0])


class _Position:
    def __init__(self, store: SqliteEventStore, name: str, position: int) -> None:
        self._store, self._name, self.position = store, name, position

    async def advance(self, position: int) -> None:
        self.position = position
        await self._store.execute(
            "INSERT INTO positions VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET position = excluded.position",
            (self._name, position),
        )


class SqliteEventStore(EventStore):
    """The event store of one process, in the file `path`."""

    def __init__(self, path: Path) -> None:
        self._datastore = SQLiteDatastore(str(path), pool_size=4)
        self._recorder = _Recorder(self._datastore)
        self._recorder.create_table()
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="events-write")
        self._readers = ThreadPoolExecutor(3, thread_name_prefix="events-read")
        self._appended = asyncio.Event()
        self._locked: set[str] = set()
        self._recent = RecentEvents()

    @override
    async def commit(
        self,
        appends: Sequence[Append] = (),
        *,
        take: Lease | None = None,
        release: Lease | None = None,
    ) -> tuple[Stored, ...]:
        encoded = [each for append in appends for each in encode_append(append)]
        rows = [
            StoredEvent(
                each.stored.recorded.originator_id,
                each.stored.recorded.originator_version,
                each.stored.recorded.type,
                each.state,
            )
            for each in encoded
        ]

        def write() -> tuple[Stored, ...]:
            positions = self._recorder.commit(rows, take, release)
            stored = tuple(
                Stored(each.stored.recorded, each.stored.digest, position)
                for each, position in zip(encoded, positions, strict=True)
            )
            # In the thread, so that it happens even if the caller is cancelled meanwhile.
            self._recent.add(stored)
            return stored

        stored = await self._run(self._writer, write)
        if stored:
            self._appended.set()
        return stored

    @override
    async def read(self, stream_id: UUID, *, after: int = 0) -> list[Stored]:
        # No other process writes, so nothing can be behind it.
        if self._recent.is_head(stream_id, after):
            await asyncio.sleep(0)
            return []

        def select() -> list[Stored]:
            return [_read(row) for row in self._recorder.select_events(stream_id, gt=after)]

        return await self._run(self._readers, select)

    @override
    async def read_states(self, stream_id: UUID) -> list[bytes]:
        return await self._run(
            self._readers, lambda: [row.state for row in self._recorder.select_events(stream_id)]
        )

    @override
    async def read_several(self, after: Mapping[UUID, int]) -> list[Stored]:
        def select() -> list[Stored]:
            return [
                _read(row)
                for stream_id, version in after.items()
                for row in self._recorder.select_events(stream_id, gt=version)
            ]

        return await self._run(self._readers, select)

    @override
    async def tail(
        self,
        after: int,
        *,
        limit: int = 500,
        types: Collection[str] | None = None,
        skips_damaged: bool = True,
    ) -> list[Stored]:
        recent = self._recent.behind(after, limit, types)
        if recent is not None:
            # A caller that reads in a loop lets other tasks run, as a read of the file would.
            await asyncio.sleep(0)
            return recent

        def select(start: int, wanted: int) -> list[LogRow]:
            rows = self._recorder.select_notifications(
                start, wanted, topics=list(types or ()), inclusive_of_start=False
            )
            return [_log_row(row, row.id) for row in rows]

        def page(start: int, wanted: int) -> Awaitable[list[LogRow]]:
            return self._run(self._readers, lambda: select(start, wanted))

        return await read_page(page, after, limit, skips_damaged=skips_damaged)

    @override
    async def head_position(self) -> int:
        return await self._run(self._readers, lambda: self._recorder.max_notification_id() or 0)

    @override
    async def renew(self, leases: Sequence[Lease]) -> set[UUID]:
        now = time.time()
        rows = [
            (now + each.ttl.total_seconds(), each.note, each.work_id.hex, each.owner)
            for each in leases
        ]
        return await self._run(self._writer, lambda: self._recorder.renew(rows)) if rows else set()

    @override
    async def live_leases(self, *job_ids: UUID) -> dict[UUID, LiveLease]:
        rows = await self.execute(
            "SELECT work_id, owner, expires_at, note FROM work_leases WHERE expires_at > ? "
            "AND job_id IN (SELECT value FROM json_each(?))",
            (time.time(), json.dumps([job_id.hex for job_id in job_ids])),
            commit=False,
        )
        return {
            UUID(str(work_id)): LiveLease(
                str(owner), datetime.fromtimestamp(float(expires_at), UTC), note
            )
            for work_id, owner, expires_at, note in rows
        }

    @override
    async def expire_leases(self) -> None:
        await self.execute("UPDATE work_leases SET expires_at = 0")

    @override
    async def forget_leases(self, expired_for: timedelta) -> int:
        until = time.time() - expired_for.total_seconds()
        return len(
            await self.execute(
                "DELETE FROM work_leases WHERE expires_at <= ? RETURNING work_id", (until,)
            )
        )

    @asynccontextmanager
    async def lock_position(self, name: str) -> AsyncGenerator[LockedPosition | None]:
        """The position; None while another task has it. No other process writes this file."""
        if name in self._locked:
            yield None
            return
        self._locked.add(name)
        try:
            rows = await self.execute(
                "SELECT position FROM positions WHERE name = ?", (name,), commit=False
            )
            yield _Position(self, name, int(rows[0][0]) if rows else 0)
        finally:
            self._locked.remove(name)

    async def wait_for_append(self, timeout_s: float) -> None:
        """Return when something was appended since the last call, or after `timeout_s`.

        Only one task may wait: the reader of the log in the process that writes it.
        """
        with suppress(TimeoutError):
            # Python 3.11's wait_for loses a cancellation that meets the append.
            async with asyncio.timeout(timeout_s):
                await self._appended.wait()
        self._appended.clear()

    async def execute(
        self, statement: str, parameters: Sequence[Any] = (), *, commit: bool = True
    ) -> list[tuple[Any, ...]]:
        """Run one statement on the event database, in the writing thread when it commits."""
        executor = self._writer if commit else self._readers
        return await self._run(
            executor, lambda: self._recorder.execute(statement, parameters, commit=commit)
        )

    async def execute_many(self, statement: str, rows: Sequence[Sequence[Any]]) -> None:
        """Run one statement for each row of parameters, in one transaction."""
        await self._run(self._writer, lambda: self._recorder.execute_many(statement, rows))

    @override
    async def aclose(self) -> None:
        self._writer.shutdown()
        self._readers.shutdown()
        self._datastore.close()

    async def _run(self, executor: ThreadPoolExecutor, function: Callable[[], _T]) -> _T:
        try:
            return await asyncio.get_running_loop().run_in_executor(executor, function)
        except IntegrityError as error:
            raise ConflictError(
                "A stream has gone past the version this append expected."
            ) from error
        except PersistenceError as error:
            raise StoreUnavailableError(
                f"The event database failed: {error}. Check disk space and rights."
            ) from error
