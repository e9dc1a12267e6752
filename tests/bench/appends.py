"""How many commits a second one PostgreSQL takes into the log, by how many come at once:
`python -m bench.appends [--seconds S]`.

Each commit is the first event of a new job, in the statement that services use. Commits take turns at
one lock, so that positions have no gaps: what comes at once waits, and does not fail.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from contextlib import closing

from bench.machine import machine_line
from bench.noop_jobs import submit_noop
from bench.tables import Table
from dragoman_runtime.eventstore.postgres import PostgresEventStore
from dragoman_runtime.migrations.run import migrate_events
from servers.postgres import PostgresServer

_AT_ONCE = (1, 4, 16, 64)
_OTHERS = 2  # what a store keeps for itself


async def appends_table(postgres: PostgresServer, seconds: float) -> Table:
    """Commits a second and how long one takes, by connections that commit at once."""
    url = postgres.create_database()
    await migrate_events(url)
    table = Table("Commits into the log of one PostgreSQL", ("at once", "commits/s", "ms a commit"))
    for at_once in _AT_ONCE:
        store = await PostgresEventStore.connect(url, pool_size=at_once + _OTHERS)
        try:
            count, took = await _committed(store, at_once, seconds)
        finally:
            await store.aclose()
        table.add(at_once, f"{count / took:,.0f}", f"{took * at_once / count * 1000:.1f}")
    return table


async def _committed(store: PostgresEventStore, at_once: int, seconds: float) -> tuple[int, float]:
    counts = [0] * at_once
    await asyncio.gather(*(submit_noop(store) for _ in range(at_once)))  # connections are open
    began = time.monotonic()

    async def client(number: int) -> None:
        while time.monotonic() - began < seconds:
            await submit_noop(store)
            counts[number] += 1

    await asyncio.gather(*(client(number) for number in range(at_once)))
    return sum(counts), time.monotonic() - began


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(prog="bench.appends", description="Commits into the log.")
    parser.add_argument("--seconds", type=float, default=5, help="of each row (%(default)s)")
    seconds = parser.parse_args().seconds
    print(machine_line())
    with closing(PostgresServer()) as postgres:
        postgres.start()
        print(asyncio.run(appends_table(postgres, seconds)))


if __name__ == "__main__":
    main()
