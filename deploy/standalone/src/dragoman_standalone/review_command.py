"""`dragoman review`, `export`, `import` and `draft`: people's work on the translations of a job,
over the API.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer
from rich.console import Console
from rich.table import Table

from dragoman_contracts.reports import ReviewStage
from dragoman_exchange import ExchangeFormat
from dragoman_standalone.asking import (
    Body,
    JsonOption,
    StateOption,
    UrlOption,
    ask,
    cut,
    output,
    table,
)
from dragoman_standalone.job_reference import JobArgument, job_id_of
from dragoman_standalone.outcome import ExitCode

if TYPE_CHECKING:
    from dragoman_standalone.client import Api

_A_PAGE = 500
_NO_SERVER = (
    "No server works on this state folder, so the document is not made yet: start `dragoman up`."
)
_NO_WORKER = (
    "No server works on this state folder, so they are not translated yet: start `dragoman up`."
)
_MOST_WAIT_S = 120.0

review_app = typer.Typer(no_args_is_help=True, help="Review the translations of a job.")

UnitOption = Annotated[
    list[str] | None, typer.Option("--unit", metavar="NUMBER", help="Only this unit, by number.")
]
OutputOption = Annotated[
    Path | None, typer.Option("--output", "-o", help="The file to write; else beside you.")
]


@review_app.command("list")
def list_units(
    job: JobArgument,
    verification_state: Annotated[
        str | None,
        typer.Option("--state-of-unit", help="needs_review, blocked, passed, human_verified …"),
    ] = None,
    finding: Annotated[str | None, typer.Option("--finding", help="Only with this code.")] = None,
    text: Annotated[str | None, typer.Option("--q", help="Only with this text.")] = None,
    is_all: Annotated[bool, typer.Option("--all", help="Also those that need nobody.")] = False,
    state: StateOption = None,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the units that need a person, with what was found in them; or others."""
    given = {"verification_state": verification_state, "finding": finding, "q": text}
    query = {name: value for name, value in given.items() if value is not None}

    async def question(api: Api) -> Body:
        units = await units_of(api, await job_id_of(api, job), query)
        if not query and not is_all:
            units = [each for each in units if each["verification_state"] in _PENDING]
        return {"items": units}

    output(ask(state, url, question), as_json, unit_table)


_PENDING = frozenset({"needs_review", "blocked"})


