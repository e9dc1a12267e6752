"""`dragoman memory`: translation memories listed, entered, taken in, given out and searched."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlencode

import typer
from rich.console import Console
from rich.table import Table

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
from dragoman_standalone.ending import UsageRefusedError
from dragoman_standalone.outcome import ExitCode
from dragoman_standalone.printing import counted

if TYPE_CHECKING:
    from dragoman_standalone.client import Api

_RESTING = frozenset({"completed", "failed", "cancelled", "blocked"})
_LOOK_S = 0.3
_SHOWN = 20

memory_app = typer.Typer(no_args_is_help=True, help="Work with translation memories.")


class Trust(StrEnum):
    """How far the units of a file are trusted."""

    CANDIDATE = "candidate"
    REVIEWED = "reviewed"
    APPROVED = "approved"


Name = Annotated[str, typer.Argument(metavar="MEMORY", help="Name of the memory, or its id.")]
Source = Annotated[str, typer.Option("--source", metavar="TAG", help="Language of the sources.")]
Target = Annotated[str, typer.Option("--target", metavar="TAG", help="Language of the targets.")]


@memory_app.command("list")
def list_memories(
    state: StateOption = None, url: UrlOption = None, as_json: JsonOption = False
) -> None:
    """List memories by name: name, project, units, languages, id.

    Elsewhere than on a terminal each is a line of values with tabs between them.
    """
    output(ask(state, url, lambda api: api.get("memories")), as_json, _memories)


@memory_app.command("create")
def create_memory(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the new memory.")],
    project: Annotated[
        str, typer.Option("--project", metavar="CODE", help="Its project; empty: all read it.")
    ] = "default",
    state: StateOption = None,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Enter a memory."""
    entry = {"name": name, "project_code": project}
    made = ask(state, url, lambda api: api.post("memories", entry))
    output({"items": [made]}, as_json, _memories)


@memory_app.command("import")
def import_memory(
    name: Name,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A TMX file.")],
    source: Source,
    target: Target,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Report all, and change nothing.")
    ] = False,
    trust: Annotated[
        Trust, typer.Option("--trust", help="How far its units are trusted.")
    ] = Trust.REVIEWED,
    keep_states: Annotated[
        bool, typer.Option("--keep-states", help="Take the states that an export of ours has.")
    ] = False,
    origin: Annotated[
        str, typer.Option("--origin", metavar="TEXT", help="Where the units come from.")
    ] = "",
    state: StateOption = None,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take a TMX file into a memory, wholly or not at all, and build what the search reads.

    Entries that were not taken are told with their reasons. Exit status: 0 done, 1 failed, 2 wrong usage.
    """
    if not file.is_file():
        raise UsageRefusedError(f"There is no file {file}.")
    fields = {
        "source_language": source,
        "target_language": target,
        "state": trust.value,
        "keep_states": str(keep_states).lower(),
        "origin": origin or file.name[:200],
    }

    async def taken_in(api: Api) -> Body:
        memory = await _memory(api, name)
        path = f"memories/{memory['memory_id']}/imports"
        job = await api.post_file(
            path if not dry_run else f"{path}?dry_run=true",
            fields,
            (file.name, file.read_bytes()),
        )
        while job["status"] not in _RESTING:
            await asyncio.sleep(_LOOK_S)
            job = await api.get(f"jobs/{job['job_id']}")
        report = {}
        for each in (await api.get(f"jobs/{job['job_id']}/artifacts"))["items"]:
            if each["name"] == "import-report.json":
                report = json.loads(await api.download(each["download_url"]))
        return {"job": job, "report": report}

    found = _at_work(state, url, taken_in)
    _print_import(found, as_json)


@memory_app.command("export")
def export_memory(
    name: Name,
    source: Source,
    target: Target,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="The TMX to write.")],
    unit_state: Annotated[
        Trust | None, typer.Option("--trust", help="Only units that are trusted so far.")
    ] = None,
    state: StateOption = None,
    url: UrlOption = None,
) -> None:
    """Write a memory's units in a pair of languages as TMX 1.4b."""
    query = {"source_language": source, "target_language": target}
    if unit_state is not None:
        query["state"] = unit_state.value

    async def written(api: Api) -> Body:
        memory = await _memory(api, name)
        path = f"/api/v1/memories/{memory['memory_id']}/export?{urlencode(query)}"
        out.write_bytes(await api.download(path))
        return memory

    ask(state, url, written)


