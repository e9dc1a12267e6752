"""A worker killed with SIGKILL at every point of its work: the next delivery completes it,
and pays nothing twice.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dragoman_contracts.vocabulary import WorkKind
from runtime.workshop import Count, preflight, workshop

TESTS = Path(__file__).parents[1]


def work_and_die(folder: Path, point: str) -> int:
    """How a process ended that received the job's preflight and killed itself at this point."""
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    command = [sys.executable, "-W", "error", "-m", "runtime.workshop", str(folder), point]
    return subprocess.run(command, env=environment, check=False, timeout=60).returncode


@pytest.mark.parametrize(
    ("point", "performed_before", "performed_after"),
    [("after lease", 0, 1), ("in perform", 1, 1), ("after pointer", 1, 0), ("after append", 1, 0)],
)
async def test_a_killed_worker_s_work_is_completed_by_the_next(
    tmp_path: Path, point: str, performed_before: int, performed_after: int
) -> None:
    async with workshop(tmp_path) as shop:
        await shop.submit()
    assert work_and_die(tmp_path, point) == -9

    again = Count()
    async with workshop(tmp_path) as shop:
        worker = shop.worker(preflight(again), owner="the next")
        await worker.receive(shop.delivery(WorkKind.PREFLIGHT))
        if point != "after append":
            assert (await shop.types())[-1] == "phase.started", "the dead worker's lease lives on"
        await shop.store.expire_leases()  # as it ends in time, or at the start of the one process
        await worker.receive(shop.delivery(WorkKind.PREFLIGHT))

        assert await shop.types() == ["job.submitted", "phase.started", "preflight.passed"]
    performed = tmp_path / "performed"
    assert len(performed.read_text().splitlines() if performed.exists() else []) == performed_before
    assert again.count == performed_after
