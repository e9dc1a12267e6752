"""The archive: the whole log as its stored bytes, for replay, export, import and checks, which read
or copy all of it.

It stands beside the event store and takes no part in leases or live work. On SQLite it is another
connection to the file, so it can read while `up` holds the state folder; it writes only when events
are imported.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar
from uuid import UUID

import asyncpg

from dragoman_contracts.errors import PermanentError
from dragoman_runtime.eventstore.port import DamagedEventError, Stored, StoreUnavailableError
from dragoman_runtime.eventstore.postgres import APPEND_LOCK, translated_errors
from dragoman_runtime.eventstore.postgres_url import refusals
from dragoman_runtime.eventstore.reading import LogRow, read_page, read_row

PAGE = 2000
FIRST = UUID(int=0)
_T = TypeVar("_T")


class ArchiveMissingError(PermanentError):
    """There is no event log where the settings point to."""

    default_code = "events.missing"


class MisnamedRowError(PermanentError):
    """A row of the log names no stream: another program changed the file."""

    default_code = "events.misnamed"


@dataclass(frozen=True, slots=True)
class RawEvent:
    """One row of the log. `position` is its place in it."""

    position: int
    stream_id: UUID
    version: int
    topic: str
    state: bytes


@dataclass(frozen=True, slots=True)
class Span:
    """A part of the streams, in the order of their ids: behind `after`, up to and including `last`.

    Of each stream only the events up to the position `until` belong to the span.
    """

    after: UUID
    last: UUID
    until: int


class Archive(Protocol):
    """The rows of the log.

    Every method raises StoreUnavailableError while the database cannot be reached.
    """

    async def head(self) -> int:
        """The position of the last event; 0 when there is none."""
        ...

    async def tail(self, after: int, *, limit: int = PAGE) -> list[RawEvent]:
        """The log behind a position, in its order."""
        ...

    async def page(
        self, span: Span, stream_id: UUID, version: int, *, limit: int = PAGE
    ) -> list[RawEvent]:
        """The span behind a version of one of its streams, ordered by stream and version."""
        ...

    async def stream(self, stream_id: UUID) -> list[RawEvent]:
        """The events of one stream, oldest first."""
        ...

    async def sample(self, count: int, until: int) -> list[UUID]:
        """The streams of up to `count` events spread evenly over the log, in order of their ids."""
        ...

    async def containing(self, text: str) -> RawEvent | None:
        """The first event whose state holds this ASCII text. Reads the whole log."""
        ...

    async def misnamed(self) -> list[int]:
        """The positions of rows whose stream id is no UUID. No other method can read these rows."""
        ...

    async def add(self, events: Sequence[RawEvent]) -> None:
        """Append rows as they are, in this order; they get new positions. All of them or none.

        Raises:
            ConflictError: a stream has one of these versions already.
        """
        ...

    async def aclose(self) -> None:
        """Close connections."""
        ...


class PostgresArchive(Archive):
    """The archive of the services' database."""

    def __init__(self, pool: asyncpg.Pool[Any]) -> None:
        self._pool = pool

    @classmethod
    async def connect(cls, url: str) -> PostgresArchive:
        """Open a small pool on a database that has the table of events.

        Raises:
            StoreUnavailableError: the server cannot be reached.
            ArchiveMissingError: the database has no table of events.
        """
        async with translated_errors():
            with refusals(url):
                pool = await asyncpg.create_pool(url, min_size=1, max_size=3)
            if not await pool.fetchval("SELECT to_regclass('dragoman_events')"):
                await pool.close()
                raise ArchiveMissingError(
                    "The database has no events yet. Start the services on it once."
                )
        return cls(pool)

    async def head(self) -> int:
        """The position of the last event; 0 when there is none."""
        async with translated_errors():
            return await self._pool.fetchval(
                "SELECT coalesce(max(notification_id), 0) FROM dragoman_events"
            )

    async def tail(self, after: int, *, limit: int = PAGE) -> list[RawEvent]:
        """The log behind a position, in its order."""
        return await self._rows(
            "WHERE notification_id > $1 ORDER BY notification_id LIMIT $2", after, limit
        )

    async def page(
        self, span: Span, stream_id: UUID, version: int, *, limit: int = PAGE
    ) -> list[RawEvent]:
        """The span behind a version of one of its streams, ordered by stream and version."""
        where = (
            "WHERE (originator_id, originator_version) > ($1, $2) AND originator_id <= $3 AND notification_id <= $4 "
            "ORDER BY originator_id, originator_version LIMIT $5"
        )
        return await self._rows(where, stream_id, version, span.last, span.until, limit)

    async def stream(self, stream_id: UUID) -> list[RawEvent]:
        """The events of one stream, oldest first."""
        return await self._rows("WHERE originator_id = $1 ORDER BY originator_version", stream_id)

    async def sample(self, count: int, until: int) -> list[UUID]:
        """The streams of up to `count` events spread evenly over the log, in order of their ids."""
        async with translated_errors():
            rows = await self._pool.fetch(
                "SELECT DISTINCT originator_id FROM dragoman_events WHERE notification_id = ANY ($1) ORDER BY 1",
                _spread(count, until),
            )
        return [row[0] for row in rows]

    async def containing(self, text: str) -> RawEvent | None:
        """The first event whose state holds this ASCII text. Reads the whole log."""
        rows = await self._rows(
            "WHERE position($1::bytea IN state) > 0 ORDER BY notification_id LIMIT 1", text.encode()
        )
        return rows[0] if rows else None

    async def misnamed(self) -> list[int]:
        """None: the column's type is uuid, so it holds nothing else."""
        return []

    async def add(self, events: Sequence[RawEvent]) -> None:
        """Append rows as they are, in this order; they get new positions. All of them or none."""
        columns = zip(
            *((each.stream_id, each.version, each.topic, each.state) for each in events),
            strict=True,
        )
        async with translated_errors():
            await self._pool.execute(
                """
                WITH locked AS MATERIALIZED (SELECT pg_advisory_xact_lock($1))
                INSERT INTO dragoman_events (originator_id, originator_version, topic, state)
                SELECT row.a, row.b, row.c, row.d
                FROM locked, unnest($2::uuid[], $3::bigint[], $4::text[], $5::bytea[])
                    WITH ORDINALITY AS row (a, b, c, d, place)
                ORDER BY row.place
                """,
                APPEND_LOCK,
                *map(list, columns),
            )

    async def aclose(self) -> None:
        """Close connections."""
        await self._pool.close()

    async def _rows(self, where: str, *parameters: object) -> list[RawEvent]:
        columns = "notification_id, originator_id, originator_version, topic, state"
        query = f"SELECT {columns} FROM dragoman_events {where}"  # noqa: S608 - ours
        async with translated_errors():
            return [RawEvent(*row) for row in await self._pool.fetch(query, *parameters)]


