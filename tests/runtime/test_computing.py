"""CPU-bound work in child processes: the same results and errors,
and nobody suffers for another's end.
"""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from contracts.streams import JOB
from dragoman_contracts.errors import DragomanError, ObjectMissingError, RetryableError
from dragoman_contracts.events import WorkFailed, WorkParked
from dragoman_contracts.vocabulary import WorkKind
from dragoman_runtime.computing import Processes, ProcessLostError, Threads, computing
from dragoman_runtime.worker import RetryPolicy, WorkContext, WorkerLimits
from dragoman_runtime.worker.failure import reason_of
from runtime import pieces
from runtime.workshop import Count, Workshop, preflight, workshop

TESTS = Path(__file__).parents[1]


@asynccontextmanager
async def pool(count: int = 2, patience_s: float = 0.0) -> AsyncGenerator[Processes]:
    """Processes that end with the test."""
    made = Processes(count, patience_s=patience_s)
    try:
        yield made
    finally:
        await made.close()


def is_there(process_id: int) -> bool:
    """Whether there is such a process, and not only its remains.

    Its threads end one after the other, and until the last has ended its pipes are open, though its
    first is a zombie.
    """
    try:
        threads = [each.read_text() for each in Path(f"/proc/{process_id}/task").glob("*/stat")]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return any(thread.rsplit(")", 1)[1].split()[0] not in "ZX" for thread in threads)


async def until(is_so: Callable[[], bool], within_s: float = 20.0) -> None:
    """Return when it is so."""
    async with asyncio.timeout(within_s):
        while not is_so():  # noqa: ASYNC110 - processes tell nobody of their end
            await asyncio.sleep(0.01)


async def test_pieces_run_beside_each_other_in_processes_that_are_used_again(
    tmp_path: Path,
) -> None:
    async with pool() as processes:
        first = asyncio.ensure_future(processes.run(pieces.told_and_busy, tmp_path / "told", 0.5))
        await until((tmp_path / "told").exists)
        second = await processes.run(pieces.process_id)
        ids = {await first, second}
        assert len(ids) == 2
        assert os.getpid() not in ids
        assert {await processes.run(pieces.process_id) for _ in range(4)} <= ids
    await until(lambda: not any(map(is_there, ids)))


@pytest.mark.parametrize("made", [Threads, lambda: Processes(2)])
async def test_errors_come_as_they_were_raised(made: Callable[[], Threads | Processes]) -> None:
    runs = made()
    with pytest.raises(DragomanError) as refused:
        await runs.run(pieces.refused)
    assert (refused.value.code, refused.value.message) == (
        "document.damaged",
        "The document is damaged; repair it.",
    )
    with pytest.raises(RetryableError) as busy:
        await runs.run(pieces.busy_elsewhere)
    assert busy.value.retry_after_s == 7.0
    with pytest.raises(ObjectMissingError) as missing:
        await runs.run(pieces.missing)
    assert missing.value.digest == "abc"
    assert any(place.startswith("pieces.py:") for place in reason_of(missing.value).stack), (
        "where in our code"
    )
    if isinstance(runs, Processes):
        await runs.close()


async def test_an_error_that_cannot_cross_is_known_by_its_type() -> None:
    async with pool() as processes:
        with pytest.raises(RuntimeError, match="StubbornError") as stubborn:
            await processes.run(pieces.stubborn)
        assert any("pieces.py" in place for place in reason_of(stubborn.value).stack)


async def test_a_killed_process_fails_its_own_work_and_no_other(tmp_path: Path) -> None:
    async with pool() as processes:
        neighbour = asyncio.ensure_future(
            processes.run(pieces.told_and_busy, tmp_path / "told", 1.0)
        )
        await until((tmp_path / "told").exists)
        with pytest.raises(ProcessLostError) as lost:
            await processes.run(pieces.killed)
        assert lost.value.code == "work.process_lost"
        assert await neighbour == int((tmp_path / "told").read_text())
        assert await processes.run(pieces.process_id)


async def test_no_work_is_blamed_for_a_process_that_was_killed_while_it_waited() -> None:
    async with pool() as processes:
        first = await processes.run(pieces.process_id)
        os.kill(first, signal.SIGKILL)
        await until(lambda: not is_there(first))
        assert await processes.run(pieces.process_id) != first


async def test_work_that_is_broken_off_frees_its_processor(tmp_path: Path) -> None:
    async with pool(2) as processes:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(5):
                await processes.run(pieces.told_and_busy, tmp_path / "told")
        await until(lambda: not is_there(int((tmp_path / "told").read_text())))
        assert await processes.run(pieces.process_id)


