"""Measure and print: `python -m bench` in the folder `tests`, or `make bench`.

--only documents|bus|replay|resume|batches|phases|engine|noop|real   one table (may be repeated)
--jobs N                            jobs of one measurement of noop and real
--seconds S                         time of each table beside that of starting servers and services
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from contextlib import ExitStack

from bench import bus, docx_files, large_jobs, lifecycle, replay, resume, services, slow_engine
from bench.machine import machine_line, server_versions, versions_line
from bench.scale import Scale
from bench.tables import Table

TABLES = ("documents", "bus", "replay", "resume", "batches", "phases", "engine", "noop", "real")


async def made(name: str, scale: Scale, servers: services.Servers | None) -> Table:
    """The table of this name."""
    if servers is None or name == "documents":
        return docx_files.documents_table(scale)
    match name:
        case "bus":
            return await bus.bus_table(scale, servers)
        case "replay":
            return await replay.replay_table(scale, servers.postgres)
        case "resume":
            return await resume.resume_table(scale, servers)
        case "batches":
            return await large_jobs.batches_table(scale, servers)
        case "phases":
            return await large_jobs.phases_table(scale, servers)
        case "engine":
            return await slow_engine.engine_table(scale)
        case "noop":
            return await lifecycle.noop_table(scale, servers)
        case _:
            return await lifecycle.real_table(scale, servers)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables that the command line asks for."""
    parser = argparse.ArgumentParser(prog="bench", description="Measure Dragoman on this machine.")
    parser.add_argument(
        "--only", action="append", choices=TABLES, help="this table; may be repeated"
    )
    parser.add_argument(
        "--jobs", type=int, default=Scale.jobs, help="jobs of one measurement (%(default)s)"
    )
    parser.add_argument(
        "--seconds", type=float, default=Scale.seconds, help="time of a table (%(default)s)"
    )
    asked = parser.parse_args(arguments)
    wanted = [name for name in TABLES if name in (asked.only or TABLES)]
    say(f"{machine_line()}\n{versions_line()}")
    with ExitStack() as stack:
        servers = stack.enter_context(services.serving()) if wanted != ["documents"] else None
        if servers is not None:
            say(server_versions(servers.postgres, servers.rabbitmq))
        for name in wanted:
            scale = Scale(jobs=asked.jobs, seconds=asked.seconds)
            say(
                f"\n{asyncio.run(made(name, scale, servers))}\n  ({machine_line().split(', P')[0]})"
            )


def say(text: str) -> None:
    """Print at once: a table takes a while."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
