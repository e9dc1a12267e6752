"""`dragoman parked` and `dragoman dead-letters`: what waits for a person,
and what is done about it, over the API.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, cast
from urllib.parse import quote
from uuid import UUID

import typer
from rich.table import Table

from dragoman_standalone.asking import (
    Body,
    JsonOption,
    StateOption,
    UrlOption,
    ask,
    every,
    output,
    table,
    work_text,
)
from dragoman_standalone.job_reference import JobArgument, job_id_of
from dragoman_standalone.printing import counted, when_text

if TYPE_CHECKING:
    from dragoman_standalone.client import Api

parked_app = typer.Typer(
    no_args_is_help=True, help="Look at work that waits for a person, and act on it."
)
dead_letters_app = typer.Typer(
    no_args_is_help=True, help="Look at messages that no worker could read or answer."
)

_LETTER_HELP = "Id of the message, as the list shows it."
_Letter = Annotated[UUID, typer.Argument(help=_LETTER_HELP)]
_Kind = Annotated[
    str, typer.Argument(help="The kind of its work, as the list names it: `translation_batch`.")
]
_Number = Annotated[int, typer.Argument(min=1, help="Which batch of a phase, counted from 1.")]
_Phase = Annotated[str, typer.Option("--phase", help="Its phase, where the list names one.")]
_Code = Annotated[str | None, typer.Option("--code", help="Only of this error.")]


@parked_app.command("list")
def list_parked(
    code: _Code = None,
    state: StateOption = None,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """List parked work with why it was parked, the newest first."""
    query = {"code": code} if code else {}

    async def question(api: Api) -> Body:
        return {"items": await every(api, "parked", **query)}

    output(ask(state, url, question, needs_view=True), as_json, _parked_table)


@parked_app.command("show")
def show_parked(
    job: JobArgument,
    kind: _Kind,
    number: _Number = 1,
    phase: _Phase = "",
    state: StateOption = None,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show why work was parked, and where in the code it failed."""

    async def question(api: Api) -> Body:
        return await api.get(_path(await job_id_of(api, job), kind, number, phase))

    output(ask(state, url, question), as_json, _parked_card)


