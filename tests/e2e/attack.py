"""An attack on a server of the one process, from outside: credentials, slow heads, guesses of
passwords, a body of a stranger, a damaged event. Prints what was seen beside what is wanted.

    python -m e2e.attack

Exits with 1 where anything differs.
"""

from __future__ import annotations

import asyncio
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from dragoman_standalone.server_record import ServerRecord
from e2e.command_line import clean_environment
from e2e.documents import own_document
from servers.process import wait_until

_DRAGOMAN = (sys.executable, "-c", "from dragoman_standalone.command import main; main()")
_HEADS, _GUESSES, _BODY_BYTES = 1100, 120, 100 * 1024 * 1024
_STOP_S = 60.0
_HALF_A_HEAD = b"GET /api/v1/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "
_PUBLIC = ("/health/", "/api/v1/session", "/api/v1/artifacts/", "/openapi", "/asyncapi", "/docs")
_METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Finding:
    """One line of the table."""

    attack: str
    wanted: str
    seen: str
    is_well: bool


class Server:
    """`dragoman up` on a state folder."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.url = ""
        self._log = state.parent / "up.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and return when it is ready."""
        record = self.state / "server.json"
        record.unlink(missing_ok=True)
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*_DRAGOMAN, "up", "--state", self.state, "--port", "0"],
                env=clean_environment({}),
                stdout=log,
                stderr=log,
                preexec_fn=_usual_descriptors,
            )
        wait_until(record.exists, timeout_s=180, what="dragoman up")
        self.url = ServerRecord.model_validate_json(record.read_text()).url
        wait_until(self._is_ready, timeout_s=180, what="the server to be ready")

    def stop(self) -> None:
        """Ask it to end."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                print("the server did not end, and is killed:", *self.log_tail(), sep="\n")
                self._process.kill()
                self._process.wait()

    def run(self, *words: str) -> str:
        """The output of a command on the state folder."""
        done = subprocess.run(
            [*_DRAGOMAN, *words, "--state", self.state],
            env=clean_environment({}),
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def log_tail(self) -> list[str]:
        """The last lines that the server has written."""
        return self._log.read_text(errors="replace").splitlines()[-20:]

    def log_lines(self) -> int:
        """How many lines the server has written."""
        return len(self._log.read_bytes().splitlines())

    def _is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/health/ready").status_code == 200
        except httpx.TransportError:
            return False


def _usual_descriptors() -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, 1024))


def routes(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Method and path of every operation that needs a credential, with made-up names in it."""
    for path, operations in document["paths"].items():
        if path.startswith(_PUBLIC) or "openapi" in path or "asyncapi" in path:
            continue
        for method in _METHODS:
            if method in operations:
                parts = [
                    "00000000-0000-4000-8000-000000000000" if part.startswith("{") else part
                    for part in path.split("/")
                ]
                yield method.upper(), "/".join(parts)


async def credentials(server: Server, admin: str, operator: str) -> Finding:
    """Ask every route with no credential, broken ones, an operator's and an admin's."""
    broken = {
        "none": {},
        "unknown": {"Authorization": "Bearer drg_" + "0" * 43},
        "basic": {"Authorization": "Basic b2xnYTpvbGdh"},
        "changed": {"Authorization": f"Bearer {admin[:-1]}{'A' if admin[-1] != 'A' else 'B'}"},
        "cookie": {"Cookie": "dragoman_session=" + "0" * 43},
    }
    violations: list[str] = []
    asked = 0
    async with httpx.AsyncClient(base_url=server.url, timeout=30) as client:
        document = (await client.get("/api/v1/openapi.json")).json()
        found = list(routes(document))
        for method, path in found:
            for name, headers in broken.items():
                answer = await client.request(method, path, headers=headers)
                asked += 1
                if answer.status_code not in {401, 403, 429}:
                    violations.append(f"{method} {path} with {name}: {answer.status_code}")
            for name, token in (("operator", operator), ("admin", admin)):
                if (method, path) == ("DELETE", "/api/v1/session"):
                    continue
                answer = await client.request(
                    method, path, headers={"Authorization": f"Bearer {token}"}
                )
                asked += 1
                if answer.status_code in {401, 500}:
                    violations.append(f"{method} {path} as {name}: {answer.status_code}")
    for each in violations[:20]:
        print("   ", each)
    return Finding(
        f"{len(found)} routes, {len(broken) + 2} credentials each",
        "0 violations",
        f"{len(violations)} violations in {asked} requests",
        not violations,
    )


async def slow_heads(server: Server) -> Finding:
    """Hold many connections open with half a request's head, and ask for health meanwhile."""
    host, port = server.url.removeprefix("http://").split(":")
    lines = server.log_lines()
    held: list[asyncio.StreamWriter] = []
    for _ in range(_HEADS):
        try:
            async with asyncio.timeout(5):
                _, writer = await asyncio.open_connection(host, int(port))
        except (OSError, TimeoutError):
            break
        writer.write(_HALF_A_HEAD)
        held.append(writer)
    began = time.monotonic()
    statuses: Counter[str] = Counter()
    for _ in range(5):
        try:
            async with httpx.AsyncClient(base_url=server.url, timeout=10) as client:
                statuses[str((await client.get("/health/live")).status_code)] += 1
        except httpx.TransportError as error:
            statuses[type(error).__name__] += 1
    took = time.monotonic() - began
    for writer in held:
        writer.close()
    grown = server.log_lines() - lines
    return Finding(
        f"{len(held)} half-sent heads, 1,024 descriptors",
        "health answers",
        f"5 asked: {dict(statuses)} in {took:.1f} s, {grown} log lines",
        statuses == {"200": 5} and grown < 1000,
    )


