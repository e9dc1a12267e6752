r"""The results of fields: the text that a field shows, the text elsewhere that it repeats, and the
text in a bookmark (ECMA-376 §17.16.5, §17.13.6).

`Scope of supply` between the marks of `_Ref1`, and `{REF _Ref1 \* Upper | SCOPE OF SUPPLY}`: the
field repeats the key `("bookmark", "_ref1")` in capitals.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

from dragoman_documents.docx.fields import Field, FieldMap
from dragoman_documents.docx.instructions import read_instruction
from dragoman_documents.docx.xml import Element, attribute, names, short_name

PROPERTIES: Mapping[str, str] = {
    "TITLE": "dc:title",
    "SUBJECT": "dc:subject",
    "KEYWORDS": "cp:keywords",
    "COMMENTS": "dc:description",
    "CATEGORY": "cp:category",
}
"""Fields that show a property of the document, with its element."""

_BY_ARGUMENT = names("DOCPROPERTY INFO")
REPEATING = names("REF STYLEREF") | _BY_ARGUMENT | frozenset(PROPERTIES)
"""The kinds of fields that repeat text."""

COMPUTED = names(
    "BIBLIOGRAPHY CITATION CREATEDATE DATABASE DATE DDE DDEAUTO DOCVARIABLE LINK PRINTDATE SAVEDATE TIME"
)
"""The kinds of fields whose words come from outside the text."""

_READ = (
    "bookmarkStart",
    "t",
    "tab",
    "br",
    "cr",
    "noBreakHyphen",
    "fldChar",
    "fldSimple",
    "bookmarkEnd",
)
_IN_RUN = names("w:t w:tab w:br w:cr w:noBreakHyphen")
_FIELDS = names("w:fldChar w:fldSimple")
_FEW = 3  # blocks behind that of a mark, in which the mark's other end is looked for

Case = Callable[[str], str]
"""Changes the case of a repeated text, as the switch `\\*` of a field asks (§17.16.4.3)."""

Key = tuple[str, str]
"""Names the text that a field repeats: `bookmark`, `property` or `paragraph`,
and its name or text.
"""


@dataclass(eq=False, slots=True)
class Shown:
    """A stretch of text that a reader sees: its text nodes and their paragraph.

    `is_plain` says that the stretch holds nothing but words of that paragraph.
    """

    nodes: list[Element] = field(default_factory=list[Element])
    paragraph: Element | None = None
    is_plain: bool = True

    @property
    def text(self) -> str:
        """The text as it is now."""
        return "".join(node.text or "" for node in self.nodes)

    @property
    def is_one_text(self) -> bool:
        """Whether the stretch is words of one paragraph and nothing else."""
        return self.is_plain and bool(self.nodes) and self.paragraph is not None

    def take(self, node: Element) -> None:
        """Add a text node. Any other node makes the stretch more than words."""
        run = node.getparent()
        if run is None or short_name(run) != "w:r":
            return
        if short_name(node) != "w:t":
            self.is_plain = False
        elif node.text:
            paragraph = paragraph_of(node)
            self.is_plain &= self.paragraph is None or self.paragraph is paragraph
            self.nodes.append(node)
            self.paragraph = paragraph


def joined(text: str) -> str:
    """The text with every stretch of white space as one space, to be compared with others."""
    return " ".join(text.split())


def repeated_by(code: str, result: str) -> tuple[Key, Case] | None:
    """The key of the text that a field repeats, and the change of case that its code asks for.

    None where the field repeats a text that this document does not hold. `result` is the text that
    the field shows.
    """
    parts = read_instruction(code)
    first = parts.arguments[0].text if parts.arguments else ""
    stated = [piece.text.upper() for piece in parts.switches.get("*", ())]
    case = next((_CASES[each] for each in stated if each in _CASES), _as_it_is)
    if parts.kind in _BY_ARGUMENT:
        name = PROPERTIES.get(first.upper())
        return (("property", name), case) if name else None
    if parts.kind in PROPERTIES:
        return ("property", PROPERTIES[parts.kind]), case
    if parts.kind == "STYLEREF":
        return ("paragraph", joined(result)), case
    # A code that is nothing but the name of a bookmark is a reference to it (§17.16.5.51).
    if not parts.kind and code.strip().startswith("_"):
        first = code.split()[0]
    return (("bookmark", first.lower()), case) if first and parts.kind in {"REF", ""} else None


def _as_it_is(text: str) -> str:
    return text


def _first_capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _capitals(text: str) -> str:
    return " ".join(map(_first_capital, text.split(" ")))


_CASES: Mapping[str, Case] = {
    "UPPER": str.upper,
    "LOWER": str.lower,
    "FIRSTCAP": _first_capital,
    "CAPS": _capitals,
}


def repeating_fields(fields: FieldMap) -> Iterator[tuple[str, Shown]]:
    """The codes and results of the fields that stand in text and whose words Word computes."""
    for element, known in fields.simple.items():
        if known.is_in_text and _is_repeating(known):
            yield known.instruction, _simple_result(element)
    for char, (known, edge) in fields.edges.items():
        if edge == "separate" and known.is_in_text and _is_repeating(known):
            yield known.instruction, _result(char, known, fields)


def in_bookmark(start: Element, fields: FieldMap) -> Shown:
    """The text between the marks of a bookmark, without the codes of fields."""
    shown, codes = Shown(), set[Field]()
    for node in _following(start):
        name = short_name(node)
        if name == "w:bookmarkEnd":
            if attribute(node, "w:id") == attribute(start, "w:id"):
                return shown
        elif name == "w:fldChar" and node in fields.edges:
            known, edge = fields.edges[node]
            (codes.add if edge == "begin" else codes.discard)(known)
        elif name in _IN_RUN and not codes:
            shown.take(node)
    shown.is_plain = False
    return shown


def _result(separate: Element, known: Field, fields: FieldMap) -> Shown:
    shown = Shown()
    for node in _following(separate):
        name = short_name(node)
        if fields.edges.get(node) == (known, "end"):
            return shown
        if name in _IN_RUN:
            shown.take(node)
        elif name in _FIELDS:
            shown.is_plain = False
    shown.is_plain = False
    return shown


def _simple_result(element: Element) -> Shown:
    shown = Shown()
    for node in element.iter(*_tags(element)):
        if short_name(node) in _IN_RUN:
            shown.take(node)
        elif node is not element:
            shown.is_plain = False
    return shown


def _is_repeating(known: Field) -> bool:
    is_bookmark = known.instruction.lstrip().startswith("_")
    return known.kind in REPEATING or known.kind in COMPUTED or is_bookmark


def _following(start: Element) -> Iterator[Element]:
    """The elements behind an element in its paragraph, and those of a few blocks after that."""
    tags = _tags(start)
    block = paragraph_of(start)
    if block is not None:
        rest = iter(block.iter(*tags))
        while next(rest, start) is not start:
            pass
        yield from rest
    for after in islice((start if block is None else block).itersiblings(), _FEW):
        yield from after.iter(*tags)


def paragraph_of(node: Element) -> Element | None:
    """The paragraph around an element; None outside of paragraphs."""
    return next((each for each in node.iterancestors() if short_name(each) == "w:p"), None)


def _tags(element: Element) -> list[str]:
    space = element.tag.rpartition("}")[0] + "}"
    return [space + local for local in _READ]