@parked_app.command("redrive")
def redrive_parked(
    job: Annotated[str | None, typer.Argument(help="Its job; without it, all parked work.")] = None,
    kind: Annotated[
        str | None, typer.Argument(help="The kind of its work, as the list names it.")
    ] = None,
    number: _Number = 1,
    phase: _Phase = "",
    is_all: Annotated[
        bool, typer.Option("--all", help="All parked work, or all of one code.")
    ] = False,
    code: _Code = None,
    state: StateOption = None,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let parked work be done again, with all its attempts: once what it names is put right."""
    if (job is None) is not is_all or (job is None) is not (kind is None):
        raise typer.BadParameter("Name a job and the kind of its work, or ask for --all.")
    if job and kind:
        named, of_kind = job, kind

        async def one(api: Api) -> Body:
            job_id = await job_id_of(api, named)
            return await api.post(_path(job_id, of_kind, number, phase, "/redrive"))

        output(ask(state, url, one), as_json, _job_card)
        return

    async def question(api: Api) -> Body:
        asked: Body = {"limit": 200, **({"code": code} if code else {})}
        count, refused = 0, []
        while True:
            page = await api.post("parked/redrive", asked)
            count, refused = count + page["redriven_count"], refused + page["refused"]
            if page["next_cursor"] is None:
                return {"redriven_count": count, "refused": refused}
            asked["cursor"] = page["next_cursor"]

    output(ask(state, url, question, needs_view=True), as_json, _card)


@parked_app.command("discard")
def discard_parked(
    job: JobArgument,
    kind: _Kind,
    number: _Number = 1,
    phase: _Phase = "",
    state: StateOption = None,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say that parked work will not be done: it leaves the list,
    and its job stays failed until it is resumed.
    """

    async def question(api: Api) -> Body:
        return await api.post(_path(await job_id_of(api, job), kind, number, phase, "/discard"))

    output(ask(state, url, question), as_json, _job_card)


def _path(job_id: str, kind: str, number: int, phase: str, action: str = "") -> str:
    """The address of parked work below the API's root."""
    named = f"?phase={quote(phase, safe='')}" if phase else ""
    return f"jobs/{job_id}/parked/{quote(kind, safe='')}/{number - 1}{action}{named}"


@dead_letters_app.command("list")
def list_dead_letters(
    state: StateOption = None, url: UrlOption = None, as_json: JsonOption = False
) -> None:
    """List messages that no worker could read or answer, the newest first.
    One process has no broker, and so none.
    """

    async def question(api: Api) -> Body:
        return {"items": await every(api, "dead-letters")}

    output(ask(state, url, question), as_json, _letter_table)


@dead_letters_app.command("show")
def show_dead_letter(
    letter: _Letter, state: StateOption = None, url: UrlOption = None, as_json: JsonOption = False
) -> None:
    """Show a message, and why it cannot be read."""
    output(ask(state, url, lambda api: api.get(f"dead-letters/{letter}")), as_json, _card)


@dead_letters_app.command("redrive")
def redrive_dead_letters(
    letter: Annotated[UUID | None, typer.Argument(help=_LETTER_HELP)] = None,
    is_all: Annotated[bool, typer.Option("--all", help="Every one.")] = False,
    state: StateOption = None,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send a message again, to the queue it came from: once this installation can read it."""
    _act_on_letters("redrive", letter, is_all, state, url, as_json)


@dead_letters_app.command("discard")
def discard_dead_letters(
    letter: Annotated[UUID | None, typer.Argument(help=_LETTER_HELP)] = None,
    is_all: Annotated[bool, typer.Option("--all", help="Every one.")] = False,
    state: StateOption = None,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Throw a message away. No work is lost by it: what is owed is sent anew."""
    _act_on_letters("discard", letter, is_all, state, url, as_json)


def _act_on_letters(
    action: str,
    letter: UUID | None,
    is_all: bool,
    state: StateOption,
    url: UrlOption,
    as_json: bool,
) -> None:
    if (letter is None) is not is_all:
        raise typer.BadParameter("Name a letter, or ask for --all.")

    async def question(api: Api) -> Body:
        ids = (
            [letter] if letter else [each["letter_id"] for each in await every(api, "dead-letters")]
        )
        return {"items": [await api.post(f"dead-letters/{each}/{action}") for each in ids]}

    output(ask(state, url, question), as_json, _letter_table)


def _parked_table(page: Body) -> Table:
    made = table("job", "work", "why")
    for work in page["items"]:
        tried = f"{work_text(work)}, {counted(work['attempts'], 'attempt')}"
        made.add_row(work["job_id"], tried, f"{work['message']} ({work['code']})")
    return made


def _parked_card(work: Body) -> Table:
    return _card(
        {
            "work": work_text(work),
            **{name: work[name] for name in work if name not in {"kind", "index"}},
        }
    )


def _letter_table(page: Body) -> Table:
    made = table("letter", "queue", "died", "bytes", "why")
    for letter in page["items"]:
        why = "; ".join(letter["faults"]) or f"a bug: {letter['kind']} of job {letter['job_id']}"
        made.add_row(
            letter["letter_id"],
            letter["queue"],
            when_text(letter["died_at"]),
            str(letter["size_bytes"]),
            why,
        )
    return made


def _job_card(job: Body) -> Table:
    return _card({name: job[name] for name in ("job_id", "status", "stage", "progress_pct")})


def _card(body: Body) -> Table:
    made = table("", "")
    made.show_header = False
    for name, value in body.items():
        if name != "links":
            lines = cast("list[object]", value) if isinstance(value, list) else [value]
            made.add_row(name, "\n".join(map(str, lines)))
    return made
