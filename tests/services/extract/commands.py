"""Commands for tests: small programs, the place where they run, and what is left of them."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dragoman_extract.adapters.command.runner import ChildProcesses
from dragoman_extract.ports import Command, CommandEnd, CommandNews
from dragoman_extract.settings import CommandSettings
from dragoman_runtime.settings import load

STUBBORN = (
    "import os, signal, sys, time\n"
    "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "if os.fork() == 0:\n"
    "    os.setsid()\n"
    "    if os.fork() == 0:\n"
    "        open(sys.argv[1], 'w').write(f'{os.getpid()} {os.getppid()}')\n"
    "        time.sleep(600)\n"
    "    os._exit(0)\n"
    "time.sleep(600)\n"
)
"""Ignores SIGTERM, and forks twice into a session of its own; argument: a file for the pid there."""


def python(program: str, *arguments: str) -> tuple[str, ...]:
    """The argv of a Python program, its braces doubled as in a template."""
    doubled = program.replace("{", "{{").replace("}", "}}")
    return (sys.executable, "-c", doubled, *arguments)


def is_alive(pid: int) -> bool:
    """Whether the process runs; one that only waits to be reaped does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def pid_in(path: Path) -> int:
    """The pid that a program wrote into the file; waits for it."""
    until(lambda: path.exists() and bool(path.read_text().split()))
    return int(path.read_text().split()[0])


def until(is_so: Callable[[], bool]) -> None:
    """Return when it is so."""
    for _ in range(6_000):
        if is_so():
            return
        time.sleep(0.01)
    raise LookupError("it did not come so")


@dataclass
class Place:
    """A place where commands run, and what was heard of them."""

    folder: Path
    given: Mapping[str, object] = field(default_factory=dict[str, object])
    heard: list[CommandNews] = field(default_factory=list[CommandNews])

    @property
    def runner(self) -> ChildProcesses:
        """What runs commands there."""
        settings = load(CommandSettings, {"command_dir": self.folder, **self.given})
        return ChildProcesses(settings)

    @property
    def left(self) -> list[str]:
        """The folders of runs that are there."""
        return [each.name for each in self.folder.iterdir() if each.is_dir()]

    async def run(
        self, *template: str, timeout_s: int = 60, values: Mapping[str, str] | None = None
    ) -> tuple[CommandEnd, dict[str, bytes]]:
        """The end of a command on the document `text`, and the files it left by name."""
        command = Command(template, values or {}, b"text", ".txt", timeout_s)
        async with self.runner.run(command, self.heard.append) as end:
            files, _ = end.find_files()
            return end, {each.name: each.place.read_bytes() for each in files}


def environment() -> dict[str, str]:
    """The environment of a process that imports the tests."""
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
