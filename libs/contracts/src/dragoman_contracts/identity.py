"""Identifiers: how projects, documents,
jobs and work are named so that the same thing always has the same name.
"""

from __future__ import annotations

import os
import time
from uuid import UUID, uuid5

# Never to change: every id in every log was made in it (RFC 9562 §5.5, version 5).
_NAMESPACE = UUID("6f3c9d5e-0b7a-5d2c-9c11-6d7261676f6d")


def project_id(code: str) -> UUID:
    """The id of the project with this code."""
    return uuid5(_NAMESPACE, f"project:{code}")


def document_id(project: UUID, external_reference: str) -> UUID:
    """The stream id of the document that a project knows by this external reference."""
    return uuid5(project, f"document:{external_reference}")


def job_id_for_key(project: UUID, idempotency_key: str) -> UUID:
    """The job id that an idempotency key stands for: submitting it twice meets the same stream."""
    return uuid5(project, f"job:{idempotency_key}")


def event_id(stream_id: UUID, version: int) -> UUID:
    """The id of the event at this version of a stream; there is never a second one."""
    return uuid5(stream_id, f"event:{version}")


def work_id(job: UUID, kind: str, index: int, phase: str = "") -> UUID:
    """The id of one piece of a job's work: redelivered, retried or resumed, it is the same work,
    under one lease.

    `phase` is empty where the kind says which phase it is, as it does in all work of a translation.
    """
    return uuid5(job, f"work:{phase}:{kind}:{index}" if phase else f"work:{kind}:{index}")


def new_id() -> UUID:
    """A new time-ordered id (UUIDv7, RFC 9562 §5.7)."""
    milliseconds = time.time_ns() // 1_000_000
    random_bits = int.from_bytes(os.urandom(10), "big")
    value = (milliseconds & (1 << 48) - 1) << 80 | 0x7 << 76 | (random_bits >> 68) << 64
    # The version lies in bits 48 to 51, the variant 0b10 in bits 64 and 65 (RFC 9562 §4).
    return UUID(int=value | 0b10 << 62 | random_bits & (1 << 62) - 1)