async def test_close_ends_processes_at_work(tmp_path: Path) -> None:
    processes = Processes(2)
    busy = asyncio.ensure_future(processes.run(pieces.told_and_busy, tmp_path / "told"))
    await until((tmp_path / "told").exists)
    await processes.close()
    with pytest.raises(ProcessLostError):
        await busy
    await until(lambda: not is_there(int((tmp_path / "told").read_text())))


async def test_a_process_that_has_grown_is_replaced() -> None:
    async with pool() as processes:
        grown = await processes.run(pieces.large, 300 * 1024 * 1024)
        assert await processes.run(pieces.process_id) != grown


async def test_one_piece_after_the_other_starts_no_process(tmp_path: Path) -> None:
    async with pool(patience_s=0.2) as processes:
        for number in range(3):
            assert (
                await processes.run(pieces.told_and_busy, tmp_path / f"{number}", 0.2)
                == os.getpid()
            )
        beside = (
            processes.run(pieces.told_and_busy, tmp_path / f"beside-{number}", 0.3)
            for number in range(2)
        )
        assert set(await asyncio.gather(*beside)) == {os.getpid()}, (
            "so long they are in each other's way"
        )
        assert await processes.run(pieces.process_id) != os.getpid()


@pytest.mark.parametrize("count", [0, 1])
async def test_one_process_is_the_process_itself(count: int) -> None:
    async with computing(count) as runs:
        assert await runs.run(pieces.process_id) == os.getpid()


async def failed_attempts(
    shop: Workshop, processes: Processes, perform: Count, attempts: int
) -> list[str]:
    """Deliver the work so often, each time when it is due; the code of each failure."""
    limits = WorkerLimits(retry=RetryPolicy(base=timedelta(seconds=1)))
    worker = shop.worker(preflight(perform), limits=limits, computing=processes)
    for _ in range(attempts):
        await worker.receive(shop.delivery(WorkKind.PREFLIGHT))
        shop.clock.advance(timedelta(minutes=10))
    events = [each.recorded.data for each in await shop.events(JOB)]
    return [event.code for event in events if isinstance(event, WorkFailed | WorkParked)]


async def test_work_whose_process_was_killed_is_tried_again_and_done(tmp_path: Path) -> None:
    async def during(context: WorkContext) -> None:
        await context.compute(pieces.killed_once, tmp_path / "mark")

    async with workshop(tmp_path) as shop, pool() as processes:
        await shop.submit()
        assert await failed_attempts(shop, processes, Count(during), 2) == ["work.process_lost"]
        assert (await shop.types())[-1] == "preflight.passed"


async def test_work_that_kills_its_process_every_time_is_parked(tmp_path: Path) -> None:
    async def during(context: WorkContext) -> None:
        await context.compute(pieces.killed)

    async with workshop(tmp_path) as shop, pool() as processes:
        await shop.submit()
        attempts = (await shop.job()).submitted.rules.max_attempts
        codes = await failed_attempts(shop, processes, Count(during), attempts + 1)
        assert codes == ["work.process_lost"] * attempts
        assert isinstance(await shop.last(), WorkParked)


def started(folder: Path, seconds: float) -> tuple["subprocess.Popen[str]", list[int]]:
    """A program with two children at work, in a process group of its own, and their ids."""
    with (folder / "stderr").open("w") as log:
        program = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "runtime.pieces", str(seconds)],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(TESTS)},
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
        )
    assert program.stdout is not None
    line = program.stdout.readline()
    assert line, (folder / "stderr").read_text()
    return program, [int(each) for each in line.split()]


async def test_children_end_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    program, children = started(tmp_path, 300)
    with program:
        assert all(map(is_there, children))
        program.kill()
    await until(lambda: not any(map(is_there, children)))


def test_ctrl_c_on_a_terminal_reaches_the_parent_alone(tmp_path: Path) -> None:
    program, children = started(tmp_path, 2)
    with program:
        os.killpg(program.pid, signal.SIGINT)
        os.killpg(program.pid, signal.SIGINT)
        assert program.stdout is not None
        done = program.stdout.read()
    assert sorted(map(int, done.split())) == children
    assert (program.returncode, (tmp_path / "stderr").read_text()) == (0, "")
    deadline = time.monotonic() + 20
    while any(map(is_there, children)) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not any(map(is_there, children))


def test_what_a_foreign_error_notes_is_not_in_the_reason() -> None:
    error = ValueError("about a document")
    error.add_note("a sentence of the document")
    assert "sentence" not in str(reason_of(error))
