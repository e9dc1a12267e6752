"""An installation of services for tests: every service a process of its own, on private servers, ready to be killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

WORKERS = ("intake", "extract", "translate", "qa", "reassemble")
"""The services that work from queues."""

_MODULES = {name: f"dragoman_{name}" for name in (*WORKERS, "gateway")} | {"relay": "dragoman_runtime.relay"}


class ServiceProcess:
    """One process of one service, with its log in a file."""

    def __init__(self, name: str, environment: Mapping[str, str], log: Path) -> None:
        self.name = name
        self._environment = environment
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process; it connects by itself when its servers are there."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", _MODULES[self.name]],
                env={**os.environ, **self._environment},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def is_running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """End it as a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """Ask it to finish what it has under way; its exit status."""
        return self._end(signal.SIGTERM)

    def log_tail(self, lines: int = 30) -> str:
        """What it said last."""
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-lines:]) if self._log.exists() else ""

    def _end(self, how: signal.Signals) -> int:
        if self._process is None:
            return 0
        if self._process.poll() is None:
            self._process.send_signal(how)
        try:
            return self._process.wait(timeout=40)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()


class Installation:
    """The services of one installation, all with the same environment."""

    def __init__(self, folder: Path, environment: Mapping[str, str], names: Sequence[str]) -> None:
        self.environment = dict(environment)
        self.processes = {name: ServiceProcess(name, environment, folder / f"{name}.log") for name in names}

    def start(self) -> None:
        """Start every service."""
        for process in self.processes.values():
            process.start()

    def kill_and_restart(self, name: str) -> None:
        """A power cut for one service, and its supervisor's answer."""
        self.processes[name].kill()
        self.processes[name].start()

    def stop(self) -> None:
        """End every service, those first that bring work to others."""
        for process in reversed(self.processes.values()):
            process.stop()

    def logs(self) -> str:
        """What every service said last: for the report of a failed test."""
        return "\n".join(f"--- {name}\n{process.log_tail()}" for name, process in self.processes.items())