async def guesses(server: Server) -> Finding:
    """Try many wrong passwords at once for one name."""
    limits = httpx.Limits(max_connections=_GUESSES)
    async with httpx.AsyncClient(base_url=server.url, timeout=60, limits=limits) as client:
        answers = await asyncio.gather(
            *(
                client.post("/api/v1/session", json={"name": "admin", "password": f"wrong {n}"})
                for n in range(_GUESSES)
            )
        )
    statuses = Counter(each.status_code for each in answers)
    return Finding(
        f"{_GUESSES} wrong passwords at once",
        "at most 10 evaluated (401)",
        f"{statuses[401]} evaluated, {statuses[429]} refused unread (429)",
        statuses[401] <= 10 and statuses[401] + statuses[429] == _GUESSES,
    )


async def strangers_body(server: Server) -> Finding:
    """Send a large upload without a credential, and see how much of it is taken."""
    host, port = server.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        b"POST /api/v1/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        b"Content-Type: multipart/form-data; boundary=x\r\n"
        b"Content-Length: %d\r\n\r\n" % _BODY_BYTES
    )
    sent, block = 0, b"x" * 65536
    status = ""
    while sent < _BODY_BYTES and not status:
        try:
            writer.write(block)
            await writer.drain()
            sent += len(block)
            async with asyncio.timeout(0.001):
                status = (await reader.readline()).decode().strip()
        except TimeoutError:
            continue
        except ConnectionError:
            break
    if not status:
        async with asyncio.timeout(10):
            status = (await reader.readline()).decode().strip()
    writer.close()
    return Finding(
        "100 MiB without a credential",
        "401 before it is read",
        f"{status or 'hung up'} after {sent / 2**20:.1f} MiB were sent",
        " 401 " in f"{status} " and sent < 8 * 2**20,
    )


async def damaged_event(server: Server, token: str) -> Finding:
    """Change three bytes of one event of one job, start again, and let another job be done."""
    client = httpx.AsyncClient(
        base_url=server.url, timeout=60, headers={"Authorization": f"Bearer {token}"}
    )
    async with client:
        jobs = [await _submitted(client, n) for n in range(2)]
        for job in jobs:
            await _until_rests(client, job)
    server.stop()
    with sqlite3.connect(server.state / "events.db") as events:
        hexed = jobs[0].replace("-", "")
        (row,) = events.execute(
            "SELECT max(rowid) FROM stored_events WHERE originator_id = ?", (hexed,)
        )
        (state,) = events.execute("SELECT state FROM stored_events WHERE rowid = ?", row).fetchone()
        damaged = bytearray(bytes(state))
        damaged[20:23] = b"\xff\xfe\xfd"
        events.execute(
            "UPDATE stored_events SET state = ? WHERE rowid = ?", (bytes(damaged), row[0])
        )
    server.start()
    async with httpx.AsyncClient(
        base_url=server.url, timeout=60, headers={"Authorization": f"Bearer {token}"}
    ) as client:
        broken = await client.get(f"/api/v1/jobs/{jobs[0]}")
        other = (await client.get(f"/api/v1/jobs/{jobs[1]}")).status_code
        new = await _until_rests(client, await _submitted(client, 2))
    code = broken.json().get("code")
    return Finding(
        "3 bytes of one event changed",
        "its job says event.damaged, others go on",
        f"{broken.status_code} {code}; another job {other}; a new one {new}",
        (code, other, new) == ("event.damaged", 200, "completed"),
    )


async def _submitted(client: httpx.AsyncClient, number: int) -> str:
    answer = await client.post(
        "/api/v1/jobs",
        files={"file": (f"order {number}.docx", own_document(number, 4))},
        data={"source_language": "en", "target_language": "es", "engine": "pseudo"},
    )
    return str(answer.raise_for_status().json()["job_id"])


async def _until_rests(client: httpx.AsyncClient, job_id: str) -> str:
    for _ in range(600):
        job = (await client.get(f"/api/v1/jobs/{job_id}")).json()
        if job["is_resting"]:
            return str(job["status"])
        await asyncio.sleep(0.1)
    return "never"


async def attack(folder: Path) -> list[Finding]:
    """All attacks on a new server in this folder."""
    server = Server(folder / "state")
    server.state.mkdir()
    admin = server.run("token", "create")  # nobody else has the folder yet
    operator = server.run("token", "create", "--operator")
    server.start()
    try:
        found = [
            await credentials(server, admin, operator),
            await strangers_body(server),
            await guesses(server),
            await slow_heads(server),
        ]
        return [*found, await damaged_event(server, admin)]
    finally:
        server.stop()


def main() -> None:
    """Attack, and print the table."""
    with tempfile.TemporaryDirectory(prefix="dragoman-attack-") as folder:
        found = asyncio.run(attack(Path(folder)))
    print("| attack | wanted | seen | |\n|---|---|---|---|")
    for each in found:
        print(
            f"| {each.attack} | {each.wanted} | {each.seen} | {'' if each.is_well else 'WRONG'} |"
        )
    sys.exit(0 if all(each.is_well for each in found) else 1)


if __name__ == "__main__":
    main()
