"""What a restart of PostgreSQL means for the leases: nobody who held one is taken for vanished."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import uuid4

from dragoman_runtime.eventstore import Lease, LeaseHeldError, StoreUnavailableError
from dragoman_runtime.eventstore.postgres import PostgresEventStore
from dragoman_runtime.migrations.run import migrate_events
from servers.postgres import PostgresServer


async def test_a_lease_that_ran_out_while_postgres_was_away_counts_against_nobody(
    postgres: PostgresServer, postgres_url: str
) -> None:
    await migrate_events(postgres_url)
    store = await PostgresEventStore.connect(postgres_url, pool_size=2)
    work_id, job_id, short = uuid4(), uuid4(), timedelta(milliseconds=50)
    try:
        await store.commit(take=Lease(work_id, job_id, "held it", short))
        await asyncio.to_thread(postgres.stop_immediately)
        await asyncio.to_thread(postgres.start)

        other, after = (
            Lease(work_id, job_id, "came next", short),
            Lease(work_id, job_id, "came last", short),
        )
        await _taken(store, other)
        await _taken(store, after)

        assert (other.takeovers, after.takeovers) == (0, 1)
    finally:
        await store.aclose()


async def _taken(store: PostgresEventStore, lease: Lease) -> None:
    """Take the lease once that of the owner before has run out."""
    async with asyncio.timeout(20):
        while True:
            try:
                await store.commit(take=lease)
            except (LeaseHeldError, StoreUnavailableError):
                await asyncio.sleep(0.01)
            else:
                return
