"""The event store: streams, log, leases and positions, on SQLite and on PostgreSQL."""

from dragoman_runtime.eventstore.deciding import Decided, append_decided, decide_on_job
from dragoman_runtime.eventstore.jobs import JobMissingError, Jobs, read_subject
from dragoman_runtime.eventstore.port import (
    Append,
    DamagedEventError,
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
    "DamagedEventError",
    "Decided",
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
    "append_decided",
    "decide_on_job",
    "read_subject",
]
