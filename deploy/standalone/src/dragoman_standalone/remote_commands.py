"""`dragoman submit`, `watch` and `download`: documents handed to a server, followed, fetched."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from dragoman_standalone.asking import Body, JsonOption, StateOption, UrlOption, ask
from dragoman_standalone.ending import UsageRefusedError
from dragoman_standalone.glossary_choice import with_glossaries_at
from dragoman_standalone.inputs import gather_for_server, locales_of
from dragoman_standalone.job_reference import JobArgument, JobsArgument, job_id_of
from dragoman_standalone.outcome import ExitCode, FileOutcome, RunReport, report_of
from dragoman_standalone.passwords import password_for
from dragoman_standalone.printing import print_outcome
from dragoman_standalone.progress import ProgressStyle, progress_of
from dragoman_standalone.switches import Colours, Highlights, LeftOut, Names, Styles, switches
from dragoman_standalone.translation_options import (
    DEFAULT_PROJECT,
    CostCap,
    DomainPack,
    Engine,
    Fallbacks,
    Fresh,
    Glossaries,
    Inputs,
    Memory,
    Model,
    NewVersionOf,
    PasswordFile,
    Project,
    Resume,
    Source,
    Target,
    unfinished_of,
)

if TYPE_CHECKING:
    from dragoman_standalone.client import Api


def submit(
    inputs: Inputs,
    source: Source,
    target: Target,
    engine: Engine = None,
    model: Model = None,
    memory: Memory = None,
    project: Project = DEFAULT_PROJECT,
    glossaries: Glossaries = None,
    domain_pack: DomainPack = "general",
    fallback: Fallbacks = None,
    cost_cap: CostCap = None,
    new_version_of: NewVersionOf = None,
    resume: Resume = False,
    fresh: Fresh = False,
    include: Names = None,
    exclude: LeftOut = None,
    styles: Styles = None,
    highlights: Highlights = None,
    colours: Colours = None,
    password_file: PasswordFile = None,
    state: StateOption = None,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Submit files or folders to a server, and come back at once: `watch` follows the jobs,
    `download` fetches what they gave.

    Prints a line for each file: the job's id, and the file. Exit status: 0 each is a job, 1 one of
    them was refused, 2 wrong usage.
    """
    locales = locales_of(source, target)
    files = gather_for_server(inputs)
    from dragoman_standalone.remote import TranslationTerms
    from dragoman_standalone.remote import submit as submitted
    from dragoman_standalone.translating import Order, overrides_of, with_earlier

    chosen = switches(include, exclude, styles, highlights, colours)
    order = Order(
        *locales,
        overrides_of(engine, model, chosen, memory, fallback, cost_cap),
        unfinished_of(resume=resume, fresh=fresh),
        password_for(files, password_file, None),
        project,
        domain_pack,
    )
    order = with_earlier(order, new_version_of)

    async def question(api: Api) -> Body:
        asked = await with_glossaries_at(api, order, glossaries or [])
        jobs, refusals = await submitted(api, files, TranslationTerms(asked))
        made = [{"file": each.file.name, "job_id": str(each.job_id)} for each in jobs]
        refused = [each.model_dump(mode="json") for each in refusals.values()]
        return {"items": made, "refused": refused}

    answer = ask(state, url, question)
    if as_json:
        _print_json(answer)
    else:
        for job in answer["items"]:
            sys.stdout.write(f"{job['job_id']}\t{job['file']}\n")
        for each in answer["refused"]:
            print_outcome(Console(stderr=True), FileOutcome.model_validate(each))
    raise typer.Exit(ExitCode.FAILED if answer["refused"] else ExitCode.DONE)


def watch(
    jobs: JobsArgument,
    progress: Annotated[
        ProgressStyle, typer.Option("--progress", help="How to show progress.")
    ] = ProgressStyle.AUTO,
    state: StateOption = None,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Follow jobs until each is done, failed, or waits for a person.

    Exit status: 0 done, 1 failed or cancelled, 3 a check said no (blocked, or review needed), 130
    interrupted; the jobs go on.
    """
    from dragoman_standalone.inputs import Input
    from dragoman_standalone.remote import Followed, file_name_of, follow

    async def question(api: Api) -> Body:
        followed: list[Followed] = []
        for each in jobs:
            job = await api.get(f"jobs/{await job_id_of(api, each)}")
            if not api.is_served and not job["is_resting"]:
                raise UsageRefusedError(
                    "No server works on this state folder, so the job does not move: "
                    "start `dragoman up`, or name a server with --url.",
                    code="usage.no_server",
                )
            name = file_name_of(job)
            followed.append(Followed(Input(Path(name), name, Path(name)), job["job_id"]))
        with progress_of(progress, len(followed)) as shown:
            done = await follow(api, followed, shown, delivers=False)
        return report_of(done, max(each.duration_s for each in done)).model_dump(mode="json")

    answer = ask(state, url, question)
    report = RunReport.model_validate(answer)
    if as_json:
        _print_json(answer)
    else:
        for each in report.files:
            print_outcome(Console(highlight=False), each)
    raise typer.Exit(report.exit_code)


def download(
    job: JobArgument,
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for the documents.")
    ] = Path(),
    state: StateOption = None,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Fetch what a job gave: its document, or where a person must decide the report, and the draft
    where the server has one. Prints the paths.
    """
    from dragoman_standalone.remote import fetch

    async def question(api: Api) -> Body:
        body = await api.get(f"jobs/{await job_id_of(api, job)}")
        written = await fetch(api, body, out)
        return {"job_id": body["job_id"], "files": [str(path) for path in written]}

    answer = ask(state, url, question)
    if as_json:
        _print_json(answer)
    else:
        sys.stdout.write("".join(f"{path}\n" for path in answer["files"]))


def _print_json(answer: Body) -> None:
    import json

    sys.stdout.write(json.dumps(answer, ensure_ascii=False, indent=2) + "\n")
