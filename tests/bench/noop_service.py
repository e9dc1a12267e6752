"""Services with no-op phases in a process of their own: `python -m bench.noop_service extract`, or
several names.

Settings, connections, bus, worker, relay and, in intake, the reconciler are the real ones.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from bench.noop_phases import noop_steps
from bench.noop_tasks import noop_parts
from dragoman_contracts.vocabulary import Service
from dragoman_runtime.clock import SystemClock
from dragoman_runtime.eventstore.live_jobs import PostgresLiveJobs
from dragoman_runtime.reconciler import Reconciler
from dragoman_runtime.relay import app as relay
from dragoman_runtime.service import Backends, ServicePart, ServiceSettings, run_services
from dragoman_runtime.settings import load


async def run(names: Sequence[str], settings: ServiceSettings, noop: Sequence[ServicePart]) -> None:
    """Serve these of the no-op parts, and the relay, until told to stop."""

    async def reconcile(shared: Backends) -> None:
        every = timedelta(seconds=settings.reconcile_every_s)
        await Reconciler(
            shared.store, PostgresLiveJobs(shared.store), shared.bus, SystemClock(), every=every
        ).run()

    parts = [relay.part(settings), *noop]
    parts = [
        replace(part, companions=[reconcile]) if part.name == Service.INTAKE else part
        for part in parts
    ]
    await run_services([part for part in parts if part.name in names], settings)


def main() -> None:
    """Run the services that the command line names."""
    parser = argparse.ArgumentParser(description="Services with no-op phases, in one process.")
    parser.add_argument("names", nargs="+")
    parser.add_argument("--keep-outcomes", action="store_true")
    parser.add_argument(
        "--batches", type=int, default=1, help="translation batches of a job (%(default)s)"
    )
    asked = parser.parse_args()
    noop = noop_parts(keeps_outcomes=asked.keep_outcomes, batches=asked.batches, with_phases=True)
    with noop_steps():
        asyncio.run(run(asked.names, load(ServiceSettings), noop))


if __name__ == "__main__":
    main()