@memory_app.command("search")
def search_memory(
    name: Name,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="A text; tags as <1>…</1>.")],
    source: Source,
    target: Target,
    state: StateOption = None,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Look a text up: score, kind, state, source and target of what matches, the best first."""

    async def found(api: Api) -> Body:
        memory = await _memory(api, name)
        query = {"q": text, "source_language": source, "target_language": target}
        matches = await api.get(f"memories/{memory['memory_id']}/search", **query)
        return {"items": matches}

    output(ask(state, url, found), as_json, _matches)


async def _memory(api: Api, wanted: str) -> Body:
    """The memory with this name or id.

    Raises:
        UsageRefusedError: none has it, or several have.
    """
    items: list[Body] = (await api.get("memories"))["items"]
    found = [each for each in items if wanted in {each["memory_id"], each["name"]}]
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(f"{each['memory_id']} ({each['project_code'] or 'all'})" for each in found)
        raise UsageRefusedError(f"Several memories are called {wanted}; name one by its id: {ids}.")
    names = ", ".join(sorted({each["name"] for each in items})) or "none yet"
    raise UsageRefusedError(
        f"There is no memory {wanted}; there are: {names}. `dragoman memory create NAME` enters one."
    )


def _at_work(
    state: Path | None, url: str | None, question: Callable[[Api], Awaitable[Body]]
) -> Body:
    """As `ask`, where jobs must move: without a server, this process performs them."""

    async def asked_of() -> Body:
        from dragoman_runtime.settings import load  # with the application behind it, slow to import
        from dragoman_runtime.telemetry import configure_logging
        from dragoman_standalone.client import asked_at, server_for
        from dragoman_standalone.pipeline_runs import served_here
        from dragoman_standalone.settings import StandaloneSettings, quiet
        from dragoman_standalone.whereabouts import require_no_servers

        settings = load(StandaloneSettings, {"state_dir": state} if state else {})
        configure_logging(quiet(settings), "dragoman")
        server = server_for(settings, url, is_folder_named=state is not None)
        if server is not None:
            async with asked_at(server) as asked:
                return await question(asked)
        require_no_servers(state)
        async with served_here(settings) as asked:
            return await question(asked)

    return asyncio.run(asked_of())


def _print_import(found: Body, as_json: bool) -> None:
    job, report = found["job"], found["report"]
    if as_json:
        sys.stdout.write(json.dumps(found, ensure_ascii=False, indent=2) + "\n")
    told = Console(stderr=True, highlight=False, soft_wrap=True, markup=False)
    if job["status"] != "completed":
        for each in job["troubles"]:
            told.print(f"{each['code']}: {each['reason'] or 'see docs/operate/runbook.md'}")
        told.print(f"Job {job['job_id']} {job['status']}; nothing was taken in.")
        raise typer.Exit(ExitCode.FAILED)
    if as_json:
        return
    would = "would be" if report["is_dry"] else "are"
    sys.stdout.write(
        f"{counted(report['unit_count'], 'unit')} {would} in: {report['new_count']:,} new, "
        f"{report['changed_count']:,} changed; {report['unchanged_count']:,} unchanged, "
        f"{report['repeated_count']:,} repeated, {report['rejected_count']:,} not taken\n"
    )
    for each in report["repairs"]:
        told.print(f"{each['code']} ×{each['count']}: {each['message']}")
    for each in report["rejections"][:_SHOWN]:
        told.print(f"{each['place']}: {each['code']}: {each['reason']}")


def _memories(body: Body) -> Table:
    shown = table("name", "project", "units", "languages", "id")
    for each in body["items"]:
        pairs = ", ".join(f"{p['source_language']}→{p['target_language']}" for p in each["pairs"])
        shown.add_row(
            cut(each["name"]),
            each["project_code"] or "all",
            f"{each['unit_count']}",
            pairs,
            each["memory_id"],
        )
    return shown


def _matches(body: Body) -> Table:
    shown = table("score", "kind", "state", "source", "target")
    for each in body["items"]:
        shown.add_row(
            str(each["score"]), each["kind"], each["state"], each["source"], each["target"]
        )
    return shown
