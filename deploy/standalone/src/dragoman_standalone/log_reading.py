"""Reading and copying the event log for `dragoman events`."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from dragoman_contracts.errors import PermanentError
from dragoman_runtime.eventstore.archive import Archive, RawEvent
from dragoman_runtime.eventstore.exchange import Imported, Importer, from_line, to_line
from dragoman_runtime.eventstore.sqlite import SqliteEventStore
from dragoman_runtime.migrations.run import migrate_events
from dragoman_standalone.lock import StateLock
from dragoman_standalone.settings import StoreSettings
from dragoman_standalone.stores import archive_of

_POLL_S = 0.3
_BATCH = 500


class EventUnknownError(PermanentError):
    """The log has no such event."""

    default_code = "events.unknown"


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events are wanted: all that are not left out by one of these."""

    stream_id: UUID | None = None
    project_id: UUID | None = None
    types: frozenset[str] = frozenset()
    since: datetime | None = None
    until: datetime | None = None

    def takes(self, row: RawEvent) -> bool:
        """Whether the event is wanted. One that cannot be read is,
        where nothing but its row is asked for.
        """
        if self.stream_id not in {None, row.stream_id} or (
            self.types and row.topic not in self.types
        ):
            return False
        if not (self.project_id or self.since or self.until):
            return True
        try:
            fields = json.loads(row.state)
            project_id, at = (
                UUID(fields["project_id"]),
                datetime.fromisoformat(fields["occurred_at"]),
            )
        except (ValueError, KeyError, TypeError):
            return False
        if self.project_id not in {None, project_id} or (self.since and at < _aware(self.since)):
            return False
        return not (self.until and at >= _aware(self.until))


async def selected(
    archive: Archive, which: EventFilter, *, after: int = 0
) -> AsyncGenerator[RawEvent]:
    """The wanted events behind a position, in the order of the log."""
    if which.stream_id is not None:
        for row in await archive.stream(which.stream_id):
            if row.position > after and which.takes(row):
                yield row
        return
    while rows := await archive.tail(after):
        for row in rows:
            if which.takes(row):
                yield row
        after = rows[-1].position


async def taken(rows: AsyncIterator[RawEvent], limit: int) -> list[RawEvent]:
    """The first of them, up to `limit`."""
    found: list[RawEvent] = []
    async for row in rows:
        found.append(row)
        if len(found) == limit:
            break
    return found


async def followed(
    archive: Archive, which: EventFilter, *, lines: int, is_endless: bool
) -> AsyncGenerator[RawEvent]:
    """About the last `lines` events, and where it is endless what comes after them."""
    after = max(await archive.head() - lines, 0)
    while True:
        async for row in selected(archive, which, after=after):
            after = row.position
            yield row
        if not is_endless:
            return
        await asyncio.sleep(_POLL_S)


async def found(archive: Archive, name: str) -> RawEvent:
    """The event of this id, at this position, or at `STREAM:VERSION`.

    Raises:
        EventUnknownError: there is none.
    """
    stream, _, version = name.partition(":")
    row: RawEvent | None = None
    if name.isdecimal():
        rows = await archive.tail(int(name) - 1, limit=1)
        row = rows[0] if rows and rows[0].position == int(name) else None
    elif version.isdecimal() and (stream_id := _uuid(stream)):
        row = next(
            (each for each in await archive.stream(stream_id) if each.version == int(version)), None
        )
    elif wanted := _uuid(name):
        row = await archive.containing(f'{{"event_id":"{wanted}"')
    if row is None:
        raise EventUnknownError(
            f"The log has no event {name!r}. Name its id, its position, or STREAM:VERSION."
        )
    return row


async def exported(archive: Archive, which: EventFilter, out: Path | None) -> int:
    """Write the wanted events as lines; how many they were.
    A file is written whole or not at all.
    """
    count = 0
    with _writing(out) as file:
        async for row in selected(archive, which):
            file.write(to_line(row).encode() + b"\n")
            count += 1
    return count


async def imported(settings: StoreSettings, file: Path, told: Callable[[int], None]) -> Imported:
    """Add the events of an export; the database or the state folder is made where there is none.

    Raises:
        StateLockedError: a process has the state folder.
        MalformedExportError: a line cannot be read; those before its batch are added.
        StreamConflictError: a stream here tells something else.
    """
    if settings.postgres_url is not None:
        await migrate_events(settings.postgres_url)
        return await _imported(settings, file, told)
    lock = StateLock(settings.state_dir)
    lock.acquire()
    try:
        store = SqliteEventStore(settings.state_dir / "events.db")  # makes the tables
        await store.aclose()
        return await _imported(settings, file, told)
    finally:
        lock.release()


async def _imported(settings: StoreSettings, file: Path, told: Callable[[int], None]) -> Imported:
    async with archive_of(settings) as archive:
        importer = Importer(archive)
        batch: list[RawEvent] = []
        with _reading(file) as lines:
            for line in lines:
                if not line.strip():
                    continue
                batch.append(from_line(line))
                if len(batch) == _BATCH:
                    await importer.add(batch)
                    batch = []
                    told(importer.imported.added + importer.imported.present)
        await importer.add(batch)
        return importer.imported


@contextmanager
def _writing(out: Path | None) -> Generator[BinaryIO]:
    if out is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_name(out.name + ".part")
    with part.open("wb") as file:
        yield file
    part.replace(out)


@contextmanager
def _reading(file: Path) -> Generator[BinaryIO]:
    if str(file) == "-":
        yield sys.stdin.buffer
        return
    try:
        opened = file.open("rb")
    except OSError as error:
        raise PermanentError(
            f"{file} cannot be read: {error.strerror}.", code="input.unreadable"
        ) from error
    with opened:
        yield opened


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
