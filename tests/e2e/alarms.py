"""Every alarm of docs/operate/observe.md, raised by a real Prometheus that scrapes real services; and
none before, while jobs run as they should.

    python -m e2e.alarms --healthy 60

Times of the rules are divided by twenty. Exits with 1 where an alarm is not raised, or one is that
should not be.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aio_pika
import httpx

from e2e.api_client import ApiClient, Job, first_token
from e2e.documents import own_document
from e2e.installation import EVERY_SERVICE, ServiceProcess, service_settings
from e2e.slow_model import SlowModel
from servers.postgres import PostgresServer
from servers.process import free_port, require_binary
from servers.rabbitmq import RabbitMqServer

_PAGE = Path(__file__).parents[2] / "docs" / "operate" / "observe.md"
_RAISED_S, _LOOK_S = 60.0, 0.5
_FIRST_JOBS, _AT_ONCE, _WINDOW_S = 3, 4, 15.0
_SHORTER = (
    ("for: 1m", "for: 3s"),
    ("for: 30s", "for: 2s"),
    ("[5m]", "[15s]"),
    ("[10m]", "[30s]"),
    ("[30m]", "[15s]"),
    ("[1h]", "[30s]"),
    ("[6h]", "[60s]"),
    ('le="60.0"', 'le="5.0"'),
    ("> 60", "> 5"),
    ("> 5000", "> 20"),
)
"""The rules in a twentieth of their time; and of the events that views may lag, a small part."""


def short_rules() -> str:
    """The rules of the page, in a twentieth of their time."""
    block = re.search(r"^```yaml\n(groups:.*?)^```", _PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert block is not None, "the page has no rules"
    rules = block[1]
    for long, short in _SHORTER:
        assert long in rules, f"no rule has {long!r} any more"
        rules = rules.replace(long, short)
    return rules


@dataclass
class Prometheus:
    """A Prometheus that scrapes these ports once a second, by these rules."""

    folder: Path
    ports: Sequence[int]
    rules: str
    port: int = field(default_factory=free_port)
    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it."""
        targets = ", ".join(f"'127.0.0.1:{port}'" for port in self.ports)
        (self.folder / "rules.yml").write_text(self.rules)
        (self.folder / "prometheus.yml").write_text(
            "global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}\n"
            "rule_files: [rules.yml]\n"
            f"scrape_configs: [{{job_name: dragoman, static_configs: [{{targets: [{targets}]}}]}}]\n"
        )
        with (self.folder / "prometheus.log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    require_binary(["prometheus"], "prometheus"),
                    "--config.file=prometheus.yml",
                    "--storage.tsdb.path=data",
                    f"--web.listen-address=127.0.0.1:{self.port}",
                ],
                cwd=self.folder,
                stdout=log,
                stderr=log,
            )

    def stop(self) -> None:
        """Stop it."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)

    async def firing(self) -> set[str]:
        """The names of the alarms that are firing."""
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}") as client:
            try:
                answer = (await client.get("/api/v1/alerts")).json()
            except httpx.TransportError:
                return set()
        alerts = answer["data"]["alerts"]
        return {each["labels"]["alertname"] for each in alerts if each["state"] == "firing"}


class Trouble:
    """The installation, and ways to bring it into trouble. Each is put right at the end of its
    block.
    """

    def __init__(
        self,
        services: dict[str, ServiceProcess],
        client: ApiClient,
        postgres: PostgresServer,
        rabbitmq: RabbitMqServer,
        model: SlowModel,
        database: str,
    ) -> None:
        self.services = services
        self.client = client
        self.postgres = postgres
        self.rabbitmq = rabbitmq
        self.model = model
        self.database = database
        self.count = 0

    async def job(self, engine: str = "pseudo") -> str:
        """Submit a document; its job's id."""
        self.count += 1
        document = own_document(self.count, 4)
        job = await self.client.submit(f"{engine}-{self.count}.docx", document, engine=engine)
        return str(job["job_id"])

    @asynccontextmanager
    async def without(self, name: str) -> AsyncGenerator[None]:
        """A service is gone while work comes in."""
        await asyncio.to_thread(self.services[name].stop)
        try:
            await self.job()
            yield
        finally:
            self.services[name].start()

    @asynccontextmanager
    async def late(self) -> AsyncGenerator[None]:
        """Work was taken, but late."""
        async with self.without("extract"):
            await asyncio.sleep(7)
        yield

    @asynccontextmanager
    async def parked(self) -> AsyncGenerator[None]:
        """Work is parked, for its engine is none."""
        await self.job("nonsense")
        yield

    @asynccontextmanager
    async def dead_letter(self) -> AsyncGenerator[None]:
        """A message that nobody can read lies in a queue."""
        connection = await aio_pika.connect(self.rabbitmq.url)
        async with connection:
            channel = await connection.channel()
            message = aio_pika.Message(b"no work item", delivery_mode=2)
            await channel.default_exchange.publish(message, routing_key="qa_verify")
        yield

    @asynccontextmanager
    async def locked_views(self) -> AsyncGenerator[None]:
        """The table of the jobs' view is locked by somebody."""
        name = self.postgres.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_name LIKE 'view_jobs_v%'",
            database=self.database,
        )
        table = re.findall(r"view_jobs_v\d+", name)[0]
        statement = f"BEGIN; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(40)"
        url = self.postgres.url_of(self.database)
        lock = await asyncio.create_subprocess_exec(
            "psql", "--quiet", url, "--command", statement, stdout=subprocess.DEVNULL
        )
        try:
            for _ in range(6):
                await self.job()
            yield
        finally:
            lock.kill()
            await lock.wait()

    @asynccontextmanager
    async def no_postgres(self) -> AsyncGenerator[None]:
        """PostgreSQL is away, and people ask nevertheless."""
        await asyncio.to_thread(self.postgres.kill)
        asking = asyncio.ensure_future(self._ask_on())
        try:
            yield
        finally:
            asking.cancel()
            await asyncio.to_thread(self.postgres.start)

    async def _ask_on(self) -> None:
        while True:
            await self.client.ask_once("/api/v1/jobs")
            await asyncio.sleep(0.5)

    @asynccontextmanager
    async def no_rabbitmq(self) -> AsyncGenerator[None]:
        """RabbitMQ is away."""
        await asyncio.to_thread(self.rabbitmq.kill)
        try:
            yield
        finally:
            await asyncio.to_thread(self.rabbitmq.start)

    @asynccontextmanager
    async def killed_worker(self) -> AsyncGenerator[None]:
        """A worker is killed while its engine thinks."""
        await self.job("openai")
        await asyncio.to_thread(self.model.wait_until_held, 1)
        self.services["translate"].kill()
        self.services["translate"].start()
        yield
        self.model.release()


