"""A procrastinate worker and six chained jobs, each of which defers the next:
`python -m bench.procrastinate_chain`.

Its own defaults, but for concurrency and polling: psycopg, LISTEN/NOTIFY, finished jobs are kept.
"""

from __future__ import annotations

import asyncio
import os

from procrastinate import App, PsycopgConnector

from bench.noop_tasks import STEPS

DATABASE_URL = "BENCH_DATABASE_URL"
CONCURRENCY = "BENCH_CONCURRENCY"
_POLL_S = 0.1
"""Below its 5 s: a notification that comes while it asks for work is lost,
and the chain would wait for the poll.
"""
LAST_STEP = f"step{STEPS}"


def chain_app(url: str) -> App:
    """The application with its six tasks, not opened yet."""
    app = App(connector=PsycopgConnector(conninfo=url, min_size=1, max_size=8))

    def task(number: int) -> None:
        @app.task(name=f"step{number}")
        async def step(chain: str) -> None:  # pyright: ignore[reportUnusedFunction]
            if number < STEPS:
                await app.configure_task(f"step{number + 1}").defer_async(chain=chain)

    for number in range(1, STEPS + 1):
        task(number)
    return app


async def _run() -> None:
    app = chain_app(os.environ[DATABASE_URL])
    async with app.open_async():
        await app.run_worker_async(
            concurrency=int(os.environ[CONCURRENCY]), fetch_job_polling_interval=_POLL_S
        )


if __name__ == "__main__":
    asyncio.run(_run())
