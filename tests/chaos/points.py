"""Fault points: the steps at which a process of the installation can be made to die, and how it is
told to.

A process passes named points. When a file `NAME.armed` lies in the folder of the run, saying
`POINT COUNT`, the process kills itself with SIGKILL when it passes that point for the COUNT-th
time. So points are armed and disarmed while the process runs, and a process that was started again
is unarmed.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

FOLDER_VARIABLE = "CHAOS_FOLDER"
NAME_VARIABLE = "CHAOS_NAME"
TWICE_VARIABLE = "CHAOS_TWICE_AND_SHUFFLED"
STACKS_SIGNAL = signal.SIGUSR1
"""Lets a process say in its log what each of its tasks waits for."""

AT_RANDOM = "at random"
"""The kill that no point names: from outside, at any moment."""


def _both(*steps: str) -> tuple[str, ...]:
    return tuple(f"{when} {step}" for step in steps for when in ("before", "after"))


RESEND = "resend"
_WORK = _both("lease", "perform", "pointer", "append", "acknowledge")
POINTS: dict[str, tuple[str, ...]] = {
    "relay": _both("publish", "confirm", "position"),
    "intake": (*_WORK, *_both(RESEND)),
    "extract": _WORK,
    "translate": (*_WORK, *_both("record")),
    "qa": _WORK,
    "reassemble": _WORK,
    "index": (),
    "gateway": _both("upload", "append", "projection"),
}
"""The points of each service. `record` is the storing of a model call's answer, `resend` the
reconciler's sending; between `publish` and `confirm` of the relay lie messages that the broker has
and has not confirmed. `index` has no work with documents: it is killed at random alone.
"""


class FaultPoints:
    """The points that this process passes."""

    def __init__(self, folder: Path, name: str) -> None:
        self._armed = folder / f"{name}.armed"
        self._died = folder / f"{name}.died"
        self._order = ""
        self._passed = 0

    def passing(self, point: str) -> None:
        """Die here if it is the armed point and its time has come."""
        if self._is_due(point):
            self._armed.unlink(missing_ok=True)
            self._died.write_text(f"{os.getpid()} {point}\n")
            os.kill(os.getpid(), signal.SIGKILL)

    def _is_due(self, point: str) -> bool:
        try:
            order = self._armed.read_text()
        except FileNotFoundError:
            return False
        if order != self._order:
            self._order, self._passed = order, 0
        armed, _, count = order.rpartition(" ")
        if point != armed:
            return False
        self._passed += 1
        return self._passed >= int(count)


class WrongClock:
    """By how many seconds the clock of a process is wrong, in a file of the run's folder;
    and whether it was read.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self._file = folder / f"{name}.clock_shift_s"
        self._read = folder / f"{name}.clock_was_read"

    def set(self, shift_s: float) -> None:
        """Set it wrong."""
        self._read.unlink(missing_ok=True)
        new = self._file.with_suffix(".new")
        new.write_text(str(shift_s))
        new.replace(self._file)

    def clear(self) -> None:
        """Set it right."""
        self._file.unlink()

    def read(self) -> float:
        """The process itself asks; 0 while its clock is right."""
        try:
            shift_s = float(self._file.read_text())
        except FileNotFoundError:
            return 0.0
        self._read.touch()
        return shift_s

    def was_read(self) -> bool:
        """Whether the process has asked since the clock was set wrong."""
        return self._read.exists()


class CallJournal:
    """What this process knows of the model calls it makes: a line each when one is sent, fails and
    is recorded.

    Lines survive the process; the calls that have begun and neither failed nor were recorded were
    in flight.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self._file = os.open(
            folder / f"{name}.calls", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644
        )

    def write(self, what: str, key: str) -> None:
        """Note that the call with this idempotency key began, failed or was recorded."""
        os.write(self._file, f"{os.getpid()} {what} {key} {time.time():.6f}\n".encode())


def calls_in_flight(folder: Path, name: str, pid: int) -> set[str]:
    """The idempotency keys of the calls that a process had begun and not recorded when it died."""
    journal = folder / f"{name}.calls"
    open_calls: set[str] = set()
    for line in journal.read_text().splitlines() if journal.exists() else ():
        of_pid, what, key, _ = line.split()
        if int(of_pid) == pid:
            (open_calls.add if what == "begun" else open_calls.discard)(key)
    return open_calls
