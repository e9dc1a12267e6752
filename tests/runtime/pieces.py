"""Small pieces of CPU-bound work for tests of computing; their names can be found by a child
process.

Run as a program it keeps two children at work, prints their process ids, and ends well on SIGINT:
`python -m runtime.pieces SECONDS`.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

from dragoman_contracts.errors import ObjectMissingError, PermanentError, RetryableError
from dragoman_runtime.computing import Processes


def process_id() -> int:
    """The process that computes."""
    return os.getpid()


def told_and_busy(told: Path, busy_s: float = 60.0) -> int:
    """Write down the process, then keep its processor busy."""
    told.with_suffix(".part").write_text(str(os.getpid()))
    told.with_suffix(".part").rename(told)
    until = time.monotonic() + busy_s
    while time.monotonic() < until:
        pass
    return os.getpid()


def killed() -> None:
    """End as the kernel ends a process when memory is out."""
    os.kill(os.getpid(), signal.SIGKILL)


def killed_once(mark: Path) -> int:
    """End so the first time only."""
    if not mark.exists():
        mark.touch()
        killed()
    return os.getpid()


def large(size_bytes: int) -> int:
    """Use memory; the process that computes."""
    return os.getpid() if bytearray(size_bytes) else 0


def refused() -> None:
    """Fail for good."""
    raise PermanentError("The document is damaged; repair it.", code="document.damaged")


def busy_elsewhere() -> None:
    """Fail as what may pass."""
    raise RetryableError("Try again.", retry_after_s=7.0)


def missing() -> None:
    """Fail with an error that has more to say."""
    raise ObjectMissingError("The object is gone.", digest="abc")


class StubbornError(Exception):
    """Cannot be made from its message."""

    def __init__(self, one: object, two: object) -> None:
        super().__init__(f"{one}{two}")


def stubborn() -> None:
    """Fail with an error that does not cross."""
    raise StubbornError(1, 2)


def _told() -> list[int]:
    told = [Path(f"busy-{number}") for number in range(2)]
    while not all(each.exists() for each in told):
        time.sleep(0.01)
    return [int(each.read_text()) for each in told]


async def _keep_busy(seconds: float) -> None:
    pool = Processes(2)
    ids = [await pool.run(process_id)]
    busy = [
        asyncio.ensure_future(pool.run(told_and_busy, Path(f"busy-{number}"), seconds))
        for number in range(2)
    ]
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, lambda: None)
    ids += await asyncio.to_thread(_told)
    sys.stdout.write(" ".join(map(str, sorted(set(ids)))) + "\n")
    sys.stdout.flush()
    done = await asyncio.gather(*busy)
    await pool.close()
    sys.stdout.write(" ".join(map(str, sorted(done))) + "\n")


if __name__ == "__main__":
    asyncio.run(_keep_busy(float(sys.argv[1])))
