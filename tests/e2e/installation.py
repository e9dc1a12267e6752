"""An installation of services for tests: every service a process of its own,
on private servers, ready to be killed.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from servers.process import free_port, watched

WORKERS = ("intake", "extract", "translate", "qa", "reassemble", "index")
"""The services that work from queues."""

EVERY_SERVICE = ("relay", *WORKERS, "gateway")
"""All there is: the six services and the relay."""

TOGETHER = ("all", "gateway")
"""The same in two processes: `dragoman worker all`, and the gateway."""

MODULES = {name: f"dragoman_{name}" for name in (*WORKERS, "gateway")} | {
    "relay": "dragoman_runtime.relay"
}
"""What `python -m` runs of each."""

_DRAGOMAN = str(Path(sys.executable).with_name("dragoman"))

_STOP_TIMEOUT_S = 40
_LOOK_S = 1.0


class ServiceProcess:
    """One process, with its log in a file. It never outlives the session of the tests.

    Without a command it is that of a service, or of `dragoman worker` with the name as its word.
    `python` is the interpreter where it is not that of the tests.
    """

    def __init__(
        self,
        name: str,
        environment: Mapping[str, str],
        log: Path,
        command: Sequence[str] | None = None,
        *,
        python: Path | None = None,
    ) -> None:
        self.name = name
        self.log = log
        self._python = python or Path(sys.executable)
        self._command = command or (
            ("-m", MODULES[name]) if name in MODULES else (_DRAGOMAN, "worker", name)
        )
        self.environment = dict(environment)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process; it connects by itself when its servers are there."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                watched(self.name, [str(self._python), *self._command]),
                env={**os.environ, **self.environment},
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The process id; the same through pause and resume, another one after a start."""
        assert self._process is not None, f"{self.name} was never started"
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.poll() is None

    @property
    def exit_status(self) -> int | None:
        """How the process ended, as a signal's number with a minus where it was one;
        None while it lives.
        """
        return None if self._process is None else self._process.poll()

    def pause(self) -> None:
        """Stop it where it stands; `resume` lets it go on as if nothing had been."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        os.kill(self.pid, signal.SIGCONT)

    def kill(self) -> None:
        """End it as a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """Ask it to finish what it has under way; its exit status."""
        return self._end(signal.SIGTERM)

    def log_tail(self, lines: int = 30) -> str:
        """What it said last."""
        return (
            "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
            if self.log.exists()
            else ""
        )

    def _end(self, how: signal.Signals) -> int:
        process = self._process
        if process is None:
            return 0
        if process.poll() is None:
            process.send_signal(how)
        try:
            process.wait(timeout=_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
        if process.stdin is not None:
            process.stdin.close()
        return process.wait()


class Installation:
    """The services of one installation, all with the same environment."""

    def __init__(self, folder: Path, environment: Mapping[str, str], names: Sequence[str]) -> None:
        self.environment = dict(environment)
        self.processes = {
            name: ServiceProcess(name, environment, folder / f"{name}.log") for name in names
        }

    def start(self) -> None:
        """Start every service."""
        for process in self.processes.values():
            process.start()

    def kill_and_restart(self, name: str) -> None:
        """A power cut for one service, and its supervisor's answer."""
        self.processes[name].kill()
        self.processes[name].start()

    async def watch(self) -> None:
        """Look on for ever.

        Raises:
            AssertionError: a service ended by itself, and nobody started it again.
        """
        before: set[str] = set()
        while True:
            ended = {name for name, process in self.processes.items() if not process.is_running}
            assert not ended & before, f"{ended} ended by itself\n{self.logs()}"
            before = ended
            await asyncio.sleep(_LOOK_S)

    def stop(self) -> dict[str, int]:
        """End every service, those first that bring work to others; the exit status of each."""
        return {name: process.stop() for name, process in reversed(self.processes.items())}

    def logs(self) -> str:
        """What every service said last: for the report of a failed test."""
        return "\n".join(
            f"--- {name}\n{process.log_tail()}" for name, process in self.processes.items()
        )


def service_settings(database: str, amqp: str, objects: Mapping[str, str]) -> dict[str, str]:
    """The environment of an installation on these servers: quick to notice a vanished worker, a
    gateway on a free port.

    `objects` are the settings of the object store.
    """
    return {
        "DRAGOMAN_DATABASE_URL": database,
        "DRAGOMAN_AMQP_URL": amqp,
        **objects,
        "DRAGOMAN_LEASE_S": "4",
        "DRAGOMAN_HEARTBEAT_S": "1",
        "DRAGOMAN_RECONCILE_EVERY_S": "2",
        "DRAGOMAN_LOG_FORMAT": "json",
        "DRAGOMAN_HTTP_PORT": str(free_port()),
        "DRAGOMAN_SIGNING_KEY": secrets.token_urlsafe(32),
    }


def object_settings(url: str, bucket: str, access_key: str, secret_key: str) -> dict[str, str]:
    """The settings of an object store that is a bucket of an S3 server."""
    return {
        "DRAGOMAN_OBJECTS_URL": f"s3+{url}/{bucket}",
        "DRAGOMAN_S3_ACCESS_KEY": access_key,
        "DRAGOMAN_S3_SECRET_KEY": secret_key,
    }
