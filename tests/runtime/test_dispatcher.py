"""The one process: its dispatcher, its lock,
and that it goes on after SIGKILL wherever that strikes.
"""

import asyncio
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from typing_extensions import override

from contracts.streams import UP_TO_EXTRACTION
from dragoman_contracts.identity import new_id
from dragoman_contracts.vocabulary import JobStatus, WorkKind
from dragoman_runtime.bus import Delivery, InProcessBus
from dragoman_runtime.eventstore import Jobs
from dragoman_runtime.eventstore.sqlite import SqliteEventStore
from dragoman_standalone.dispatcher import Dispatcher
from dragoman_standalone.lock import StateLock, StateLockedError
from runtime.logs import sqlite_store, submit, submit_many, until
from runtime.one_process import job_ids

TESTS = Path(__file__).parents[1]
JOBS = 5
STEPS = 6


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteEventStore]:
    """An empty event database."""
    async with sqlite_store(tmp_path) as opened:
        yield opened


class _Heard(InProcessBus):
    """A bus that writes down what is sent."""

    def __init__(self) -> None:
        super().__init__()
        self.deliveries: list[Delivery] = []

    @override
    async def send(self, deliveries: Sequence[Delivery]) -> None:
        self.deliveries += deliveries


async def test_the_dispatcher_sends_what_the_log_brings_after_the_start(
    store: SqliteEventStore,
) -> None:
    bus = _Heard()
    dispatcher = Dispatcher(store, bus)
    await submit(store)
    await dispatcher.begin()
    running = asyncio.ensure_future(dispatcher.run())

    new = [new_id() for _ in range(600)]  # more than one reading of the log
    await submit_many(store, new)
    await until(lambda: len(bus.deliveries) == len(new))
    later = await submit(store, *UP_TO_EXTRACTION)
    await until(lambda: len(bus.deliveries) == len(new) + 3)

    assert [each.item.job_id for each in bus.deliveries] == [*new, later, later, later]
    assert bus.deliveries[-1].item.kind == WorkKind.TRANSLATION_PLAN
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


@pytest.mark.parametrize("turns", range(6))
async def test_a_dispatcher_cancelled_while_an_append_wakes_it_ends(
    store: SqliteEventStore, turns: int
) -> None:
    running = asyncio.ensure_future(Dispatcher(store, _Heard()).run())
    await asyncio.wait([running], timeout=0.1)  # it has found nothing and waits
    await submit(store)  # returns in the turn of the loop in which it wakes the dispatcher
    for _ in range(turns):
        await asyncio.sleep(0)
    running.cancel()
    ended, _ = await asyncio.wait([running], timeout=5)
    assert ended, "the cancellation was lost"


async def test_the_dispatcher_waits_out_a_store_that_cannot_be_read(
    store: SqliteEventStore,
) -> None:
    bus = _Heard()
    dispatcher = Dispatcher(store, bus)
    await submit(store)
    await store.execute("ALTER TABLE stored_events RENAME TO away")
    running = asyncio.ensure_future(dispatcher.run())
    await asyncio.sleep(0)  # it has begun to read
    await store.execute("ALTER TABLE away RENAME TO stored_events")

    await until(lambda: len(bus.deliveries) == 1)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


class OneProcess:
    """The one process on a state folder;
    each line that it prints is the id of a piece of work it performed.
    """

    def __init__(self, state: Path) -> None:
        command = [
            sys.executable,
            "-W",
            "error",
            "-m",
            "runtime.one_process",
            str(state),
            str(JOBS),
        ]
        environment = {**os.environ, "PYTHONPATH": str(TESTS), "DRAGOMAN_LOG_LEVEL": "error"}
        self._process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, text=True
        )

    def performed(self, count: int | None = None) -> list[str]:
        """The next lines: so many, or all until it ends."""
        lines = self._process.stdout
        assert lines is not None
        return (
            [line.strip() for line in lines]
            if count is None
            else [lines.readline().strip() for _ in range(count)]
        )

    def end(self, how: signal.Signals | None = None) -> int:
        """Its exit status, after this signal where one is given."""
        if how is not None:
            self._process.send_signal(how)
        status = self._process.wait(60)
        assert self._process.stdout is not None
        self._process.stdout.close()
        return status


async def test_killed_again_and_again_it_completes_every_job(tmp_path: Path) -> None:
    performed: list[str] = []
    kills = [2, 9]
    for count in kills:
        process = OneProcess(tmp_path)
        performed += process.performed(count)
        assert process.end(signal.SIGKILL) == -signal.SIGKILL
    process = OneProcess(tmp_path)
    performed += process.performed()
    assert process.end() == 0

    async with sqlite_store(tmp_path) as store:
        jobs = await Jobs(store).load_several(job_ids(JOBS))
        types = Counter(each.recorded.type for each in await store.tail(0))
    assert [job.status for job in jobs] == [JobStatus.COMPLETED] * JOBS
    assert types["work.failed"] == types["work.parked"] == 0
    assert types["document.extracted"] == types["job.completed"] == JOBS
    assert len(performed) > JOBS * STEPS - sum(kills), "not all of it before the last start"


_HOLD = """
import sys, pathlib, dragoman_standalone.lock as lock
held = lock.StateLock(pathlib.Path(sys.argv[1]))
held.acquire()
print(flush=True)
sys.stdin.read()
"""


def test_a_second_process_is_refused_and_told_which_one_holds_the_folder(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        try:
            with pytest.raises(
                StateLockedError,
                match=f"in use by process {holder.pid}.* stop it, or choose another",
            ):
                StateLock(tmp_path).acquire()
        finally:
            holder.kill()

    lock = StateLock(tmp_path)  # the system let go of the killed process's lock
    lock.acquire()
    lock.release()
