"""`dragoman models`: the registry's models, and trying one out, over the API."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table

from dragoman_contracts.models import Category
from dragoman_standalone.asking import (
    Body,
    JsonOption,
    StateOption,
    UrlOption,
    ask,
    output,
    table,
)
from dragoman_standalone.ending import UsageRefusedError
from dragoman_standalone.printing import counted

if TYPE_CHECKING:
    from dragoman_standalone.client import Api

models_app = typer.Typer(no_args_is_help=True, help="List the models there are, and try them out.")


@models_app.command("list")
def list_models(
    category: Annotated[
        Category | None, typer.Option("--category", help="Only of this category.")
    ] = None,
    state: StateOption = None,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """List models by category: name, provider, category, whether it is the default, state, id.

    Elsewhere than on a terminal each is a line of values with tabs between them.
    """
    query = {"category": category.value} if category else {}
    output(ask(state, url, lambda api: api.get("models", **query)), as_json, _model_table)


@models_app.command("test")
def try_model(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="Its id, or its name where one model has it.")
    ],
    texts: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="TEXT…", help="The message or prompt; for embeddings one text, or up to eight."
        ),
    ] = None,
    image: Annotated[
        Path | None,
        typer.Option("--image", metavar="FILE", help="A picture that the prompt is about."),
    ] = None,
    state: StateOption = None,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make one call to a model and print its answer; what it took goes to standard error.

    Without TEXT it is read from standard input. The call is on record, and the provider may charge
    for it.
    """
    said = [each for each in texts or [sys.stdin.read()] if each.strip()]
    if not said:
        raise UsageRefusedError("Say what the model shall answer: dragoman models test MODEL TEXT")

    if image is not None and not image.is_file():
        raise UsageRefusedError(f"There is no picture {image}; name a file.")

    async def question(api: Api) -> Body:
        found = await _model(api, model)
        path = f"models/{found['model_id']}/test"
        if image is not None:
            fields = {"prompt": " ".join(said)}
            return await api.try_model(path, fields=fields, image=(image.name, image.read_bytes()))
        if found["category"] == Category.EMBEDDING.value:
            return await api.try_model(path, content={"input": said})
        message = {"role": "user", "content": " ".join(said)}
        return await api.try_model(path, content={"messages": [message]})

    result = ask(state, url, question)
    if as_json:
        sys.stdout.write(json.dumps(result, ensure_ascii=False, indent=2) + "\n")
        return
    sys.stdout.write(_answer(result))
    Console(stderr=True).print(_taken(result), highlight=False, soft_wrap=True, markup=False)


async def _model(api: Api, wanted: str) -> Body:
    """The model with this id or name.

    Raises:
        UsageRefusedError: none has it, or several have.
    """
    items: list[Body] = (await api.get("models"))["items"]
    found = [
        each
        for each in items
        if wanted in {each["model_id"], each["model_name"], each["display_name"]}
    ]
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(f"{each['model_id']} ({each['provider']['name']})" for each in found)
        raise UsageRefusedError(f"Several models are called {wanted}; name one by its id: {ids}.")
    names = ", ".join(sorted({each["model_name"] for each in items}))
    hint = f"there are {names}" if names and not _is_id(wanted) else "dragoman models list has all"
    raise UsageRefusedError(f"There is no model {wanted}; {hint}.")


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _answer(result: Body) -> str:
    if result["content"] is not None:
        return f"{str(result['content']).rstrip()}\n"
    values = cast("list[float]", result["values"])
    lines = [
        f"dimension\t{result['dimension']}",
        f"norm\t{result['norm']:.6f}",
        *(
            f"cosine {number}\t{'not defined' if each is None else f'{each:.6f}'}"
            for number, each in enumerate(result["cosines"], start=2)
        ),
        "values\t" + " ".join(f"{each:.6f}" for each in values),
    ]
    return "".join(f"{line}\n" for line in lines)


def _taken(result: Body) -> str:
    usage = result["usage"]
    cost = f"{result['cost']} {result['currency']}" if result["cost"] else "price not known"
    return (
        f"{result['model']}: {counted(usage['input_tokens'], 'token')} in, "
        f"{usage['output_tokens']:,} out, {result['latency_ms']:,} ms, {cost}"
    )


def _model_table(body: Body) -> Table:
    shown = table("model", "provider", "category", "default", "state", "id")
    for each in body["items"]:
        is_on = each["is_enabled"] and each["provider"]["is_enabled"]
        shown.add_row(
            each["display_name"] or each["model_name"],
            each["provider"]["name"],
            each["category"],
            "default" if each["is_default_in_category"] else "",
            "enabled" if is_on else "disabled",
            each["model_id"],
        )
    return shown
