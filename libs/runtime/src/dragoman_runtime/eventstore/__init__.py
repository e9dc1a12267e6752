"""The event store: streams, log, leases and positions, on SQLite and on PostgreSQL."""

from dragoman_runtime.eventstore.jobs import JobMissingError, Jobs, read_document
from dragoman_runtime.eventstore.port import (
    Append,
    EventStore,
    Head,
    Lease,
    LeaseHeldError,
    LiveLease,
    LockedPosition,
    Stored,
    StoreUnavailableError,
)

__all__ = [
    "Append",
    "EventStore",
    "Head",
    "JobMissingError",
    "Jobs",
    "Lease",
    "LeaseHeldError",
    "LiveLease",
    "LockedPosition",
    "StoreUnavailableError",
    "Stored",
    "read_document",
]
