"""The event store on PostgreSQL: the library's table, written by our own lean recorder.

A commit is one statement, and so one round trip: it takes or releases the lease, takes an advisory
lock and inserts. Thanks to the lock, positions grow in the order of the commits, and a reader of
the log misses nothing. A sequence alone does not give that: a transaction may draw a number early
and commit late. The lock is held no longer than the statement. There is no table lock and no
NOTIFY.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

import asyncpg
from typing_extensions import override

from dragoman_contracts.errors import ConflictError
from dragoman_runtime.eventstore.connections import Connections
from dragoman_runtime.eventstore.port import (
    Append,
    EncodedEvent,
    EventStore,
    Lease,
    LeaseHeldError,
    LiveLease,
    LockedPosition,
    Stored,
    StoreUnavailableError,
    encode_append,
)
from dragoman_runtime.eventstore.postgres_url import refusals
from dragoman_runtime.eventstore.reading import LogRow, read_page, read_row
from dragoman_runtime.sqlstates import passes
from dragoman_runtime.stopping import closed
from dragoman_runtime.telemetry import Role, current_traceparent, get_logger, span
from dragoman_runtime.telemetry.conventions import appending

APPEND_LOCK = 0x647261676F6D616E  # "dragoman"
_CLOSE_S = 5.0
_FOR_OTHERS = 3
"""The number of the pool's connections that are left for locks of positions, and for tables beside
the events.
"""

# MATERIALIZED says outright that the lock is taken once, before the first row is numbered.
_APPEND = """
WITH locked AS MATERIALIZED (SELECT pg_advisory_xact_lock($1))
INSERT INTO dragoman_events (originator_id, originator_version, topic, state)
SELECT row.originator_id, row.originator_version, row.topic, row.state
FROM locked, unnest($2::uuid[], $3::bigint[], $4::text[], $5::bytea[])
    WITH ORDINALITY AS row (originator_id, originator_version, topic, state, place)
ORDER BY row.place
RETURNING notification_id
"""
_READ_SEVERAL = """
SELECT event.state, event.originator_id, event.originator_version
FROM unnest($1::uuid[], $2::bigint[]) AS asked (stream_id, version)
JOIN dragoman_events AS event ON event.originator_id = asked.stream_id AND event.originator_version > asked.version
ORDER BY event.originator_id, event.originator_version
"""
# A takeover counts against the work only where the last owner could have renewed the lease: not
# where the lease was last renewed before this server started. `clock_timestamp()` is the time now;
# `now()` is that of the transaction's start.
_TAKE = """
INSERT INTO work_leases (work_id, job_id, owner, expires_at)
VALUES ($1, $2, $3, clock_timestamp() + $4::interval)
ON CONFLICT (work_id) DO UPDATE SET owner = excluded.owner, expires_at = excluded.expires_at, note = NULL,
    takeovers = work_leases.takeovers + (
        work_leases.owner <> excluded.owner AND work_leases.expires_at - $4::interval > pg_postmaster_start_time()
    )::int
WHERE work_leases.expires_at <= clock_timestamp() OR work_leases.owner = excluded.owner
RETURNING takeovers
"""
_RELEASE = "DELETE FROM work_leases WHERE work_id = $1 AND owner = $2"

# The lease comes first and the lock second: a commit that waits for the row of a lease then holds
# up no other commit, and two commits that need both cannot wait for each other. Where another
# worker has the lease, `taken` is empty, so `locked` is empty too, and nothing is inserted.
_TAKE_AND_APPEND = """
WITH taken AS (
    INSERT INTO work_leases (work_id, job_id, owner, expires_at)
    VALUES ($1, $2, $3, clock_timestamp() + $4::interval)
    ON CONFLICT (work_id) DO UPDATE SET owner = excluded.owner, expires_at = excluded.expires_at, note = NULL,
        takeovers = work_leases.takeovers + (
            work_leases.owner <> excluded.owner AND work_leases.expires_at - $4::interval > pg_postmaster_start_time()
        )::int
    WHERE work_leases.expires_at <= clock_timestamp() OR work_leases.owner = excluded.owner
    RETURNING takeovers
), locked AS MATERIALIZED (SELECT pg_advisory_xact_lock($5), takeovers FROM taken)
INSERT INTO dragoman_events (originator_id, originator_version, topic, state)
SELECT row.originator_id, row.originator_version, row.topic, row.state
FROM locked, unnest($6::uuid[], $7::bigint[], $8::text[], $9::bytea[])
    WITH ORDINALITY AS row (originator_id, originator_version, topic, state, place)
