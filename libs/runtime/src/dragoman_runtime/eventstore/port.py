"""The event store port: streams, the log over all streams, leases and positions, in one transaction
where it matters.

A lease is taken in the transaction that appends PhaseStarted and released in the one that appends
the result, so leases live in the event database. Positions are how far a reader of the log has
come.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from dragoman_contracts.envelope import Origin, RecordedEvent, digest, encode, record
from dragoman_contracts.errors import PermanentError, RetryableError
from dragoman_contracts.events import Event


class LeaseHeldError(RetryableError):
    """Another worker holds the lease of this work.

    The reconciler sends it again when that lease ends.
    """

    default_code = "lease.held"


class StoreUnavailableError(RetryableError):
    """The event database cannot be reached.

    Events that were being appended may be stored or not: read again.
    """

    default_code = "store.unavailable"


class DamagedEventError(PermanentError):
    """A stored event cannot be read, or does not go with those before it.

    Its job stands still; others go on. A backup is the cure.

    Attributes:
        stream_id: the stream of the event.
        version: the first event that cannot be read; None where only all of them together cannot.
    """

    default_code = "event.damaged"

    def __init__(self, stream_id: UUID, version: int | None = None) -> None:
        which = "The events" if version is None else f"Event {version}"
        super().__init__(
            f"{which} of stream {stream_id} cannot be read: damaged. `dragoman events verify` says "
            "where; restore the log from a backup. Other jobs go on."
        )
        self.stream_id = stream_id
        self.version = version


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a stream: its last version, and the sha256 of that event's stored state (empty at
    version 0).
    """

    version: int = 0
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Append:
    """Events to add to one stream behind `head`."""

    stream_id: UUID
    project_id: UUID
    head: Head
    events: tuple[Event, ...]
    origin: Origin
    occurred_at: datetime


@dataclass(slots=True)
class Lease:
    """The right of `owner` to perform one piece of work until the lease ends, `ttl` after the store
    took or renewed it.

    `takeovers` is set when the store takes the lease: the number of owners that let the lease
    expire, one after the other, since the work was last released. An owner that could not renew
    because the store itself was restarted is not counted. `note` is the owner's word about the
    work. It is stored with each renewal, and a new owner begins without.
    """

    work_id: UUID
    job_id: UUID
    owner: str
    ttl: timedelta
    takeovers: int = 0
    note: str | None = None


@dataclass(frozen=True, slots=True)
class LiveLease:
    """A lease that has not expired, as the store holds it.

    `note` is the owner's latest, None where there is none.
    """

    owner: str
    expires_at: datetime
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """An event as the store holds it.

    `position` is its place in the log; 0 where the reader did not ask for it.
    """

    recorded: RecordedEvent
    digest: str
    position: int = 0


@dataclass(frozen=True, slots=True)
class EncodedEvent:
    """An event ready for a database row."""

    stored: Stored
    state: bytes


class LockedPosition(Protocol):
    """A position held by this process alone for the length of a block."""

    position: int

    async def advance(self, position: int) -> None:
        """Store the new position.

        Raises:
            StoreUnavailableError: the connection is lost, and with it perhaps the lock on the
                position.
        """
        ...


class EventStore(Protocol):
    """Append-only streams of events with a gapless log over all of them.

    Every method raises StoreUnavailableError while the database cannot be reached.
    """

    async def commit(
        self,
        appends: Sequence[Append] = (),
        *,
        take: Lease | None = None,
        release: Lease | None = None,
    ) -> tuple[Stored, ...]:
        """Append to one or several streams, take or release a lease: all of it or nothing.

        Returns what was appended, in order.

        Raises:
            ConflictError: a stream has gone past the given head; read it again and decide again.
            LeaseHeldError: another owner's lease lives.
        """
        ...

    async def read(self, stream_id: UUID, *, after: int = 0) -> list[Stored]:
        """The events of a stream behind version `after`, oldest first;
        empty for an unknown stream.

        Raises:
            DamagedEventError: one of them cannot be read.
        """
        ...

    async def read_states(self, stream_id: UUID) -> list[bytes]:
        """The stored states of a stream as bytes, oldest first; the digests of the chain are of
        these bytes.
        """
        ...

    async def read_several(self, after: Mapping[UUID, int]) -> list[Stored]:
        """The events of several streams, of each in its order behind the version given for it."""
        ...

    async def tail(
        self,
        after: int,
        *,
        limit: int = 500,
        types: Collection[str] | None = None,
        skips_damaged: bool = True,
    ) -> list[Stored]:
        """The log behind position `after`, in the order in which it was committed.

        Only these `types`. Fewer than `limit` only where the log ends. A damaged event is logged
        and skipped, or with `skips_damaged` off refused.

        Events of other types are not read, so a reader that keeps a position must ask for the head
        of the log first.

        Raises:
            DamagedEventError: only with `skips_damaged` off.
        """
        ...

    async def head_position(self) -> int:
        """The position of the last event of the log; 0 when there is none."""
        ...

    async def renew(self, leases: Sequence[Lease]) -> set[UUID]:
        """Renew the leases of one owner and store their notes.

        Gives the work ids of those that are still its own.
        """
        ...

    async def live_leases(self, *job_ids: UUID) -> dict[UUID, LiveLease]:
        """The leases of these jobs that have not expired, by work id."""
        ...

    async def expire_leases(self) -> None:
        """End all leases at once, for a process that knows it is alone.

        Their owners count as vanished.
        """
        ...

    async def forget_leases(self, expired_for: timedelta) -> int:
        """Delete the leases that expired at least `expired_for` ago, and give their number.

        Their takeovers are forgotten with them. A worker leaves a lease on work that is done
        already when it is killed after it took the lease and before it looked at the job; nobody
        else would ever delete that lease.
        """
        ...

    def lock_position(self, name: str) -> AbstractAsyncContextManager[LockedPosition | None]:
        """The named position, locked for the block; None while anyone else holds it."""
        ...

    async def aclose(self) -> None:
        """Close connections."""
        ...


def encode_append(append: Append) -> list[EncodedEvent]:
    """The append's events with versions, envelopes and chained digests."""
    encoded: list[EncodedEvent] = []
    head = append.head
    for event in append.events:
        recorded = record(
            event,
            project_id=append.project_id,
            stream_id=append.stream_id,
            version=head.version + 1,
            occurred_at=append.occurred_at,
            origin=append.origin,
            previous_digest=head.digest,
        )
        state = encode(recorded)
        head = Head(head.version + 1, digest(state))
        encoded.append(EncodedEvent(Stored(recorded, head.digest), state))
    return encoded
