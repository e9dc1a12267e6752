"""`dragoman sign-in-link`: a link that signs a user in once, for who has no password yet."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from dragoman_standalone.asking import Body, JsonOption, StateOption, UrlOption, ask

if TYPE_CHECKING:
    from dragoman_standalone.client import Api


def sign_in_link(
    name: Annotated[str, typer.Argument(help="The user's name; without it, the first admin.")] = "",
    state: StateOption = None,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print a link to the running server that signs a user in, once, within minutes."""

    async def question(api: Api) -> Body:
        user_id = str((await api.get("session"))["user_id"])
        if name:
            user_id = await _user_id(api, name)
        made = await api.post(f"users/{user_id}/sign-in-links")
        return made if "://" in made["url"] else {**made, "url": api.url + made["url"]}

    answer = ask(state, url, question, needs_server=True)
    answer = ask(state, url, question, needs_server=True)
    told = json.dumps(answer, indent=2) if as_json else answer["url"]
    sys.stdout.write(f"{told}\n")


async def _user_id(api: Api, name: str) -> str:
    users: list[Body] = (await api.get("users"))["items"]
    found = [str(user["user_id"]) for user in users if user["name"] == name]
    if not found:
        raise typer.BadParameter(f"There is no user {name!r}.")
    return found[0]