ORDER BY row.place
RETURNING notification_id, (SELECT takeovers FROM taken)
"""
# The count is one row even where nothing was released: the events are appended although the lease
# was lost.
_RELEASE_AND_APPEND = """
WITH released AS (
    DELETE FROM work_leases WHERE work_id = $1 AND owner = $2 RETURNING work_id
), locked AS MATERIALIZED (SELECT pg_advisory_xact_lock($3) FROM (SELECT count(*) FROM released) AS done)
INSERT INTO dragoman_events (originator_id, originator_version, topic, state)
SELECT row.originator_id, row.originator_version, row.topic, row.state
FROM locked, unnest($4::uuid[], $5::bigint[], $6::text[], $7::bytea[])
    WITH ORDINALITY AS row (originator_id, originator_version, topic, state, place)
ORDER BY row.place
RETURNING notification_id
"""
_TAIL = """
SELECT originator_id, originator_version, state, notification_id FROM dragoman_events
WHERE notification_id > $1
ORDER BY notification_id LIMIT $2
"""
_TAIL_OF = """
SELECT originator_id, originator_version, state, notification_id FROM dragoman_events
WHERE notification_id > $1 AND topic = ANY ($3)
ORDER BY notification_id LIMIT $2
"""
_LOCK_NAME = "SELECT pg_try_advisory_lock(hashtextextended($1, 0))"
_POSITION_OF = """
WITH added AS (INSERT INTO positions VALUES ($1, 0) ON CONFLICT (name) DO NOTHING RETURNING position)
SELECT position FROM added UNION ALL SELECT position FROM positions WHERE name = $1
"""
_RENEW = """
UPDATE work_leases AS lease SET expires_at = clock_timestamp() + $4::interval, note = renewed.note
FROM unnest($1::uuid[], $2::text[]) AS renewed (work_id, note)
WHERE lease.work_id = renewed.work_id AND lease.owner = $3 RETURNING lease.work_id
"""


_log = get_logger()
_LOST = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a connection that was lost in the middle of an exchange
    asyncpg.PostgresError,
)


@asynccontextmanager
async def translated_errors() -> AsyncGenerator[None]:
    """Turn the driver's errors into ours at this edge."""
    try:
        yield
    except asyncpg.UniqueViolationError as error:
        raise ConflictError("A stream has gone past the version this append expected.") from error
    except _LOST as error:
        if isinstance(error, asyncpg.PostgresError) and not passes(error.sqlstate):
            raise
        message = f"PostgreSQL does not take it now: {type(error).__name__}. Is it running, and has it room?"
        raise StoreUnavailableError(message) from error


class _Position:
    def __init__(self, connection: asyncpg.Connection[Any], name: str, position: int) -> None:
        self._connection, self._name, self.position = connection, name, position

    async def advance(self, position: int) -> None:
        async with translated_errors():  # fails where the connection is lost, and the lock with it
            await self._connection.execute(
                "UPDATE positions SET position = $2 WHERE name = $1", self._name, position
            )
        self.position = position


