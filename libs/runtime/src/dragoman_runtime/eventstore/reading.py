"""Rows of the log as events. A damaged row is an error that names its place, or is passed over."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from dragoman_contracts.envelope import decode, digest
from dragoman_contracts.errors import UnknownEventTypeError
from dragoman_runtime.eventstore.port import DamagedEventError, Stored
from dragoman_runtime.telemetry import get_logger

UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, RecursionError)
"""The errors by which decoding and folding say that an event is not as it was written."""

_MOST_TOLD = 1000
_log = get_logger()
_told: set[tuple[UUID, int]] = set()


@dataclass(frozen=True, slots=True)
class LogRow:
    """An event as the database holds it; `position` 0 where nobody asked for it."""

    stream_id: UUID
    version: int
    state: bytes
    position: int = 0


def read_row(row: LogRow) -> Stored:
    """The event of a row.

    Raises:
        DamagedEventError: it is not as it was written.
        UnknownEventTypeError: a newer Dragoman wrote it.
    """
    try:
        recorded = decode(row.state)
    except UnknownEventTypeError:
        raise
    except UNREADABLE as error:
        raise DamagedEventError(row.stream_id, row.version) from error
    if (recorded.stream_id, recorded.version) != (row.stream_id, row.version):
        raise DamagedEventError(row.stream_id, row.version)
    return Stored(recorded, digest(row.state), row.position)


async def read_page(
    select: Callable[[int, int], Awaitable[Sequence[LogRow]]],
    after: int,
    limit: int,
    *,
    skips_damaged: bool,
) -> list[Stored]:
    """A page of the log from `select(after, limit)`, filled up where damaged events were skipped.

    Raises:
        DamagedEventError: only with `skips_damaged` off.
    """
    found: list[Stored] = []
    while True:
        wanted = limit - len(found)
        rows = await select(after, wanted)
        for row in rows:
            try:
                found.append(read_row(row))
            except DamagedEventError as error:
                if not skips_damaged:
                    raise
                _tell(row, error)
        if len(rows) < wanted or len(found) == limit:
            return found
        after = rows[-1].position


def _tell(row: LogRow, error: DamagedEventError) -> None:
    """Log it once: every reader of the log meets it."""
    place = row.stream_id, row.version
    if place in _told or len(_told) >= _MOST_TOLD:
        return
    _told.add(place)
    _log.error(
        "store.damaged",
        stream_id=str(row.stream_id),
        version=row.version,
        position=row.position,
        error_code=error.code,
    )
