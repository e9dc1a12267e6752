"""The platform as services under load:
processes of their own on private RabbitMQ, PostgreSQL and S3.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import subprocess
import sys
from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import httpx
from typing_extensions import override

from bench.load import Plant
from bench.machine import cpu_ms
from bench.noop_jobs import submit_noop
from bench.small_jobs import ENGINE, SOURCE, TARGET, file_name, one_paragraph
from dragoman_catalog import Catalog, Editor, Role, migrate_catalog
from dragoman_contracts.events import JobCompleted, JobSubmitted
from dragoman_contracts.references import DOCX_MEDIA_TYPE
from dragoman_runtime.clock import SystemClock
from dragoman_runtime.eventstore.postgres import PostgresEventStore
from dragoman_runtime.migrations.run import migrate_events, sqlalchemy_url
from dragoman_runtime.projection import create_views_engine
from servers.postgres import PostgresServer
from servers.process import free_port
from servers.rabbitmq import RabbitMqServer
from servers.s3 import S3Server

WORKERS = ("intake", "extract", "translate", "qa", "reassemble")
TOGETHER = "all"
"""The one process of the relay and all worker services."""
SERVERS = ("PostgreSQL", "RabbitMQ", "S3")

_TESTS = Path(__file__).parent.parent
_START_S = 300.0


@dataclass(frozen=True, slots=True)
class Servers:
    """The servers, shared by all installations of a run."""

    postgres: PostgresServer
    rabbitmq: RabbitMqServer
    s3: S3Server

    def environment(self, database_url: str) -> dict[str, str]:
        """What points services to a database, a bucket of their own, and the broker."""
        return {
            "DRAGOMAN_DATABASE_URL": database_url,
            "DRAGOMAN_AMQP_URL": self.rabbitmq.url,
            "DRAGOMAN_OBJECTS_URL": f"s3+{self.s3.url}/{self.s3.create_bucket()}",
            "DRAGOMAN_S3_ACCESS_KEY": self.s3.access_key,
            "DRAGOMAN_S3_SECRET_KEY": self.s3.secret_key,
            "DRAGOMAN_LOG_FORMAT": "json",
        }

    def spent_ms(self) -> dict[str, float]:
        """CPU of each server so far."""
        pids = (self.postgres.pid, self.rabbitmq.pid, self.s3.pid)
        return {name: cpu_ms(pid) for name, pid in zip(SERVERS, pids, strict=True)}


@contextmanager
def serving() -> Generator[Servers]:
    """The servers, running for the block."""
    with ExitStack() as stack:
        servers = Servers(PostgresServer(), RabbitMqServer(), S3Server())
        for each in (servers.postgres, servers.rabbitmq, servers.s3):
            stack.callback(each.close)
            each.start()
        yield servers


@contextmanager
def processes(
    commands: Mapping[str, Sequence[str]], environment: Mapping[str, str], folder: Path
) -> Generator[dict[str, int]]:
    """Python processes by name, running for the block, logging into the folder; gives their ids."""
    path = os.pathsep.join(filter(None, (str(_TESTS), os.environ.get("PYTHONPATH", ""))))
    running: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for name, command in commands.items():
            with (folder / f"{name}.log").open("ab") as log:
                running[name] = subprocess.Popen(
                    [sys.executable, "-m", *command],
                    env={**os.environ, "PYTHONPATH": path, **environment},
                    stdout=log,
                    stderr=log,
                )
        yield {name: process.pid for name, process in running.items()}
    except Exception as error:
        for name in running:
            error.add_note(
                f"--- {name}: " + "\n".join((folder / f"{name}.log").read_text().splitlines()[-5:])
            )
        raise
    finally:
        for process in running.values():
            process.terminate()
        for process in running.values():
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


class _Services(Plant):
    def __init__(
        self,
        servers: Servers,
        store: PostgresEventStore,
        pids: Mapping[str, int],
        first: JobSubmitted | None = None,
    ) -> None:
        self._first = first
        self._servers = servers
        self._store = store
        self._pids = pids
        self._position = 0

    @override
    async def submit(self) -> None:
        await submit_noop(self._store, self._first)

    @override
    async def completed(self) -> int:
        rows = await self._store.pool.fetch(
            "SELECT notification_id, topic FROM dragoman_events WHERE notification_id > $1 ORDER BY notification_id",
            self._position,
        )
        if rows:
            self._position = int(rows[-1][0])
        return sum(row[1] == JobCompleted.name for row in rows)

    @override
    def spent_ms(self) -> Mapping[str, float]:
        spent = {name: cpu_ms(pid) for name, pid in self._pids.items()}
        return {"ours": sum(spent.values()), **spent, **self._servers.spent_ms()}


class _RealStages(_Services):
    def __init__(
        self,
        servers: Servers,
        store: PostgresEventStore,
        pids: Mapping[str, int],
        client: httpx.AsyncClient,
    ) -> None:
        super().__init__(servers, store, pids)
        self._client = client
        self._numbers = count(1)

    @override
    async def submit(self) -> None:
        number = next(self._numbers)
        form = {"project_code": "default", "domain_pack_code": "general", "engine": ENGINE}
        response = await self._client.post(
            "/api/v1/jobs",
            data={**form, "source_language": SOURCE, "target_language": TARGET},
            files={"file": (file_name(number), one_paragraph(number), DOCX_MEDIA_TYPE)},
        )
        response.raise_for_status()


@asynccontextmanager
async def noop_plant(
    servers: Servers,
    folder: Path,
    *,
    keeps_outcomes: bool,
    batches: int = 1,
    first: JobSubmitted | None = None,
    is_together: bool = False,
) -> AsyncGenerator[Plant]:
    """The five worker services with no-op phases and a relay, each a process or all in one, on a
    new database.

    Jobs begin as in `one_process.noop_plant`.
    """
    url = servers.postgres.create_database()
    await migrate_events(url)
    flags = [*(["--keep-outcomes"] if keeps_outcomes else []), "--batches", str(batches)]
    commands = {name: ["bench.noop_service", name, *flags] for name in ("relay", *WORKERS)}
    if is_together:
        commands = {TOGETHER: ["bench.noop_service", *commands, *flags]}
    store = await PostgresEventStore.connect(url)
    try:
        with processes(commands, servers.environment(url), folder) as pids:
            yield _Services(servers, store, pids, first)
    finally:
        await store.aclose()
        servers.postgres.drop_database(url)


@dataclass(frozen=True, slots=True)
class Running:
    """The services of an installation, and how to ask its gateway."""

    address: str
    token: str
    database_url: str
    pids: Mapping[str, int]


@asynccontextmanager
async def real_services(
    servers: Servers,
    folder: Path,
    *,
    is_together: bool = False,
    settings: Mapping[str, str] | None = None,
) -> AsyncGenerator[Running]:
    """The six services, a relay and a gateway that answers, on a new database.

    With `is_together` all but the gateway are one process.
    """
    url, port = servers.postgres.create_database(), free_port()
    await migrate_events(url)
    token = await _operator_token(url)
    environment = {
        **servers.environment(url),
        "DRAGOMAN_HTTP_PORT": str(port),
        "DRAGOMAN_SIGNING_KEY": secrets.token_hex(32),
        **(settings or {}),
    }
    commands = {"relay": ["dragoman_runtime.relay"]} | {
        name: [f"dragoman_{name}"] for name in (*WORKERS, "index")
    }
    if is_together:
        commands = {TOGETHER: ["dragoman_standalone.together", *commands]}
    commands["gateway"] = ["dragoman_gateway"]
    address = f"http://127.0.0.1:{port}"
    try:
        with processes(commands, environment, folder) as pids:
            await _answering(address)
            yield Running(address, token, url, pids)
    finally:
        servers.postgres.drop_database(url)


@asynccontextmanager
async def real_plant(
    servers: Servers, folder: Path, *, is_together: bool = False
) -> AsyncGenerator[Plant]:
    """Real services; documents come over HTTP, and the gateway projects its views."""
    async with real_services(servers, folder, is_together=is_together) as running:
        store = await PostgresEventStore.connect(running.database_url)
        client = httpx.AsyncClient(
            base_url=running.address,
            headers={"Authorization": f"Bearer {running.token}"},
            timeout=_START_S,
        )
        try:
            async with client:
                yield _RealStages(servers, store, running.pids, client)
        finally:
            await store.aclose()


async def _operator_token(url: str) -> str:
    await migrate_catalog(url)
    engine = create_views_engine(sqlalchemy_url(url))
    catalog, now = Catalog(engine), SystemClock().now()
    editor = Editor(actor="local", actor_name="", source_address="")
    admin = await catalog.users.ensure_first_admin(now)
    made = await catalog.tokens.create(
        editor, now, user_id=admin.user_id, name="bench", role=Role.ADMIN, expires_at=None
    )
    await engine.dispose()
    return made.secret


async def _answering(address: str) -> None:
    async with asyncio.timeout(_START_S), httpx.AsyncClient(base_url=address) as client:
        while True:
            try:
                await client.get("/")
            except httpx.TransportError:
                await asyncio.sleep(0.1)
            else:
                return
