"""Disaster: RabbitMQ, PostgreSQL and S3 are each emptied while jobs are under way, and restored as
`docs/operate/disaster.md` says.

    python -m e2e.disaster --documents 30

The backup is that of `docs/operate/backup.md`, made while everything runs: `pg_dump`, then a copy of
the bucket by rclone. Every job must complete, with its document; where the log is newer than the copy
of the bucket, a job that misses an object is run again, as its message says. Prints the times; exits
with 1 otherwise.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from dragoman_standalone.log_checking import LogReport
from e2e.api_client import ApiClient, Job, first_token
from e2e.documents import own_document
from e2e.installation import EVERY_SERVICE, Installation, object_settings, service_settings
from servers.postgres import PostgresServer
from servers.process import require_binary
from servers.rabbitmq import RabbitMqServer
from servers.s3 import S3Server

_DRAGOMAN = Path(sys.executable).with_name("dragoman")
_UNDER_WAY_S = 2.0
_DATABASE = "dragoman"
_BUCKET = "dragoman"
_HELD = "translate"
_OK = 200
_FAULTS_FOUND = 3  # the exit status of `events verify`


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _outside() -> dict[str, str]:
    """The environment without the machine's own CA bundle, which old versions of rclone cannot load."""
    return {name: value for name, value in os.environ.items() if name != "AWS_CA_BUNDLE"}


