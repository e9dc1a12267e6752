"""Services under fire: documents go in over HTTP while every service is killed with -9 in the
middle of its work.

What comes out is held against the one process's results, byte by byte. The long form, from the
folder of the tests:

    python -m e2e.under_fire --documents 100
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from dragoman_contracts.events import WorkFailed, WorkParked
from dragoman_runtime.eventstore.postgres import PostgresEventStore
from e2e.api_client import ApiClient, first_token
from e2e.documents import corpus_documents, own_document
from e2e.installation import EVERY_SERVICE, Installation, object_settings, service_settings
from e2e.killing import Kill, Killer
from servers.postgres import PostgresServer
from servers.rabbitmq import RabbitMqServer
from servers.s3 import S3Server

_JOBS_AT_ONCE = 12


@dataclass(frozen=True)
class End:
    """How one document came out: the status of its job,
    and the translated document where there is one.
    """

    status: str
    final_docx: bytes | None


@dataclass(frozen=True)
class UnderFire:
    """What a run showed."""

    ends: dict[str, End]
    alone: dict[str, End]
    kills: tuple[Kill, ...]
    failures: Counter[str]
    performs: Counter[str]
    repeated_requests: int
    duration_s: float

    @property
    def completed(self) -> list[str]:
        """The documents whose jobs completed."""
        return [name for name, end in self.ends.items() if end.status == "completed"]

    @property
    def differing(self) -> list[str]:
        """The documents that came out otherwise than from the one process,
        in status or in a byte.
        """
        return [name for name, end in self.ends.items() if end != self.alone[name]]

    @property
    def byte_equal(self) -> list[str]:
        """The documents whose translation is the one process's, byte by byte."""
        return [
            name
            for name in self.completed
            if self.ends[name].final_docx == self.alone[name].final_docx
        ]

    @property
    def twice_performed(self) -> int:
        """Pieces of work that were done more than once to their end,
        nothing of the first time being found.
        """
        return sum(count - 1 for count in self.performs.values())


class _Run:
    """The way of the documents through the services, as a client sees it."""

    def __init__(self, client: ApiClient, documents: Mapping[str, bytes]) -> None:
        self.documents = dict(documents)
        self.ends: dict[str, End] = {}
        self._client = client
        self._at_once = asyncio.Semaphore(_JOBS_AT_ONCE)

    async def all(self, installation: Installation, killer: Killer) -> None:
        """Submit everything and wait for it; more of it where the killer is not done by then."""
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(installation.watch())
            killing = group.create_task(killer.run())
            await asyncio.gather(*map(self._through, tuple(self.documents)))
            while not killing.done():
                name = f"more-{len(self.documents)}.docx"
                self.documents[name] = own_document(len(self.documents))
                await self._through(name)
            watching.cancel()

    async def _through(self, name: str) -> None:
        async with self._at_once:
            job = await self._client.submit(name, self.documents[name])
            rested = await self._client.rested(job["job_id"])
            status = rested["status"]
            self.ends[name] = End(
                status, await self._client.final_docx(rested) if status == "completed" else None
            )


async def services_under_fire(
    environment: Mapping[str, str],
    folder: Path,
    documents: Mapping[str, bytes],
    *,
    is_spread: bool = False,
    processes: Sequence[str] = EVERY_SERVICE,
) -> UnderFire:
    """Run the documents through an installation whose processes are killed, then through the one
    process.

    With `is_spread` the kills are spread over the run; else each comes as soon as the service is at
    work. Where the documents are done before every service was caught at work, more documents
    follow.
    """
    database = environment["DRAGOMAN_DATABASE_URL"]
    installation = Installation(folder, environment, processes)
    installation.start()
    client = ApiClient(f"http://127.0.0.1:{environment['DRAGOMAN_HTTP_PORT']}")
    run = _Run(client, documents)
    try:
        await client.until_ready()
        client.sign_in(await first_token(database))
        store = await PostgresEventStore.connect(database, pool_size=2)
        try:
            every = len(documents) / (len(processes) + 1) if is_spread else 0
            may_kill: Callable[[int], bool] = lambda kills: len(run.ends) >= kills * every  # noqa: E731
            killer = Killer(installation, store, lambda: client.in_flight, may_kill)
            started = time.monotonic()
            await run.all(installation, killer)
            duration_s = time.monotonic() - started
            failures = await failures_of(store)
        finally:
            await store.aclose()
    finally:
        await client.aclose()
        statuses = await asyncio.to_thread(installation.stop)
    assert set(statuses.values()) == {0}, f"a service did not end cleanly: {statuses}"
    return UnderFire(
        ends=run.ends,
        alone=await asyncio.to_thread(one_process, folder / "alone", run.documents),
        kills=tuple(killer.kills),
        failures=failures,
        performs=_performs(installation),
        repeated_requests=client.repeated,
        duration_s=duration_s,
    )


