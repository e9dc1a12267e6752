"""The parts shared by the commands that ask the API: options, the question,
and how an answer is printed.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from dragoman_standalone.client import Api

_WHOLE = frozenset({"job", "status", "stage", "%", "languages", "when"})
_SHORT_CHARS = 8

StateOption = Annotated[Path | None, typer.Option("--state", help="State folder to look into.")]
UrlOption = Annotated[
    str | None, typer.Option("--url", help="A gateway to ask instead; its token: DRAGOMAN_TOKEN.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Body = dict[str, Any]


def ask(
    state: Path | None,
    url: str | None,
    question: Callable[[Api], Awaitable[Body]],
    *,
    needs_view: bool = False,
    needs_server: bool = False,
) -> Body:
    """The answer to the question, from the named server, the server on the state folder, or the
    folder itself.

    `needs_view` is for questions that neither one job's events nor the list of jobs answer,
    `needs_server` for those that only a running server answers.

    Raises:
        DragomanError: the API said no, or cannot be asked.
    """

    async def asked_of() -> Body:
        from dragoman_runtime.settings import load  # with the application behind it, slow to import
        from dragoman_runtime.telemetry import configure_logging
        from dragoman_standalone.client import api
        from dragoman_standalone.settings import ClientSettings, StandaloneSettings, quiet
        from dragoman_standalone.whereabouts import require_no_servers

        settings = load(StandaloneSettings, {"state_dir": state} if state else {})
        configure_logging(quiet(settings), "dragoman")
        client = load(ClientSettings, {"url": url} if url else {})
        if client.url is None:
            require_no_servers(state)
        async with api(settings, client, needs_view=needs_view, needs_server=needs_server) as asked:
            return await question(asked)

    return asyncio.run(asked_of())


def output(body: Body, as_json: bool, show: Callable[[Body], Table]) -> None:
    """Print the answer: as JSON; as a table on a terminal; elsewhere as TSV without heads, in which
    ids are whole and nothing is wrapped.
    """
    if as_json:
        sys.stdout.write(json.dumps(body, ensure_ascii=False, indent=2) + "\n")
        return
    shown = show(body)
    if sys.stdout.isatty():
        Console().print(_shortened(shown))
    else:
        sys.stdout.write("".join(f"{line}\n" for line in _tsv(shown)))


def table(*columns: str) -> Table:
    """A table with these columns, and no lines."""
    made = Table(box=None, pad_edge=False)
    for column in columns:
        made.add_column(column, overflow="fold", no_wrap=column in _WHOLE)
    return made


def cut(text: str) -> Text:
    """Text of a cell that ends with an ellipsis where there is no room, and is never wrapped."""
    return Text(text, no_wrap=True, overflow="ellipsis")


def short_ids(ids: Sequence[str]) -> dict[str, str]:
    """The shortest beginnings that tell these ids apart, of eight characters or more."""
    length = _SHORT_CHARS
    while len({each[:length] for each in ids}) < len(set(ids)):
        length += 1
    return {each: each[:length].rstrip("-") for each in ids}


def _shortened(shown: Table) -> Table:
    """The table with the ids of its column `job` cut."""
    columns = {str(each.header): list(each.cells) for each in shown.columns}
    if "job" not in columns:
        return shown
    short = short_ids([str(each) for each in columns["job"]])
    columns["job"] = [short[str(each)] for each in columns["job"]]
    made = table(*columns)
    for row in zip(*columns.values(), strict=True):
        made.add_row(*row)
    return made


def _tsv(shown: Table) -> list[str]:
    columns = [[" ".join(str(cell).split()) for cell in each.cells] for each in shown.columns]
    return ["\t".join(row) for row in zip(*columns, strict=True)]


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
