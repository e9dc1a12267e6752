"""`dragoman diff`: two documents compared, for people, for programs,
or as Word's tracked changes.
"""

from __future__ import annotations

import getpass
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.console import Console
from rich.text import Text

from dragoman_contracts.errors import DragomanError
from dragoman_standalone.ending import print_problem

if TYPE_CHECKING:
    from dragoman_documents import Difference, DocumentDiff

_MANY_WORDS = 6


class DiffExit(IntEnum):
    """The meanings of the exit status, the same as of diff(1)."""

    SAME = 0
    DIFFERENT = 1
    TROUBLE = 2


def diff(
    before: Annotated[Path, typer.Argument(metavar="A", help="The first document.")],
    after: Annotated[Path, typer.Argument(metavar="B", help="The second document.")],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document on stdout.")
    ] = False,
    tracked: Annotated[
        Path | None,
        typer.Option("--tracked", metavar="OUT", help="Write B to OUT, its changes of A tracked."),
    ] = None,
    author: Annotated[
        str | None, typer.Option("--author", help="Whose the tracked changes are.")
    ] = None,
    text_only: Annotated[
        bool, typer.Option("--text-only", help="Count other text as the same.")
    ] = False,
) -> None:
    """Compare two DOCX files by structure: parts, paragraphs, runs, tables, styles, text.

    Exit status: 0 the same, 1 different, 2 trouble. With --text-only it is 0 where nothing but text
    differs.
    """
    from dragoman_documents import compare

    old, new = _read(before, as_json), _read(after, as_json)
    try:
        found = compare(old, new)
        if tracked is not None:
            _write_tracked(tracked, old, new, author, as_json)
    except DragomanError as error:
        _trouble(error.code, error.message, as_json)
    if as_json:
        sys.stdout.write(found.model_dump_json(indent=2) + "\n")
    else:
        _print(found)
    is_same = found.is_equal or (text_only and found.is_text_only)
    raise typer.Exit(DiffExit.SAME if is_same else DiffExit.DIFFERENT)


def _write_tracked(out: Path, old: bytes, new: bytes, author: str | None, as_json: bool) -> None:
    from dragoman_documents import tracked, untracked
    from dragoman_standalone.delivery import write

    data = tracked(old, new, author or _user(), datetime.now(UTC))
    lost = untracked(old, data)
    try:
        write(out, data)
    except OSError as error:
        _trouble("usage.input", f"{out} cannot be written: {error.strerror}.", as_json)
    if lost:
        _tell_untracked(lost)


def _tell_untracked(lost: tuple[Difference, ...]) -> None:
    """Say on stderr what rejecting all changes leaves as in B, by part."""
    console = Console(stderr=True, highlight=False)
    console.print(
        "Word has no tracked change for these; they stay as in B when all changes are rejected:"
    )
    counts = Counter((each.part or "the package", each.kind.value) for each in lost)
    for (part, kind), count in counts.items():
        named = sorted(
            {
                each.what
                for each in lost
                if (each.part or "the package", each.kind.value) == (part, kind)
            }
        )
        more = ", …" if len(named) > _MANY_WORDS else ""
        console.print(
            f"  {part}: {kind} ({count}): {', '.join(named[:_MANY_WORDS])}{more}", markup=False
        )


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return "Dragoman"


def _read(path: Path, as_json: bool) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        _trouble("usage.input", f"{path} cannot be read: {error.strerror}.", as_json)


def _trouble(code: str, message: str, as_json: bool) -> NoReturn:
    if as_json:
        print_problem(code, message, DiffExit.TROUBLE)
    Console(stderr=True).print(message, style="red", highlight=False, markup=False)
    raise typer.Exit(DiffExit.TROUBLE)


def _print(found: DocumentDiff) -> None:
    console = Console(highlight=False)
    if found.is_equal:
        console.print("the same")
        return
    part = ""
    for each in found.differences:
        if each.part != part:
            part = each.part
            console.print(part, style="bold", markup=False)
        console.print(Text("  ").append_text(_line(each)), soft_wrap=True)
    console.print(_verdict(found))


def _verdict(found: DocumentDiff) -> str:
    count = found.changed_paragraph_count
    paragraphs = f"{count} paragraph{'' if count == 1 else 's'} changed"
    if found.is_text_only:
        others = len(found.differences) - count
        elsewhere = f" and {others} text{'' if others == 1 else 's'} elsewhere" if others else ""
        return f"text only: {paragraphs}{elsewhere}"
    more = sum(1 for each in found.differences if each.kind.value != "text")
    return f"not only text: {more} differences of other kinds, {paragraphs}"


def _line(each: Difference) -> Text:
    line = Text(f"{each.path:<14} {each.kind.value} {each.change.value}: {each.what}")
    if each.words:
        return line.append("  ").append_text(Text("  ").join(_edits(each)))
    for content, style in ((each.before, "red strike"), (each.after, "green")):
        if content:
            line.append("  ").append(content, style=style)
    return line


def _edits(each: Difference) -> Iterator[Text]:
    for edit in each.words[:_MANY_WORDS]:
        before, after = edit.before.strip(), edit.after.strip()
        text = Text()
        if before:
            text.append(f"[-{before}-]", style="red")
        if after:
            text.append(f"{{+{after}+}}", style="green")
        yield text
    if len(each.words) > _MANY_WORDS:
        yield Text(f"… {len(each.words) - _MANY_WORDS} more")
