"""The process between a worker and a command: starts it, hears it, and ends it with all that it
started.

It is run as a script, `python -I -S supervisor.py`, and imports the standard library alone. Orders
come in on stdin and news go out on stdout, each a line of JSON:

    in    {"argv": [...], "env": {...}, "timeout_s": 1800, ...}    the order, first
          "stop"                                                    end the command
    out   {"progress": [3, 10]}, {"tail": "..."}                    while it runs
          {"ended": {"exit_code": 0, "signal": 0, ...}}             last; the log is in a file then

Nothing that a command starts can leave it: as a subreaper (prctl(2)) this process is the parent of
every orphan below it, in whatever session. Where stdin ends before the command does, the worker was
killed: then the command is ended and the folder of the run removed, since nobody else will.
"""

from __future__ import annotations

import codecs
import contextlib
import ctypes
import json
import os
import re
import resource
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

GRACE_S = 5.0
"""The seconds between SIGTERM and SIGKILL."""

_TAIL_EVERY_S, _MOVES_EVERY_S = 2.0, 0.25
_PATIENCE_S = 30.0  # with processes that the kernel does not let go
_LOOK_S = 0.05
_CHUNK = 65_536
_LONGEST_LINE = 200
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
_IGNORED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_PROGRESS = re.compile(r"dragoman-progress: ?(\d{1,9})/(\d{1,9})\s*")
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
_OOM_SCORE = "500"  # where memory is short, the command goes before the worker


class Log:
    """The output of a command so far: its beginning and its end, however long it is."""

    def __init__(self, most: int) -> None:
        self._head_size = most // 2
        self._tail_size = most - self._head_size - 100  # for the line between them
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._head = ""
        self._tail = ""
        self._line = ""
        self.count = 0
        self.progress: tuple[int, int] | None = None

    def add(self, data: bytes, *, is_last: bool = False) -> None:
        """Take what the command said; `is_last` ends a character that is not whole."""
        text = self._decoder.decode(data, is_last)
        self._look_for_progress(text)
        self.count += len(text)
        room = self._head_size - len(self._head)
        self._head += text[:room]
        self._tail += text[room:]
        if len(self._tail) > 2 * self._tail_size:
            self._tail = self._tail[-self._tail_size :]

    def tail(self, most: int) -> str:
        """The last characters."""
        if len(self._tail) >= most:
            return self._tail[-most:]
        return (self._head + self._tail)[-most:]

    def text(self) -> tuple[str, bool]:
        """The log, and whether something was left out of its middle."""
        end = self._tail[-self._tail_size :]
        left_out = self.count - len(self._head) - len(end)
        if not left_out:
            return self._head + end, False
        return f"{self._head}\n[... {left_out:,} characters left out ...]\n{end}", True

    def _look_for_progress(self, text: str) -> None:
        *lines, rest = (self._line + text).split("\n")
        for line in lines:
            found = _PROGRESS.fullmatch(line[:_LONGEST_LINE].strip())
            if found:
                self.progress = (int(found[1]), int(found[2]))
        self._line = rest[:_LONGEST_LINE]


