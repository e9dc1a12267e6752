"""A process that has imported every service and forks one of them on each order: restarts then cost
next to nothing.

    python -m chaos.nursery ENDED      reads orders as lines of JSON, answers each with the process id

How each ended stands in the file ENDED, as `PID STATUS`. Children die with it. They are processes
of their own in all else; what a fork leaves out is the import of their code.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import signal
import sys
import threading
import traceback
from importlib import import_module
from types import FrameType
from typing import TypedDict

from chaos.launcher import launch

_MODULES = tuple(
    f"dragoman_{each}.app"
    for each in ("intake", "extract", "translate", "qa", "reassemble", "index", "gateway")
)
_ALSO = (
    "dragoman_translate.adapters.openai",
    "dragoman_runtime.relay",
    "dragoman_catalog.migrations",
)
_PR_SET_PDEATHSIG = 1


class Order(TypedDict):
    """What to start: the module of the service, its environment, and the file of its log."""

    module: str
    environment: dict[str, str]
    log: str


def _become(order: Order) -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    log = os.open(order["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for file, place in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(file, place)
    os.environ.update(order["environment"])
    status = 1
    try:
        launch(order["module"])
        status = 0
    except BaseException:  # noqa: BLE001 - nothing may get back into the nursery's own loop
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def main() -> None:
    """Fork until the orders end."""
    for module in (*_MODULES, *_ALSO):
        import_module(module)
    assert threading.active_count() == 1, "a fork would leave threads behind"
    gc.freeze()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    ended = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)

    def reap(number: int, frame: FrameType | None) -> None:
        _reap(ended)

    signal.signal(signal.SIGCHLD, reap)
    for line in sys.stdin:
        order: Order = json.loads(line)
        pid = os.fork()
        if not pid:
            _become(order)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


def _reap(ended: int) -> None:
    """Note each child that ended, by its exit status or the number of the signal with a minus."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            return
        os.write(ended, f"{pid} {os.waitstatus_to_exitcode(status)}\n".encode())


if __name__ == "__main__":
    main()