class SqliteArchive(Archive):
    """The archive of a state folder."""

    def __init__(self, path: Path) -> None:
        """Open the file.

        Raises:
            ArchiveMissingError: there is no such file.
            StoreUnavailableError: it cannot be opened.
        """
        if not path.exists():
            raise ArchiveMissingError(
                f"{path.parent} holds no event log. Name the state folder with --state."
            )
        try:
            self._connection = sqlite3.connect(
                path,
                timeout=30,
                isolation_level=None,
                check_same_thread=False,
                cached_statements=32,
            )
            self._connection.execute("PRAGMA query_only = ON")
        except sqlite3.Error as error:
            raise _unavailable(error) from error
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="archive")
        self._connection.text_factory = _lenient

    async def head(self) -> int:
        """The position of the last event; 0 when there is none."""
        rows = await self._run(
            lambda: self._connection.execute("SELECT max(rowid) FROM stored_events").fetchall()
        )
        return int(rows[0][0] or 0)

    async def tail(self, after: int, *, limit: int = PAGE) -> list[RawEvent]:
        """The log behind a position, in its order."""
        return await self._rows("WHERE rowid > ? ORDER BY rowid LIMIT ?", after, limit)

    async def page(
        self, span: Span, stream_id: UUID, version: int, *, limit: int = PAGE
    ) -> list[RawEvent]:
        """The span behind a version of one of its streams, ordered by stream and version."""
        where = (
            "WHERE (originator_id, originator_version) > (?, ?) AND originator_id <= ? AND rowid <= ? "
            "ORDER BY originator_id, originator_version LIMIT ?"
        )
        return await self._rows(where, stream_id.hex, version, span.last.hex, span.until, limit)

    async def stream(self, stream_id: UUID) -> list[RawEvent]:
        """The events of one stream, oldest first."""
        return await self._rows(
            "WHERE originator_id = ? ORDER BY originator_version", stream_id.hex
        )

    async def sample(self, count: int, until: int) -> list[UUID]:
        """The streams of up to `count` events spread evenly over the log, in order of their ids."""
        found: set[UUID] = set()
        for position in _spread(count, until):
            found.update(row.stream_id for row in await self._rows("WHERE rowid = ?", position))
        return sorted(found)

    async def containing(self, text: str) -> RawEvent | None:
        """The first event whose state holds this ASCII text. Reads the whole log."""
        rows = await self._rows("WHERE instr(state, ?) > 0 ORDER BY rowid LIMIT 1", text.encode())
        return rows[0] if rows else None

    async def misnamed(self) -> list[int]:
        """The positions of rows whose stream id is no UUID; the column's type does not prevent that
        in SQLite.
        """
        query = (
            "SELECT rowid FROM stored_events "
            "WHERE length(originator_id) <> 32 OR originator_id GLOB '*[^0-9a-f]*' ORDER BY rowid"
        )
        return [
            row[0] for row in await self._run(lambda: self._connection.execute(query).fetchall())
        ]

    async def add(self, events: Sequence[RawEvent]) -> None:
        """Append rows as they are, in this order; they get new positions. All of them or none."""
        rows = [(each.stream_id.hex, each.version, each.topic, each.state) for each in events]

        def insert() -> None:
            self._connection.execute("PRAGMA query_only = OFF")
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                self._connection.executemany("INSERT INTO stored_events VALUES (?, ?, ?, ?)", rows)
                self._connection.execute("COMMIT")
            except sqlite3.Error:
                self._connection.execute("ROLLBACK")
                raise

        await self._run(insert)

    async def aclose(self) -> None:
        """Close connections."""
        self._thread.shutdown()
        self._connection.close()

    async def _rows(self, where: str, *parameters: object) -> list[RawEvent]:
        columns = "rowid, originator_id, originator_version, topic, state"
        query = f"SELECT {columns} FROM stored_events {where}"  # noqa: S608 - ours

        def select() -> list[RawEvent]:
            rows = self._connection.execute(query, parameters)
            return [
                RawEvent(row[0], _stream_id(row), row[2], row[3], bytes(row[4])) for row in rows
            ]

        return await self._run(select)

    async def _run(self, function: Callable[[], _T]) -> _T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, function)
        except sqlite3.Error as error:
            raise _unavailable(error) from error


