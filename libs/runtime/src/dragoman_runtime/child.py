"""What a child process of ours does: it leaves Ctrl-C to its parent, ends with it, and answers what it is asked."""

from __future__ import annotations

import gc
import multiprocessing
import os
import pickle
import resource
import signal
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

_SPENT_KIB = 256 * 1024
_SELDOM = (50_000, 50, 100)  # parsed documents are many objects that live as long as their piece of work
_OOM_SCORE = "500"
_STACK_FRAMES = 6
_RAISED_AT = "dragoman_raised_at"


@dataclass(frozen=True, slots=True)
class Call:
    """A function to be called in a child; it and its arguments are found again by their names and values."""

    function: Callable[..., Any]
    args: Sequence[Any]
    kwargs: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call gave, or the error that it raised. A child that `is_spent` has grown, and should be replaced."""

    value: Any = None
    error: Exception | None = None
    is_spent: bool = False


def begin_child() -> None:
    """Let Ctrl-C be the parent's, and end this process when the parent ends, however that happens."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def serve(connection: Connection) -> None:
    """Answer calls, one after another, until the parent closes the connection.

    The parent stops a child by SIGKILL. SIGTERM, which an init system sends to every process of a service, is the
    parent's to heed: it finishes what is under way. Where memory is short, the kernel should take this process first.
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
    """Where in the code the error came from, innermost last: file, line and function, and no text of either.

    Of an error that a child raised, it is where in the child.
    """
    if (carried := getattr(error, _RAISED_AT, None)) is not None:
        return carried
    frames = traceback.extract_tb(error.__traceback__)[-_STACK_FRAMES:]
    return tuple(f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno} {frame.name}" for frame in frames)


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
    """The error as it can cross, with the places in the code where it was raised.

    One that cannot be pickled is a bug of ours or of a library; what is known of it then is its type.
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
    """Whether this process has grown so large that the memory it keeps is worth more than a new process costs."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > _SPENT_KIB
