"""`dragoman audit export`: who did what, as newline-delimited JSON."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from dragoman_standalone.asking import Body, StateOption, UrlOption, ask, every

if TYPE_CHECKING:
    from dragoman_standalone.client import Api

audit_app = typer.Typer(no_args_is_help=True, help="Who did what.")


@audit_app.callback()
def _audit() -> None:
    """Who did what."""


@audit_app.command()
def export(
    since: Annotated[
        str, typer.Option("--since", help="Only from this time on: 2026-11-22T08:30:00Z.")
    ] = "",
    until: Annotated[str, typer.Option("--until", help="Only before this time.")] = "",
    project: Annotated[str, typer.Option("--project", help="Only this project's.")] = "",
    state: StateOption = None,
    url: UrlOption = None,
) -> None:
    """Print the running server's audit, an entry a line, the newest first."""
    asked = {"since": since, "until": until, "project": project}

    async def question(api: Api) -> Body:
        wanted = {name: value for name, value in asked.items() if value}
        return {"items": await every(api, "audit-events", **wanted)}

    for entry in ask(state, url, question, needs_server=True)["items"]:
        sys.stdout.write(json.dumps(entry, ensure_ascii=False) + "\n")
