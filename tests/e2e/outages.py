"""Outages of the servers that services stand on: S3, RabbitMQ and PostgreSQL each go away while
jobs are under way, and come back.

    python -m e2e.outages --seconds 120 --documents 50

Every job must complete, and no attempt may be counted for an outage. Exits with 1 otherwise.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from dragoman_runtime.eventstore.postgres import PostgresEventStore
from e2e.api_client import ApiClient, first_token
from e2e.documents import own_document
from e2e.installation import EVERY_SERVICE, Installation, object_settings, service_settings
from e2e.under_fire import failures_of
from servers.postgres import PostgresServer
from servers.process import ServerProcess
from servers.rabbitmq import RabbitMqServer
from servers.s3 import S3Server

_FIRST_S = 2.0  # so long jobs are under way before the server goes away


@dataclass(frozen=True)
class Outage:
    """What came of the jobs that were under way when a server went away."""

    server: str
    statuses: Counter[str]
    failures: Counter[str]
    log_lines: int
    last_done_s: float

    @property
    def is_well(self) -> bool:
        """Whether every job completed, and no attempt was counted."""
        return set(self.statuses) == {"completed"} and not self.failures


async def outages(
    environment: Mapping[str, str],
    folder: Path,
    servers: Mapping[str, ServerProcess],
    *,
    seconds: float,
    documents: int,
) -> list[Outage]:
    """Let each server be away for so many seconds, with so many documents under way."""
    installation = Installation(folder, environment, EVERY_SERVICE)
    installation.start()
    client = ApiClient(f"http://127.0.0.1:{environment['DRAGOMAN_HTTP_PORT']}")
    seen: list[Outage] = []
    try:
        await client.until_ready()
        client.sign_in(await first_token(environment["DRAGOMAN_DATABASE_URL"]))
        for name, server in servers.items():
            seen.append(
                await _outage(installation, client, name, server, seconds, documents, len(seen))
            )
    finally:
        await client.aclose()
        await asyncio.to_thread(installation.stop)
    return seen


async def _outage(
    installation: Installation,
    client: ApiClient,
    name: str,
    server: ServerProcess,
    seconds: float,
    documents: int,
    number: int,
) -> Outage:
    lines = _log_lines(installation)
    names = [f"{name.lower()}-{each}.docx" for each in range(documents)]
    going = [
        asyncio.ensure_future(_through(client, each, number * documents + index))
        for index, each in enumerate(names)
    ]
    await asyncio.sleep(_FIRST_S)
    await asyncio.to_thread(server.kill)
    await asyncio.sleep(seconds)
    await asyncio.to_thread(server.start)
    back = time.monotonic()
    try:
        statuses = Counter(await asyncio.gather(*going))
    except AssertionError as error:
        said = "\n".join([*_errors(installation), installation.logs()])
        raise AssertionError(f"{name} was away: {error}\n{said}") from error
    store = await PostgresEventStore.connect(installation.environment["DRAGOMAN_DATABASE_URL"])
    try:
        failures = await failures_of(store)
    finally:
        await store.aclose()
    took_s = time.monotonic() - back
    return Outage(name, statuses, failures, _log_lines(installation) - lines, took_s)


async def _through(client: ApiClient, name: str, number: int) -> str:
    job = await client.submit(name, own_document(number))
    return str((await client.rested(job["job_id"]))["status"])


def _log_lines(installation: Installation) -> int:
    files = [process.log for process in installation.processes.values()]
    return sum(len(each.read_bytes().splitlines()) for each in files if each.exists())


def _errors(installation: Installation) -> list[str]:
    """The lines that tell of bugs."""
    files = [process.log for process in installation.processes.values()]
    lines = [line for each in files if each.exists() for line in each.read_text().splitlines()]
    return [line for line in lines if '"error_code": "internal"' in line]


def main() -> None:
    """Let every server go away once, and print what came of it."""
    parser = argparse.ArgumentParser(prog="python -m e2e.outages")
    parser.add_argument("--seconds", type=float, default=120, help="how long each server is away")
    parser.add_argument("--documents", type=int, default=50, help="how many are under way")
    asked = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dragoman-outages-")))
        postgres, rabbitmq, s3 = PostgresServer(), RabbitMqServer(), S3Server()
        for server in (postgres, rabbitmq, s3):
            stack.callback(server.close)
            server.start()
        objects = object_settings(s3.url, s3.create_bucket(), s3.access_key, s3.secret_key)
        environment = service_settings(postgres.create_database(), rabbitmq.url, objects)
        servers = {"S3": s3, "RabbitMQ": rabbitmq, "PostgreSQL": postgres}
        seen = asyncio.run(
            outages(environment, folder, servers, seconds=asked.seconds, documents=asked.documents)
        )
    for each in seen:
        ends = ", ".join(f"{status} {count}" for status, count in each.statuses.items())
        failures = ", ".join(f"{code} {count}" for code, count in each.failures.items()) or "none"
        sys.stdout.write(
            f"{each.server:<11} away {asked.seconds:g} s: {ends}; failed attempts {failures}; "
            f"log lines {each.log_lines:,}; all done {each.last_done_s:.1f} s after it was back\n"
        )
    raise SystemExit(0 if all(each.is_well for each in seen) else 1)


if __name__ == "__main__":
    main()
