"""How long a TMX of many units takes into a memory, and how much the process holds meanwhile:
`python -m bench.memory_import [--units N]`.

The units are those of `bench.memory_index`, written as TMX 1.4b. `dragoman memory import` takes them
in, once in one process with SQLite, once at services with PostgreSQL and S3; then `dragoman memory
search` finds the last of them.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.sax.saxutils import escape

from bench.machine import machine_line
from bench.memory_index import corpus_sentences, texts_of
from bench.services import real_services, serving
from bench.tables import Cell, Table
from memory.sentences import noise_of
from memory.sentences import sentences as made_sentences

_PROGRAM = Path(sys.executable).parent / "dragoman"
_MIB = 2**20


@dataclass
class _Run:
    said: str
    seconds: float
    peak_bytes: int


def write_tmx(path: Path, texts: Iterable[str]) -> None:
    """A TMX 1.4b of English texts, each with a German target of its own."""
    with path.open("w", encoding="utf-8") as file:
        file.write(
            '<?xml version="1.0" encoding="UTF-8"?>\n<tmx version="1.4"><header creationtool="bench"'
            ' creationtoolversion="1" segtype="sentence" o-tmf="none" adminlang="en" srclang="en"'
            ' datatype="plaintext"/><body>\n'
        )
        for number, text in enumerate(texts):
            file.write(
                f'<tu><tuv xml:lang="en"><seg>{escape(text)}</seg></tuv>'
                f'<tuv xml:lang="de"><seg>{escape(text[::-1])} {number}</seg></tuv></tu>\n'
            )
        file.write("</body></tmx>\n")


async def import_table(count: int) -> Table:
    """A row for one process, and one for services."""
    noise = noise_of(5)
    real = corpus_sentences() or made_sentences(5_000, seed=3)
    texts = texts_of(count, real, noise)
    table = Table(
        f"A TMX of {count:,} units, taken into a memory",
        ("way", "TMX MiB", "import s", "units/s", "peak MiB", "search s"),
        "Peak: of the process that held most. Search: one command, its start included.",
    )
    with TemporaryDirectory() as name:
        folder = Path(name)
        tmx = folder / "units.tmx"
        write_tmx(tmx, texts)
        limit = {"DRAGOMAN_MAX_UPLOAD_MIB": str(tmx.stat().st_size // _MIB + 1)}
        state = {**limit, "DRAGOMAN_STATE_DIR": str(folder / "state")}
        table.add("one process, SQLite", *await asyncio.to_thread(_import, tmx, texts[-1], state))
        with serving() as servers:
            async with real_services(servers, folder, settings=limit) as running:
                gateway = {"DRAGOMAN_URL": running.address, "DRAGOMAN_TOKEN": running.token}
                taken = await asyncio.to_thread(_import, tmx, texts[-1], gateway)
                peaks = {_peak_bytes(pid) // _MIB: each for each, pid in running.pids.items()}
        *cells, _, search_s = taken
        table.add("services, PostgreSQL", *cells, f"{max(peaks)} ({peaks[max(peaks)]})", search_s)
    return table


def _import(tmx: Path, last: str, surroundings: Mapping[str, str]) -> tuple[Cell, ...]:
    """The cells of a row, measured at the command."""
    languages = ("--source", "en", "--target", "de")
    _run(["memory", "create", "large"], surroundings)
    taken = _run(["memory", "import", "large", str(tmx), *languages], surroundings)
    found = _run(["memory", "search", "large", last, *languages], surroundings)
    if last not in found.said:
        raise SystemExit(f"The last unit is not found:\n{taken.said}\n{found.said}")
    return (
        tmx.stat().st_size // _MIB,
        taken.seconds,
        round(_units_in(tmx) / taken.seconds),
        str(taken.peak_bytes // _MIB),
        found.seconds,
    )


def _units_in(tmx: Path) -> int:
    with tmx.open(encoding="utf-8") as file:
        return sum(line.startswith("<tu>") for line in file)


def _peak_bytes(pid: int) -> int:
    """The most memory that a process has had (VmHWM)."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    line = next(each for each in status.splitlines() if each.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


def _run(words: Sequence[str], surroundings: Mapping[str, str]) -> _Run:
    begun = time.monotonic()
    with subprocess.Popen(
        [_PROGRAM, *words],
        env={**os.environ, **surroundings},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        said = process.stdout.read() if process.stdout else ""
        _, status, used = os.wait4(process.pid, 0)  # of this process alone, unlike RUSAGE_CHILDREN
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"dragoman {' '.join(words[:3])} ended with {process.returncode}:\n{said}")
    return _Run(said, time.monotonic() - begun, used.ru_maxrss * 1024)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="bench.memory_import", description=__doc__)
    parser.add_argument("--units", type=int, default=100_000, help="units (%(default)s)")
    asked = parser.parse_args(arguments)
    print(machine_line())
    print(asyncio.run(import_table(asked.units)))


if __name__ == "__main__":
    main()
