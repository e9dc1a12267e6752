r"""The codes of fields: arguments, switches, and the pieces that are text for a reader (ECMA-376
§17.16.2).

`XE "pump:oil" \b \t "see engine"` has the texts `pump:oil` and `see engine`;
`IF {MERGEFIELD sex} = "f" "Madam" "Sir"` has `Madam` and `Sir`, `REF _Ref1 \h` none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from dragoman_documents.docx.fields import NESTED, field_kind
from dragoman_documents.docx.xml import names

_PIECE = re.compile(
    r'"(?P<quoted>(?:[^"\\]|\\.)*)"?'  # a backslash keeps a quotation mark from ending the text
    r"|\u201c(?P<curly>[^\u201d]*)\u201d?"  # the marks that Word makes of typed ones
    r'|\\(?P<switch>[^\s"])'
    r'|(?P<word>(?:[^\s"\\]|\\[\\"])+)',
    re.DOTALL,
)
_BUTTON = re.compile(r"\s*\\?\s*[A-Za-z]+\s+\S+\s+(?P<text>.*\S)", re.DOTALL)
_OPERATOR = re.compile("[=<>]+")
# The switches of each field whose argument is text for a reader, by letter (§17.16.5).
_SWITCHES_WITH_TEXT: Mapping[str, str] = {
    "XE": "t",
    "TA": "ls",
    "FILLIN": "d",
    "ASK": "d",
    "AUTOTEXTLIST": "t",
    "HYPERLINK": "o",
    "MERGEFIELD": "bf",
}
# The switches without an argument. A reader that takes the next word for one loses that word.
_FLAGS: Mapping[str, str] = {
    "XE": "bi",
    "TC": "n",
    "TA": "bi",
    "HYPERLINK": "mn",
    "MERGEFIELD": "mv",
    "ASK": "o",
}
_FIRST_ARGUMENT = names("XE TC FILLIN AUTOTEXTLIST")
_SECOND_ARGUMENT = names("ASK SET")
_BUTTONS = names("MACROBUTTON GOTOBUTTON")
ENTRIES = names("XE TC TA")
"""The fields that mark an entry of an index, a table of contents or a table of authorities."""


@dataclass(frozen=True, slots=True)
class Piece:
    """An argument of a code: its text without quotation marks, and that text's offsets."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Instruction:
    r"""A code in parts: its `kind` in capitals, its own arguments, and those of its switches (`\t`)
    by letter.
    """

    kind: str
    arguments: Sequence[Piece] = ()
    switches: Mapping[str, Sequence[Piece]] = field(default_factory=dict[str, Sequence[Piece]])


def read_instruction(code: str) -> Instruction:
    """The parts of a field's code.

    Never fails: a quotation that is not closed goes on to the end.
    """
    kind = field_kind(code)
    flags = _FLAGS.get(kind, "") + "h"
    arguments: list[Piece] = []
    switches: dict[str, list[Piece]] = {}
    waiting: list[Piece] | None = None
    for match in _PIECE.finditer(code):
        switch = match["switch"]
        if switch is not None:
            letter = switch.lower()
            held = switches.setdefault(letter, [])
            # A flag takes no argument; the next argument belongs to the field itself.
            waiting = None if letter in flags else held
            continue
        group = next(name for name in ("quoted", "curly", "word") if match[name] is not None)
        piece = Piece(match[group], *match.span(group))
        if waiting is not None:
            waiting.append(piece)
            waiting = None
        else:
            arguments.append(piece)
    return Instruction(kind, arguments[1:], switches)


def texts_in_code(code: str) -> list[Piece]:
    """The pieces of a code with letters that a reader sees, now or once Word computes the field."""
    kind = field_kind(code)
    if kind in _BUTTONS:
        match = _BUTTON.match(code)
        found = [Piece(match["text"], *match.span("text"))] if match else []
    else:
        found = sorted(_texts(read_instruction(code)), key=lambda piece: piece.start)
    return [piece for piece in found if any(map(str.isalpha, piece.text.replace(NESTED, "")))]


def _texts(parts: Instruction) -> Iterator[Piece]:
    for letter in _SWITCHES_WITH_TEXT.get(parts.kind, ""):
        yield from parts.switches.get(letter, ())
    if parts.kind in _FIRST_ARGUMENT:
        yield from parts.arguments[:1]
    elif parts.kind in _SECOND_ARGUMENT:
        yield from parts.arguments[1:2]
    elif parts.kind == "QUOTE":
        yield from parts.arguments
    # IF has two sides, an operator between them, and the text for either outcome (§17.16.5).
    elif parts.kind == "IF":
        pieces = parts.arguments
        places = (place for place, piece in enumerate(pieces) if _OPERATOR.fullmatch(piece.text))
        operator = next(places, None)
        yield from pieces[-2:] if operator is None else pieces[operator + 2 : operator + 4]
