"""`dragoman objects`: objects of classes, created, listed, shown."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast
from urllib.parse import quote

import typer
from rich.table import Table

from dragoman_standalone.asking import (
    Body,
    JsonOption,
    StateOption,
    UrlOption,
    ask,
    cut,
    every,
    output,
    table,
)
from dragoman_standalone.ending import UsageRefusedError
from dragoman_standalone.outcome import ExitCode
from dragoman_standalone.printing import when_text
from dragoman_standalone.process import run_to_end, settings_of, telemetry_for

if TYPE_CHECKING:
    from dragoman_standalone.client import Api
    from dragoman_standalone.server_record import ServerRecord
    from dragoman_standalone.settings import StandaloneSettings

objects_app = typer.Typer(
    no_args_is_help=True, help="Objects of classes: their fields, phases and AI tasks."
)

ClassArgument = Annotated[str, typer.Argument(metavar="CLASS", help="Name of the class.")]
_FIRST_LOOK_S, _LONGEST_S = 0.2, 2.0
_AT_REST = frozenset({"NEW", "READY", "ERROR"})


@objects_app.command()
def create(
    class_name: ClassArgument,
    values: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="FIELD=VALUE", help="Value of a field; may be repeated."),
    ] = None,
    files: Annotated[
        list[str] | None,
        typer.Option("--file", metavar="FIELD=PATH", help="File of a DOCUMENT field."),
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait", help="Come back when the object is READY, or in ERROR.")
    ] = False,
    state: StateOption = None,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Create an object, which starts its class's pipeline; prints its id and status.

    Where no server is asked, this process does the work, as far as it waits. Exit status: 0 the
    object is there, with --wait READY; 1 it was refused, or its status is ERROR; 2 wrong usage.
    """
    said = dict(_pair("--set", each) for each in values or ())
    read = {
        name: _file(Path(path)) for name, path in (_pair("--file", each) for each in files or ())
    }
    from dragoman_standalone.client import server_for
    from dragoman_standalone.settings import quiet
    from dragoman_standalone.whereabouts import require_no_servers

    settings = quiet(settings_of(state, is_folder_used=False), None)
    server = server_for(settings, url, is_folder_named=state is not None)
    if server is None:
        require_no_servers(state)
    telemetry = telemetry_for(settings)
    made = run_to_end(_created(settings, server, class_name, said, read, wait), telemetry)
    if as_json:
        sys.stdout.write(json.dumps(made, ensure_ascii=False, indent=2) + "\n")
    else:
        sys.stdout.write(f"{made['id']}\t{made['status']}\n")
        if made["error_message"]:
            sys.stderr.write(f"{made['error_message']}\n")
    raise typer.Exit(ExitCode.FAILED if made["status"] == "ERROR" else ExitCode.DONE)


@objects_app.command("list")
def list_objects(
    class_name: ClassArgument,
    status: Annotated[
        str | None, typer.Option("--status", help="NEW, RUNNING, READY or ERROR.")
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option("--where", metavar="FIELD=VALUE", help="Only with this value."),
    ] = None,
    state: StateOption = None,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """List objects of a class, the newest first: id, status, phase, when it was created, fields."""
    query: dict[str, Any] = {"status": status} if status else {}
    query |= {"where": where} if where else {}
    path = f"objects/{quote(class_name, safe='')}"

    async def question(api: Api) -> Body:
        return {"items": await every(api, path, **query)}

    output(ask(state, url, question, needs_view=True), as_json, _table)


@objects_app.command()
def show(
    class_name: ClassArgument,
    object_id: Annotated[str, typer.Argument(metavar="ID", help="Id of the object.")],
    state: StateOption = None,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show an object: its fields, and its AI tasks with what they cost."""
    path = f"objects/{quote(class_name, safe='')}/{quote(object_id, safe='')}"

    async def question(api: Api) -> Body:
        return {**await api.get(path), "ai_tasks": (await api.get(f"{path}/ai-tasks"))["items"]}

    output(ask(state, url, question), as_json, _shown)


async def _created(
    settings: StandaloneSettings,
    server: ServerRecord | None,
    class_name: str,
    said: dict[str, str],
    files: dict[str, tuple[str, bytes]],
    wait: bool,
) -> Body:
    from dragoman_standalone.client import asked_at
    from dragoman_standalone.pipeline_runs import served_here

    async with asked_at(server) if server else served_here(settings) as api:
        declared = await api.get(f"classes/{quote(class_name, safe='')}")
        fields = {
            name: _value(name, declared["fields"].get(name, {}), text)
            for name, text in said.items()
        }
        path = f"objects/{quote(class_name, safe='')}"
        made = await api.post_object(path, fields, files)
        pause = _FIRST_LOOK_S
        while wait and made["status"] not in _AT_REST:
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, _LONGEST_S)
            made = await api.get(f"{path}/{made['id']}")
        return made


def _value(name: str, field: Body, text: str) -> object:
    """The text as a value of this field's type; the server says what is wrong with others."""
    match field.get("type"):
        case "INTEGER" if text.removeprefix("-").isdecimal():
            return int(text)
        case "BOOLEAN" if text in {"true", "false"}:
            return text == "true"
        case "JSON" | "LIST" if not field.get("values"):
            try:
                return json.loads(text)
            except ValueError as error:
                raise UsageRefusedError(
                    f"--set {name}=…: a {field['type']} is written as JSON: {error}"
                ) from error
        case _:
            return text


def _pair(option: str, text: str) -> tuple[str, str]:
    name, found, value = text.partition("=")
    if not found or not name:
        raise UsageRefusedError(f"{option} {text}: write it as FIELD=VALUE.")
    return name, value


def _file(path: Path) -> tuple[str, bytes]:
    try:
        return path.name, path.read_bytes()
    except OSError as error:
        raise UsageRefusedError(f"{path} cannot be read: {error.strerror}.") from error


def _table(page: Body) -> Table:
    shown = table("id", "status", "phase", "created", "fields")
    for each in page["items"]:
        fields = ", ".join(
            f"{name}={_short(value)}" for name, value in each["fields"].items() if value is not None
        )
        shown.add_row(
            each["id"], each["status"], each["phase"], when_text(each["created_at"]), cut(fields)
        )
    return shown


def _shown(body: Body) -> Table:
    shown = table("what", "value", "cost")
    shown.add_row("status", body["status"], "")
    if body["error_message"]:
        shown.add_row("error", body["error_message"], "")
    for name, value in body["fields"].items():
        shown.add_row(name, _short(value), "")
    for each in body["ai_tasks"]:
        told = each["errorMessage"] or _short(each["responseJson"])
        tokens = f"{each['totalTokens']:,} tokens" if each["totalTokens"] is not None else ""
        price = f", {each['cost']} {each['currency']}" if each["cost"] else ""
        shown.add_row(f"{each['taskName']} ({each['status']})", told, tokens + price)
    return shown


def _short(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, dict) and "file_name" in value:
        return str(cast("Body", value)["file_name"])
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 200 else text[:200] + "…"
