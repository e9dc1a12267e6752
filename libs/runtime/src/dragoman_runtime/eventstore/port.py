"""The event store port: streams, the log over all streams, leases and positions, in one transaction where it matters.

A lease is taken in the transaction that appends PhaseStarted and released in the one that appends the result, so
leases live in the event database. Positions are how far a reader of the log has come.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from dragoman_contracts.envelope import Origin, RecordedEvent, digest, encode, record
from dragoman_contracts.errors import RetryableError
from dragoman_contracts.events import Event


class LeaseHeldError(RetryableError):
    """Another worker holds the lease of this work; the reconciler sends it again when that lease ends."""

    default_code = "lease.held"


class StoreUnavailableError(RetryableError):
    """The event database cannot be reached. What was being appended may or may not be stored: read again."""

    default_code = "store.unavailable"


@dataclass(frozen=True, slots=True)
class Head:
    """How far a stream has come: its last version and the sha256 of that event's stored state (empty at 0)."""

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
    """The right of `owner` to perform one piece of work until it ends; `ttl` counts from when the store takes it.

    `takeovers` is set when the store takes the lease: how many owners let it expire, one after the other, since the
    work was last released. An owner that could not renew because the store itself was restarted is not counted.
    `note` is what the owner says of the work; it is stored with each renewal, and whoever takes the lease begins
    without one.
    """

    work_id: UUID
    job_id: UUID
    owner: str
    ttl: timedelta
    takeovers: int = 0
    note: str | None = None


@dataclass(frozen=True, slots=True)
class LiveLease:
    """A lease that has not expired, as the store holds it. `note` is its owner's latest, None where it said nothing."""

    owner: str
    expires_at: datetime
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """An event as the store holds it. `position` is its place in the log; 0 where the reader did not ask for it."""

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
            StoreUnavailableError: it is not this process's any more, or may not be: the connection is lost.
        """
        ...


class EventStore(Protocol):
    """Append-only streams of events with a gapless log over all of them.

    Every method raises StoreUnavailableError while the database cannot be reached.
    """

    async def commit(
        self, appends: Sequence[Append] = (), *, take: Lease | None = None, release: Lease | None = None
    ) -> tuple[Stored, ...]:
        """Append to one or several streams, take or release a lease: all of it or nothing.

        Returns what was appended, in order.

        Raises:
            ConflictError: a stream has gone past the given head; read it again and decide again.
            LeaseHeldError: another owner's lease lives.
        """
        ...

    async def read(self, stream_id: UUID, *, after: int = 0) -> list[Stored]:
        """The events of a stream behind version `after`, oldest first; empty for an unknown stream."""
        ...

    async def read_states(self, stream_id: UUID) -> list[bytes]:
        """The stored states of a stream as they are, oldest first: what the digests of the chain are of."""
        ...

    async def read_several(self, after: Mapping[UUID, int]) -> list[Stored]:
        """The events of several streams, of each behind its version: each stream's in order."""
        ...

    async def tail(self, after: int, *, limit: int = 500, types: Collection[str] | None = None) -> list[Stored]:
        """The log behind position `after`, in the order in which it was committed; only these `types`.

        An event of another type is not read. Who keeps a position asks for the log's head before.
        """
        ...

    async def head_position(self) -> int:
        """The position of the last event of the log; 0 when there is none."""
        ...

    async def renew(self, leases: Sequence[Lease]) -> set[UUID]:
        """Give the leases of one owner their time again and store their notes; the work ids of those still its own."""
        ...

    async def live_leases(self, *job_ids: UUID) -> dict[UUID, LiveLease]:
        """The leases of these jobs that have not expired, by work id."""
        ...

    async def expire_leases(self) -> None:
        """End all leases at once: for a process that knows it is alone. Whoever held them counts as vanished."""
        ...

    async def forget_leases(self, expired_for: timedelta) -> int:
        """Delete leases that ended so long ago, and with them that their owners vanished; how many it was.

        Who is killed between the end of another's work and its own look at the job leaves such a lease for good.
        """
        ...

    def lock_position(self, name: str) -> AbstractAsyncContextManager[LockedPosition | None]:
        """The named position, locked for the block; None while another process holds it."""
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
