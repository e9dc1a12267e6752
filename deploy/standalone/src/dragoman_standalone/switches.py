"""The switches of what is translated, as the command line names them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Annotated

import typer
from pydantic import JsonValue

from dragoman_contracts.errors import PermanentError

_COLOUR = re.compile(r"[0-9A-Fa-f]{6}", re.ASCII)
_HIGHLIGHTS = (
    "black", "blue", "cyan", "darkBlue", "darkCyan", "darkGray", "darkGreen", "darkMagenta", "darkRed", "darkYellow",
    "green", "lightGray", "magenta", "red", "white", "yellow",
)  # fmt: skip
_PANEL = "What is translated"

Names = Annotated[
    list[str] | None,
    typer.Option(
        "--include",
        metavar="PARTS",
        help="Translate this too: hidden-text, statistical-charts … Several with commas.",
        rich_help_panel=_PANEL,
    ),
]
"""The kinds of text to translate although the default leaves them."""

LeftOut = Annotated[
    list[str] | None,
    typer.Option(
        "--exclude",
        metavar="PARTS",
        help="Leave this as it is: comments, headers, charts … Several with commas.",
        rich_help_panel=_PANEL,
    ),
]
"""The kinds of text to leave although the default translates them."""

Styles = Annotated[
    list[str] | None,
    typer.Option(
        "--do-not-translate-style",
        metavar="ID",
        help="Leave text of this style as it is, by its id.",
        rich_help_panel=_PANEL,
    ),
]
Highlights = Annotated[
    list[str] | None,
    typer.Option(
        "--do-not-translate-highlight",
        metavar="NAME",
        help="Leave text with this highlight as it is.",
        rich_help_panel=_PANEL,
    ),
]
Colours = Annotated[
    list[str] | None,
    typer.Option(
        "--do-not-translate-colour",
        metavar="RGB",
        help="Leave text of this colour as it is: RRGGBB.",
        rich_help_panel=_PANEL,
    ),
]


class PartRefusedError(PermanentError):
    """A choice of what is translated names nothing that a document has."""

    default_code = "usage.part"


def switches(
    include: Sequence[str] | None,
    exclude: Sequence[str] | None,
    styles: Sequence[str] | None,
    highlights: Sequence[str] | None,
    colours: Sequence[str] | None,
) -> dict[str, JsonValue]:
    """The switches by name; those that were not named are left to the project.

    Raises:
        PartRefusedError: a name is no part; the message says what was perhaps meant.
    """
    chosen: dict[str, JsonValue] = dict.fromkeys(_each("--include", include or ()), True)
    chosen |= dict.fromkeys(_each("--exclude", exclude or ()), False)
    for name, values in (("styles", styles), ("highlights", highlights), ("colours", colours)):
        if values:
            chosen[f"untranslated_{name}"] = list(values)
    _require_marks(highlights or (), colours or ())
    return chosen


def _require_marks(highlights: Sequence[str], colours: Sequence[str]) -> None:
    for name in colours:
        if not _COLOUR.fullmatch(name):
            raise PartRefusedError(
                f"--do-not-translate-colour {name}: write a colour as six hexadecimal digits, "
                "RRGGBB: FF0000 is red."
            )
    for name in highlights:
        if name not in _HIGHLIGHTS:
            near = get_close_matches(name, _HIGHLIGHTS, 1)
            meant = f" Did you mean {near[0]}?" if near else ""
            raise PartRefusedError(
                f"--do-not-translate-highlight {name}: there is no such highlight.{meant} "
                f"Choose from {', '.join(_HIGHLIGHTS)}."
            )


def _each(option: str, names: Iterable[str]) -> list[str]:
    given = [name.strip() for each in names for name in each.split(",") if name.strip()]
    parts = _parts()
    for name in given:
        if name.replace("_", "-") not in parts:
            near = get_close_matches(name, parts, 1)
            meant = f" Did you mean {near[0]}?" if near else ""
            raise PartRefusedError(
                f"{option} {name}: there is no such part.{meant} Choose from {', '.join(parts)}."
            )
    return [name.replace("-", "_") for name in given]


def _parts() -> list[str]:
    """The parts of a document that can be translated or left, as options write them."""
    from dragoman_documents import ExtractOptions  # the document library is slow to import

    fields = ExtractOptions.model_fields.items()
    return [name.replace("_", "-") for name, field in fields if field.annotation is bool]
