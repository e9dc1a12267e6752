"""Compose without Docker: start what `deploy/compose/compose.yaml` says as processes of this
machine, with the very environment that it gives, and translate.

    python -m deployment.compose_check --documents 5

The secrets are those of `secrets.sh`. Servers are private ones of the machine's programs, which the
names `postgres`, `rabbitmq` and `objects` are mapped to; each container is an address of its own
below 127.77.0.0, which `0.0.0.0` is mapped to, so that ports stay as they are. Caddy stands in front
where there is one (`caddy` on the path). Exits with 1 where something is not as it should be.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

import httpx

from bench.machine import cpu_ms, machine_line, memory_mib
from deployment import dockerfile
from deployment.compose import FOLDER, ONCE, PROCESSES, Service, environment, our_services
from deployment.watching import Prometheus, raise_and_clear
from dragoman_contracts.vocabulary import JobStatus
from e2e.api_client import ApiClient, Job
from e2e.documents import own_document
from e2e.installation import ServiceProcess
from servers.postgres import PostgresServer
from servers.process import free_port, require_binary, wait_until
from servers.rabbitmq import RabbitMqServer
from servers.s3 import S3Server

_BIN = Path(sys.executable).parent
_IMAGE_BIN = "/opt/dragoman/bin/"
_TIMEOUT_S = 600.0
_LOOK_S = 0.3


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


class Machine:
    """What stands for the containers' surroundings: servers, secrets, addresses, files."""

    def __init__(
        self, folder: Path, stack: ExitStack, rabbitmq: RabbitMqServer | None = None
    ) -> None:
        self.folder = folder
        self.secrets = folder / "secrets"
        self.https_port = free_port()
        subprocess.run(["sh", FOLDER / "secrets.sh", self.secrets], check=True, capture_output=True)
        self.postgres, self.s3 = PostgresServer(), S3Server()
        self.rabbitmq = rabbitmq or RabbitMqServer()
        self.s3.access_key = self.secret("s3_access_key")
        self.s3.secret_key = self.secret("s3_secret_key")
        for server in (self.postgres, self.rabbitmq, self.s3):
            stack.callback(server.close)
            server.start()
        self._accounts()
        self._names = {
            "@postgres:5432/": f"@127.0.0.1:{self.postgres.port}/",
            "@rabbitmq:5672/": f"@127.0.0.1:{self.rabbitmq.port}/",
            "//objects:8333/": f"//127.0.0.1:{self.s3.port}/",
        }
        for name in ("database_url", "amqp_url"):
            path = self.secrets / name
            mapped = self._mapped(path.read_text())
            path.chmod(0o644)
            path.write_text(mapped)

    def secret(self, name: str) -> str:
        """The text of a secret."""
        return (self.secrets / name).read_text()

    def _accounts(self) -> None:
        """What the images of the servers make of their secrets at their first start."""
        password = self.secret("postgres_password")
        self.postgres.execute("CREATE DATABASE dragoman OWNER dragoman")
        self.postgres.execute(f"ALTER ROLE dragoman PASSWORD '{password}'")
        account = dict(
            line.split(" = ") for line in self.secret("rabbitmq_account").splitlines() if line
        )
        user = account["default_user"]
        self.rabbitmq.ctl("add_user", user, account["default_pass"])
        self.rabbitmq.ctl("set_permissions", "-p", "/", user, ".*", ".*", ".*")

    def query(self, statement: str) -> str:
        """The answer of the database to one statement."""
        psql = require_binary(["psql"], "postgresql")
        url = self.secret("database_url")
        said = subprocess.run(
            [psql, url, "--no-psqlrc", "--tuples-only", "--no-align", "--command", statement],
            check=True,
            capture_output=True,
            text=True,
        )
        return said.stdout.strip()

    def _mapped(self, text: str) -> str:
        for name, here in self._names.items():
            text = text.replace(name, here)
        return text

    def environment(self, name: str, service: Service) -> dict[str, str]:
        """The image's and the service's variables, with names, addresses and folders of here."""
        image = dockerfile.environment(dockerfile.steps(dockerfile.DOCKERFILE.read_text()))
        given = {**image, **environment(service)}
        temporary = self.folder / name
        temporary.mkdir(exist_ok=True)
        found: dict[str, str] = {}
        for variable, value in given.items():
            if value == "0.0.0.0":  # noqa: S104 - what is replaced
                here = address(name)
            elif value == "/tmp" or value.startswith("/tmp/"):
                here = f"{temporary}{value.removeprefix('/tmp')}"
            else:
                here = self._mapped(value).replace("/run/secrets/", f"{self.secrets}/")
            found[variable] = here.replace(_IMAGE_BIN.rstrip("/"), str(_BIN))
        if "DRAGOMAN_PUBLIC_URL" in found:
            found["DRAGOMAN_PUBLIC_URL"] += f":{self.https_port}"
        if "DRAGOMAN_TRUSTED_PROXIES" in found:
            found["DRAGOMAN_TRUSTED_PROXIES"] = "127.0.0.1"
        return found