def one_process(folder: Path, documents: Mapping[str, bytes]) -> dict[str, End]:
    """What `dragoman translate` makes of the documents."""
    sources, out = folder / "in", folder / "out"
    sources.mkdir(parents=True)
    for name, content in documents.items():
        (sources / name).write_bytes(content)
    command = [
        Path(sys.executable).with_name("dragoman"),
        "translate",
        sources,
        "-o",
        out,
        "--json",
    ]
    options = [
        "--source",
        "en",
        "--target",
        "ru",
        "--engine",
        "pseudo",
        "--state",
        folder / "state",
    ]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    files = cast("list[dict[str, str]]", json.loads(done.stdout)["files"])
    return {
        each["file"]: End(
            each["status"], Path(each["output"]).read_bytes() if each["output"] else None
        )
        for each in files
    }


async def failures_of(store: PostgresEventStore) -> Counter[str]:
    """The failures that the log holds, by event and code."""
    failures: Counter[str] = Counter()
    position = 0
    while stored := await store.tail(position):
        position = stored[-1].position
        events = [each.recorded.data for each in stored]
        failures.update(
            f"{type(e).__name__} {e.code}" for e in events if isinstance(e, WorkFailed | WorkParked)
        )
    return failures


def _performs(installation: Installation) -> Counter[str]:
    """How often each piece of work was performed to its end, as the services' logs tell."""
    performs: Counter[str] = Counter()
    for process in installation.processes.values():
        for line in process.log.read_text(encoding="utf-8").splitlines():
            told = cast("dict[str, object]", json.loads(line)) if line.startswith("{") else {}
            if told.get("outcome") == "done" and told.get("reused") is False and "work_id" in told:
                performs[str(told["work_id"])] += 1
    return performs


def _table(seen: UnderFire) -> str:
    """The run as a table."""
    others = Counter(end.status for end in seen.ends.values() if end.status != "completed")
    failures = ", ".join(f"{code} {count}" for code, count in seen.failures.items()) or "none"
    rows = [
        ("documents submitted", str(len(seen.ends))),
        ("completed", str(len(seen.completed))),
        (
            "other ends",
            ", ".join(f"{status} {count}" for status, count in others.items()) or "none",
        ),
        ("byte-equal to the one process", f"{len(seen.byte_equal)} of {len(seen.completed)}"),
        ("different from the one process", ", ".join(seen.differing) or "none"),
        ("duration", f"{seen.duration_s:.1f} s"),
        ("jobs a second", f"{len(seen.ends) / seen.duration_s:.2f}"),
        ("WorkFailed, WorkParked", failures),
        ("pieces of work performed to their end", str(len(seen.performs))),
        ("of these performed twice", str(seen.twice_performed)),
        ("HTTP requests repeated", str(seen.repeated_requests)),
    ]
    rows += [
        (f"kill -9 {kill.service} at {kill.after_s:.1f} s", "; ".join(kill.at_work_on))
        for kill in seen.kills
    ]
    return "\n".join(f"{name:<40} {value}" for name, value in rows)


def servers_for(stack: ExitStack) -> dict[str, str]:
    """Private servers until the stack closes, and the environment that points services to them."""
    postgres, rabbitmq, s3 = PostgresServer(), RabbitMqServer(), S3Server()
    for server in (postgres, rabbitmq, s3):
        stack.callback(server.close)
        server.start()
    objects = object_settings(s3.url, s3.create_bucket(), s3.access_key, s3.secret_key)
    return service_settings(postgres.create_database(), rabbitmq.url, objects)


def main() -> None:
    """Run the long form and print its table; exit status 1 where a document came out otherwise."""
    parser = argparse.ArgumentParser(prog="python -m e2e.under_fire")
    parser.add_argument(
        "--documents", type=int, default=100, help="how many documents of the corpus"
    )
    count: int = parser.parse_args().documents
    documents = corpus_documents(count) or {
        f"order-{each}.docx": own_document(each) for each in range(count)
    }
    with ExitStack() as stack:
        folder = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="dragoman-under-fire-"))
        )
        seen = asyncio.run(
            services_under_fire(servers_for(stack), folder, documents, is_spread=True)
        )
    sys.stdout.write(_table(seen) + "\n")
    raise SystemExit(1 if seen.differing else 0)


if __name__ == "__main__":
    main()