class PostgresEventStore(EventStore):
    """The event store that all services of an installation share."""

    def __init__(self, pool: asyncpg.Pool[Any]) -> None:
        self._pool = pool
        self._connections = Connections(pool, max(1, pool.get_max_size() - _FOR_OTHERS))
        self._connections.measure()

    @classmethod
    async def connect(cls, url: str, *, pool_size: int = 8) -> PostgresEventStore:
        """Open a pool on a migrated database.

        Raises:
            StoreUnavailableError: the server cannot be reached.
            StoreRefusedError: it refuses role, database or connection.
        """
        async with translated_errors():
            with refusals(url):
                pool = await asyncpg.create_pool(
                    url, min_size=1, max_size=pool_size, command_timeout=60, reset=_kept_as_it_is
                )
        return cls(pool)

    @property
    def pool(self) -> asyncpg.Pool[Any]:
        """The connections, for tables that live in the event database beside the events."""
        return self._pool

    @override
    async def commit(
        self,
        appends: Sequence[Append] = (),
        *,
        take: Lease | None = None,
        release: Lease | None = None,
    ) -> tuple[Stored, ...]:
        encoded = [each for append in appends for each in encode_append(append)]
        if encoded and current_traceparent() is not None:
            with span("append events", None, Role.CLIENT, appending(len(encoded))):
                positions = await self._committed(encoded, take, release)
        else:
            positions = await self._committed(encoded, take, release)
        return tuple(
            Stored(each.stored.recorded, each.stored.digest, int(row[0]))
            for each, row in zip(encoded, positions, strict=True)
        )

    async def _committed(
        self, encoded: Sequence[EncodedEvent], take: Lease | None, release: Lease | None
    ) -> Sequence[asyncpg.Record]:
        async with translated_errors():
            if take:
                return await self._take(take, encoded)
            if release:
                return await self._release(release, encoded)
            if not encoded:
                return []
            return await self._connections.fetch(_APPEND, APPEND_LOCK, *_columns(encoded))

    async def _take(
        self, lease: Lease, encoded: Sequence[EncodedEvent]
    ) -> Sequence[asyncpg.Record]:
        of_lease = (lease.work_id, lease.job_id, lease.owner, lease.ttl)
        if encoded:
            rows = await self._connections.fetch(
                _TAKE_AND_APPEND, *of_lease, APPEND_LOCK, *_columns(encoded)
            )
        else:
            rows = await self._connections.fetch(_TAKE, *of_lease)
        if not rows:
            raise LeaseHeldError(
                f"Work {lease.work_id} of job {lease.job_id} is leased by another worker."
            )
        lease.takeovers = int(rows[0][-1])
        return rows if encoded else []

    async def _release(
        self, lease: Lease, encoded: Sequence[EncodedEvent]
    ) -> Sequence[asyncpg.Record]:
        of_lease = (lease.work_id, lease.owner)
        if encoded:
            return await self._connections.fetch(
                _RELEASE_AND_APPEND, *of_lease, APPEND_LOCK, *_columns(encoded)
            )
        await self._connections.fetch(_RELEASE, *of_lease)
        return []

    @override
    async def read(self, stream_id: UUID, *, after: int = 0) -> list[Stored]:
        async with translated_errors():
            rows = await self._connections.fetch(
                "SELECT state, originator_version FROM dragoman_events "
                "WHERE originator_id = $1 AND originator_version > $2 "
                "ORDER BY originator_version",
                stream_id,
                after,
            )
        return [read_row(LogRow(stream_id, row[1], row[0])) for row in rows]

    @override
    async def read_states(self, stream_id: UUID) -> list[bytes]:
        async with translated_errors():
            rows = await self._connections.fetch(
                "SELECT state FROM dragoman_events WHERE originator_id = $1 ORDER BY originator_version",
                stream_id,
            )
        return [row[0] for row in rows]

    @override
    async def read_several(self, after: Mapping[UUID, int]) -> list[Stored]:
        async with translated_errors():
            rows = await self._connections.fetch(_READ_SEVERAL, list(after), list(after.values()))
        return [read_row(LogRow(row[1], row[2], row[0])) for row in rows]

    @override
    async def tail(
        self,
        after: int,
        *,
        limit: int = 500,
        types: Collection[str] | None = None,
        skips_damaged: bool = True,
    ) -> list[Stored]:
        async def page(start: int, wanted: int) -> list[LogRow]:
            async with translated_errors():
                if types is None:
                    rows = await self._connections.fetch(_TAIL, start, wanted)
                else:
                    rows = await self._connections.fetch(_TAIL_OF, start, wanted, list(types))
            return [LogRow(*row) for row in rows]

        return await read_page(page, after, limit, skips_damaged=skips_damaged)

    @override
    async def head_position(self) -> int:
        async with translated_errors():
            rows = await self._connections.fetch(
                "SELECT coalesce(max(notification_id), 0) FROM dragoman_events"
            )
        return rows[0][0]

    @override
    async def renew(self, leases: Sequence[Lease]) -> set[UUID]:
        if not leases:
            return set()
        ids, notes = [lease.work_id for lease in leases], [lease.note for lease in leases]
        async with translated_errors():
            rows = await self._connections.fetch(_RENEW, ids, notes, leases[0].owner, leases[0].ttl)
        return {row[0] for row in rows}

    @override
    async def live_leases(self, *job_ids: UUID) -> dict[UUID, LiveLease]:
        async with translated_errors():
            rows = await self._connections.fetch(
                "SELECT work_id, owner, expires_at, note FROM work_leases WHERE job_id = ANY ($1) "
                "AND expires_at > clock_timestamp()",
                list(job_ids),
            )
        return {
            work_id: LiveLease(owner, expires_at, note) for work_id, owner, expires_at, note in rows
        }

    @override
    async def expire_leases(self) -> None:
        async with translated_errors():
            await self._connections.fetch("UPDATE work_leases SET expires_at = clock_timestamp()")

    @override
    async def forget_leases(self, expired_for: timedelta) -> int:
        async with translated_errors():
            rows = await self._connections.fetch(
                "DELETE FROM work_leases WHERE expires_at <= clock_timestamp() - $1::interval RETURNING work_id",
                expired_for,
            )
        return len(rows)

    @asynccontextmanager
    async def lock_position(self, name: str) -> AsyncGenerator[LockedPosition | None]:
        """The position, with a lock of this session on its name.

        None while another process holds the lock.

        The lock is a session's and not a transaction's: no transaction is open meanwhile, so the
        lock may be held for long. PostgreSQL releases it when the connection is lost.
        """
        async with translated_errors(), self._pool.acquire() as pooled:
            connection = cast("asyncpg.Connection[Any]", pooled)
            if not await connection.fetchval(_LOCK_NAME, name):
                yield None
                return
            try:
                yield _Position(connection, name, await connection.fetchval(_POSITION_OF, name))
            finally:
                await _unlock(connection, name)

    @override
    async def aclose(self) -> None:
        """Close the connections; those that are not given back within some seconds are cut."""
        # The pool waits for each connection that is in use, for ever where a statement was
        # cancelled and the server never answers.
        if not await closed(self._close, _CLOSE_S):
            _log.warning("store.connections_cut", count=self._pool.get_size())
            self._pool.terminate()

    async def _close(self) -> None:
        await self._connections.aclose()
        await self._pool.close()


def _columns(
    encoded: Sequence[EncodedEvent],
) -> tuple[list[UUID], list[int], list[str], list[bytes]]:
    """The events as columns, which the inserting statements unnest."""
    return (
        [each.stored.recorded.originator_id for each in encoded],
        [each.stored.recorded.originator_version for each in encoded],
        [each.stored.recorded.type for each in encoded],
        [each.state for each in encoded],
    )


async def _unlock(connection: asyncpg.Connection[Any], name: str) -> None:
    """Release the lock on a name; where that fails, end the session, which releases it as well."""
    if connection.is_closed():
        return
    try:
        await connection.execute("SELECT pg_advisory_unlock(hashtextextended($1, 0))", name)
    except BaseException:
        connection.terminate()
        raise


async def _kept_as_it_is(connection: Any) -> None:
    """Reset nothing: open transactions were rolled back before, and no code here changes settings
    of a session.

    The driver's own reset costs a round trip each time a connection is given back.
    """
