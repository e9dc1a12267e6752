"""`dragoman explain`: why a unit reads as it does, from the record."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer
from rich.console import Console

from dragoman_contracts.errors import PermanentError
from dragoman_standalone.asking import Body, JsonOption, StateOption, UrlOption, ask
from dragoman_standalone.job_reference import JobArgument, job_id_of
from dragoman_standalone.outcome import ExitCode

if TYPE_CHECKING:
    from dragoman_standalone.client import Api

_PAGE = 500


class NoSuchUnitError(PermanentError):
    """The job has no unit of this number."""

    default_code = "usage.unit"
    exit_status = ExitCode.FAILED


def explain(
    job: JobArgument,
    unit: Annotated[
        str, typer.Argument(metavar="UNIT", help="Its number in the document, from 1, or its id.")
    ],
    at: Annotated[
        int | None, typer.Option("--at", min=1, help="As of this event, not as of now.")
    ] = None,
    state: StateOption = None,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say why a unit reads as it does: its match, terms and neighbours, what was asked and answered,
    checks, repairs and people. All of it is on record; nothing is asked again.
    """
    query = {} if at is None else {"at": at}

    async def question(api: Api) -> Body:
        job_id = await job_id_of(api, job)
        unit_id = await _id_of(api, job_id, int(unit)) if unit.isdecimal() else unit
        return await api.get(f"jobs/{job_id}/units/{quote(unit_id)}/explanation", **query)

    told = ask(state, url, question)
    if as_json:
        sys.stdout.write(json.dumps(told, ensure_ascii=False, indent=2) + "\n")
    else:
        _print(told)


async def _id_of(api: Api, job_id: str, number: int) -> str:
    cursor: dict[str, str] = {}
    while True:
        page = await api.get(f"jobs/{job_id}/units", limit=_PAGE, **cursor)
        items: list[Body] = page["items"]
        for each in items:
            if each["position"] + 1 == number:
                return str(each["unit_id"])
        if page["next_cursor"] is None:
            raise NoSuchUnitError(
                f"The job has no unit {number} with text to translate; `dragoman explain` takes "
                "the numbers that the console shows, or an id."
            )
        cursor = {"cursor": page["next_cursor"]}


def _print(told: Body) -> None:
    console = Console(highlight=False, markup=False, soft_wrap=True)

    def head(text: str) -> None:
        console.print(f"\n{text}", style="bold")

    console.print(f"Unit {told['position'] + 1} as of event {told['as_of']}: {told['unit_id']}")
    console.print(f"  source  {told['source']}")
    console.print(f"  target  {'(none yet)' if told['target'] is None else told['target']}")
    console.print(
        f"  from    {told['result_source'] or 'nothing yet'}; engine {told['engine']} {told['model']}"
    )
    if (earlier := told.get("previous")) is not None:
        head("Previous version")
        whose = "a person's" if earlier["is_persons"] else "the engine's"
        facts = [whose, *(["kept"] if earlier["is_kept"] else []), *earlier["differences"]]
        facts += ["other neighbours"] if earlier["is_context_changed"] else []
        facts += ["translated in several ways"] if earlier["is_ambiguous"] else []
        unit = f"job {earlier['job_id']} unit {earlier['unit_id']}"
        console.print(f"  {earlier['score']} {', '.join(facts)}: {unit}")
        console.print(f"      {earlier['source']}\n      {earlier['target']}")
    head("Memory")
    for each in told["matches"]:
        used = ", used" if each["is_used"] else ""
        entry = f"{each['memory_name']} entry {each['memory_unit_id']}"
        console.print(f"  {each['score']} {each['kind']}, {each['state']}{used}: {entry}")
        console.print(f"      {each['source']}\n      {each['target']}")
    _nothing(console, told["matches"], "no match of the job's memories")
    head("Terms")
    for each in told["terms"]:
        console.print(f"  {each['source']} → {each['target']} ({each['status']})")
    _nothing(console, told["terms"], "no term of the job's glossaries occurs")
    for each in told["redactions"]:
        console.print(f"  <{each['tag_id']}/> stood for {each['found_as']}: {each['text']}")
    for number, call in enumerate(told["calls"], 1):
        gave = ", gave the text" if call["is_the_source"] else ""
        head(f"Call {number}{gave}: {call['engine']} {call['model']} ({call['call'][:12]})")
        for section in call["sections"]:
            console.print(f"  [{section['name']}] {section['came_from']}", style="dim")
            console.print(_indented(section["text"]))
        console.print("  [response]", style="dim")
        console.print(_indented(call["response"]))
    if not told["calls"]:
        head("Calls")
        console.print("  no engine was asked for it")
    head("What followed")
    console.print(f"  {told['verification_state']}; tags {told['tag_repair'] or 'as they were'}")
    for each in told["checks"]:
        console.print(f"  {each['severity']:<8} {each['message']} ({each['code']})")
    for each in told["edits"]:
        console.print(
            f"  event {each['event']}: {each['by']} {each['how']}: {each['target'] or each['stage']}"
        )
    if told["missing"]:
        console.print(f"  erased, and so not told: {', '.join(told['missing'])}", style="yellow")


def _nothing(console: Console, found: list[Any], text: str) -> None:
    if not found:
        console.print(f"  {text}")


def _indented(text: str) -> str:
    return "\n".join(f"      {line}" for line in text.splitlines())
