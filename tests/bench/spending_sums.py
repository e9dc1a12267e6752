"""How long the caps of a job are asked for, with many calls on record: `python -m bench.spending_sums`.

The project has caps of all kinds. It is asked before each call that is paid, so that it must not grow
with the calls that were paid before.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import insert

from bench.machine import machine_line
from bench.tables import Table
from catalog.catalogs import ADA, NOW, opened
from dragoman_catalog import BudgetEntry, Catalog, PaidCall
from dragoman_catalog.database import writing
from dragoman_catalog.tables import spending
from dragoman_contracts.identity import new_id, project_id
from dragoman_runtime.migrations.run import sqlalchemy_url
from dragoman_runtime.projection import create_views_engine

_PROJECT, _FIRST = project_id("default"), date(2026, 1, 1)
_JOBS = [new_id() for _ in range(1_000)]
_DAYS, _AT_ONCE, _RUNS = 300, 2_000, 50


async def measured(url: str, calls: int) -> tuple[float, float]:
    """Milliseconds, as medians: to ask for the caps of a job, and to enter a call."""
    async with opened(url) as catalog:
        await _fill(url, calls)
        entry = BudgetEntry(job_cap="9", month_cap="9", project_cap="9")
        await catalog.budgets.edit(ADA, NOW, _PROJECT, version=0, entry=entry)
        month = date(2026, 10, 1)
        asked = await _median_ms(lambda: catalog.budgets.caps(_PROJECT, _JOBS[3], None, month))
        return asked, await _median_ms(lambda: _enter(catalog))


async def _fill(url: str, calls: int) -> None:
    engine = create_views_engine(sqlalchemy_url(url))
    rows = [
        {
            "project_id": _PROJECT,
            "call": new_id().hex * 2,
            "job_id": _JOBS[number % len(_JOBS)],
            "day": _FIRST + timedelta(days=number * _DAYS // calls),
            "cost_nanos": 1_000 + number,
            "provider": "House",
            "model": "m",
        }
        for number in range(calls)
    ]
    async with writing(engine) as connection:
        for start in range(0, calls, _AT_ONCE):
            await connection.execute(insert(spending), rows[start : start + _AT_ONCE])
    await engine.dispose()


async def _enter(catalog: Catalog) -> None:
    paid = PaidCall(call=new_id().hex, provider="House", model="m", cost=Decimal("0.1"))
    await catalog.spending.enter(_PROJECT, _JOBS[3], date(2026, 10, 3), paid)


async def _median_ms(act: Callable[[], Awaitable[object]]) -> float:
    took: list[float] = []
    for _ in range(_RUNS):
        started = time.perf_counter()
        await act()
        took.append((time.perf_counter() - started) * 1_000)
    return round(statistics.median(took), 2)


def main() -> None:
    """Measure on SQLite, and on the PostgreSQL of `--url`, whose database must be empty."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--url", help="postgresql://… of an empty database")
    asked = parser.parse_args()
    table = Table(
        f"Caps with {asked.calls:,} calls on record",
        ("store", "ask for caps, ms", "enter a call, ms"),
        machine_line(),
    )
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/catalog.db"
        table.add("SQLite", *asyncio.run(measured(url, asked.calls)))
    if asked.url:
        table.add("PostgreSQL", *asyncio.run(measured(asked.url, asked.calls)))
    print(table)


if __name__ == "__main__":
    main()