def _unavailable(error: sqlite3.Error) -> StoreUnavailableError:
    return StoreUnavailableError(
        f"The event database failed: {error}. Check disk space and rights."
    )


class ArchivedLog:
    """The archive in the form of the log that projections read: decoded events, of the log or of
    one stream.
    """

    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    async def tail(self, after: int, *, limit: int = 500) -> list[Stored]:
        """The log behind a position, in its order, without the events that cannot be read."""

        async def select(start: int, wanted: int) -> list[LogRow]:
            return [_log_row(each) for each in await self._archive.tail(start, limit=wanted)]

        return await read_page(select, after, limit, skips_damaged=True)

    async def head_position(self) -> int:
        """The position of the last event; 0 when there is none."""
        return await self._archive.head()

    async def read(self, stream_id: UUID, *, after: int = 0) -> list[Stored]:
        """The events of a stream behind version `after`, oldest first;
        empty for an unknown stream.
        """
        events = decoded(await self._archive.stream(stream_id))
        return [each for each in events if each.recorded.version > after]


def _stream_id(row: Sequence[Any]) -> UUID:
    try:
        return UUID(row[1])
    except ValueError as error:
        message = f"Row {row[0]} of the log names no stream. `dragoman events verify` says what else is wrong."
        raise MisnamedRowError(message) from error


