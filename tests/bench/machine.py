"""The machine that measures, and what it spent: figures mean little without either."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from servers.postgres import PostgresServer
from servers.rabbitmq import RabbitMqServer

_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
_DISTRIBUTIONS = ("asyncpg", "pydantic", "SQLAlchemy", "eventsourcing", "aio-pika", "lxml", "nanio")


def machine_line() -> str:
    """Cores, load, interpreter and system, as of now."""
    load = " ".join(f"{each:.1f}" for each in os.getloadavg())
    return f"{os.cpu_count()} cores, load average {load}, Python {platform.python_version()}, {platform.platform()}"


def versions_line() -> str:
    """The versions of what the figures depend on."""
    return ", ".join(f"{name} {version(name)}" for name in _DISTRIBUTIONS)


def server_versions(postgres: PostgresServer, rabbitmq: RabbitMqServer) -> str:
    """The versions of the servers that were measured with."""
    said = subprocess.run(
        ["dpkg-query", "-W", "-f=${Version}", "rabbitmq-server"], check=False, capture_output=True
    )
    rabbit = said.stdout.decode() or f"on port {rabbitmq.port}"
    return f"PostgreSQL {postgres.execute('SHOW server_version')}, RabbitMQ {rabbit}, nanio {version('nanio')}"


def cpu_ms(root: int) -> float:
    """Milliseconds of CPU, user and system, that a process and all its descendants used, ended ones
    included.

    Read from `/proc/<pid>/stat`, which counts in ticks of 10 ms: measure over many jobs.
    """
    stats = dict(_stats())
    ticks = 0
    for pid, (_, spent) in stats.items():
        if _descends(pid, root, stats):
            ticks += spent
    return ticks * 1000 / _TICKS_A_SECOND


def memory_mib(root: int) -> float:
    """MiB of memory that a process and all its descendants hold now: proportional set size, which
    counts what several share once.
    """
    stats = dict(_stats())
    found = 0
    for pid in stats:
        if _descends(pid, root, stats):
            try:
                lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            except OSError:
                continue  # it has ended meanwhile
            found += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return found / 1024


def _descends(pid: int, root: int, stats: dict[int, tuple[int, int]]) -> bool:
    while pid != root:
        if pid not in stats:
            return False
        pid = stats[pid][0]
    return True


def _stats() -> Iterable[tuple[int, tuple[int, int]]]:
    """Of every process its parent and its ticks, those of children it has waited for included."""
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has ended meanwhile
        yield int(folder.name), (int(fields[1]), sum(map(int, fields[11:15])))