def address(name: str) -> str:
    """The address that stands for the container of a service."""
    return f"127.77.0.{list(our_services()).index(name) + 1}"


def run_once(machine: Machine, name: str, service: Service, *more: str) -> str:
    """Run a service that ends; what it printed.

    Raises:
        SystemExit: it failed.
    """
    began = time.monotonic()
    words = list(more) or service["command"]
    said = subprocess.run(
        [_BIN / "dragoman", *words],
        env=os.environ | machine.environment(name, service),
        capture_output=True,
        text=True,
        check=False,
        timeout=_TIMEOUT_S,
    )
    if said.returncode != 0:
        raise SystemExit(f"{name}: exit status {said.returncode}\n{said.stdout}{said.stderr}")
    say(f"{name:<12} {' '.join(words):<20} done in {time.monotonic() - began:.1f} s")
    return said.stdout


def probe(machine: Machine, name: str, service: Service) -> bool:
    """Whether the health check of the service, or else of the image, says yes."""
    check = service.get("healthcheck", {}).get("test", ["CMD", "", "healthcheck.py"])[2:]
    script = dockerfile.DOCKERFILE.parent / Path(check[0]).name
    said = subprocess.run(
        [sys.executable, script, *check[1:]],
        env=machine.environment(name, service),
        capture_output=True,
        check=False,
    )
    return said.returncode == 0


class Proxy:
    """Caddy with the Caddyfile, in front of the gateway; its authority signs the certificate."""

    def __init__(self, machine: Machine, binary: str) -> None:
        self._data = machine.folder / "caddy"
        self._data.mkdir()
        self._command = [binary, "run", "--adapter", "caddyfile", "--config", FOLDER / "Caddyfile"]
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self._data),
            "XDG_DATA_HOME": str(self._data),
            "XDG_CONFIG_HOME": str(self._data),
            "PUBLIC_HOST": f"localhost:{machine.https_port}",
            "PROXY_TLS": "internal",
            "GATEWAY": f"{address('gateway')}:8080",
        }
        self._log = (self._data / "log").open("ab")
        self.authority = self._data / "caddy" / "pki" / "authorities" / "local" / "root.crt"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait for its authority."""
        self._process = subprocess.Popen(
            self._command, env=self._environment, stdout=self._log, stderr=self._log
        )
        wait_until(self.authority.exists, timeout_s=30, what="the authority of Caddy")

    def stop(self) -> None:
        """Stop it."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(20)
        self._log.close()


async def use(machine: Machine, url: str, authority: Path | None, token: str, count: int) -> None:
    """Translate documents and parse one, as a client of the API.

    Raises:
        AssertionError: one did not complete.
    """
    trusted = None if authority is None else ssl.create_default_context(cafile=str(authority))
    client = ApiClient(url, trusted)
    try:
        await client.until_ready()
        client.sign_in(token)
        began = time.monotonic()
        made = [
            await client.submit(f"order-{number}.docx", own_document(number))
            for number in range(count)
        ]
        done = [await client.rested(job["job_id"]) for job in made]
        _completed(done)
        sizes = [len(await client.final_docx(job)) for job in done]
        took = time.monotonic() - began
        say(
            f"translated   {count} documents in {took:.1f} s, {count / took:.1f} a second; "
            f"results of {min(sizes):,} to {max(sizes):,} bytes"
        )
        began = time.monotonic()
        parsed = await client.submit(
            "to-parse.docx", own_document(count + 1), pipeline_id="document-parse"
        )
        _completed([await client.rested(parsed["job_id"])])
        say(f"parsed       1 document in {time.monotonic() - began:.1f} s")
    finally:
        await client.aclose()


async def watch(prometheus: Prometheus, token: str) -> None:
    """Let work be parked, for its engine is none, and be discarded."""
    url = f"http://{address('gateway')}:8080"
    client = ApiClient(url)
    client.sign_in(token)
    headers = {"Authorization": f"Bearer {token}"}

    async def park() -> None:
        job = await client.submit("to-park.docx", own_document(0), engine="nonsense")
        await client.rested(job["job_id"])

    async def discard() -> None:
        async with httpx.AsyncClient(base_url=url, headers=headers) as http:
            for each in (await http.get("/api/v1/parked")).json()["items"]:
                place = f"{each['job_id']}/parked/{each['kind']}/{each['index']}"
                phase = {"phase": each["phase"]}
                answer = await http.post(f"/api/v1/jobs/{place}/discard", params=phase)
                assert answer.status_code == 200, answer.text

    try:
        said = await raise_and_clear(prometheus, len(PROCESSES), park, discard)
        say(f"watched      {said}")
    finally:
        await client.aclose()


