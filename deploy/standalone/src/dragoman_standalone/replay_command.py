"""`dragoman replay`: rebuild the views from the log, or compare them with it."""

from __future__ import annotations

import asyncio
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table

from dragoman_standalone.ending import UsageRefusedError
from dragoman_standalone.outcome import ExitCode
from dragoman_standalone.printing import counted
from dragoman_standalone.progress import ProgressStyle, StepProgress

if TYPE_CHECKING:
    from dragoman_runtime.replaying import Replay
    from dragoman_standalone.replaying import Order, ReplayReport
    from dragoman_standalone.settings import StoreSettings


_NO_RESULT = "no result yet"


class ProjectionName(StrEnum):
    """The projections that can be rebuilt."""

    JOBS = "jobs"
    DOCUMENTS = "documents"
    OBJECTS = "objects"
    AUDIT = "audit"
    LIVE_JOBS = "live_jobs"


def replay(
    job: Annotated[
        str | None,
        typer.Argument(
            metavar="[JOB]", help="A job's id, or a replay package: make its document again."
        ),
    ] = None,
    projection: Annotated[
        list[ProjectionName] | None,
        typer.Option("--projection", help="Only this; may be repeated."),
    ] = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Compare with the live views and change nothing.")
    ] = False,
    processes: Annotated[
        int, typer.Option("--processes", min=0, help="0: as many as there are CPUs.")
    ] = 0,
    show: Annotated[
        int, typer.Option("--show", min=1, help="How many differing rows to name.")
    ] = 10,
    state: Annotated[
        Path | None, typer.Option("--state", help="State folder; else DRAGOMAN_DATABASE_URL.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document on stdout.")
    ] = False,
    progress: Annotated[
        ProgressStyle, typer.Option("--progress", help="How to show progress.")
    ] = ProgressStyle.AUTO,
) -> None:
    """Rebuild the views from the log beside the live ones, and put them in their place. Services go
    on running.

    With JOB, make that job's document again from its log and its recorded model calls, without any
    engine.

    A job with a damaged event is passed over from that event on, and named.

    Exit status: 0 done or equal, 2 could not begin, 3 --verify found a difference, or something
    damaged was passed over, 130 interrupted.
    """
    if job is not None:
        _replay_job(job, state, is_verify=verify, as_json=as_json)
    # The platform behind these is slow to import.
    from dragoman_runtime.telemetry import (
        configure_logging,
    )
    from dragoman_standalone.replaying import NAMES, Order
    from dragoman_standalone.settings import quiet
    from dragoman_standalone.stores import store_settings

    names = tuple(each.value for each in projection) if projection else NAMES
    order = Order(names, is_verify=verify, processes=processes, show=show)
    try:
        settings = store_settings(state)
        configure_logging(quiet(settings), "dragoman")
        report = _run(order, settings, progress)
    except KeyboardInterrupt:
        Console(stderr=True).print("Interrupted. The views are as they were.")
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    if as_json:
        sys.stdout.write(report.model_dump_json(indent=2) + "\n")
    else:
        _print(report, is_verify=verify)
    is_well = not report.damaged and (report.is_equal or not verify)
    raise typer.Exit(ExitCode.DONE if is_well else ExitCode.GATE)


def _replay_job(job: str, state: Path | None, *, is_verify: bool, as_json: bool) -> NoReturn:
    """Make a job's document again, of the log or of a package, and say how each step came out."""
    from dragoman_standalone.job_replay import replay_job, replay_package
    from dragoman_standalone.stores import store_settings

    path = Path(job)
    if path.is_file():
        made = replay_package(path)
    else:
        try:
            job_id = UUID(job)
        except ValueError as error:
            raise UsageRefusedError(f"{job} is neither a job's id nor a file.") from error
        made = replay_job(store_settings(state), job_id)
    found, _ = asyncio.run(made)
    if as_json:
        sys.stdout.write(found.model_dump_json(indent=2) + "\n")
    else:
        _print_steps(found)
    raise typer.Exit(ExitCode.DONE if found.is_equal or not is_verify else ExitCode.GATE)


def _print_steps(found: Replay) -> None:
    console = Console(highlight=False)
    table = Table(box=None, pad_edge=False)
    for column in ("version", "event", "result", ""):
        table.add_column(column)
    for step in found.steps:
        why = step.message or ", ".join(step.fields)
        table.add_row(str(step.version), step.type, step.result.value, why)
    console.print(table)
    recorded, rebuilt = found.recorded or _NO_RESULT, found.rebuilt or _NO_RESULT
    console.print(f"recorded {recorded}\nmade     {rebuilt}", soft_wrap=True)


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
            rows = (
                f"{view.projection}: {counted(view.erased_rows, 'row')} of what was erased are left"
            )
            console.print(f"{rows}; a replay without --verify takes it away.")
    for each in report.damaged:
        which = f"from its event {each.version} on" if each.version else "as a whole"
        console.print(
            f"{each.stream_id}: damaged, and passed over {which}. `dragoman events verify` says "
            "more; restore the log from a backup.",
            style="red",
            soft_wrap=True,
        )
    for name in report.skipped:
        console.print(f"{name}: left out, because a running process has the state folder.")
    rate = f"{counted(report.event_count, 'event')} in {report.duration_s:.1f} s, {report.events_per_s:,.0f} events/s"
    console.print(f"{rate}, {counted(report.processes, 'process')}")