class Run:
    """One command, from its start to the end of all that it started."""

    def __init__(self, order: dict[str, Any]) -> None:
        self._order = order
        self._log = Log(order["log_characters"])
        self._is_stopped = False
        self._is_worker_gone = False
        self._status: int | None = None
        self._pid = 0
        self._told: tuple[object, ...] = ()
        self._told_at = 0.0

    def perform(self) -> None:
        """Run the command and tell how it ended; with the worker gone, remove its folder."""
        began = time.monotonic()
        ended: dict[str, Any] = {"exit_code": None, "signal": 0, "ending": "exited"}
        program = shutil.which(str(self._order["argv"][0]), path=self._order["env"]["PATH"])
        if program is None:
            ended["ending"] = "not_found"
        else:
            try:
                with self._started(program) as output:
                    ended["ending"] = self._wait(output, began + self._order["timeout_s"])
            except OSError as error:
                ended |= {"ending": "not_started", "why": error.strerror or type(error).__name__}
        if self._status is not None:
            code = os.waitstatus_to_exitcode(self._status)
            ended |= {"exit_code": max(code, 0), "signal": max(-code, 0)}
        self._log.add(b"", is_last=True)
        text, is_truncated = self._log.text()
        folder = Path(self._order["folder"])
        if self._is_worker_gone:
            remove(folder)
            return
        Path(self._order["log"]).write_text(text, encoding="utf-8", newline="")
        duration_s = round(time.monotonic() - began, 3)
        _say({"ended": {**ended, "is_truncated": is_truncated, "duration_s": duration_s}})

    @contextlib.contextmanager
    def _started(self, program: str) -> Any:
        order = self._order
        read, write = os.pipe()
        me = os.getpid()

        def limit() -> None:
            for each in _IGNORED:
                signal.signal(each, signal.SIG_DFL)
            _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != me:
                os._exit(1)
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            most = order["file_bytes"]
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
            with contextlib.suppress(OSError):
                Path("/proc/self/oom_score_adj").write_text(_OOM_SCORE)

        try:
            # One thread, so that there is nothing that could hold a lock between fork and exec.
            process = subprocess.Popen(
                [program, *order["argv"][1:]],
                env=order["env"],
                cwd=order["cwd"],
                stdin=subprocess.DEVNULL,
                stdout=write,
                stderr=write,
                start_new_session=True,
                preexec_fn=limit,
            )
        except OSError:
            os.close(read)
            raise
        finally:
            os.close(write)
        self._pid = process.pid
        process.returncode = 0  # this class reaps it, with the orphans
        os.set_blocking(read, False)
        try:
            yield read
        finally:
            os.close(read)

    def _wait(self, output: int, due: float) -> str:
        """Hear the command until it ends, is stopped or takes too long; then end what is left."""
        ending = "exited"
        while self._status is None:
            self._hear(output, _LOOK_S)
            if self._is_stopped:
                ending = "stopped"
            elif time.monotonic() >= due:
                ending = "timed_out"
            if ending != "exited":
                break
        self._end_all(output)
        while self._read(output):
            pass
        return ending

    def _hear(self, output: int, wait_s: float) -> None:
        """Listen to the command and the worker for about `wait_s`; reap who ended; tell the news."""
        until = time.monotonic() + wait_s
        watched = {output, 0} - ({0} if self._is_worker_gone else set())
        while (left := until - time.monotonic()) > 0:
            ready, _, _ = select.select(watched, [], [], left)
            if 0 in ready:
                self._is_stopped = True
                self._is_worker_gone = os.read(0, _CHUNK) == b""
                break
            # Every writer may have closed it while the command goes on.
            if output in ready and not self._read(output):
                watched.discard(output)
            self._reap()
            if self._status is not None:
                break
        self._reap()
        self._tell()

    def _read(self, output: int) -> bool:
        """Read a piece of the output; False where there is none now, or none any more."""
        try:
            data = os.read(output, _CHUNK)
        except BlockingIOError:
            return False
        self._log.add(data)
        return bool(data)

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid == self._pid:
                self._status = status

    def _tell(self) -> None:
        now = time.monotonic()
        has_moved = self._told[:1] != (self._log.progress,)
        if now - self._told_at < (_MOVES_EVERY_S if has_moved else _TAIL_EVERY_S):
            return
        news = (self._log.progress, self._log.count)
        if news != self._told and self._log.count:
            _say({"progress": self._log.progress, "tail": self._log.tail(self._order["tail"])})
        self._told, self._told_at = news, now

    def _end_all(self, output: int) -> None:
        """End the command and all below it: SIGTERM, then SIGKILL until nobody is left."""
        if self._signal_all(signal.SIGTERM):
            until = time.monotonic() + GRACE_S
            while time.monotonic() < until and _below(os.getpid()):
                self._hear(output, _LOOK_S)
        until = time.monotonic() + _PATIENCE_S
        while _below(os.getpid()) and time.monotonic() < until:
            # Who is stopped starts nobody while the others are killed.
            self._signal_all(signal.SIGSTOP)
            self._signal_all(signal.SIGKILL)
            self._hear(output, _LOOK_S)

    def _signal_all(self, number: signal.Signals) -> bool:
        pids = _below(os.getpid())
        for pid in pids:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)
        return bool(pids)


def _below(root: int) -> list[int]:
    """The processes below this one that live, as far as /proc shows them."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, ValueError):
                state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
                if state not in "ZX":
                    parents[int(entry.name)] = int(parent)
    children: dict[int, list[int]] = {}
    for pid, parent in parents.items():
        children.setdefault(parent, []).append(pid)
    found: list[int] = []
    left = [root]
    while left:
        below = children.get(left.pop(), [])
        found += below
        left += below
    return found


def remove(folder: Path) -> None:
    """Remove a folder and all in it, also where a command took its own rights away."""

    def again(function: Any, path: str, _: Any) -> None:
        with contextlib.suppress(OSError):
            Path(path).parent.chmod(0o700)
            Path(path).chmod(0o700)
        with contextlib.suppress(OSError):
            function(path)

    for _ in range(3):  # a folder that could not be listed is removed at the next turn
        if not folder.is_dir():
            return
        shutil.rmtree(folder, onerror=again)


def _prctl(option: int, value: int) -> None:
    if _LIBC is not None:
        _LIBC.prctl(option, value)


def _say(news: dict[str, Any]) -> None:
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.write(json.dumps(news) + "\n")
        sys.stdout.flush()


def main() -> None:
    """Run the command that the first line on stdin orders."""
    # An init system sends SIGTERM to every process of a service; the worker alone heeds it.
    for each in _IGNORED:
        signal.signal(each, signal.SIG_IGN)
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    line = b""
    while not line.endswith(b"\n"):
        data = os.read(0, _CHUNK)
        if not data:
            return
        line += data
    Run(json.loads(line)).perform()


if __name__ == "__main__":
    main()
