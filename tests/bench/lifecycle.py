"""What a job costs from submission to completion, in one process and as services."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import one_process, peers, services
from bench.load import Measured, Plant, measure, median_of, send_through
from bench.scale import Scale
from bench.tables import Table

_COLUMNS = (
    "how",
    "in flight",
    "jobs/s",
    "CPU-ms/job",
    "workers",
    "relay",
    "gateway",
    *services.SERVERS,
)
_WARM_UP = 20

_Opened = Callable[[services.Servers, Path], AbstractAsyncContextManager[Plant]]
_Plants = list[tuple[str, Callable[[], AbstractAsyncContextManager[Plant]]]]


async def noop_table(scale: Scale, servers: services.Servers) -> Table:
    """Six no-op steps a job through the real worker, store, lease and relay."""
    table = Table(
        "No-op phases: six steps a job through the real worker, store, lease and relay",
        _COLUMNS,
        "CPU-ms/job is ours, without the servers beside it. 'stored' also keeps each outcome as object and pointer.\n"
        "One worker is `dragoman worker all`: the relay is in the column of the workers.",
    )
    plants: _Plants = []
    ways: tuple[tuple[str, Callable[..., AbstractAsyncContextManager[Plant]]], ...] = (
        ("one process", _one_process_noop),
        ("services", partial(_services_noop, servers)),
        ("services, one worker", partial(_services_noop, servers, is_together=True)),
    )
    for how, opened in ways:
        for keeps in scale.keeping_outcomes:
            plants.append(
                (f"{how}, stored" if keeps else how, partial(opened, keeps_outcomes=keeps))
            )
    plants += _peers(servers, table)
    return await _filled(table, plants, scale)


def _peers(servers: services.Servers, table: Table) -> _Plants:
    """What is measured beside us; the table's note names what is not installed."""
    plants: _Plants = []
    for name, opened in (
        ("procrastinate", peers.procrastinate_plant),
        ("celery", peers.celery_plant),
    ):
        if peers.is_installed(name):
            plants.append((f"{name}, six chained", partial(_peer, opened, servers)))
        else:
            table.note += f"\n{name} is not installed (make setup-test), so it is not measured."
    return plants


async def real_table(scale: Scale, servers: services.Servers) -> Table:
    """The real stages on a document of one paragraph."""
    table = Table(
        "Real stages: the pseudo engine on a document of one paragraph",
        _COLUMNS,
        "One process is `dragoman translate`, submission included. Services take the file over HTTP and project views.",
    )
    plants: _Plants = [
        ("one process", _one_process_real),
        ("services", partial(_services_real, servers)),
        ("services, one worker", partial(_services_real, servers, is_together=True)),
    ]
    return await _filled(table, plants, scale)


async def _filled(table: Table, plants: _Plants, scale: Scale) -> Table:
    cells, done = len(plants) * len(scale.in_flight), 0
    for how, opened in plants:
        async with opened() as plant:
            await send_through(plant, _WARM_UP if scale.runs > 1 else 1, 4)
            for in_flight in scale.in_flight:
                done += 1
                table.add(
                    how, in_flight, *_cells(await _median(plant, in_flight, scale, done / cells))
                )
    return table


async def _median(plant: Plant, in_flight: int, scale: Scale, share: float) -> Measured:
    jobs = scale.jobs if in_flight > 1 else max(1, scale.jobs // 3)
    runs: list[Measured] = []
    while not runs or (len(runs) < scale.runs and scale.has_time(share)):
        runs.append(await measure(plant, jobs=jobs, in_flight=in_flight))
    return median_of(runs)


def _cells(measured: Measured) -> list[float | None]:
    spent = measured.cpu_ms
    workers = [spent[name] for name in (*services.WORKERS, services.TOGETHER) if name in spent]
    apart = [spent.get(name) for name in ("relay", "gateway", *services.SERVERS)]
    return [measured.jobs_a_second, spent["ours"], sum(workers) if workers else None, *apart]


@asynccontextmanager
async def _peer(opened: _Opened, servers: services.Servers) -> AsyncGenerator[Plant]:
    with TemporaryDirectory() as folder:
        async with opened(servers, Path(folder)) as plant:
            yield plant


@asynccontextmanager
async def _one_process_noop(*, keeps_outcomes: bool) -> AsyncGenerator[Plant]:
    with TemporaryDirectory() as folder:
        async with one_process.noop_plant(Path(folder), keeps_outcomes=keeps_outcomes) as plant:
            yield plant


@asynccontextmanager
async def _one_process_real() -> AsyncGenerator[Plant]:
    with TemporaryDirectory() as folder:
        async with one_process.real_plant(Path(folder)) as plant:
            yield plant


@asynccontextmanager
async def _services_noop(
    servers: services.Servers, *, keeps_outcomes: bool, is_together: bool = False
) -> AsyncGenerator[Plant]:
    with TemporaryDirectory() as folder:
        opened = services.noop_plant(
            servers, Path(folder), keeps_outcomes=keeps_outcomes, is_together=is_together
        )
        async with opened as plant:
            yield plant


@asynccontextmanager
async def _services_real(
    servers: services.Servers, *, is_together: bool = False
) -> AsyncGenerator[Plant]:
    with TemporaryDirectory() as folder:
        async with services.real_plant(servers, Path(folder), is_together=is_together) as plant:
            yield plant
