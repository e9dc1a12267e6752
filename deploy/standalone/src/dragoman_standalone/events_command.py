"""`dragoman events`: the event log itself, read, copied and checked, beside whatever runs."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Coroutine, Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table

from dragoman_contracts.errors import DragomanError
from dragoman_standalone.outcome import ExitCode
from dragoman_standalone.printing import counted, when_text
from dragoman_standalone.progress import ProgressStyle, StepProgress

if TYPE_CHECKING:
    from dragoman_runtime.eventstore.archive import RawEvent
    from dragoman_standalone.log_checking import LogReport
    from dragoman_standalone.log_reading import EventFilter
    from dragoman_standalone.settings import StoreSettings

_T = TypeVar("_T")
_TABLE_WIDTH = 150

events_app = typer.Typer(no_args_is_help=True, help="Read, copy and check the event log.")

StateOption = Annotated[
    Path | None, typer.Option("--state", help="State folder; else DRAGOMAN_DATABASE_URL.")
]
JobOption = Annotated[UUID | None, typer.Option("--job", help="Only of this job.")]
DocumentOption = Annotated[UUID | None, typer.Option("--document", help="Only of this document.")]
ProjectOption = Annotated[
    UUID | None, typer.Option("--project", help="Only of this project, by id.")
]
TypeOption = Annotated[
    list[str] | None, typer.Option("--type", help="Only of this type; may be repeated.")
]
SinceOption = Annotated[datetime | None, typer.Option("--since", help="Only from then on, UTC.")]
UntilOption = Annotated[datetime | None, typer.Option("--until", help="Only before then, UTC.")]
ProgressOption = Annotated[ProgressStyle, typer.Option("--progress", help="How to show progress.")]


@events_app.command("list")
def list_events(
    job: JobOption = None,
    document: DocumentOption = None,
    project: ProjectOption = None,
    type_: TypeOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    after: Annotated[
        int, typer.Option("--after", min=0, help="Only behind this position of the log.")
    ] = 0,
    limit: Annotated[int, typer.Option("--limit", min=1)] = 50,
    state: StateOption = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a line of JSON (CloudEvents) for each.")
    ] = False,
) -> None:
    """List events in the order of the log, the oldest first."""
    from dragoman_standalone.log_reading import selected, taken

    which = _filter(job, document, project, type_, since, until)

    async def read(settings: StoreSettings) -> list[RawEvent]:
        async with _archive(settings) as archive:
            return await taken(selected(archive, which, after=after), limit)

    rows = _run(read, state)
    if as_json:
        _write_lines(rows)
        return
    table = Table(box=None, pad_edge=False)
    for column in ("position", "when", "type", "stream", "version", "actor"):
        table.add_column(column, no_wrap=True)
    for row in rows:
        fields = json.loads(row.state)
        when, actor = (
            when_text(str(fields.get("occurred_at", ""))),
            str(fields.get("origin", {}).get("actor", "")),
        )
        table.add_row(
            str(row.position), when, row.topic, str(row.stream_id), str(row.version), actor
        )
    # Wide, since ids are there to be copied.
    Console(width=max(Console().width, _TABLE_WIDTH)).print(table)


@events_app.command()
def show(
    event: Annotated[
        str, typer.Argument(metavar="EVENT", help="Event id, position, or STREAM:VERSION.")
    ],
    state: StateOption = None,
) -> None:
    """Show one event: envelope and data, as JSON."""
    from dragoman_runtime.eventstore.exchange import to_line
    from dragoman_standalone.log_reading import found

    async def read(settings: StoreSettings) -> RawEvent:
        async with _archive(settings) as archive:
            return await found(archive, event)

    row = _run(read, state)
    shown = {"position": row.position, **json.loads(to_line(row))}
    sys.stdout.write(json.dumps(shown, ensure_ascii=False, indent=2) + "\n")


@events_app.command()
def tail(
    lines: Annotated[
        int, typer.Option("--lines", "-n", min=0, help="How many of the last events.")
    ] = 10,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what comes.")] = False,
    type_: TypeOption = None,
    state: StateOption = None,
) -> None:
    """Print the end of the log as NDJSON (CloudEvents)."""
    from dragoman_standalone.log_reading import EventFilter, followed

    which = EventFilter(types=frozenset(type_ or ()))

    async def read(settings: StoreSettings) -> None:
        async with _archive(settings) as archive:
            async for row in followed(archive, which, lines=lines, is_endless=follow):
                _write_lines([row])

    _run(read, state)


@events_app.command()
def export(
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="File to write; else stdout.")
    ] = None,
    job: JobOption = None,
    document: DocumentOption = None,
    project: ProjectOption = None,
    state: StateOption = None,
) -> None:
    """Write events as NDJSON of CloudEvents: the whole log, or a job, a document, a project.
    Objects are not in it.
    """
    from dragoman_standalone.log_reading import exported

    which = _filter(job, document, project, None, None, None)

    async def copy(settings: StoreSettings) -> int:
        async with _archive(settings) as archive:
            return await exported(archive, which, out)

    count = _run(copy, state)
    said = f"{counted(count, 'event')}. Objects are not in it: copy the folder of objects, or the bucket, as well."
    Console(stderr=True).print(said, highlight=False)


@events_app.command("import")
def import_events(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An export; - is stdin.")],
    state: StateOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    progress: ProgressOption = ProgressStyle.AUTO,
) -> None:
    """Add exported events, as they are, to an installation that has none of them, or the first of
    them.

    The same import again changes nothing; an interrupted one is begun again. Where a stream here
    tells something else, nothing of it is added, and the command ends with status 3. Live jobs
    among them go on at once.
    """
    from dragoman_runtime.eventstore.exchange import Imported, StreamConflictError
    from dragoman_standalone.log_reading import imported

    async def add(settings: StoreSettings) -> Imported:
        with StepProgress(progress) as shown:
            return await imported(settings, file, lambda count: shown.told("import", count, 0))

    try:
        result = _run(add, state, StreamConflictError)
    except StreamConflictError as error:
        _say(error.message)
        raise typer.Exit(ExitCode.GATE) from None
    if as_json:
        sys.stdout.write(json.dumps({"added": result.added, "present": result.present}) + "\n")
        return
    Console().print(
        f"{counted(result.added, 'event')} added, {result.present:,} were there.", highlight=False
    )
    Console().print(
        "Copy the objects as well. Then `dragoman replay` makes the views.", highlight=False
    )


@events_app.command()
def verify(
    objects: Annotated[
        bool, typer.Option("--objects", help="Read every object that events point to, too.")
    ] = False,
    state: StateOption = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document on stdout.")
    ] = False,
    progress: ProgressOption = ProgressStyle.AUTO,
) -> None:
    """Check every stream: digests, versions, types, order, and that it can be folded.

    Exit status: 0 all is well, 2 could not begin, 3 a fault was found; the first of each stream is
    named.
    """
    from dragoman_standalone.log_checking import checked_log

    async def check(settings: StoreSettings) -> LogReport:
        with StepProgress(progress) as shown:
            return await checked_log(settings, shown.told, is_with_objects=objects)

    report = _run(check, state)
    if as_json:
        sys.stdout.write(report.model_dump_json(indent=2) + "\n")
    else:
        _print_report(report)
    raise typer.Exit(ExitCode.GATE if report.faults else ExitCode.DONE)


def _print_report(report: LogReport) -> None:
    console = Console(highlight=False)
    for each in report.faults:
        place = f"{each.stream_type} {each.stream_id} version {each.version} position {each.position}".strip()
        console.print(f"{place}: {each.kind}: {each.message}", markup=False, soft_wrap=True)
    said = f"{counted(report.event_count, 'event')} in {counted(report.stream_count, 'stream')}"
    said += f", {counted(report.fault_count, 'fault')}"
    console.print(f"{said}, {report.duration_s:.1f} s")
    if report.unwitnessed_count:
        console.print(
            f"{report.unwitnessed_count:,} last events are not in the audit: checked, but not byte by byte"
        )
    if report.object_count:
        console.print(f"{report.object_count:,} objects read, {report.erased_count:,} erased")


def _filter(
    job: UUID | None,
    document: UUID | None,
    project: UUID | None,
    types: Iterable[str] | None,
    since: datetime | None,
    until: datetime | None,
) -> EventFilter:
    from dragoman_standalone.log_reading import EventFilter

    if job and document:
        _say("Say --job or --document, not both.")
        raise typer.Exit(ExitCode.USAGE)
    return EventFilter(job or document, project, frozenset(types or ()), since, until)


def _archive(settings: StoreSettings) -> Any:
    from dragoman_standalone.stores import archive_of

    return archive_of(settings)


def _run(
    work: Callable[[StoreSettings], Coroutine[Any, Any, _T]],
    state: Path | None,
    handled: type[DragomanError] | tuple[()] = (),
) -> _T:
    from dragoman_runtime.telemetry import configure_logging
    from dragoman_standalone.settings import quiet
    from dragoman_standalone.stores import store_settings

    try:
        settings = store_settings(state)
        configure_logging(quiet(settings), "dragoman")
        return asyncio.run(work(settings))
    except handled:
        raise
    except BrokenPipeError:  # whoever read has enough
        raise typer.Exit(ExitCode.DONE) from None
    except KeyboardInterrupt:
        raise typer.Exit(ExitCode.INTERRUPTED) from None


def _write_lines(rows: Iterable[RawEvent]) -> None:
    from dragoman_runtime.eventstore.exchange import to_line

    for row in rows:
        sys.stdout.write(to_line(row) + "\n")
    sys.stdout.flush()


def _say(message: str) -> None:
    Console(stderr=True).print(message, style="red", highlight=False, markup=False)
