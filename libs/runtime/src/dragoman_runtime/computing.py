"""Where CPU-bound code runs: in threads while there is little of it, else in child processes, one
processor each.

A child does one piece of work at a time, over a pipe of its own. So the death of a child loses only
the work that the child was at, and work that is broken off leaves its processor free: its child is
killed (ADR 0014).
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import pickle
import signal
import socket
import time
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import ParamSpec, Protocol, TypeVar

from typing_extensions import override

from dragoman_contracts.errors import RetryableError
from dragoman_runtime.child import Answer, Call, serve

_P = ParamSpec("_P")
_R = TypeVar("_R")


class ProcessLostError(RetryableError):
    """The process that did this work ended before it answered: killed, out of memory, or crashed by
    a library.
    """

    default_code = "work.process_lost"


class Computing(Protocol):
    """Runs pure, CPU-bound functions beside the event loop."""

    async def run(self, function: Callable[_P, _R], *args: _P.args, **kwargs: _P.kwargs) -> _R:
        """The value that the function gives. An error that the function raises is raised here.

        The function may run in another process: it must have a name in a module, and its arguments
        and its value should be bytes or small values.

        Raises:
            ProcessLostError: the process ended before it answered.
        """
        ...


class Threads(Computing):
    """Runs in threads of this process, which share one processor.

    There are two threads. More would be no faster, and each keeps the memory of the largest
    document it had; with one thread, all work would wait for a large document.
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="computing")

    @override
    async def run(self, function: Callable[_P, _R], *args: _P.args, **kwargs: _P.kwargs) -> _R:
        return await asyncio.get_running_loop().run_in_executor(
            self._threads, partial(function, *args, **kwargs)
        )


class Processes(Computing):
    """Runs in up to `count` child processes, which are started as they are needed.

    At first work runs in threads. Processes are used once pieces of work have run beside each other
    for `patience_s` in sum: before that, to start processes would cost more than they bring.
    """

    def __init__(self, count: int, *, preload: Sequence[str] = (), patience_s: float = 0.0) -> None:
        """`preload` are modules that children share instead of importing each for itself."""
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="computing")
        self._free = asyncio.Semaphore(count)
        self._crowd = _Crowd(patience_s)
        self._beside = Threads()
        self._idle: list[_Lane] = []
        self._busy: set[_Lane] = set()
        multiprocessing.get_context("forkserver").set_forkserver_preload([__name__, *preload])

    @override
    async def run(self, function: Callable[_P, _R], *args: _P.args, **kwargs: _P.kwargs) -> _R:
        if not self._crowd.is_worth_processes():
            with self._crowd.joined():
                return await self._beside.run(function, *args, **kwargs)
        async with self._free:
            answer = await self._ask(Call(function, args, kwargs))
        if answer.error is not None:
            raise answer.error
        return answer.value

    async def close(self) -> None:
        """Kill all children, also those that are working."""
        for lane in (*self._idle, *self._busy):
            lane.end()
        self._idle.clear()
        await asyncio.to_thread(self._threads.shutdown)

    async def _ask(self, call: Call) -> Answer:
        lane = self._lane()
        self._busy.add(lane)
        try:
            answer = await asyncio.get_running_loop().run_in_executor(self._threads, lane.ask, call)
        except (
            BaseException
        ):  # the work was broken off, or the child was lost: nobody waits for its answer any more
            lane.end()
            raise
        finally:
            self._busy.discard(lane)
        if answer.is_spent:
            lane.end()
        else:
            self._idle.append(lane)
        return answer

    def _lane(self) -> _Lane:
        while self._idle:
            lane = self._idle.pop()
            if lane.is_waiting():
                return lane
            lane.end()
        return _Lane()


class _Lane:
    """A child and the pipe to it. Its methods but `ask` never wait."""

    def __init__(self) -> None:
        self._child: BaseProcess | None = None
        self._pipe: Connection | None = None
        self._is_ended = False

    def ask(self, call: Call) -> Answer:
        """The child's answer; for a thread that may wait. The child is started on the first call.

        Raises:
            ProcessLostError: it ended before it answered, or could not be started.
        """
        try:
            pipe = self._pipe or self._start()
            pipe.send_bytes(pickle.dumps(call, pickle.HIGHEST_PROTOCOL))
            return pickle.loads(pipe.recv_bytes())  # noqa: S301 - our own child wrote it
        except (EOFError, OSError) as error:
            message = (
                "The process that was at this work ended, killed perhaps for its memory. Look at the machine's "
                "memory, or set DRAGOMAN_PROCESSES lower."
            )
            raise ProcessLostError(message) from error

    def is_waiting(self) -> bool:
        """Whether the idle child is alive.

        An idle child sends nothing, so anything to read is the end of its pipe.
        """
        return self._pipe is not None and not self._pipe.poll()

    def end(self) -> None:
        """Kill the child. A thread that waits in `ask` gets ProcessLostError."""
        self._is_ended = True
        if self._child is not None:
            self._child.kill()

    def _start(self) -> Connection:
        # Ctrl-C and SIGTERM must not reach a child before it has begun to ignore them. A process
        # inherits the signals that the thread which starts it has blocked; this thread handles
        # none, so blocking costs nothing. The resource tracker is started first, because
        # multiprocessing unblocks these signals after starting it.
        resource_tracker.ensure_running()
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
        context = multiprocessing.get_context("forkserver")
        pipe, theirs = (Connection(end.detach()) for end in socket.socketpair())
        child = context.Process(target=serve, args=(theirs,), name="computing", daemon=True)
        child.start()
        theirs.close()
        self._child, self._pipe = child, pipe
        if self._is_ended:
            child.kill()
        return pipe


class _Crowd:
    """Measures for how long pieces of work ran beside each other in one process: time that
    processes would have saved.
    """

    def __init__(self, patience_s: float) -> None:
        self._left_s = patience_s
        self._count = 0
        self._seen_at = time.perf_counter()

    def is_worth_processes(self) -> bool:
        self._look()
        return self._left_s <= 0

    @contextmanager
    def joined(self) -> Generator[None]:
        self._look()
        self._count += 1
        try:
            yield
        finally:
            self._look()
            self._count -= 1

    def _look(self) -> None:
        now = time.perf_counter()
        self._left_s -= (now - self._seen_at) * max(0, self._count - 1)
        self._seen_at = now


@asynccontextmanager
async def computing(
    processes: int | None, *, preload: Sequence[str] = (), patience_s: float = 0.0
) -> AsyncGenerator[Computing]:
    """For the block: threads where `processes` is 0 or 1, else that many processes.

    None means one per processor.
    """
    count = processor_count() if processes is None else processes
    if count <= 1:
        yield Threads()
        return
    made = Processes(count, preload=preload, patience_s=patience_s)
    try:
        yield made
    finally:
        await made.close()


def processor_count() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
