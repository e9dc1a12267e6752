"""`dragoman parse` and `dragoman pipelines`: documents through a pipeline that translates nothing."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from shlex import join
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from dragoman_standalone.asking import Body, StateOption, UrlOption, ask, cut, output, table
from dragoman_standalone.asking import JsonOption as ListJson
from dragoman_standalone.outcome import RunReport, report_of
from dragoman_standalone.printing import print_report
from dragoman_standalone.process import run_to_end, settings_of, telemetry_for
from dragoman_standalone.progress import ProgressStyle, carry_logs, progress_of
from dragoman_standalone.translation_options import (
    DEFAULT_PROJECT,
    Fresh,
    Json,
    Log,
    Progress,
    Project,
    Resume,
    State,
    Url,
    unfinished_of,
)

if TYPE_CHECKING:
    from dragoman_standalone.inputs import Input
    from dragoman_standalone.pipeline_runs import RunTerms
    from dragoman_standalone.server_record import ServerRecord
    from dragoman_standalone.settings import StandaloneSettings

_PARSE = "document-parse"

pipelines_app = typer.Typer(no_args_is_help=True, help="Look at pipelines, and run them.")

Files = Annotated[
    list[Path],
    typer.Argument(metavar="IN…", help="Files, or folders of them.", show_default=False),
]
Out = Annotated[
    Path,
    typer.Option("--out", "-o", metavar="OUT", help="Folder with a folder of results a file."),
]


def parse(
    inputs: Files,
    out: Out,
    project: Project = DEFAULT_PROJECT,
    resume: Resume = False,
    fresh: Fresh = False,
    state: State = None,
    url: Url = None,
    as_json: Json = False,
    progress: Progress = ProgressStyle.AUTO,
    log: Log = None,
) -> None:
    """Make Markdown of documents: OUT/NAME/document.md, pages.json and pictures for each file.

    DOCX, HTML, PDF, pictures and text. Pages without text need character recognition (`make ocr`).

    Exit status: 0 done, 1 failed, 2 wrong usage, 130 interrupted.
    """
    from dragoman_standalone.pipeline_runs import PARSED, gather_for_run

    files = gather_for_run(inputs, out, PARSED)
    _run(files, (_PARSE, project), (resume, fresh), (state, url), (as_json, progress, log))


@pipelines_app.command()
def run(
    pipeline: Annotated[str, typer.Argument(metavar="ID", help="Id of the pipeline.")],
    inputs: Files,
    out: Out,
    project: Project = DEFAULT_PROJECT,
    resume: Resume = False,
    fresh: Fresh = False,
    state: State = None,
    url: Url = None,
    as_json: Json = False,
    progress: Progress = ProgressStyle.AUTO,
    log: Log = None,
) -> None:
    """Run a pipeline over files, and write the files that it makes of each into OUT/NAME.

    Exit status: 0 done, 1 failed, 2 wrong usage, 130 interrupted.
    """
    from dragoman_standalone.pipeline_runs import gather_for_run

    files = gather_for_run(inputs, out)
    _run(files, (pipeline, project), (resume, fresh), (state, url), (as_json, progress, log))


@pipelines_app.command("list")
def list_pipelines(
    state: StateOption = None, url: UrlOption = None, as_json: ListJson = False
) -> None:
    """List the pipelines: the id to run them by, version, state, name, what their phases do."""
    output(ask(state, url, lambda api: api.get("pipelines")), as_json, _pipeline_table)


def _pipeline_table(page: Body) -> Table:
    made = table("id", "version", "state", "name", "phases")
    for each in page["items"]:
        phases = ", ".join(_phase_text(phase) for phase in each["phases"])
        state = "retired" if each["is_retired"] else "active"
        made.add_row(each["id"], str(each["version"]), state, each["name"], cut(phases))
    return made


def _phase_text(phase: Body) -> str:
    command: list[str] = phase.get("config", {}).get("command", [])
    return join(command) if command else str(phase["name"])


def _run(
    files: list[Input],
    asked: tuple[str, str],
    left: tuple[bool, bool],
    where: tuple[Path | None, str | None],
    shown: tuple[bool, ProgressStyle, Log],
) -> None:
    from dragoman_standalone.client import server_for
    from dragoman_standalone.pipeline_runs import RunTerms
    from dragoman_standalone.settings import quiet
    from dragoman_standalone.whereabouts import require_no_servers

    (pipeline, project), (resume, fresh) = asked, left
    (state, url), (as_json, style, log) = where, shown
    terms = RunTerms(pipeline, unfinished_of(resume=resume, fresh=fresh), project)
    settings = quiet(settings_of(state, is_folder_used=False), log.value if log else None)
    server = server_for(settings, url, is_folder_named=state is not None)
    if server is None:
        require_no_servers(state)
    telemetry = telemetry_for(settings)
    if style is ProgressStyle.NDJSON:
        carry_logs(settings)
    report = run_to_end(_report(files, terms, settings, server, style), telemetry)
    if as_json:
        sys.stdout.write(report.model_dump_json(indent=2) + "\n")
    else:
        print_report(report, "done")
    raise typer.Exit(report.exit_code)


async def _report(
    files: list[Input],
    terms: RunTerms,
    settings: StandaloneSettings,
    server: ServerRecord | None,
    style: ProgressStyle,
) -> RunReport:
    from dragoman_standalone.client import asked_at
    from dragoman_standalone.pipeline_runs import deliver, require_pipeline, served_here
    from dragoman_standalone.remote import run_remotely

    started = time.monotonic()
    async with asked_at(server) if server else served_here(settings) as api:
        await require_pipeline(api, terms.pipeline)
        with progress_of(style, len(files)) as progress:
            outcomes = await run_remotely(api, files, terms, progress, deliver)
    return report_of(outcomes, time.monotonic() - started)
