"""An import whose process is killed: nobody sees a half, and the next process brings it to its end."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import sys
import time
from asyncio.subprocess import PIPE
from contextlib import closing
from pathlib import Path

import pytest

from services.index.killed_import import COUNT
from services.index.memory_site import memory_site

_TESTS = Path(__file__).parents[2]


def _staged(folder: Path) -> int:
    with closing(sqlite3.connect(folder / "catalog.db", timeout=30)) as database:
        (count,) = database.execute("SELECT count(*) FROM catalog_memory_units").fetchone()
    return int(count)


@pytest.mark.slow
async def test_a_killed_import_is_seen_by_nobody_and_goes_on(tmp_path: Path) -> None:
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services.index.killed_import", str(tmp_path)),
        cwd=_TESTS,
        stdout=PIPE,
        env=os.environ | {"DRAGOMAN_LOG_LEVEL": "off"},
    )
    assert child.stdout is not None
    memory = job_id = ""
    async with asyncio.timeout(60):
        while not job_id:
            line = (await child.stdout.readline()).decode().split()
            if len(line) == 2:
                memory, job_id = line
    deadline = time.monotonic() + 60
    while not (staged := _staged(tmp_path)) >= 2_000:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)
    child.kill()
    await child.wait()
    assert staged < COUNT  # it was in its middle
    async with memory_site(tmp_path, works=False) as site:
        found = (await site.admin.get(f"memories/{memory}")).json()
        assert found["unit_count"] == 0
        assert (await site.admin.get(f"memories/{memory}/units")).json()["items"] == []
    async with memory_site(tmp_path) as site:
        job = await site.rested(job_id)
        assert job["status"] == "completed"
        report = await site.report(job)
        assert (report["new_count"], report["repeated_count"]) == (COUNT, 0)
        found = (await site.admin.get(f"memories/{memory}")).json()
        assert (found["unit_count"], found["indexed_count"]) == (COUNT, COUNT)
