"""A rolling update, tried: the services of an older checkout and those of this one run together
while jobs go on.

`cd tests && ../.venv/bin/python -m upgrade.rolling CHECKOUT`, where CHECKOUT is a work tree of the
version that runs, set up by its own `make setup-test`: what it needs may be gone from today's
environment. First all services of the older version; then all of both beside each other, on
the same servers; then the older ones end, one by one. With `--documented`, by the steps of
`docs/operate/upgrade.md` instead: `dragoman migrate` of this version beside the older services, then
each service replaced by its successor, in the order of the page. Documents are submitted all the
time, to either gateway. Exits with 1 where a job does not complete, a piece of work fails, a view or
a result differs, reports of quality by older rules left aside.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import httpx

from dragoman_runtime.replaying import StepResult
from dragoman_standalone.job_replay import replay_job
from dragoman_standalone.log_checking import checked_log
from dragoman_standalone.replaying import Order, replay
from dragoman_standalone.settings import StoreSettings
from dragoman_standalone.stores import archive_of
from e2e.installation import EVERY_SERVICE, WORKERS, ServiceProcess, service_settings
from e2e.slow_model import slow_model
from servers.postgres import PostgresServer
from servers.process import free_port
from servers.rabbitmq import RabbitMqServer
from upgrade.ways import client_of, small_document, submitted, until, until_ready

_EQUAL, _TAKEN = StepResult.EQUAL, StepResult.TAKEN
_JOBS_A_STEP = 3
_PARAGRAPHS = 40
_COMMAND = "from dragoman_standalone.cli import app; app()"
_FIRST_TOKEN = """
import asyncio, sys
from e2e.api_client import first_token
print(asyncio.run(first_token(sys.argv[1])))
"""


class Version:
    """The services of one version."""

    def __init__(
        self,
        name: str,
        folder: Path,
        environment: dict[str, str],
        services: Sequence[str],
        python: Path,
    ) -> None:
        self.name = name
        self._python = python
        self._environment = {**os.environ, **environment}
        settings = {**environment, "DRAGOMAN_HTTP_PORT": str(free_port())}
        self.address = f"http://127.0.0.1:{settings['DRAGOMAN_HTTP_PORT']}"
        self.processes = [
            ServiceProcess(each, settings, folder / f"{name}-{each}.log", python=python)
            for each in services
        ]

    def start(self) -> None:
        """Start all; returns when its gateway is ready."""
        for process in self.processes:
            process.start()
        with client_of(self.address, "none-yet") as client:
            until_ready(client)

    def run(self, program: str, *words: str) -> str:
        """The output of a line of Python with this version's code."""
        command = [self._python, "-c", program, *words]
        said = subprocess.run(command, env=self._environment, check=True, stdout=subprocess.PIPE)
        return said.stdout.decode().strip()

    def first_token(self, url: str) -> str:
        """The secret of a token of the first admin, made by this version: the tables are its own."""
        return self.run(_FIRST_TOKEN, url)

    def done(self) -> Counter[str]:
        """How much work each service finished, by its log."""
        return Counter(
            {
                p.name: p.log.read_text().count('"outcome": "done"')
                for p in self.processes
                if p.log.exists()
            }
        )

    def failures(self) -> list[str]:
        """The lines of its logs that tell of work that failed."""
        logs = [p.log.read_text().splitlines() for p in self.processes if p.log.exists()]
        return [line for lines in logs for line in lines if '"outcome": "failed"' in line]


