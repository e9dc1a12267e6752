"""The `dragoman` command: what each subcommand takes, and what its exit status means.

A command imports what it needs when it runs: nobody waits for the platform to read its help.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from dragoman_contracts.locale import Locale
from dragoman_standalone.admin_command import admin_app, migrate, token_app
from dragoman_standalone.audit_command import audit_app
from dragoman_standalone.classes_command import classes_app
from dragoman_standalone.diff_command import diff
from dragoman_standalone.ending import Commands, UsageRefusedError
from dragoman_standalone.events_command import events_app
from dragoman_standalone.explain_command import explain
from dragoman_standalone.explain_prompt_command import explain_prompt
from dragoman_standalone.glossary_choice import with_glossaries_at, with_glossaries_here
from dragoman_standalone.inputs import Input, gather, locales_of, require_writable
from dragoman_standalone.jobs_command import jobs_app
from dragoman_standalone.maintenance_command import maintenance
from dragoman_standalone.memory_command import memory_app
from dragoman_standalone.models_command import models_app
from dragoman_standalone.objects_command import objects_app
from dragoman_standalone.outcome import ExitCode, RunReport, report_of
from dragoman_standalone.owed_command import owed, resume
from dragoman_standalone.parked_command import dead_letters_app, parked_app
from dragoman_standalone.passwords import password_for
from dragoman_standalone.pipelines_command import parse, pipelines_app
from dragoman_standalone.preflight_command import preflight
from dragoman_standalone.printing import print_report
from dragoman_standalone.process import run_to_end, settings_of, telemetry_for
from dragoman_standalone.progress import ProgressStyle, carry_logs, progress_of
from dragoman_standalone.remote_commands import download, submit, watch
from dragoman_standalone.replay_command import replay
from dragoman_standalone.review_command import draft, export, import_review, review_app
from dragoman_standalone.sign_in_command import sign_in_link
from dragoman_standalone.spend_command import spend
from dragoman_standalone.switches import Colours, Highlights, LeftOut, Names, Styles, switches
from dragoman_standalone.terms_command import terms_app
from dragoman_standalone.translation_options import (
    DEFAULT_PROJECT,
    CostCap,
    DomainPack,
    DryRun,
    Engine,
    Fallbacks,
    Fresh,
    Glossaries,
    Inputs,
    Json,
    Log,
    Memory,
    Model,
    NewVersionOf,
    PasswordFile,
    Progress,
    Project,
    Resume,
    Source,
    State,
    Target,
    Url,
    unfinished_of,
)
from dragoman_standalone.what_if_command import what_if

if TYPE_CHECKING:
    from dragoman_standalone.server_record import ServerRecord
    from dragoman_standalone.settings import StandaloneSettings
    from dragoman_standalone.translating import Order

_START_S = 1.0  # what the start of processes costs, about

app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",  # lines of a paragraph are joined
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Translate DOCX.",
)
app.add_typer(jobs_app, name="jobs")
app.add_typer(events_app, name="events")
app.add_typer(audit_app, name="audit")
app.add_typer(review_app, name="review")
app.add_typer(models_app, name="models")
app.add_typer(memory_app, name="memory")
app.add_typer(parked_app, name="parked")
app.add_typer(dead_letters_app, name="dead-letters")
app.add_typer(pipelines_app, name="pipelines")
app.add_typer(classes_app, name="classes")
app.add_typer(objects_app, name="objects")
app.add_typer(terms_app, name="terms")

StateOption = Annotated[
    Path | None, typer.Option("--state", help="Folder of the event log and the objects.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]


def _tell_version(value: bool) -> None:
    if value:
        from dragoman_contracts.release import release

        sys.stdout.write(f"dragoman {release()}\n")
        raise typer.Exit


@app.callback()
def dragoman(
    version: Annotated[
        bool,
        typer.Option(
            "--version", is_eager=True, callback=_tell_version, help="Say the version, and exit."
        ),
    ] = False,
) -> None:
    """Translate DOCX."""


@app.command()
def translate(
    inputs: Inputs,
    source: Source,
    target: Target,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="OUT", help="Folder for the results, or one result's name."
        ),
    ] = None,
    engine: Engine = None,
    model: Model = None,
    project: Project = DEFAULT_PROJECT,
    memory: Memory = None,
    dry_run: DryRun = False,
    glossaries: Glossaries = None,
    domain_pack: DomainPack = "general",
    fallback: Fallbacks = None,
    cost_cap: CostCap = None,
    new_version_of: NewVersionOf = None,
    resume: Resume = False,
    fresh: Fresh = False,
    password_file: PasswordFile = None,
    include: Names = None,
    exclude: LeftOut = None,
    styles: Styles = None,
    highlights: Highlights = None,
    colours: Colours = None,
    state: State = None,
    url: Url = None,
    as_json: Json = False,
    progress: Progress = ProgressStyle.AUTO,
    log: Log = None,
) -> None:
    """Translate files or folders, and write the results under the same names into OUT.

    With --url, or where a server has the state folder, that server translates. Encrypted inputs are
    opened with the password of --password-file, of DRAGOMAN_DOCUMENT_PASSWORD, or, on a terminal,
    with the one you are asked for.

    Exit status: 0 done, 1 failed, 2 wrong usage, 3 a check said no (blocked, or review needed), 130
    interrupted.
    """
    locales = locales_of(source, target)
    if dry_run:
        from dragoman_standalone.dry_run import Chosen
        from dragoman_standalone.dry_run import dry_run as analysed

        extraction = switches(include, exclude, styles, highlights, colours)
        analysed(
            inputs,
            locales,
            Chosen(
                engine,
                model,
                extraction,
                memory,
                project,
                domain_pack,
                new_version_of,
                glossaries or (),
            ),
            state=state,
            url=url,
            password_file=password_file,
            as_json=as_json,
        )
        return
    if out is None:
        raise UsageRefusedError("Say with --out where the results go, or --dry-run to count only.")
    files = gather(inputs, out)
    require_writable(files)
    from dragoman_standalone.client import server_for
    from dragoman_standalone.settings import quiet
    from dragoman_standalone.translating import Order, overrides_of, with_earlier
    from dragoman_standalone.whereabouts import require_no_servers

    unfinished = unfinished_of(resume=resume, fresh=fresh)
    settings = quiet(settings_of(state, is_folder_used=False), log.value if log else None)
    chosen = switches(include, exclude, styles, highlights, colours)
    overrides = overrides_of(engine, model, chosen, memory, fallback, cost_cap)
    password = password_for(files, password_file, settings.document_password)
    order = Order(*locales, overrides, unfinished, password, project, domain_pack)
    order = with_earlier(order, new_version_of)
    server = server_for(settings, url, is_folder_named=state is not None)
    if server is None:
        require_no_servers(state)
    telemetry = telemetry_for(settings)
    if progress is ProgressStyle.NDJSON:
        carry_logs(settings)
    work = (
        _translate_remotely(files, order, server, progress, glossaries or [])
        if server
        else _translate(files, order, settings, progress, glossaries or [])
    )
    report = run_to_end(work, telemetry)
    if as_json:
        sys.stdout.write(report.model_dump_json(indent=2) + "\n")
    else:
        print_report(report)
    raise typer.Exit(report.exit_code)


async def _translate(
    files: list[Input],
    order: Order,
    settings: StandaloneSettings,
    style: ProgressStyle,
    glossaries: list[str],
) -> RunReport:
    from dragoman_runtime.service import spare_collections
    from dragoman_standalone.platform import at_work, opened
    from dragoman_standalone.translating import settle_leftovers, translate

    started = time.monotonic()
    async with opened(settings) as platform:
        order = await with_glossaries_here(platform, order, glossaries)
        await settle_leftovers(platform, files, order)
        async with at_work(platform, patience_s=_START_S):
            spare_collections()
            with progress_of(style, len(files)) as progress:
                outcomes = await translate(platform, files, order, progress)
    return report_of(outcomes, time.monotonic() - started)


async def _translate_remotely(
    files: list[Input],
    order: Order,
    server: ServerRecord,
    style: ProgressStyle,
    glossaries: list[str],
) -> RunReport:
    from dragoman_standalone.client import asked_at
    from dragoman_standalone.remote import translate_remotely

    started = time.monotonic()
    async with asked_at(server) as api:
        order = await with_glossaries_at(api, order, glossaries)
        with progress_of(style, len(files)) as progress:
            outcomes = await translate_remotely(api, files, order, progress)
    return report_of(outcomes, time.monotonic() - started)


@app.command()
def up(
    state: StateOption = None,
    host: Annotated[str | None, typer.Option("--host", help="Address to serve on.")] = None,
    port: Annotated[
        int | None, typer.Option("--port", help="Port to serve on; 0 takes a free one.")
    ] = None,
) -> None:
    """Serve API and console, and work on jobs, in one process.

    On a terminal it prints a link that signs in once; elsewhere `dragoman sign-in-link` does.
    """
    from dragoman_runtime.stopping import stop_limit
    from dragoman_standalone.serving import serve

    given = {"http_host": host, "http_port": port}
    settings = settings_of(
        state, {name: value for name, value in given.items() if value is not None}
    )
    announced = Console(stderr=True)
    serving = serve(
        settings,
        lambda told: announced.print(told, highlight=False, soft_wrap=True, markup=False),
        tells_link=sys.stderr.isatty(),
    )
    with stop_limit(settings.stop_within_s):
        run_to_end(serving, telemetry_for(settings))


@app.command()
def worker(
    services: Annotated[
        list[str],
        typer.Argument(
            metavar="SERVICE…",
            help="all, or relay, intake, extract, translate, qa, reassemble, index, gateway.",
        ),
    ],
    queues: Annotated[
        list[str] | None,
        typer.Option(
            "--queue", metavar="NAME", help="Take work from this queue alone; may be repeated."
        ),
    ] = None,
) -> None:
    """Run services on RabbitMQ, PostgreSQL and S3: each word a process of its own.

    Names with commas between them share a process; `all` is one process of every service but the
    gateway. With --queue a process does a part of its services' work, as `extract --queue
    command_run` does in a container for commands; another must do the rest.
    """
    from dragoman_runtime.settings import variable
    from dragoman_standalone.supervisor import commands, supervise

    if queues:
        os.environ[variable("queues")] = ",".join(queues)
    processes = commands(services)
    if len(processes) == 1:
        os.execv(sys.executable, processes[0])  # noqa: S606 - nobody has to be ended with it
    raise typer.Exit(run_to_end(supervise(processes)))


@app.command()
def doctor(
    state: StateOption = None,
    as_json: JsonOption = False,
    engine: Annotated[
        str | None, typer.Option("--engine", help="Let this engine translate one sentence.")
    ] = None,
    model: Annotated[
        str | None, typer.Option("--model", help="Model, where the engine has several.")
    ] = None,
    target: Annotated[
        str, typer.Option("--target", help="Language to translate the English sentence into.")
    ] = "es",
) -> None:
    """Look at this machine and its settings, and say what is missing and how to get it.

    With --engine one tiny call is made, which a provider may charge for: it says how fast the
    engine is, what its server can do, and how long a page will take.
    """
    from dragoman_standalone.doctor import Chosen, examine
    from dragoman_standalone.translating import overrides_of

    settings = settings_of(state, is_folder_used=False)
    chosen: Chosen | None = None
    if engine is not None:
        overrides_of(engine, model)
        chosen = Chosen(engine, model or "", Locale(target))
    report = run_to_end(examine(settings, chosen), telemetry_for(settings))
    if as_json:
        sys.stdout.write(report.model_dump_json(indent=2) + "\n")
    else:
        table = Table(box=None, show_header=False)
        for each in report.findings:
            table.add_row("ok" if each.is_ok else each.mark, each.name, each.message)
        Console().print(table)
    raise typer.Exit(ExitCode.DONE if report.is_ok else ExitCode.FAILED)


app.add_typer(admin_app, name="admin")
app.add_typer(token_app, name="token")
app.command("sign-in-link")(sign_in_link)
app.command("import")(import_review)
app.command("what-if")(what_if)
app.command("explain-prompt")(explain_prompt)
for each in (
    submit,
    watch,
    download,
    draft,
    export,
    explain,
    owed,
    resume,
    replay,
    preflight,
    spend,
    diff,
    maintenance,
    migrate,
    parse,
):
    app.command()(each)
