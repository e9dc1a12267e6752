"""The `dragoman` command: what each subcommand takes, and what its exit status means.

A command imports what it needs when it runs: nobody waits for the platform to read its help.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from dragoman_contracts.errors import DragomanError, InvalidLocaleError
from dragoman_contracts.locale import Locale
from dragoman_contracts.vocabulary import JobStatus
from dragoman_standalone.diff_command import diff
from dragoman_standalone.events_command import events_app
from dragoman_standalone.inputs import Input, InputRefusedError, gather
from dragoman_standalone.jobs_command import jobs_app
from dragoman_standalone.maintenance_command import maintenance
from dragoman_standalone.outcome import ExitCode, RunReport, report_of
from dragoman_standalone.owed_command import owed, resume
from dragoman_standalone.parked_command import dead_letters_app, parked_app
from dragoman_standalone.passwords import password_for
from dragoman_standalone.preflight_command import preflight
from dragoman_standalone.progress import ProgressStyle, progress_of
from dragoman_standalone.replay_command import replay
from dragoman_standalone.switches import Colours, Highlights, LeftOut, Names, Styles, switches

if TYPE_CHECKING:
    from dragoman_runtime.telemetry import Telemetry
    from dragoman_standalone.settings import StandaloneSettings
    from dragoman_standalone.translating import Order

_PATIENCE_S = 20.0
_START_S = 1.0  # what the start of processes costs, about
_T = TypeVar("_T")

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False, help="Translate DOCX.")
app.add_typer(jobs_app, name="jobs")
app.add_typer(events_app, name="events")
app.add_typer(parked_app, name="parked")
app.add_typer(dead_letters_app, name="dead-letters")

StateOption = Annotated[Path | None, typer.Option("--state", help="Folder of the event log and the objects.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]


@app.command()
def translate(
    inputs: Annotated[list[Path], typer.Argument(metavar="IN…", help="DOCX files, or folders of them.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the results, or one result's name.")],
    source: Annotated[str, typer.Option("--source", help="Language of the source: en, de-CH …")],
    target: Annotated[str, typer.Option("--target", help="Language to translate into.")],
    engine: Annotated[str | None, typer.Option("--engine", help="apertium, openai, pseudo or identity.")] = None,
    model: Annotated[str | None, typer.Option("--model", help="Model, where the engine has several.")] = None,
    state: StateOption = None,
    as_json: JsonOption = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with what an earlier run left.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Begin anew, whatever an earlier run left.")] = False,
    include: Names = None,
    exclude: LeftOut = None,
    styles: Styles = None,
    highlights: Highlights = None,
    colours: Colours = None,
    password_file: Annotated[
        Path | None, typer.Option("--password-file", help="File with the password of encrypted inputs.")
    ] = None,
    progress: Annotated[ProgressStyle, typer.Option("--progress", help="How to show progress.")] = ProgressStyle.AUTO,
) -> None:
    """Translate files or folders, and write the results under the same names into OUT.

    Encrypted inputs are opened with the password of --password-file, of DRAGOMAN_DOCUMENT_PASSWORD, or, on a terminal,
    with the one you are asked for.

    Exit status: 0 done, 1 failed, 2 wrong usage, 3 a check said no (blocked, or review needed), 130 interrupted.
    """
    if resume and fresh:
        _refuse("Say --resume or --fresh, not both.")
    try:
        locales = Locale(source), Locale(target)
        files = gather(inputs, out)
    except (InvalidLocaleError, InputRefusedError) as error:
        _refuse(error.message)
    from dragoman_standalone.translating import Order, Unfinished, overrides_of

    unfinished = Unfinished.RESUME if resume else Unfinished.FRESH if fresh else Unfinished.REFUSE
    try:
        settings = _settings(state)
        chosen = switches(include, exclude, styles, highlights, colours)
        password = password_for(files, password_file, settings.document_password)
        order = Order(*locales, overrides_of(engine, model, chosen), unfinished, password)
    except DragomanError as error:
        _refuse(error.message)
    report = _run(_translate(files, order, settings, progress), _telemetry(settings))
    if as_json:
        sys.stdout.write(report.model_dump_json(indent=2) + "\n")
    else:
        _print_report(report)
    raise typer.Exit(report.exit_code)


async def _translate(files: list[Input], order: Order, settings: StandaloneSettings, style: ProgressStyle) -> RunReport:
    from dragoman_runtime.service import spare_collections
    from dragoman_standalone.platform import at_work, opened
    from dragoman_standalone.translating import settle_leftovers, translate

    started = time.monotonic()
    async with opened(settings) as platform:
        await settle_leftovers(platform, files, order)
        async with at_work(platform, patience_s=_START_S):
            spare_collections()
            with progress_of(style, len(files)) as progress:
                outcomes = await translate(platform, files, order, progress)
    return report_of(outcomes, time.monotonic() - started)


@app.command()
def up(
    state: StateOption = None,
    host: Annotated[str | None, typer.Option("--host", help="Address to serve on.")] = None,
    port: Annotated[int | None, typer.Option("--port", help="Port to serve on; 0 takes a free one.")] = None,
) -> None:
    """Serve API and console, and work on jobs, in one process. Prints a one-time sign-in link."""
    from dragoman_standalone.serving import serve

    given = {"http_host": host, "http_port": port}
    settings = _settings(state, {name: value for name, value in given.items() if value is not None})
    announced = Console(stderr=True)
    serving = serve(settings, lambda link: announced.print(link, highlight=False, soft_wrap=True))
    _run(serving, _telemetry(settings))


@app.command()
def worker(
    services: Annotated[
        list[str],
        typer.Argument(metavar="SERVICE…", help="all, or relay, intake, extract, translate, qa, reassemble, gateway."),
    ],
) -> None:
    """Run services on RabbitMQ, PostgreSQL and S3: each word a process of its own.

    Names with commas between them share a process; `all` is one process of every service but the gateway.
    """
    from dragoman_standalone.supervisor import commands, supervise

    try:
        processes = commands(services)
    except DragomanError as error:
        _refuse(error.message)
    if len(processes) == 1:
        os.execv(sys.executable, processes[0])  # noqa: S606 - nobody has to be ended with it
    raise typer.Exit(_run(supervise(processes)))


@app.command()
def doctor(
    state: StateOption = None,
    as_json: JsonOption = False,
    engine: Annotated[str | None, typer.Option("--engine", help="Let this engine translate one sentence.")] = None,
    model: Annotated[str | None, typer.Option("--model", help="Model, where the engine has several.")] = None,
    target: Annotated[str, typer.Option("--target", help="Language to translate the English sentence into.")] = "es",
) -> None:
    """Look at this machine and its settings, and say what is missing and how to get it.

    With --engine one tiny call is made, which a provider may charge for: it says how fast the engine is, what its
    server can do, and how long a page will take.
    """
    from dragoman_standalone.doctor import Chosen, examine
    from dragoman_standalone.translating import overrides_of

    settings = _settings(state)
    chosen: Chosen | None = None
    if engine is not None:
        try:
            overrides_of(engine, model)
            chosen = Chosen(engine, model or "", Locale(target))
        except DragomanError as error:
            _refuse(error.message)
    report = _run(examine(settings, chosen), _telemetry(settings))
    if as_json:
        sys.stdout.write(report.model_dump_json(indent=2) + "\n")
    else:
        table = Table(box=None, show_header=False)
        for each in report.findings:
            table.add_row("ok" if each.is_ok else each.mark, each.name, each.message)
        Console().print(table)
    raise typer.Exit(ExitCode.DONE if report.is_ok else ExitCode.FAILED)


for each in (owed, resume, replay, preflight, diff, maintenance):
    app.command()(each)


def main() -> None:
    """Run the command. A foreseen error is one line that names the cure; only bugs show their stack."""
    app()


def _settings(state: Path | None, given: dict[str, object] | None = None) -> StandaloneSettings:
    from dragoman_runtime.settings import SettingsError, load
    from dragoman_standalone.settings import StandaloneSettings

    values = {**(given or {}), **({"state_dir": state} if state else {})}
    try:
        return load(StandaloneSettings, values)
    except SettingsError as error:
        _refuse(error.message)


def _telemetry(settings: StandaloneSettings) -> Telemetry:
    from dragoman_runtime.telemetry import configure_telemetry

    try:
        return configure_telemetry(settings, "dragoman")
    except OSError as error:
        _refuse(f"Metrics cannot be served on {settings.metrics_host}:{settings.metrics_port}: {error.strerror}.")


def _run(work: Coroutine[Any, Any, _T], telemetry: Telemetry | None = None) -> _T:
    """Run to the end, with foreseen errors as usage errors and an interruption as its exit status."""
    try:
        return asyncio.run(_interruptible(work))
    except (KeyboardInterrupt, asyncio.CancelledError):
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    except DragomanError as error:
        _refuse(error.message)
    finally:
        if telemetry is not None:
            telemetry.shutdown()


async def _interruptible(work: Coroutine[Any, Any, _T]) -> _T:
    """Let the first Ctrl-C end the work in order, and a second one, or too long a wait, end the process."""
    task = asyncio.current_task()
    if task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, _interrupt, task)
    return await work


def _interrupt(task: asyncio.Task[Any]) -> None:
    if task.cancelling():
        os._exit(ExitCode.INTERRUPTED)  # the log and the objects are whole after any death
    Console(stderr=True).print("Interrupted. What is done is kept; --resume goes on with the rest.")
    task.cancel()
    last_resort = threading.Timer(_PATIENCE_S, os._exit, (int(ExitCode.INTERRUPTED),))
    last_resort.daemon = True
    last_resort.start()


def _refuse(message: str) -> NoReturn:
    Console(stderr=True).print(message, style="red", highlight=False, markup=False)
    raise typer.Exit(ExitCode.USAGE)


def _print_report(report: RunReport) -> None:
    console = Console(highlight=False)
    for each in report.files:
        if each.status is JobStatus.COMPLETED:
            continue
        console.print(f"{each.status.value}  {each.file}: {each.message} ({each.code})", markup=False, soft_wrap=True)
        for path in (each.draft, each.report):
            if path:
                console.print(f"    {path}", markup=False, soft_wrap=True)
    delivered = [each for each in report.files if each.output]
    if len(report.files) == 1 and delivered:
        console.print(f"{delivered[0].output}  ({report.duration_s:.1f} s)", markup=False, soft_wrap=True)
    else:
        console.print(f"{len(delivered)} of {len(report.files)} files translated in {report.duration_s:.1f} s")
