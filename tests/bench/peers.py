"""The same six steps with what others use: chained procrastinate jobs and a Celery chain, on the
same servers.

CPU-ms/job is that of their worker processes. Submitting is not counted, as it is not for our
services.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import asyncpg
from typing_extensions import override

from bench import celery_chain
from bench.load import Plant
from bench.machine import cpu_ms
from bench.services import Servers, processes

if TYPE_CHECKING:
    from procrastinate import App

_PROCRASTINATE_CONCURRENCY = 20


def is_installed(name: str) -> bool:
    """Whether this peer can be measured here; `make setup-test` brings it."""
    return find_spec(name) is not None


class _Peer(Plant):
    """Six steps in one pool of worker processes."""

    def __init__(self, servers: Servers, pid: int) -> None:
        self._servers = servers
        self._pid = pid

    @override
    def spent_ms(self) -> Mapping[str, float]:
        return {"ours": cpu_ms(self._pid), **self._servers.spent_ms()}


class _Procrastinate(_Peer):
    def __init__(
        self, servers: Servers, pid: int, app: App, watching: asyncpg.Connection[Any], last: str
    ) -> None:
        super().__init__(servers, pid)
        self._app = app
        self._watching = watching
        self._last = last
        self._seen = 0

    @override
    async def submit(self) -> None:
        await self._app.configure_task("step1").defer_async(chain=uuid4().hex)

    @override
    async def completed(self) -> int:
        count = (
            "SELECT count(*) FROM procrastinate_jobs WHERE task_name = $1 AND status = 'succeeded'"
        )
        seen, self._seen = self._seen, await self._watching.fetchval(count, self._last)
        return self._seen - seen


class _Celery(_Peer):
    def __init__(
        self, servers: Servers, pid: int, chain: celery_chain.CeleryChain, ended: Path
    ) -> None:
        super().__init__(servers, pid)
        self._chain = chain
        self._ended = ended
        self._seen = 0

    @override
    async def submit(self) -> None:
        await asyncio.to_thread(self._chain.submit)

    @override
    async def completed(self) -> int:
        seen, self._seen = self._seen, self._ended.stat().st_size
        return self._seen - seen


@asynccontextmanager
async def procrastinate_plant(servers: Servers, folder: Path) -> AsyncGenerator[Plant]:
    """One procrastinate worker on a new database; each of a chain's six jobs defers the next."""
    from bench import procrastinate_chain as chain  # here, so that who lacks it measures the rest

    url = servers.postgres.create_database()
    app = chain.chain_app(url)
    environment = {chain.DATABASE_URL: url, chain.CONCURRENCY: str(_PROCRASTINATE_CONCURRENCY)}
    try:
        async with app.open_async():
            await app.schema_manager.apply_schema_async()
            watching = await asyncpg.connect(url)
            try:
                with processes(
                    {"worker": ["bench.procrastinate_chain"]}, environment, folder
                ) as pids:
                    yield _Procrastinate(servers, pids["worker"], app, watching, chain.LAST_STEP)
            finally:
                await watching.close()
    finally:
        servers.postgres.drop_database(url)


@asynccontextmanager
async def celery_plant(servers: Servers, folder: Path) -> AsyncGenerator[Plant]:
    """One Celery worker with its usual pool of processes, on a queue of its own."""
    queue, ended = f"bench-{secrets.token_hex(4)}", folder / "ended"
    ended.touch()
    environment = {
        celery_chain.AMQP_URL: servers.rabbitmq.url,
        celery_chain.QUEUE: queue,
        celery_chain.ENDED_FILE: str(ended),
    }
    chain = celery_chain.CeleryChain(servers.rabbitmq.url, queue, ended)
    with processes({"worker": ["bench.celery_chain"]}, environment, folder) as pids:
        yield _Celery(servers, pids["worker"], chain, ended)
    chain.app.close()
