"""The worker: leases, outcomes, decisions and failures, the same for every service."""

from dragoman_runtime.worker.failure import ProgramError, RetryPolicy
from dragoman_runtime.worker.task import (
    NotYetError,
    ProjectObjects,
    Task,
    WorkContext,
    WorkStoppedError,
    fingerprint,
)
from dragoman_runtime.worker.worker import Worker, WorkerIdentity, WorkerLimits, WorkerPorts

__all__ = [
    "NotYetError",
    "ProgramError",
    "ProjectObjects",
    "RetryPolicy",
    "Task",
    "WorkContext",
    "WorkStoppedError",
    "Worker",
    "WorkerIdentity",
    "WorkerLimits",
    "WorkerPorts",
    "fingerprint",
]
