"""The parts shared by the commands that ask the API: options, the question, and how an answer is printed."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from dragoman_contracts.errors import DragomanError
from dragoman_standalone.outcome import ExitCode

if TYPE_CHECKING:
    from dragoman_standalone.client import Api

StateOption = Annotated[Path | None, typer.Option("--state", help="State folder to look into.")]
UrlOption = Annotated[str | None, typer.Option("--url", help="A gateway to ask instead; its token: DRAGOMAN_TOKEN.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Body = dict[str, Any]


def ask(
    state: Path | None, url: str | None, question: Callable[[Api], Awaitable[Body]], *, needs_view: bool = False
) -> Body:
    """The answer to the question, from the named server, the server on the state folder, or the folder itself.

    `needs_view` is for questions that neither one job's events nor the list of jobs answer. A foreseen error ends the
    command.
    """

    async def asked_of() -> Body:
        from dragoman_runtime.settings import load  # with the application behind it, slow to import
        from dragoman_runtime.telemetry import configure_logging
        from dragoman_standalone.client import api
        from dragoman_standalone.settings import ClientSettings, StandaloneSettings

        settings = load(StandaloneSettings, {"state_dir": state} if state else {})
        configure_logging(settings, "dragoman")
        client = load(ClientSettings, {"url": url} if url else {})
        async with api(settings, client, needs_view=needs_view) as asked:
            return await question(asked)

    try:
        return asyncio.run(asked_of())
    except DragomanError as error:
        Console(stderr=True).print(error.message, style="red", highlight=False, markup=False)
        raise typer.Exit(ExitCode.FAILED) from None


def output(body: Body, as_json: bool, show: Callable[[Body], Table]) -> None:
    """Print the answer, as JSON or as a table."""
    if as_json:
        sys.stdout.write(json.dumps(body, ensure_ascii=False, indent=2) + "\n")
    else:
        Console().print(show(body))


def table(*columns: str) -> Table:
    """A table with these columns, and no lines."""
    made = Table(box=None, pad_edge=False)
    for column in columns:
        made.add_column(column, overflow="fold", no_wrap=column in {"job", "status", "stage", "%", "languages"})
    return made


def work_text(work: Body) -> str:
    """A piece of work as the commands take it; batches are counted from 1, as people do."""
    kind: str = work["kind"]
    number = f" {work['index'] + 1}" if kind.endswith("_batch") or work["index"] else ""
    return f"{kind}{number}" + (f" --phase {quote(work['phase'])}" if work.get("phase") else "")


async def every(api: Api, path: str, **query: str | int | list[str]) -> list[Body]:
    """The items of all pages of a list."""
    page = await api.get(path, limit=200, **query)
    items: list[Body] = page["items"]
    while page["next_cursor"] is not None:
        page = await api.get(path, limit=200, cursor=page["next_cursor"], **query)
        items += page["items"]
    return items