def _completed(jobs: list[Job]) -> None:
    other = [job for job in jobs if job["status"] != JobStatus.COMPLETED]
    assert not other, f"not completed: {other}"


def _started(
    machine: Machine, ours: Mapping[str, Service], stack: ExitStack
) -> dict[str, ServiceProcess]:
    processes: dict[str, ServiceProcess] = {}
    for name in PROCESSES:
        process = ServiceProcess(
            name,
            machine.environment(name, ours[name]),
            machine.folder / f"{name}.log",
            (str(_BIN / "dragoman"), *ours[name]["command"]),
        )
        stack.callback(process.kill)
        process.start()
        processes[name] = process
    return processes


def _healthy(
    machine: Machine, ours: Mapping[str, Service], processes: Mapping[str, ServiceProcess]
) -> None:
    began = time.monotonic()
    waiting: set[str] = set(PROCESSES)
    while waiting:
        if time.monotonic() - began > _TIMEOUT_S:
            logs = "\n".join(processes[name].log_tail() for name in sorted(waiting))
            raise SystemExit(f"not healthy in time: {sorted(waiting)}\n{logs}")
        waiting = {name for name in waiting if not probe(machine, name, ours[name])}
        time.sleep(_LOOK_S)
    say(
        f"healthy      {len(PROCESSES)} services by their probes in {time.monotonic() - began:.1f} s"
    )


def say_spent(machine: Machine, processes: Mapping[str, ServiceProcess]) -> None:
    """Print what each service holds and has used, its start included."""
    query = "SELECT coalesce(max(n), 0) FROM (SELECT count(*) n FROM pg_stat_activity WHERE {}) a"
    say(f"{'spent':<12} {'memory MiB':>10} {'CPU s':>6} {'connections':>11}")
    for name, process in processes.items():
        count = machine.query(query.format(f"application_name LIKE 'dragoman-{name}%'"))
        say(
            f"  {name:<10} {memory_mib(process.pid):10.0f} {cpu_ms(process.pid) / 1000:6.1f} {count:>11}"
        )


def started(machine: Machine, stack: ExitStack) -> dict[str, ServiceProcess]:
    """The installation that the file describes, each of its processes healthy."""
    ours = our_services()
    for name in ONCE:
        run_once(machine, name, ours[name])
    processes = _started(machine, ours, stack)
    _healthy(machine, ours, processes)
    return processes


def check(documents: int, folder: Path, stack: ExitStack) -> None:
    """Start, use and end the installation that the file describes."""
    ours = our_services()
    machine = Machine(folder, stack)
    processes = started(machine, stack)
    link = run_once(machine, "admin", ours["admin"])
    assert link.startswith(f"https://localhost:{machine.https_port}/console/sign-in?link="), link
    token = run_once(machine, "admin", ours["admin"], "token", "create").strip()
    caddy = shutil.which("caddy")
    url, authority = f"http://{address('gateway')}:8080", None
    if caddy is None:
        say("proxy        no caddy on the path: the gateway is asked without TLS")
    else:
        proxy = Proxy(machine, caddy)
        stack.callback(proxy.stop)
        proxy.start()
        url, authority = f"https://localhost:{machine.https_port}", proxy.authority
        say("proxy        caddy with the Caddyfile, its certificate checked")
    asyncio.run(use(machine, url, authority, token, documents))
    prometheus = Prometheus(folder, {name: address(name) for name in PROCESSES})
    stack.callback(prometheus.stop)
    prometheus.start()
    asyncio.run(watch(prometheus, token))
    say_spent(machine, processes)
    began = time.monotonic()
    ends = {name: process.stop() for name, process in reversed(processes.items())}
    assert set(ends.values()) == {0}, ends
    say(f"ended        by SIGTERM, exit status 0 of each, in {time.monotonic() - began:.1f} s")


def forget_own_settings() -> None:
    """Take Dragoman's variables out of the environment, so that only the file's count."""
    for name in [each for each in os.environ if each.startswith("DRAGOMAN_")]:
        del os.environ[name]


def main() -> None:
    """Check, and print what came of it."""
    parser = argparse.ArgumentParser(prog="python -m deployment.compose_check")
    parser.add_argument("--documents", type=int, default=5, help="how many are translated")
    asked = parser.parse_args()
    forget_own_settings()
    say(machine_line())
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dragoman-compose-")))
        check(asked.documents, folder, stack)


if __name__ == "__main__":
    main()