class Submitting:
    """Submits documents to gateways, by turns."""

    def __init__(self, clients: Sequence[httpx.Client]) -> None:
        self.clients = list(clients)
        self.jobs: list[str] = []

    def some(self, count: int = _JOBS_A_STEP) -> None:
        """Submit some documents, of both engines."""
        for _ in range(count):
            number = len(self.jobs)
            document = small_document(f"document {number}", _PARAGRAPHS)
            client = self.clients[number % len(self.clients)]
            self.jobs.append(
                submitted(client, document, engine=("pseudo", "openai")[number // 2 % 2])
            )


def source_path(checkout: Path) -> str:
    """What goes into PYTHONPATH so that the checkout's code is imported, and that of its tests."""
    return ":".join(map(str, [*sorted(checkout.glob("*/*/src")), checkout / "tests"]))


def python_of(checkout: Path) -> Path:
    """The interpreter of the checkout's environment."""
    return checkout / ".venv" / "bin" / "python"


def services_of(checkout: Path) -> list[str]:
    """The services that a checkout has, in the order in which the page replaces them."""
    there = {path.name for path in (checkout / "services").iterdir()} | {"relay"}
    return [name for name in EVERY_SERVICE if name in there]


async def faults_of(settings: StoreSettings, jobs: Sequence[str]) -> list[str]:
    """What is wrong in the end; empty is well."""
    report = await replay(
        settings, Order(is_verify=True, processes=1), lambda step, done, total: None
    )
    faults = [
        f"view {each.projection}: {each.differing_rows} rows"
        for each in report.views
        if each.differing_rows
    ]
    log = await checked_log(settings, lambda step, done, total: None, is_with_objects=True)
    faults += [str(each) for each in log.faults]
    async with archive_of(settings) as archive:
        types = Counter(row.topic for row in await archive.tail(0, limit=1_000_000))
    print("events:", dict(types))
    faults += [f"{types[name]} {name}" for name in ("work.failed", "work.parked") if types[name]]
    reports = 0
    for job_id in jobs:
        made, _ = await replay_job(settings, UUID(job_id))
        other = [step for step in made.steps if step.result not in (_EQUAL, _TAKEN)]
        # The older rules of quality may have found more or less; all else must be as it was.
        wrong = [step for step in other if (*step.fields,) != ("qa_report",)]
        reports += len(other) - len(wrong)
        faults += [f"job {job_id} is made otherwise: {step}" for step in wrong]
    print(f"{reports} of {len(jobs)} quality reports are of older rules that find something else")
    return faults


def run(checkout: Path, folder: Path, seed: int | None) -> list[str]:
    """The rolling update; what was wrong in the end. The order of ends is by chance with a seed, and
    that of the page without one.
    """
    postgres, rabbitmq = PostgresServer(), RabbitMqServer()
    try:
        postgres.start()
        rabbitmq.start()
        url, objects = postgres.create_database(), (folder / "objects").as_uri()
        with slow_model() as model:
            shared = (
                service_settings(url, rabbitmq.url, {"DRAGOMAN_OBJECTS_URL": objects})
                | model.settings
            )
            before = {**shared, "PYTHONPATH": source_path(checkout)}
            old = Version("old", folder, before, services_of(checkout), python_of(checkout))
            new = Version("new", folder, shared, EVERY_SERVICE, Path(sys.executable))
            try:
                if seed is None:
                    jobs = _replace(old, new, url)
                else:
                    luck = random.Random(seed)  # noqa: S311 - to be the same each time
                    jobs = _roll(old, new, url, luck)
                return _judged(old, new, url, objects, jobs)
            finally:
                for process in (*old.processes, *new.processes):
                    process.kill()
    finally:
        postgres.close()
        rabbitmq.close()


def _replace(old: Version, new: Version, url: str) -> list[str]:
    """The page's steps under load; the jobs, all completed."""
    old.start()
    secret = old.first_token(url)
    began = time.monotonic()
    with client_of(old.address, secret) as at_old, client_of(new.address, secret) as at_new:
        submitting = Submitting([at_old])
        submitting.some(6)
        new.run(_COMMAND, "migrate")
        submitting.some()
        print(f"migrated beside the older services after {time.monotonic() - began:.1f} s")
        before = {process.name: process for process in old.processes}
        for process in new.processes:
            if process.name == "gateway":
                process.start()
                until_ready(at_new)
                submitting.clients = [at_new]
            if process.name in before:
                print(f"old {process.name} ended with {before[process.name].stop()}")
            if process.name != "gateway":
                process.start()
            submitting.some()
        for job_id in submitting.jobs:
            until(at_new, job_id, "completed")
    print(f"replaced, and all completed, after {time.monotonic() - began:.1f} s")
    return submitting.jobs


def _roll(old: Version, new: Version, url: str, luck: random.Random) -> list[str]:
    """Both versions beside each other; the jobs, all completed."""
    old.start()
    secret = old.first_token(url)
    with client_of(old.address, secret) as at_old, client_of(new.address, secret) as at_new:
        submitting = Submitting([at_old])
        submitting.some(6)
        new.start()
        submitting.clients = [at_old, at_new]
        submitting.some(12)
        for process in luck.sample(old.processes, len(old.processes)):
            if process.name == "gateway":
                submitting.clients = [at_new]
            submitting.some()
            print(f"old {process.name} ended with {process.stop()}")
        submitting.some()
        for job_id in submitting.jobs:
            until(at_new, job_id, "completed")
    return submitting.jobs


def _judged(old: Version, new: Version, url: str, objects: str, jobs: list[str]) -> list[str]:
    for version in (old, new):
        done = version.done()
        print(f"{version.name}: work done", {name: done[name] for name in WORKERS})
        print(*version.failures(), sep="\n", end="")
    print(f"{len(jobs)} jobs completed")
    settings = {"state_dir": Path("none"), "database_url": url, "objects_url": objects}
    return asyncio.run(faults_of(StoreSettings.model_validate(settings), jobs))


def main() -> int:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("checkout", type=Path)
    parser.add_argument("--seed", type=int, default=1, help="of the order in which the older end")
    parser.add_argument("--documented", action="store_true", help="by the steps of the page")
    chosen = parser.parse_args()
    if not python_of(chosen.checkout).exists():
        parser.error(f"{chosen.checkout} is not set up: run `make setup-test` there")
    with tempfile.TemporaryDirectory() as folder:
        seed = None if chosen.documented else chosen.seed
        faults = run(chosen.checkout.absolute(), Path(folder), seed)
    print("\n".join(["WRONG", *faults]) if faults else "nothing is wrong")
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
