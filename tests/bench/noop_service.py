"""One worker service with no-op phases, a process of its own: `python -m bench.noop_service extract`.

Settings, connections, bus, worker and, in intake, the reconciler are the real ones.
"""

from __future__ import annotations

import argparse
import asyncio
from datetime import timedelta

from bench.noop_tasks import noop_tasks
from dragoman_contracts.vocabulary import Service
from dragoman_runtime.clock import SystemClock
from dragoman_runtime.eventstore.live_jobs import PostgresLiveJobs
from dragoman_runtime.reconciler import Reconciler
from dragoman_runtime.service import Backends, Companion, ServiceSettings, run_service
from dragoman_runtime.settings import load


async def run(service: Service, settings: ServiceSettings, *, keeps_outcomes: bool, batches: int) -> None:
    """Serve until told to stop."""

    async def reconcile(shared: Backends) -> None:
        every = timedelta(seconds=settings.reconcile_every_s)
        await Reconciler(shared.store, PostgresLiveJobs(shared.store), shared.bus, SystemClock(), every=every).run()

    companions: list[Companion] = [reconcile] if service is Service.INTAKE else []
    await run_service(
        service, noop_tasks(keeps_outcomes=keeps_outcomes, batches=batches)[service], settings, companions
    )


def main() -> None:
    """Run the service that the command line names."""
    parser = argparse.ArgumentParser(description="One worker service with no-op phases.")
    parser.add_argument("service", type=Service)
    parser.add_argument("--keep-outcomes", action="store_true")
    parser.add_argument("--batches", type=int, default=1, help="translation batches of a job (%(default)s)")
    asked = parser.parse_args()
    asyncio.run(run(asked.service, load(ServiceSettings), keeps_outcomes=asked.keep_outcomes, batches=asked.batches))


if __name__ == "__main__":
    main()
