"""A child process that computes: it answers calls, leaves Ctrl-C to its parent, and ends when the
parent ends.
"""

from __future__ import annotations

import ctypes
import gc
import multiprocessing
import os
import pickle
import resource
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

_SPENT_KIB = 256 * 1024
# Parsed documents are many objects that live as long as their piece of work.
_SELDOM = (
    50_000,
    50,
    100,
)
_OOM_SCORE = "500"
_STACK_FRAMES = 6
_RAISED_AT = "dragoman_raised_at"
_PR_SET_PDEATHSIG = 1  # prctl(2)
_prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None


@dataclass(frozen=True, slots=True)
class Call:
    """A function to be called in a child.

    It crosses by its name, its arguments by their values (pickle).
    """

    function: Callable[..., Any]
    args: Sequence[Any]
    kwargs: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """The value that a call gave, or the error that it raised.

    `is_spent` says that the child has grown and should be replaced.
    """

    value: Any = None
    error: Exception | None = None
    is_spent: bool = False


def begin_child() -> None:
    """Leave Ctrl-C to the parent, and end this process when the parent ends, even by SIGKILL."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def end_with(parent: int) -> None:
    """Have the kernel end this process by SIGTERM when its parent ends, even by SIGKILL; Linux
    alone can. To be called between fork and exec.
    """
    if _prctl is None:
        return
    _prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it ended before the kernel was told
        os._exit(1)


def serve(connection: Connection) -> None:
    """Answer calls, one after another, until the parent closes the connection.

    The parent stops a child by SIGKILL. An init system sends SIGTERM to every process of a service;
    only the parent heeds it, and finishes the work under way. Where memory is short, the kernel
    should kill a child before the parent.
    """
    begin_child()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_OOM_SCORE)
    gc.freeze()  # modules that the parent of all children imported stay shared with them
    gc.set_threshold(*_SELDOM)
    with suppress(EOFError, ConnectionError):
        while True:
            connection.send_bytes(_answer(connection.recv_bytes()))


def places_of(error: BaseException) -> tuple[str, ...]:
    """The places in the code that an error came through, innermost last: file, line and function,
    but no code.

    For an error that a child raised, they are places in the child.
    """
    if (carried := getattr(error, _RAISED_AT, None)) is not None:
        return carried
    frames = traceback.extract_tb(error.__traceback__)[-_STACK_FRAMES:]
    return tuple(
        f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno} {frame.name}" for frame in frames
    )


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _answer(asked: bytes) -> bytes:
    try:
        call: Call = pickle.loads(asked)  # noqa: S301 - our own parent wrote it
        value = call.function(*call.args, **call.kwargs)
        return pickle.dumps(Answer(value, is_spent=_is_spent()), pickle.HIGHEST_PROTOCOL)
    except Exception as error:  # noqa: BLE001 - every failure crosses to the one who asked
        return pickle.dumps(Answer(error=_carried(error), is_spent=_is_spent()))


def _carried(error: Exception) -> Exception:
    """The error in a form that crosses to the parent, with the places where it was raised.

    Of an error that cannot be pickled only the type crosses; it is a bug of ours or of a library.
    """
    places = places_of(error)
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - written on this line
    except Exception:  # noqa: BLE001 - whatever a foreign class does when it is pickled
        error = RuntimeError(type(error).__name__)
    setattr(error, _RAISED_AT, places)
    for place in places:
        error.add_note(place)  # for the log, which has no traceback of the child
    return error


def _is_spent() -> bool:
    """Whether this process has grown so large that the memory it keeps is worth more than a new
    process costs.
    """
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > _SPENT_KIB
