"""What one batch of a large job costs: the same however many there are,
or a long document would never end.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import one_process, services
from bench.load import Plant, send_through
from bench.noop_phases import noop_steps, submitted
from bench.scale import Scale
from bench.tables import Table

_Opened = Callable[[Path, int], AbstractAsyncContextManager[Plant]]
_CHAIN_SHARE = 5  # a chain has no two batches at once: a fifth of the batches lasts as long


async def phases_table(scale: Scale, servers: services.Servers) -> Table:
    """Jobs of one whole phase, one that is spread over ever more batches,
    and a chain of a fifth as many.
    """
    table = Table(
        "Phases of every shape: one job at a time, no-op steps, outcomes not stored",
        ("how", "spread", "chain", "s/job", "CPU-ms/batch", *services.SERVERS),
        "CPU-ms/batch is ours, over the batches of both phases. It should be flat.",
    )
    for how in ("one process", "services"):
        for spread in scale.spread:
            chain = max(spread // _CHAIN_SHARE, 1)
            with noop_steps():
                first = submitted(spread, chain)
            with TemporaryDirectory() as name:
                folder = Path(name)
                opened = (
                    one_process.noop_plant(folder, keeps_outcomes=False, first=first)
                    if how == "one process"
                    else services.noop_plant(servers, folder, keeps_outcomes=False, first=first)
                )
                with noop_steps():
                    async with opened as plant:
                        took_s, used = await _second_job(plant, spread + chain)
            table.add(
                how, spread, chain, took_s, *(used.get(who) for who in ("ours", *services.SERVERS))
            )
    return table


async def batches_table(scale: Scale, servers: services.Servers) -> Table:
    """Jobs of ever more no-op translation batches, one job at a time."""
    table = Table(
        "Large jobs: one job at a time, no-op phases, outcomes not stored",
        ("how", "batches", "s/job", "CPU-ms/batch", *services.SERVERS),
        "CPU-ms/batch is ours, the other phases of the job included. It should be flat.",
    )
    opened: dict[str, _Opened] = {
        "one process": _one_process,
        "services": partial(_services, servers),
    }
    for how, plant_of in opened.items():
        for batches in scale.batches:
            with TemporaryDirectory() as folder:
                async with plant_of(Path(folder), batches) as plant:
                    took_s, used = await _second_job(plant, batches)
            table.add(how, batches, took_s, *(used.get(who) for who in ("ours", *services.SERVERS)))
    return table


async def _second_job(plant: Plant, batches: int) -> tuple[float, dict[str, float]]:
    """Seconds of a job, and CPU-ms a batch by who used them, once everything is warm."""
    await send_through(plant, 1, 1)
    before, started = plant.spent_ms(), time.perf_counter()
    await send_through(plant, 1, 1)
    took_s, after = time.perf_counter() - started, plant.spent_ms()
    return took_s, {who: (after[who] - before[who]) / batches for who in after}


def _one_process(folder: Path, batches: int) -> AbstractAsyncContextManager[Plant]:
    return one_process.noop_plant(folder, keeps_outcomes=False, batches=batches)


def _services(
    servers: services.Servers, folder: Path, batches: int
) -> AbstractAsyncContextManager[Plant]:
    return services.noop_plant(servers, folder, keeps_outcomes=False, batches=batches)