class Drill:
    """An installation on servers of its own, its backup, and what is done to it."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder = folder
        self.postgres, self.rabbitmq, self.s3 = PostgresServer(), RabbitMqServer(), S3Server()
        for server in (self.postgres, self.rabbitmq, self.s3):
            stack.callback(server.close)
            server.start()
        self.postgres.execute(f"CREATE DATABASE {_DATABASE}")
        self.s3.client().make_bucket(_BUCKET)
        self.database = self.postgres.url_of(_DATABASE)
        objects = object_settings(self.s3.url, _BUCKET, self.s3.access_key, self.s3.secret_key)
        self.environment = service_settings(self.database, self.rabbitmq.url, objects)
        self.installation = Installation(folder, self.environment, EVERY_SERVICE)
        self.client = ApiClient(f"http://127.0.0.1:{self.environment['DRAGOMAN_HTTP_PORT']}")
        self.count = 0

    async def begin(self) -> None:
        """Start it, and sign in."""
        self.installation.start()
        await self.client.until_ready()
        self.client.sign_in(await first_token(self.database))

    async def submitted(self, documents: int) -> list[Job]:
        """So many new jobs, some of them under way."""
        jobs: list[Job] = []
        for _ in range(documents):
            self.count += 1
            name = f"drill-{self.count}.docx"
            jobs.append(await self.client.submit(name, own_document(self.count)))
        await asyncio.sleep(_UNDER_WAY_S)
        return jobs

    async def completed(self, jobs: list[Job]) -> int:
        """Return when all of them are, each with its document; how many had to be run again, since
        the restored store lacks an object of theirs: they stopped at it, or have no document.

        Raises:
            AssertionError: one is not.
        """
        again = 0
        for job in [await self.client.rested(job["job_id"]) for job in jobs]:
            last, missing = job, {each["code"] for each in job["troubles"]}
            if missing == {"object.missing"} or not await self._has_document(job):
                again += 1
                last = await self.client.rested(await self.client.rerun(job["job_id"]))
            assert last["status"] == "completed", (last["status"], last["troubles"])
            assert (await self.client.final_docx(last)).startswith(b"PK")
        return again

    async def _has_document(self, job: Job) -> bool:
        found = [each for each in job["artifacts"] if each["kind"] == "final_docx"]
        return not found or await self.client.ask_once(found[0]["download_url"]) == _OK

    async def translated_after(self, jobs: list[Job]) -> None:
        """Start `translate`, which was ended before these jobs came, and return when half of them are
        at rest: what they made is newer than the copy of the bucket.
        """
        self.installation.processes[_HELD].start()
        for job in jobs[: len(jobs) // 2]:
            await self.client.rested(job["job_id"])

    def run(self, *words: str | Path, may: int = 0) -> str:
        """Run a command of the docs; what it printed.

        Raises:
            SystemExit: its status is neither 0 nor the one that it `may` have.
        """
        said = subprocess.run(
            [str(word) for word in words],
            env={**_outside(), **self.environment, **self._bucket_access()},
            capture_output=True,
            text=True,
            check=False,
        )
        if said.returncode not in {0, may}:
            raise SystemExit(f"{words[0]}: status {said.returncode}\n{said.stdout}{said.stderr}")
        return said.stdout

    def back_up(self) -> None:
        """The database, then the objects."""
        self.run("pg_dump", "--format=custom", f"--file={self.dump}", self.database)
        self._copied(f"store:{_BUCKET}", self.copy)

    def restore_database(self) -> None:
        """Into an empty cluster."""
        self.postgres.execute(f"CREATE DATABASE {_DATABASE}")
        self.run("pg_restore", "--no-owner", f"--dbname={self.database}", self.dump)

    def restore_objects(self) -> None:
        """Into an empty store."""
        self.s3.client().make_bucket(_BUCKET)
        self._copied(self.copy, f"store:{_BUCKET}")

    def verified(self, newer: list[Job]) -> str:
        """What `events verify` says of every stream and every object. Nothing may be wrong but that
        objects are missing of jobs that are newer than the copy.
        """
        command = (_DRAGOMAN, "events", "verify", "--objects", "--json")
        report = LogReport.model_validate_json(self.run(*command, may=_FAULTS_FOUND))
        strangers = {str(each.stream_id) for each in report.faults} - {
            each["job_id"] for each in newer
        }
        assert not strangers, report.faults
        assert {each.kind for each in report.faults} <= {"object"}, report.faults
        return (
            f"events verify: {report.event_count} events of {report.stream_count} streams, "
            f"{report.object_count} objects; {report.fault_count} streams miss an object"
        )

    @property
    def dump(self) -> Path:
        """The dump of the database."""
        return self.folder / "dragoman.dump"

    @property
    def copy(self) -> Path:
        """The copy of the bucket."""
        return self.folder / "objects"

    def _copied(self, source: object, target: object) -> None:
        self.run(require_binary(["rclone"], "rclone"), "copy", str(source), str(target))

    def _bucket_access(self) -> dict[str, str]:
        return {
            "RCLONE_CONFIG": os.devnull,
            "RCLONE_CONFIG_STORE_TYPE": "s3",
            "RCLONE_CONFIG_STORE_PROVIDER": "Other",
            "RCLONE_CONFIG_STORE_ENDPOINT": self.s3.url,
            "RCLONE_CONFIG_STORE_ACCESS_KEY_ID": self.s3.access_key,
            "RCLONE_CONFIG_STORE_SECRET_ACCESS_KEY": self.s3.secret_key,
        }


def _timed(what: str, act: Callable[[], object]) -> None:
    began = time.monotonic()
    act()
    _say(f"  {what:<44} {time.monotonic() - began:6.1f} s")


async def drill(folder: Path, stack: ExitStack, documents: int) -> None:
    """Empty each store in turn, and restore it."""
    it = Drill(folder, stack)
    await it.begin()
    try:
        _say(f"RabbitMQ emptied, {documents} jobs under way")
        jobs = await it.submitted(documents)
        _timed("emptied and started again", it.rabbitmq.wipe)
        began = time.monotonic()
        await it.completed(jobs)
        _say(f"  {'all completed, nothing restored':<44} {time.monotonic() - began:6.1f} s")

        _say(f"PostgreSQL emptied, {documents} jobs under way at the backup")
        more = await it.submitted(documents)
        await _restored(it, it.postgres.wipe, it.restore_database, [*jobs, *more])

        _say(f"S3 emptied, {documents} jobs translated after the backup, half of them done")
        it.installation.processes[_HELD].stop()
        last = await it.submitted(documents)
        everything = [*jobs, *more, *last]
        await _restored(it, it.s3.wipe, it.restore_objects, everything, newer=last)
    finally:
        await it.client.aclose()
        await asyncio.to_thread(it.installation.stop)


async def _restored(
    it: Drill,
    empty: Callable[[], None],
    restore: Callable[[], None],
    jobs: list[Job],
    newer: list[Job] | None = None,
) -> None:
    """A backup while jobs run, an emptied store, and the way back. Processes are ended first, as the
    page says. The jobs that are `newer` are translated between backup and disaster.
    """
    _timed("backup while jobs run: pg_dump, rclone copy", it.back_up)
    if newer is not None:
        await it.translated_after(newer)
    _timed("all processes ended", it.installation.stop)
    _timed("store emptied and started again", empty)
    _timed("restored from the backup", restore)
    began = time.monotonic()
    it.installation.start()
    await it.client.until_ready()
    again = await it.completed(jobs)
    _say(f"  {f'started, {len(jobs)} jobs completed':<44} {time.monotonic() - began:6.1f} s")
    _say(f"  run again for an object that is newer than the copy: {again}")
    assert again or newer is None, "nothing of the jobs was newer than the copy: nothing was tried"
    _say(f"  {await asyncio.to_thread(it.verified, newer or [])}")


def main() -> None:
    """Drill, and print what came of it."""
    parser = argparse.ArgumentParser(prog="python -m e2e.disaster")
    parser.add_argument("--documents", type=int, default=30, help="jobs under way at each disaster")
    documents = parser.parse_args().documents
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dragoman-drill-")))
        asyncio.run(drill(folder, stack, documents))


if __name__ == "__main__":
    main()
