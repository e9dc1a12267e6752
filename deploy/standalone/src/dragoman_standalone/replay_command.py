"""`dragoman replay`: rebuild the views from the log, or compare them with it."""

from __future__ import annotations

import asyncio
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from dragoman_contracts.errors import DragomanError
from dragoman_standalone.outcome import ExitCode
from dragoman_standalone.progress import ProgressStyle, StepProgress

if TYPE_CHECKING:
    from dragoman_standalone.replaying import Order, ReplayReport
    from dragoman_standalone.settings import StoreSettings


class ProjectionName(StrEnum):
    """What can be rebuilt."""

    JOBS = "jobs"
    UNITS = "units"
    AUDIT = "audit"
    LIVE_JOBS = "live_jobs"


def replay(
    projection: Annotated[
        list[ProjectionName] | None, typer.Option("--projection", help="Only this; may be repeated.")
    ] = None,
    verify: Annotated[bool, typer.Option("--verify", help="Compare with the live views and change nothing.")] = False,
    processes: Annotated[int, typer.Option("--processes", min=0, help="0: as many as there are CPUs.")] = 0,
    show: Annotated[int, typer.Option("--show", min=1, help="How many differing rows to name.")] = 10,
    state: Annotated[Path | None, typer.Option("--state", help="State folder; else DRAGOMAN_DATABASE_URL.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")] = False,
    progress: Annotated[ProgressStyle, typer.Option("--progress", help="How to show progress.")] = ProgressStyle.AUTO,
) -> None:
    """Rebuild the views from the log beside the live ones, and put them in their place. What runs goes on running.

    Exit status: 0 done or equal, 2 could not begin, 3 --verify found a difference, 130 interrupted.
    """
    from dragoman_runtime.telemetry import configure_logging  # the platform behind these is slow to import
    from dragoman_standalone.replaying import NAMES, Order
    from dragoman_standalone.stores import store_settings

    names = tuple(each.value for each in projection) if projection else NAMES
    order = Order(names, is_verify=verify, processes=processes, show=show)
    try:
        settings = store_settings(state)
        configure_logging(settings, "dragoman")
        report = _run(order, settings, progress)
    except DragomanError as error:
        Console(stderr=True).print(error.message, style="red", highlight=False, markup=False)
        raise typer.Exit(ExitCode.USAGE) from None
    except KeyboardInterrupt:
        Console(stderr=True).print("Interrupted. The views are as they were.")
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    if as_json:
        sys.stdout.write(report.model_dump_json(indent=2) + "\n")
    else:
        _print(report, is_verify=verify)
    raise typer.Exit(ExitCode.DONE if report.is_equal or not verify else ExitCode.GATE)


def _run(order: Order, settings: StoreSettings, style: ProgressStyle) -> ReplayReport:
    from dragoman_standalone.replaying import replay as replayed

    with StepProgress(style) as shown:
        return asyncio.run(replayed(settings, order, shown.told))


def _print(report: ReplayReport, *, is_verify: bool) -> None:
    console = Console(highlight=False)
    table = Table(box=None, pad_edge=False)
    for column in ("projection", "rows", "at position", "differing" if is_verify else "now"):
        table.add_column(column)
    for view in report.views:
        end = f"{view.differing_rows:,}" if is_verify else "live"
        table.add_row(view.projection, f"{view.row_count:,}", str(view.position), end)
    console.print(table)
    for row in (row for view in report.views for row in view.first):
        key = " ".join(f"{name}={value}" for name, value in row.key.items())
        console.print(f"{row.table} {key}: {row.what}", markup=False, soft_wrap=True)
    for view in report.views:
        if view.erased_rows:
            rows = f"{view.projection}: {view.erased_rows:,} rows still show what was erased"
            console.print(f"{rows}; a replay without --verify takes it away.")
    for name in report.skipped:
        console.print(f"{name}: left out, because a running process has the state folder.")
    rate = f"{report.event_count:,} events in {report.duration_s:.1f} s, {report.events_per_s:,.0f} events/s"
    console.print(f"{rate}, {report.processes} processes")