def _lenient(text: bytes) -> str:
    """Text of the file, also where a byte was changed and is no UTF-8 any more: a check must be
    able to read it.
    """
    return text.decode(errors="backslashreplace")


def decoded(rows: Sequence[RawEvent]) -> list[Stored]:
    """The events of these rows, in their order.

    Raises:
        DamagedEventError: one of them cannot be read.
    """
    return [read_row(_log_row(row)) for row in rows]


def _log_row(row: RawEvent) -> LogRow:
    return LogRow(row.stream_id, row.version, row.state, row.position)


def sound_streams(
    streams: Sequence[Sequence[RawEvent]], damaged: dict[UUID, int]
) -> list[Sequence[Stored]]:
    """The events of each stream before the first that cannot be read, whose version is noted in
    `damaged`; streams without any are left out.
    """
    found: list[Sequence[Stored]] = []
    for rows in streams:
        events: list[Stored] = []
        try:
            for row in rows:
                events.append(read_row(_log_row(row)))
        except DamagedEventError as error:
            damaged[error.stream_id] = error.version or 0
        if events:
            found.append(events)
    return found


async def whole_streams(
    archive: Archive, span: Span, *, limit: int = PAGE
) -> AsyncIterator[list[list[RawEvent]]]:
    """The whole streams of a span, some at a time.

    The next page is read while the caller works on this one.
    """
    behind, held = (span.after, _BEHIND_ALL), list[RawEvent]()
    reading = asyncio.ensure_future(archive.page(span, *behind, limit=limit))
    try:
        while rows := await reading:
            behind = rows[-1].stream_id, rows[-1].version
            reading = asyncio.ensure_future(archive.page(span, *behind, limit=limit))
            # Lets the next read begin before the caller computes on these streams.
            await asyncio.sleep(0)
            streams = _by_stream([*held, *rows])
            held = streams.pop()
            if streams:
                yield streams
        if held:
            yield [held]
    finally:
        reading.cancel()


_BEHIND_ALL = 2**62
"""A version behind the last of every stream: a span begins behind all events of the stream `after`.
"""


def _by_stream(rows: Sequence[RawEvent]) -> list[list[RawEvent]]:
    streams: list[list[RawEvent]] = []
    for row in rows:
        if not streams or streams[-1][0].stream_id != row.stream_id:
            streams.append([])
        streams[-1].append(row)
    return streams


def _spread(count: int, until: int) -> list[int]:
    return sorted({1 + place * until // count for place in range(count)}) if until else []


async def spans(archive: Archive, until: int, *, events: int) -> list[Span]:
    """The log up to `until`, cut into spans of about so many events each."""
    count = max(1, -(-until // events))
    sampled = await archive.sample(count * 50, until) if count > 1 else []
    step = len(sampled) / count
    cuts = sorted({sampled[int(place * step)] for place in range(1, count)}) if sampled else []
    ends = [*cuts, UUID(int=2**128 - 1)]
    return [Span(after, last, until) for after, last in zip([FIRST, *cuts], ends, strict=True)]