async def run(healthy_s: float, folder: Path, stack: ExitStack) -> list[str]:
    """Let every alarm be raised; what went otherwise than it should."""
    postgres, rabbitmq, model = PostgresServer(), RabbitMqServer(), SlowModel(answers=0)
    stack.callback(model.close)
    for server in (postgres, rabbitmq):
        stack.callback(server.close)
        server.start()
    database = postgres.create_database()
    objects = {"DRAGOMAN_OBJECTS_URL": f"file://{folder}/objects"}
    environment = service_settings(database, rabbitmq.url, objects) | model.settings
    ports = {name: free_port() for name in EVERY_SERVICE}
    services = {
        name: ServiceProcess(
            name,
            environment | {"DRAGOMAN_METRICS_PORT": str(ports[name])},
            folder / f"{name}.log",
        )
        for name in EVERY_SERVICE
    }
    for service in services.values():
        stack.callback(service.stop)
        service.start()
    prometheus = Prometheus(folder, list(ports.values()), short_rules())
    stack.callback(prometheus.stop)
    client = ApiClient(f"http://127.0.0.1:{environment['DRAGOMAN_HTTP_PORT']}")
    await client.until_ready()
    client.sign_in(await first_token(database))
    prometheus.start()
    trouble = Trouble(services, client, postgres, rabbitmq, model, database.rsplit("/", 1)[-1])
    try:
        wrong = await _healthy(trouble, prometheus, healthy_s)
        for name, cause in _causes(trouble):
            wrong += await _raised(prometheus, name, cause)
    finally:
        await client.aclose()
    return wrong


def _causes(
    trouble: Trouble,
) -> list[tuple[str, Callable[[], AbstractAsyncContextManager[None]]]]:
    return [
        ("DragomanWorkWaits", lambda: trouble.without("extract")),
        ("DragomanLateWorkBurnsBudget", trouble.late),
        ("DragomanRelayBehind", lambda: trouble.without("relay")),
        ("DragomanWorkersVanish", trouble.killed_worker),
        ("DragomanWorkParked", trouble.parked),
        ("DragomanDeadLetters", trouble.dead_letter),
        ("DragomanViewsBehind", trouble.locked_views),
        ("DragomanBusAway", trouble.no_rabbitmq),
        ("DragomanGatewayFails", trouble.no_postgres),
        ("DragomanAnswersBurnBudget", trouble.no_postgres),
        ("DragomanStoreAway", trouble.no_postgres),
    ]


async def _healthy(trouble: Trouble, prometheus: Prometheus, seconds: float) -> list[str]:
    """Up to a job a second, no more at a time than are done in time, and no alarm. The first jobs
    are not counted: services that have just started import what they need.
    """
    for _ in range(_FIRST_JOBS):
        await trouble.client.rested(await trouble.job())
    await asyncio.sleep(_WINDOW_S)
    end, seen, done = time.monotonic() + seconds, set[str](), 0
    going = set[asyncio.Task[Job]]()
    while time.monotonic() < end:
        if len(going) < _AT_ONCE:
            going.add(asyncio.ensure_future(trouble.client.rested(await trouble.job())))
            done += 1
        seen |= await prometheus.firing()
        await asyncio.sleep(1)
        going = {each for each in going if not each.done()}
    await asyncio.gather(*going)
    sys.stdout.write(
        f"healthy for {seconds:g} s ({seconds * 20 / 60:g} min of the rules), {done} jobs: "
        f"{', '.join(sorted(seen)) or 'no alarm'}\n"
    )
    return [f"{name} while all was well" for name in seen]


async def _raised(
    prometheus: Prometheus, name: str, cause: Callable[[], AbstractAsyncContextManager[None]]
) -> list[str]:
    began = time.monotonic()
    async with cause():
        while name not in await prometheus.firing():
            if time.monotonic() - began > _RAISED_S:
                sys.stdout.write(f"{name:<24} NOT raised in {_RAISED_S:g} s\n")
                return [f"{name} was not raised"]
            await asyncio.sleep(_LOOK_S)
    sys.stdout.write(f"{name:<24} raised after {time.monotonic() - began:.1f} s\n")
    sys.stdout.flush()
    return []


def main() -> None:
    """Raise every alarm, and print what came of it."""
    parser = argparse.ArgumentParser(prog="python -m e2e.alarms")
    parser.add_argument("--healthy", type=float, default=180, help="seconds without trouble first")
    asked = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dragoman-alarms-")))
        wrong = asyncio.run(run(asked.healthy, folder, stack))
    for each in wrong:
        sys.stdout.write(f"WRONG: {each}\n")
    raise SystemExit(1 if wrong else 0)


if __name__ == "__main__":
    main()
