"""Load: so many jobs through an installation, always the same number of them in flight."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

_LOOK_S = 0.005
_STALLED_S = 300.0  # a busy machine takes minutes to start seven processes


class Plant(Protocol):
    """An installation that can be loaded and metered."""

    async def submit(self) -> None:
        """Open one more job, unlike all before it."""
        ...

    async def completed(self) -> int:
        """How many jobs were completed since the last call."""
        ...

    def spent_ms(self) -> Mapping[str, float]:
        """Milliseconds of CPU used so far, by who used it."""
        ...


@dataclass(frozen=True, slots=True)
class Measured:
    """What a run gave: jobs a second, and CPU-ms a job by who used it."""

    jobs_a_second: float
    cpu_ms: Mapping[str, float]


async def measure(plant: Plant, *, jobs: int, in_flight: int) -> Measured:
    """Send `jobs` through, at most `in_flight` at a time."""
    before, started = plant.spent_ms(), time.perf_counter()
    await send_through(plant, jobs, in_flight)
    took_s, after = time.perf_counter() - started, plant.spent_ms()
    return Measured(jobs / took_s, {who: (after[who] - before[who]) / jobs for who in after})


async def send_through(plant: Plant, jobs: int, in_flight: int) -> None:
    """Open jobs and wait for their ends, at most `in_flight` at a time.

    Raises:
        TimeoutError: for minutes no job came to its end.
    """
    opened = done = 0
    last_news = time.perf_counter()
    while done < jobs:
        more = min(in_flight - (opened - done), jobs - opened)
        if more:
            await asyncio.gather(*(plant.submit() for _ in range(more)))
            opened += more
        news = await plant.completed()
        done += news
        if news:
            last_news = time.perf_counter()
        elif time.perf_counter() - last_news > _STALLED_S:
            raise TimeoutError(
                f"{done} of {jobs} jobs are completed, and then no more for {_STALLED_S:.0f} s"
            )
        else:
            await asyncio.sleep(_LOOK_S)


def median_of(runs: Sequence[Measured]) -> Measured:
    """The median of each figure."""
    who = runs[0].cpu_ms
    return Measured(
        statistics.median(run.jobs_a_second for run in runs),
        {each: statistics.median(run.cpu_ms[each] for run in runs) for each in who},
    )
