"""Docstrings name their nouns: no sentence opens with What, Whoever or Such.

A sentence that opens so makes a reader guess which thing is meant.
"""

import ast
import re
from collections.abc import Iterator

import pytest

from architecture.rooms import ROOT, Room, rooms

_RIDDLE = re.compile(r"(?:^|[.:;!?]\s+|\n\s*\n\s*)(?:What|Whatever|Whoever|Whichever|Such)\b")


def _docstrings(source: str) -> Iterator[tuple[int, str]]:
    """Every docstring with its line: of modules, classes and functions,
    and those behind attributes.
    """
    for node in ast.walk(ast.parse(source)):
        body: list[ast.stmt] = (
            node.body
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            else []
        )
        for statement in body:
            match statement:
                case ast.Expr(ast.Constant(str(text))):
                    yield statement.lineno, text
                case _:
                    pass


def _riddles(source: str) -> list[int]:
    """The lines of docstrings with a sentence that does not name its noun."""
    return [line for line, text in _docstrings(source) if _RIDDLE.search(text)]


def _named(room: Room) -> str:
    return room.folder.name


@pytest.mark.parametrize("room", rooms(), ids=_named)
def test_no_sentence_of_a_docstring_opens_with_a_riddle(room: Room) -> None:
    sources = sorted((room.folder / "src").rglob("*.py"))
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in sources
        for line in _riddles(path.read_text(encoding="utf-8"))
    ]

    assert sources != []
    assert found == []


@pytest.mark.parametrize(
    "docstring",
    [
        "What the part holds.",
        "The part. What it holds is not read.",
        "The part.\n\n    Such parts are left.",
        "Keep the lease: whoever holds it. Whoever comes next waits.",
    ],
)
def test_a_riddle_is_found(docstring: str) -> None:
    assert _riddles(f'def part():\n    """{docstring}"""\n') == [2]


@pytest.mark.parametrize(
    "docstring", ["The content of the part, whatever it is.", "Tells what the part holds."]
)
def test_a_sentence_that_names_its_noun_is_none(docstring: str) -> None:
    assert _riddles(f'class Part:\n    """{docstring}"""\n') == []
