"""A server process that a test owns: it can be killed, stopped and started again, and never
outlives the session.

The process runs in a group of its own beside a small watcher that reads from a pipe held open by
the test session. When the session ends in whatever way, SIGKILL included, the pipe closes and the
watcher kills the group.
"""

import atexit
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

# Below the ephemeral range, so that no outgoing connection takes one of them.
_FIRST_PORT, _LAST_PORT = (
    20_000,
    30_000,
)
_POLL_INTERVAL_S = 0.02
_WATCHED = 'exec 3<&0 </dev/null; (cat <&3 >/dev/null; kill -KILL 0) & exec 3<&-; exec "$@"'


class ServerStartError(RuntimeError):
    """A server did not answer in time or ended at once;
    the message ends with the last lines of its log.
    """


def free_port() -> int:
    """Give a TCP port of 127.0.0.1 on which nobody listens."""
    for port in random.sample(range(_FIRST_PORT, _LAST_PORT), 200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise ServerStartError("no free port on 127.0.0.1")


def require_binary(candidates: Sequence[str | Path], package: str) -> Path:
    """Give the first of the candidates that can be run, or skip the test naming the apt package
    that brings it.

    With `CI=true` a missing server is a failure: there it would hide that nothing was tested.
    """
    for candidate in candidates:
        found = shutil.which(str(candidate))
        if found is not None:
            return Path(found)
    message = f"{candidates[0]} is missing: apt-get install --no-install-recommends {package}"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)


def wait_until(condition: Callable[[], bool], *, timeout_s: float, what: str) -> None:
    """Return as soon as the condition holds.

    Raises:
        TimeoutError: it did not hold in time; the message says for what was waited.
    """
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {timeout_s} s in vain for {what}")
        time.sleep(_POLL_INTERVAL_S)


def _states(group: int) -> set[str]:
    """The states of the processes of a group, as Linux's `/proc` tells them: T is stopped."""
    found: set[str] = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, _, of_group = stat.read_text().rpartition(")")[2].split()[:3]
            if int(of_group) == group:
                found.add(state)
    return found


def watched(name: str, command: Sequence[str | Path]) -> list[str]:
    """The command beside its watcher: start it with a pipe as stdin and in a session of its own.

    When the pipe closes, the whole group is killed.
    """
    return ["/bin/sh", "-c", _WATCHED, name, *map(str, command)]


class ServerProcess(ABC):
    """One private server: where it keeps its files, how it is started,
    and the ways in which it can end.
    """

    name: str
    start_timeout_s: float = 60.0
    stop_timeout_s: float = 30.0
    stop_signal: signal.Signals = signal.SIGTERM

    def __init__(self) -> None:
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix=f"dragoman-{self.name}-"))
        self.log_file = self.folder / "server.log"
        self._process: subprocess.Popen[bytes] | None = None
        atexit.register(self.close)

    @property
    @abstractmethod
    def url(self) -> str:
        """Where clients find the server, credentials included where its
        protocol puts them there.
        """

    @abstractmethod
    def command(self) -> Sequence[str | Path]:
        """The argument vector that runs the server in the foreground."""

    @abstractmethod
    def is_ready(self) -> bool:
        """Ask over the server's own protocol whether it serves."""

    @abstractmethod
    def prepare(self) -> None:
        """Lay out the data folder when there is none yet."""

    @property
    @abstractmethod
    def data_folder(self) -> Path:
        """What `wipe` deletes."""

    def environment(self) -> Mapping[str, str]:
        """The variables the server gets beside those of the session."""
        return {}

    @property
    def pid(self) -> int:
        """The process id of the running server."""
        if self._process is None:
            raise ServerStartError(f"{self.name} is not running")
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether the process lives, ready or not."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the server on its data and return when it serves;
        the port stays the same through restarts.
        """
        if self.is_running:
            return
        self.prepare()
        self._spawn()
        try:
            wait_until(
                self._is_ready_or_dead, timeout_s=self.start_timeout_s, what=f"{self.name} to serve"
            )
        except TimeoutError as error:
            self.kill()
            raise ServerStartError(f"{error}\n{self.log_tail()}") from error
        if not self.is_running:
            self._reap()
            raise ServerStartError(f"{self.name} ended while starting\n{self.log_tail()}")

    def stop(self) -> None:
        """End the server in an orderly way; killed when it takes longer than `stop_timeout_s`."""
        self._end(self.stop_signal)

    def kill(self) -> None:
        """End the server with SIGKILL, as a crash of its machine would."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._reap()

    def freeze(self) -> None:
        """Stop all of its processes where they are, until they are killed: what is asked of it stays
        without an answer.
        """
        os.killpg(self.pid, signal.SIGSTOP)
        wait_until(lambda: _states(self.pid) <= {"T", "Z"}, timeout_s=10, what="the freeze")

    def restart(self) -> None:
        """Stop in an orderly way and start again on the same data and port."""
        self.stop()
        self.start()

    def wipe(self) -> None:
        """Kill the server, delete all that it stored, and start it empty on the same port."""
        self.kill()
        shutil.rmtree(self.data_folder, ignore_errors=True)
        self.start()

    def close(self) -> None:
        """Kill the server and delete its folder; it cannot be started again."""
        self.kill()
        atexit.unregister(self.close)
        shutil.rmtree(self.folder, ignore_errors=True)

    def log_tail(self, lines: int = 40) -> str:
        """The last lines that the server wrote, for the message of a test that fails."""
        if not self.log_file.exists():
            return f"{self.name} wrote no log"
        text = self.log_file.read_text(errors="replace")
        return f"--- {self.name}, {self.log_file}\n" + "\n".join(text.splitlines()[-lines:])

    def _spawn(self) -> None:
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                watched(self.name, self.command()),
                cwd=self.folder,
                env={**os.environ, **self.environment()},
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _is_ready_or_dead(self) -> bool:
        return not self.is_running or self.is_ready()

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(how)
            try:
                self._process.wait(self.stop_timeout_s)
            except subprocess.TimeoutExpired:
                self.kill()
        self._reap()

    def _reap(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.wait()
        if process.stdin is not None:
            process.stdin.close()
