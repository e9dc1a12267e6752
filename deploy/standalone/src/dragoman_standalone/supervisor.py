"""`dragoman worker`: services as processes of their own, or several in one, ended together."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from functools import partial

from dragoman_contracts.errors import PermanentError
from dragoman_contracts.vocabulary import Service
from dragoman_runtime.child import end_with

ALL = "all"
"""The word for one process of every service but the gateway."""

WORKERS = ("relay", *(service.value for service in Service if service is not Service.GATEWAY))
"""The services that may share a process. The gateway may not: people wait for it."""

_GATEWAY = Service.GATEWAY.value


def commands(words: Sequence[str]) -> list[list[str]]:
    """The command line of each process: a word is a service, several with commas between, or `all`.

    Raises:
        PermanentError: there is no service of a name, or it cannot share a process.
    """
    return [[sys.executable, "-m", *_module(word)] for word in words]


def _module(word: str) -> list[str]:
    names = WORKERS if word == ALL else word.split(",")
    for name in names:
        if name not in {*WORKERS, _GATEWAY}:
            choice = ", ".join((*WORKERS, _GATEWAY, ALL))
            raise PermanentError(
                f"There is no service {name!r}; choose from {choice}.", code="usage.service"
            )
    if len(names) == 1:
        return ["dragoman_runtime.relay" if word == "relay" else f"dragoman_{word}"]
    if _GATEWAY in names:
        raise PermanentError(
            f"The gateway shares no process; write {_GATEWAY} as a word of its own.",
            code="usage.service",
        )
    return ["dragoman_standalone.together", *dict.fromkeys(names)]


async def supervise(processes: Sequence[Sequence[str]]) -> int:
    """Run these command lines until told to stop, or until one ends: then with its exit status,
    as a shell gives it (128 and the signal that killed it).

    One that ends takes the others with it, so that whoever supervises this process starts them all
    anew. On Linux the kernel ends them by SIGTERM where this process is killed.
    """
    parent = os.getpid()
    running = [
        await asyncio.create_subprocess_exec(*command, preexec_fn=partial(end_with, parent))
        for command in processes
    ]
    ends = [asyncio.ensure_future(process.wait()) for process in running]
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, told.set)
    stopping = asyncio.ensure_future(told.wait())
    await asyncio.wait([stopping, *ends], return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    first = [end.result() for end in ends if end.done()]
    for process in running:
        if process.returncode is None:
            process.terminate()
    await asyncio.gather(*ends)
    return 0 if told.is_set() else next((_shown(status) for status in first if status), 0)


def _shown(status: int) -> int:
    return status if status >= 0 else 128 - status
