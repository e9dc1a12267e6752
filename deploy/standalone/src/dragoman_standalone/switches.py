"""The switches of what is translated, as the command line names them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated

import typer
from pydantic import JsonValue

Names = Annotated[
    list[str] | None,
    typer.Option("--include", help="Translate this too: hidden-text, statistical-charts … Several with commas."),
]
"""The kinds of text to translate although the default leaves them."""

LeftOut = Annotated[
    list[str] | None,
    typer.Option("--exclude", help="Leave this as it is: comments, headers, charts … Several with commas."),
]
"""The kinds of text to leave although the default translates them."""

Styles = Annotated[
    list[str] | None, typer.Option("--do-not-translate-style", help="Leave text of this style as it is, by its id.")
]
Highlights = Annotated[
    list[str] | None, typer.Option("--do-not-translate-highlight", help="Leave text with this highlight as it is.")
]
Colours = Annotated[
    list[str] | None, typer.Option("--do-not-translate-colour", help="Leave text of this colour as it is: RRGGBB.")
]


def switches(
    include: Sequence[str] | None,
    exclude: Sequence[str] | None,
    styles: Sequence[str] | None,
    highlights: Sequence[str] | None,
    colours: Sequence[str] | None,
) -> dict[str, JsonValue]:
    """The switches by name; those that were not named are left to the project."""
    chosen: dict[str, JsonValue] = dict.fromkeys(_each(include or ()), True)
    chosen |= dict.fromkeys(_each(exclude or ()), False)
    for name, values in (("styles", styles), ("highlights", highlights), ("colours", colours)):
        if values:
            chosen[f"untranslated_{name}"] = list(values)
    return chosen


def _each(names: Iterable[str]) -> list[str]:
    return [name.strip().replace("-", "_") for given in names for name in given.split(",") if name.strip()]
