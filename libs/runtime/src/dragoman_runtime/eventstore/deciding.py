"""Deciding on the newest state, and deciding again whenever another writer was first: the one loop
that does it.

    decided = await decide_on_job(store, jobs, job_id, appends_of)

`appends_of` gets the job and the head of its stream and says what to append. Where another process
appended in between, the store refuses with ConflictError, and the question is asked again on what
is true then.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import count
from uuid import UUID

from dragoman_contracts.errors import ConflictError
from dragoman_contracts.job import Job
from dragoman_runtime.eventstore.jobs import Jobs
from dragoman_runtime.eventstore.port import Append, EventStore, Head, Lease, Stored

ATTEMPTS = 10
"""How often a person's request is decided before the person is told to ask again."""


@dataclass(frozen=True, slots=True)
class Decided:
    """The state that a decision was made on, and the events it led to; no events where there was
    nothing to do.
    """

    job: Job
    stored: tuple[Stored, ...]


async def append_decided(
    store: EventStore,
    decide: Callable[[], Awaitable[Sequence[Append]]],
    *,
    attempts: int | None = ATTEMPTS,
    release: Lease | None = None,
    too_fast: str = "Others are changing the same things too fast; ask again.",
) -> tuple[Stored, ...]:
    """Append the events that `decide` gives, and ask it again whenever another writer was first.

    With a lease to release there is a commit even where nothing is to be appended. `attempts` None
    means without end: for work that nobody waits for.

    Raises:
        ConflictError: another writer was first every time; the message is `too_fast`. Errors that
            `decide` raises, conflicts among them, pass through at once.
    """
    for _ in range(attempts) if attempts is not None else count():
        appends = await decide()
        if not appends and release is None:
            return ()
        try:
            return await store.commit(appends, release=release)
        except ConflictError:
            continue
    raise ConflictError(too_fast)


async def decide_on_job(
    store: EventStore,
    jobs: Jobs,
    job_id: UUID,
    appends_of: Callable[[Job, Head], Awaitable[Sequence[Append]]],
    *,
    known: tuple[Job, Head] | None = None,
    attempts: int | None = ATTEMPTS,
    release: Lease | None = None,
) -> Decided:
    """As `append_decided`, on the newest state of a job.

    `known` is that state where the caller has just read it.

    Raises:
        JobMissingError: there is no such job.
        ConflictError: as `append_decided`.
    """
    seen = known

    async def decide() -> Sequence[Append]:
        nonlocal seen, known
        seen, known = known or await jobs.load(job_id), None
        return await appends_of(*seen)

    too_fast = f"Job {job_id} is changing too fast; ask again."
    stored = await append_decided(
        store, decide, attempts=attempts, release=release, too_fast=too_fast
    )
    job, _ = seen or await jobs.load(job_id)
    return Decided(job, stored)
