"""`dragoman explain-prompt`: the very prompt of an AI task, before anything is paid."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote
from uuid import UUID

import typer
from rich.console import Console

from dragoman_standalone.asking import Body, JsonOption, StateOption, UrlOption, ask
from dragoman_standalone.outcome import ExitCode

if TYPE_CHECKING:
    from dragoman_standalone.client import Api

_KINDS = {"template": "template", "field": "field", "task": "answer of", "computed": "computed"}


def explain_prompt(
    class_name: Annotated[str, typer.Argument(metavar="CLASS", help="Name of the class.")],
    object_id: Annotated[UUID, typer.Argument(metavar="OBJECT", help="Id of the object.")],
    task: Annotated[str, typer.Argument(metavar="TASK", help="Name of the task.")],
    state: StateOption = None,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the very prompt of a task as it would be asked now, by section and where each came from,
    with about how many tokens it has. Nothing is asked and nothing paid.

    Exit status: 0 it could be asked; 1 it could not, and why is said.
    """
    path = "/".join(quote(each, safe="") for each in (class_name, str(object_id)))

    async def question(api: Api) -> Body:
        return await api.get(f"objects/{path}/ai-tasks/{quote(task, safe='')}/prompt")

    told = ask(state, url, question)
    if as_json:
        sys.stdout.write(json.dumps(told, ensure_ascii=False, indent=2) + "\n")
    else:
        _print(told)
    if told["problems"]:
        raise typer.Exit(ExitCode.FAILED)


def _print(told: Body) -> None:
    console = Console(highlight=False, markup=False)
    sections: list[Body] = told["prompt"]["sections"] if told["prompt"] else []
    for each in sections:
        place = f", line {each['line']}" if each["line"] else ""
        console.print(f"[{_KINDS[each['kind']]} {each['name']}]".replace(" ]", "]") + place)
        console.print(each["text"], soft_wrap=True)
    console.print(
        f"about {told['token_estimate']:,} tokens, {told['schema_tokens']:,} of them for the schema; "
        f"model: {told['model'] or 'the default'}"
    )
    for warning in told["warnings"]:
        console.print(f"warning: {warning}", soft_wrap=True)
    for problem in told["problems"]:
        console.print(f"cannot be asked: {problem['message']} ({problem['code']})", soft_wrap=True)
