"""`dragoman classes`: classes of objects, as folders: looked through, saved, fetched."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

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
from dragoman_standalone.class_folder import read_class, write_class
from dragoman_standalone.outcome import ExitCode
from dragoman_standalone.printing import counted

classes_app = typer.Typer(
    no_args_is_help=True, help="Classes of objects: fields, and the pipeline that fills them."
)

Folder = Annotated[
    Path,
    typer.Argument(
        metavar="DIR",
        file_okay=False,
        help="Folder with class.yaml or class.json, prompts/, schemas/, scripts/.",
    ),
]


@classes_app.command()
def check(folder: Folder, as_json: JsonOption = False) -> None:
    """Look a folder through without asking anybody: fields, pipeline, prompts, schemas, scripts.

    Whether the models that it names are registered, `push` says. Exit status: 0 it can be saved, 1
    it cannot, 2 wrong usage.
    """
    from dragoman_gateway.objects.api.bodies import class_entry
    from dragoman_gateway.objects.desk.checking import checked_class

    entry = class_entry(read_class(folder))
    found = asyncio.run(checked_class(entry.declaration, entry.files))
    told = {
        kind: [
            {"field": ".".join(map(str, each.place)), "message": each.message} for each in faults
        ]
        for kind, faults in (("faults", found.faults), ("warnings", found.warnings))
    }
    if as_json:
        sys.stdout.write(json.dumps(told, ensure_ascii=False, indent=2) + "\n")
    else:
        _print_warnings(told["warnings"])
        for each in told["faults"]:
            sys.stdout.write(f"{each['field']}: {each['message']}\n")
        if not told["faults"]:
            sys.stdout.write(f"{entry.declaration.get('name')} can be saved.\n")
    raise typer.Exit(ExitCode.FAILED if told["faults"] else ExitCode.DONE)


@classes_app.command()
def push(
    folder: Folder,
    state: StateOption = None,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Save the class in a folder, as a new class or as the next version; the same again is none.

    Exit status: 0 it is there, 1 it was refused, 2 wrong usage.
    """
    body = read_class(folder)
    saved = ask(state, url, lambda api: api.post("classes", body))
    if as_json:
        sys.stdout.write(json.dumps(saved, ensure_ascii=False, indent=2) + "\n")
        return
    _print_warnings(saved["warnings"])
    files = counted(len(saved["files"]), "file")
    sys.stdout.write(f"{saved['name']} version {saved['version']} ({files})\n")


@classes_app.command()
def pull(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the class.")],
    folder: Folder,
    version: Annotated[
        int | None, typer.Option("--version", help="An older version than the newest.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Write over what is in the folder.")
    ] = False,
    state: StateOption = None,
    url: UrlOption = None,
) -> None:
    """Write a class into a folder, which `push` takes again."""
    query = {} if version is None else {"version": version}
    path = f"classes/{quote(name, safe='')}"
    body = ask(state, url, lambda api: api.get(path, **query))
    for written in write_class(folder, body, is_forced=force):
        sys.stdout.write(f"{written}\n")


@classes_app.command("list")
def list_classes(
    state: StateOption = None, url: UrlOption = None, as_json: JsonOption = False
) -> None:
    """List classes: name, version, state, project, fields, phases."""
    output(ask(state, url, lambda api: api.get("classes")), as_json, _table)


def _table(page: Body) -> Table:
    shown = table("class", "version", "state", "project", "fields", "phases")
    for each in page["items"]:
        declared: list[Body] = each["pipeline"]["phases"] if each["pipeline"] else []
        phases = [str(phase["name"]) for phase in declared]
        shown.add_row(
            each["name"],
            str(each["version"]),
            "retired" if each["is_retired"] else "active",
            each["project_code"] or "",
            cut(", ".join(each["fields"])),
            cut(", ".join(phases)),
        )
    return shown


def _print_warnings(warnings: Iterable[Body]) -> None:
    console = Console(stderr=True)
    for each in warnings:
        said = f"warning: {each['field']}: {each['message']}"
        console.print(said, highlight=False, soft_wrap=True, markup=False)
