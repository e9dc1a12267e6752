"""The processes of an installation under fire: each with its fault points,
started cold or forked from a nursery.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Protocol, cast

from chaos.points import FOLDER_VARIABLE, NAME_VARIABLE, STACKS_SIGNAL
from e2e.installation import MODULES, ServiceProcess
from servers.process import wait_until

_STOP_TIMEOUT_S = 60.0
_LOOK_S = 2.0


class Process(Protocol):
    """One process of one service."""

    @property
    def pid(self) -> int:
        """The process id; another one after a start."""
        ...

    @property
    def exit_status(self) -> int | None:
        """How it ended; None while it lives."""
        ...

    def start(self) -> None:
        """Start it, again after it ended."""
        ...

    def kill(self) -> None:
        """End it as a power cut would."""
        ...

    def stop(self) -> int:
        """Ask it to finish what it has under way; its exit status."""
        ...


class Nursery:
    """The process that services are forked from."""

    def __init__(self, folder: Path) -> None:
        self.ended = folder / "ended"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "chaos.nursery", str(self.ended)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        assert self._stdout.readline() == "ready\n", "the nursery did not start"

    def fork(self, module: str, environment: Mapping[str, str], log: Path) -> int:
        """A new process of this service; its id."""
        order = {"module": module, "environment": dict(environment), "log": str(log)}
        stdin = cast("IO[str]", self._process.stdin)
        stdin.write(json.dumps(order) + "\n")
        stdin.flush()
        return int(self._stdout.readline())

    def close(self) -> None:
        """End it, and with it what it forked."""
        self._process.kill()
        self._process.communicate()

    @property
    def _stdout(self) -> IO[str]:
        return cast("IO[str]", self._process.stdout)


class ForkedService:
    """A service forked from the nursery."""

    def __init__(
        self, nursery: Nursery, module: str, environment: Mapping[str, str], log: Path
    ) -> None:
        self._nursery = nursery
        self._module, self._environment, self._log = module, environment, log
        self._pid = 0

    @property
    def pid(self) -> int:
        return self._pid

    @property
    def exit_status(self) -> int | None:
        if not self._nursery.ended.exists():
            return None
        ends = (line.split() for line in self._nursery.ended.read_text().splitlines()[::-1])
        return next((int(status) for pid, status in ends if int(pid) == self._pid), None)

    def start(self) -> None:
        self._pid = self._nursery.fork(self._module, self._environment, self._log)

    def kill(self) -> None:
        self._signal(signal.SIGKILL)

    def stop(self) -> int:
        self._signal(signal.SIGTERM)
        return cast(int, self.exit_status)

    def _signal(self, how: signal.Signals) -> None:
        if self.exit_status is None:
            os.kill(self._pid, how)
            try:
                wait_until(
                    lambda: self.exit_status is not None,
                    timeout_s=_STOP_TIMEOUT_S,
                    what=f"{self._module} to end",
                )
            except TimeoutError as error:
                said = self._log.stat().st_size
                os.kill(self._pid, STACKS_SIGNAL)
                time.sleep(_LOOK_S)
                stacks = self._log.read_bytes()[said:].decode(errors="replace")
                raise TimeoutError(f"{error}; what it waits for:\n{stacks}") from error


def process_of(
    name: str, service: str, environment: Mapping[str, str], folder: Path, nursery: Nursery | None
) -> Process:
    """A process of a service under this name, not started;
    started cold where there is no nursery.
    """
    own = {**environment, FOLDER_VARIABLE: str(folder), NAME_VARIABLE: name}
    log = folder / f"{name}.log"
    if nursery is not None:
        return ForkedService(nursery, MODULES[service], own, log)
    own["PYTHONPATH"] = os.pathsep.join(sys.path)
    return ServiceProcess(name, own, log, ("-m", "chaos.launcher", MODULES[service]))