@review_app.command()
def accept(
    job: JobArgument,
    unit: UnitOption = None,
    finding: Annotated[
        str | None, typer.Option("--finding", help="All units with this finding.")
    ] = None,
    is_all: Annotated[bool, typer.Option("--all", help="All units of the document.")] = False,
    state: StateOption = None,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Accept translations as they are: some units, all with a finding, or all."""
    if (unit is not None) + (finding is not None) + is_all != 1:
        raise typer.BadParameter("name --unit, --finding or --all")

    async def question(api: Api) -> Body:
        job_id = await job_id_of(api, job)
        chosen: Body = {"all": True} if is_all else {"finding": finding}
        if unit is not None:
            numbers = {int(each) - 1 for each in unit}
            found = await units_of(api, job_id, {})
            chosen = {
                "unit_ids": [each["unit_id"] for each in found if each["position"] in numbers]
            }
        return await api.post(f"jobs/{job_id}/review/accept", chosen)

    answer = ask(state, url, question)
    _say(
        answer,
        as_json,
        f"{answer['accepted_count']} accepted, {answer['skipped_count']} skipped, "
        f"{answer['pending_units']} left",
    )


@review_app.command()
def edit(
    job: JobArgument,
    number: Annotated[int, typer.Argument(min=1, help="The unit's number.")],
    target: Annotated[str, typer.Argument(help="Its translation; tags as <1>…</1>.")],
    stage: Annotated[
        ReviewStage, typer.Option("--stage", help="How far you are with it.")
    ] = ReviewStage.REVIEWED,
    state: StateOption = None,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give a unit another translation; its repetitions get the same."""

    async def question(api: Api) -> Body:
        job_id = await job_id_of(api, job)
        found = await units_of(api, job_id, {})
        unit = next((each for each in found if each["position"] == number - 1), None)
        if unit is None:
            raise typer.BadParameter(f"the job has {len(found)} units")
        address = f"jobs/{job_id}/units/{quote(unit['unit_id'], safe='')}"
        change = {"target": target, "state": stage.value}
        return await api.patch(address, change, unit["version"])

    answer = ask(state, url, question)
    more = len(answer["propagated"])
    told = f", and {more} like it" if more else ""
    _say(answer, as_json, f"unit {number} saved{told}; {answer['pending_units']} left")


@review_app.command()
def finish(
    job: JobArgument,
    as_they_are: Annotated[
        bool, typer.Option("--as-they-are", help="Take units that wait for a person as they are.")
    ] = False,
    state: StateOption = None,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Close the review; the document is then made."""
    served: list[bool] = []

    async def question(api: Api) -> Body:
        served.append(api.is_served)
        job_id = await job_id_of(api, job)
        return await api.post(f"jobs/{job_id}/review/finish", {"as_they_are": as_they_are})

    answer = ask(state, url, question)
    _say(answer, as_json, f"{answer['job_id']} {answer['status']}")
    if not served[0] and not as_json:
        Console(stderr=True).print(_NO_SERVER, highlight=False, soft_wrap=True)


@review_app.command()
def retranslate(
    job: JobArgument,
    unit: UnitOption = None,
    finding: Annotated[
        str | None, typer.Option("--finding", help="All units with this finding.")
    ] = None,
    engine: Annotated[
        str | None, typer.Option("--engine", help="The engine; the job's own where none is named.")
    ] = None,
    model: Annotated[
        str | None, typer.Option("--model", help="Its model; the engine's own where none is named.")
    ] = None,
    state: StateOption = None,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Translate units again by another engine; each gets the new text as a draft.

    Exit status: 0 done or under way, 1 the engine could not.
    """
    if (unit is not None) + (finding is not None) != 1:
        raise typer.BadParameter("name --unit or --finding")
    served: list[bool] = []

    async def question(api: Api) -> Body:
        served.append(api.is_served)
        job_id = await job_id_of(api, job)
        found = await units_of(api, job_id, {} if finding is None else {"finding": finding})
        numbers = {int(each) - 1 for each in unit or ()}
        ids = [each["unit_id"] for each in found if unit is None or each["position"] in numbers]
        if not ids:
            raise typer.BadParameter("no unit is like this; `review list --all` lists them")
        wanted = {"unit_ids": ids, "engine": engine, "model": model}
        asked = await api.post(f"jobs/{job_id}/units/retranslate", wanted)
        return await _done(api, job_id, asked) if api.is_served else asked

    answer = ask(state, url, question)
    code = f" ({answer['code']})" if answer["code"] else ""
    _say(answer, as_json, f"{answer['unit_count']} units: {answer['status']}{code}")
    if not served[0] and not as_json:
        Console(stderr=True).print(_NO_WORKER, highlight=False, soft_wrap=True)
    if answer["status"] == "failed":
        raise typer.Exit(ExitCode.FAILED)


async def _done(api: Api, job_id: object, asked: Body) -> Body:
    """The retranslation once it is no longer waiting, or has waited for two minutes."""
    address = f"jobs/{job_id}/review/retranslations/{asked['index']}"
    pause_s, left_s = 0.2, _MOST_WAIT_S
    while asked["status"] == "waiting" and left_s > 0:
        await asyncio.sleep(pause_s)
        left_s -= pause_s
        pause_s = min(pause_s * 1.5, 3.0)
        asked = await api.get(address)
    return asked


@review_app.command("open")
def open_review(
    job: JobArgument,
    state: StateOption = None,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Open the review of a completed job again."""

    async def question(api: Api) -> Body:
        return await api.post(f"jobs/{await job_id_of(api, job)}/review/open")

    answer = ask(state, url, question)
    _say(answer, as_json, f"open, {answer['pending_units']} left")


def export(
    job: JobArgument,
    format_: Annotated[
        ExchangeFormat, typer.Option("--format", help="The format of the file.")
    ] = ExchangeFormat.BILINGUAL_DOCX,
    path: OutputOption = None,
    state: StateOption = None,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a job's translations into a file for reviewers."""
    data: list[bytes] = []

    async def question(api: Api) -> Body:
        job_id = await job_id_of(api, job)
        made = await api.post(f"jobs/{job_id}/exports", {"format": format_.value})
        data.append(await api.download(made["download_url"]))
        return made

    made = ask(state, url, question)
    _write(path or Path(made["file_name"]), data[0], made, as_json)


def import_review(
    job: JobArgument,
    path: Annotated[Path, typer.Argument(metavar="FILE", help="The file that came back.")],
    is_dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")
    ] = False,
    takes_theirs: Annotated[
        bool,
        typer.Option("--theirs", help="Where both sides edited a unit, take the file's text."),
    ] = False,
    state: StateOption = None,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take what a reviewer changed in an exported file, of any format.

    Exit status: 0 all taken, 3 units were refused, or edited on both sides.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise typer.BadParameter(f"{path} cannot be read: {error.strerror}.") from error

    async def question(api: Api) -> Body:
        query = {
            "dry_run": str(is_dry_run).lower(),
            "on_conflict": "theirs" if takes_theirs else "ours",
        }
        job_id = await job_id_of(api, job)
        return await api.post_form(f"jobs/{job_id}/imports", (path.name, data), **query)

    answer = ask(state, url, question)
    if as_json:
        _print_json(answer)
    else:
        _print_report(answer)
    refused = answer["rejected"] or (answer["conflicts"] and not takes_theirs)
    raise typer.Exit(ExitCode.GATE if refused else ExitCode.DONE)


def draft(
    job: JobArgument,
    path: OutputOption = None,
    state: StateOption = None,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the document with its translations as they are now."""
    data: list[bytes] = []

    async def question(api: Api) -> Body:
        job_id = await job_id_of(api, job)
        data.append(await api.download(f"/api/v1/jobs/{job_id}/draft"))
        return {"job_id": job_id, "size_bytes": len(data[0])}

    made = ask(state, url, question)
    _write(path or Path(f"{made['job_id']}.draft.docx"), data[0], made, as_json)


async def units_of(api: Api, job_id: str, query: Mapping[str, str]) -> list[dict[str, Any]]:
    """All units that a filter lets through."""
    units: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = await api.get(f"jobs/{job_id}/units", limit=_A_PAGE, **query, **cursor)
        units += page["items"]
        if page["next_cursor"] is None:
            return units
        cursor = {"cursor": page["next_cursor"]}


def unit_table(body: Body) -> Table:
    """Units as a table."""
    made = table("no.", "state", "source", "target", "findings")
    for each in body["items"]:
        made.add_row(
            str(each["position"] + 1),
            each["verification_state"],
            cut(each["source"]),
            cut(each["target"] or ""),
            ", ".join(finding["code"] for finding in each["findings"]),
        )
    return made


def _print_report(answer: Body) -> None:
    would = "would be " if answer["is_dry_run"] else ""
    console = Console(highlight=False, soft_wrap=True, markup=False)
    console.print(
        f"{answer['applied']} {would}applied, {answer['unchanged']} unchanged, "
        f"{len(answer['rejected'])} refused, {len(answer['conflicts'])} edited on both sides, "
        f"{answer['pending_units']} left"
    )
    for each in answer["repairs"]:
        console.print(f"put right: {each['message']} ({each['count']})")
    for each in answer["rejected"]:
        console.print(
            f"refused: {each['place'] or each['unit']}: {each['reason']} [{each['code']}]"
        )
    for each in answer["conflicts"]:
        console.print(f"both: {each['unit']}\n  here: {each['ours']}\n  file: {each['theirs']}")


def _write(path: Path, data: bytes, made: Body, as_json: bool) -> None:
    from dragoman_standalone.delivery import write

    write(path, data)
    _say({**made, "output": str(path)}, as_json, str(path))


def _say(answer: Body, as_json: bool, text: str) -> None:
    if as_json:
        _print_json(answer)
    else:
        sys.stdout.write(f"{text}\n")


def _print_json(answer: Body) -> None:
    sys.stdout.write(json.dumps(answer, ensure_ascii=False, indent=2) + "\n")
