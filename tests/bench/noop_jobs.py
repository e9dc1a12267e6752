"""Jobs for no-op phases: submitted straight into the log,
with references to objects that nobody reads.
"""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID, uuid4

from contracts import streams
from dragoman_contracts.envelope import Origin
from dragoman_contracts.events import JobSubmitted
from dragoman_runtime.eventstore import Append, EventStore, Head


async def submit_noop(store: EventStore, first: JobSubmitted | None = None) -> UUID:
    """Append the first event of a new job, a translation where none is given; its id."""
    job_id = uuid4()
    submitted = first or streams.submitted()
    origin = Origin(actor="user:bench", correlation_id=job_id, producer="bench")
    await store.commit(
        (Append(job_id, streams.PROJECT, Head(), (submitted,), origin, datetime.now(UTC)),)
    )
    return job_id
