"""The memory of the gateway while large files are uploaded at once, to a bucket and to a folder.

    python -m e2e.upload_memory --files 8 --megabytes 100 --most 200

Exits with 1 where the gateway grew by more than `--most` MiB, a file was not taken, or one was left
behind in the folder for temporary files.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx

from e2e.api_client import ApiClient, first_token
from e2e.installation import Installation, object_settings, service_settings
from servers.postgres import PostgresServer
from servers.rabbitmq import RabbitMqServer
from servers.s3 import S3Server

_MIB = 1024 * 1024
_EVERY_S = 0.05
_BOUNDARY = "a-boundary-of-the-test"


@dataclass(frozen=True)
class Seen:
    """The memory of the process before, at its peak and after, in MiB, and what came of the files."""

    store: str
    before_mib: float
    peak_mib: float
    after_mib: float
    statuses: tuple[int, ...]
    are_whole: bool
    left_behind: int

    @property
    def grown_mib(self) -> float:
        """The peak above the start."""
        return self.peak_mib - self.before_mib


def resident_mib(pid: int) -> float:
    """The memory of a process that is its own: what it shares with files counts for nothing."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) / 1024
    return 0.0


def piece(number: int) -> bytes:
    """A MiB that differs from file to file."""
    return hashlib.shake_128(str(number).encode()).digest(_MIB)


async def body(number: int, megabytes: int) -> AsyncIterator[bytes]:
    """A form with one file of so many MiB, a MiB at a time."""
    head = (
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{number}.bin"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    )
    yield head.encode()
    same = piece(number)
    for _ in range(megabytes):
        yield same
    yield f"\r\n--{_BOUNDARY}--\r\n".encode()


async def uploaded(url: str, token: str, number: int, megabytes: int) -> tuple[int, str]:
    """The status of an upload, and the digest of its document's file."""
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": f"multipart/form-data; boundary={_BOUNDARY}",
    }
    async with httpx.AsyncClient(timeout=300) as client:
        answer = await client.post(
            f"{url}/api/v1/documents", content=body(number, megabytes), headers=headers
        )
    return answer.status_code, answer.text


async def watched_peak(pid: int, until: asyncio.Event) -> float:
    """The most memory of a process until the event."""
    peak = resident_mib(pid)
    while not until.is_set():
        await asyncio.sleep(_EVERY_S)
        peak = max(peak, resident_mib(pid))
    return peak


async def measured(
    store: str, environment: Mapping[str, str], folder: Path, files: int, megabytes: int
) -> Seen:
    """Upload files at once to a gateway of its own, and look at its memory."""
    spool = folder / "spool"
    spool.mkdir()
    installation = Installation(folder, {**environment, "TMPDIR": str(spool)}, ["gateway"])
    installation.start()
    url = f"http://127.0.0.1:{environment['DRAGOMAN_HTTP_PORT']}"
    client = ApiClient(url)
    try:
        await client.until_ready()
        token = await first_token(environment["DRAGOMAN_DATABASE_URL"])
        await uploaded(url, token, files, 1)  # what is imported at the first is not counted
        pid = installation.processes["gateway"].pid
        before, done = resident_mib(pid), asyncio.Event()
        watching = asyncio.ensure_future(watched_peak(pid, done))
        answers = await asyncio.gather(
            *(uploaded(url, token, each, megabytes) for each in range(files))
        )
        done.set()
        peak = await watching
        await asyncio.sleep(1)
        statuses = tuple(status for status, _ in answers)
        wanted = {_digest(each, megabytes) for each in range(files)}
        found = {each for each in wanted if any(each in text for _, text in answers)}
        left = sum(len(names) for _, _, names in os.walk(spool))
        return Seen(store, before, peak, resident_mib(pid), statuses, found == wanted, left)
    finally:
        await client.aclose()
        await asyncio.to_thread(installation.stop)


def _digest(number: int, megabytes: int) -> str:
    hasher = hashlib.sha256()
    for _ in range(megabytes):
        hasher.update(piece(number))
    return hasher.hexdigest()


def main() -> None:
    """Measure with a bucket and with a folder, and print what was seen."""
    parser = argparse.ArgumentParser(prog="python -m e2e.upload_memory")
    parser.add_argument("--files", type=int, default=8, help="how many at once")
    parser.add_argument("--megabytes", type=int, default=99, help="how large each is")
    parser.add_argument("--most", type=float, default=100, help="MiB that it may grow")
    asked = parser.parse_args()
    seen: list[Seen] = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dragoman-uploads-")))
        postgres, rabbitmq, s3 = PostgresServer(), RabbitMqServer(), S3Server()
        for server in (postgres, rabbitmq, s3):
            stack.callback(server.close)
            server.start()
        bucket = s3.create_bucket()
        stores = {
            "a bucket": object_settings(s3.url, bucket, s3.access_key, s3.secret_key),
            "a folder": {"DRAGOMAN_OBJECTS_URL": f"file://{folder}/objects"},
        }
        for name, settings in stores.items():
            environment = service_settings(postgres.create_database(), rabbitmq.url, settings)
            own = folder / name.replace(" ", "-")
            own.mkdir()
            seen.append(asyncio.run(measured(name, environment, own, asked.files, asked.megabytes)))
    for each in seen:
        print(
            f"{each.store}: {asked.files} x {asked.megabytes} MiB, before {each.before_mib:.0f}, "
            f"peak {each.peak_mib:.0f} (+{each.grown_mib:.0f}), after {each.after_mib:.0f} MiB; "
            f"answers {sorted(set(each.statuses))}, whole {each.are_whole}, "
            f"left behind {each.left_behind}"
        )
    is_well = all(
        set(each.statuses) == {201}
        and each.are_whole
        and not each.left_behind
        and each.grown_mib <= asked.most
        for each in seen
    )
    sys.exit(0 if is_well else 1)


if __name__ == "__main__":
    main()
