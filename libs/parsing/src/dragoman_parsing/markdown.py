r"""Pieces of Markdown (CommonMark with the tables of GitHub's). Pure.

escaped("2 * 3 [x]")              2 \\* 3 \\[x\\]
table([["a", "b"], ["c"]])        | a | b |
                                  |---|---|
                                  | c |  |
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_SPECIAL = re.compile(r"[\\`*\[\]<]|(?<![^\W_])_|_(?![^\W_])")
_AT_LINE_START = re.compile(
    r"^(\s*)(#{1,6}(?=\s|$)|[-+>](?=\s|$)|(\d{1,9})([.)])(?=\s|$)|={3,}|-{3,})"
)


def escaped(text: str) -> str:
    """The text as Markdown that shows it."""
    return _SPECIAL.sub(lambda found: f"\\{found.group()}", text)


def line_start_escaped(line: str) -> str:
    """A line that begins no heading, list or quotation."""

    def kept(found: re.Match[str]) -> str:
        space, mark, number, after = found.groups()
        return f"{space}{number}\\{after}" if number else f"{space}\\{mark}"

    return _AT_LINE_START.sub(kept, line)


def paragraph(text: str) -> str:
    """A paragraph of text that is Markdown inside already; its lines stay lines."""
    lines = [line_start_escaped(line.strip()) for line in text.split("\n")]
    return "  \n".join(line for line in lines if line)


def heading(text: str, level: int) -> str:
    """A heading, on one line."""
    return f"{'#' * min(max(level, 1), 6)} {' '.join(text.split())}"


def item(text: str, mark: str, depth: int) -> str:
    """An item of a list; `mark` is `-` or `3.`."""
    indent = "    " * depth
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    return f"{indent}{mark} " + f"  \n{indent}    ".join(lines)


def table(rows: Sequence[Sequence[str]]) -> str:
    """A table whose first row is its head; short rows are filled up."""
    width = max((len(row) for row in rows), default=0)
    if not width:
        return ""
    lines = [_row([*row, *[""] * (width - len(row))]) for row in rows]
    return "\n".join([lines[0], "|" + "---|" * width, *lines[1:]])


def _row(cells: Sequence[str]) -> str:
    joined = " | ".join("<br>".join(cell.split("\n")).replace("|", "\\|") for cell in cells)
    return f"| {joined} |"
