"""How a process ends: what runs beside it is cancelled until it has ended, what is closed has a time
limit, and where all that does not help the process ends itself.

One `cancel()` is no promise. Client libraries lose a cancellation that comes together with a lost
connection or a time-out, and their pools wait for connections that nobody gives back.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import threading
from collections.abc import Awaitable, Callable, Collection, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from traceback import walk_stack
from typing import Any

from dragoman_runtime.telemetry import get_logger

_AGAIN_S = 1.0
_TASKS_S = 8.0
_FORCED = 1  # the exit status
_MOST_PLACES = 20
_MOST_FRAMES = 4
_log = get_logger()


async def ended(tasks: Collection[asyncio.Future[Any]], within_s: float = _TASKS_S) -> None:
    """Cancel these tasks, each second again until all have ended.

    Their errors are nobody's any more. A task that has not ended after `within_s` is left behind,
    with a log line that names it: `stop.left_behind`.
    """
    tasks = list(tasks)  # the caller's set may lose those that end
    pending = {task for task in tasks if not task.done()}
    clock = asyncio.get_running_loop().time
    until, is_first = clock() + within_s, True
    while pending and (left_s := until - clock()) > 0:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=min(_AGAIN_S, left_s))
        if pending and is_first:
            _log.warning("stop.waiting", waits_in=_places(pending))
        is_first = False
    for task in pending:
        task.cancel()
    if pending:
        _log.error("stop.left_behind", waits_in=_places(pending))
    for task in tasks:
        if task.done() and not task.cancelled():
            task.exception()  # looked at, so that asyncio does not warn of it


async def closed(close: Callable[[], Awaitable[object]], within_s: float) -> bool:
    """Await `close()` for no longer than `within_s`; tells whether that was enough.

    Raises:
        Exception: the error with which `close()` ended.
    """

    async def closing() -> None:
        await close()

    task = asyncio.create_task(closing())
    try:
        await asyncio.wait([task], timeout=within_s)
    finally:
        is_done = task.done()
        if not is_done:
            await ended([task], _AGAIN_S)
    if is_done:
        task.result()
    return is_done


class StopLimit:
    """Ends the process `within_s` after `begin`, whatever it waits for then."""

    def __init__(self, within_s: float) -> None:
        self._within_s = within_s
        self._timer: threading.Timer | None = None

    def begin(self) -> None:
        """Count from now on; once begun it cannot be begun anew."""
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = threading.Timer(self._within_s, self._force, (loop,))
            self._timer.daemon = True
            self._timer.start()

    def end(self) -> None:
        """Count no more: the process has ended what it was to end."""
        if self._timer is not None:
            self._timer.cancel()

    def _force(self, loop: asyncio.AbstractEventLoop) -> None:
        # All that was under way is safe to break off: it is as after a SIGKILL.
        try:
            waits_in = _places(asyncio.all_tasks(loop))
        except RuntimeError:  # the set changed while it was read, which is from another thread
            waits_in = ""
        _log.error("stop.forced", at=_main(), waits_in=waits_in, after_s=self._within_s)
        logging.shutdown()
        os._exit(_FORCED)


_limit: ContextVar[StopLimit | None] = ContextVar("limit", default=None)


@contextmanager
def stop_limit(within_s: float | None) -> Generator[None]:
    """For the block: the process has so many seconds to end it once it was told to stop.

    None is no limit.
    """
    limit = None if within_s is None else StopLimit(within_s)
    before = _limit.set(limit)
    try:
        yield
    finally:
        _limit.reset(before)
        if limit is not None:
            limit.end()


def begin_stop() -> None:
    """Begin to count the seconds that the process has to end; without a limit this does nothing."""
    limit = _limit.get()
    if limit is not None:
        limit.begin()


def _places(tasks: Collection[asyncio.Future[Any]]) -> str:
    """Where each task waits: its coroutine, and the lines it is at, the innermost first."""
    places = sorted(_place(task) for task in tasks if isinstance(task, asyncio.Task))
    return ", ".join(places[:_MOST_PLACES])


def _main() -> str:
    """The lines that the main thread is at, the innermost first."""
    frames = sys._current_frames()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - documented
    main = frames.get(threading.main_thread().ident or 0)
    if main is None:
        return ""
    lines = [f"{Path(each.f_code.co_filename).name}:{line}" for each, line in walk_stack(main)]
    return " < ".join(lines[:_MOST_FRAMES])


def _place(task: asyncio.Task[Any]) -> str:
    coroutine: Any = task.get_coro()
    name = getattr(coroutine, "__qualname__", type(coroutine).__name__)
    frames: list[str] = []
    while coroutine is not None:
        frame = getattr(coroutine, "cr_frame", None) or getattr(coroutine, "ag_frame", None)
        if frame is not None:
            frames.append(f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}")
        coroutine = getattr(coroutine, "cr_await", None) or getattr(coroutine, "ag_await", None)
    return f"{name} at {' < '.join(frames[: -_MOST_FRAMES - 1 : -1])}"
