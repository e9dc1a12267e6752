"""Complex fields: the marks that open and close them, and the fields whose results a reader reads
(ECMA-376 §17.16).

A field is `begin`, code, `separate`, result, `end`. Fields nest in codes and in results, and may
run over paragraphs. Word computes results such as those of PAGE, DATE and REF anew, so only results
that are typed text are translated. `{HYPERLINK "mailto:{MERGEFIELD mail}" | our office}` is one
field with a code that holds another: only "our office" is text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from dragoman_documents.docx.xml import Element, attribute, names, short_name

_KIND = re.compile(r"\s*\\?\s*([A-Za-z]+|=)")
# A TOC or an index is computed too, but Word does that only when somebody asks for it. Until then a
# reader sees the stored result, so it counts as typed.
_TYPED_RESULTS = names(
    "HYPERLINK FORMTEXT TOC TOA INDEX IF QUOTE INCLUDETEXT INCLUDE AUTOTEXT AUTOTEXTLIST GLOSSARY FILLIN"
)
_NEVER_SHOWN = names("XE TC TA RD SET ASK PRIVATE ADVANCE NEXT NEXTIF SKIPIF")
# The results of these are pictures and controls, or text of another program.
_DRAWN = names(
    "FORMCHECKBOX INCLUDEPICTURE IMPORT EMBED SHAPE LINK DDE DDEAUTO CONTROL HTMLCONTROL ADDIN"
)
_WRAPPERS = names("w:hyperlink w:ins w:moveTo w:sdt w:dir w:bdo w:fldSimple")
_STORIES = names("w:txbxContent w:footnote w:endnote w:comment mc:Fallback w:docPartBody")

NESTED = "\ufffc"
"""The character that stands in a code for a field nested there: OBJECT REPLACEMENT CHARACTER."""

FieldEdge = Literal["begin", "separate", "end"]


@dataclass(eq=False, slots=True)
class Field:
    """One field.

    `in_result` changes while a reader walks: it says whether the code has ended. `is_in_text` says
    that the field stands in no code and in no result that Word computes.
    """

    instruction: str = ""
    in_result: bool = False
    is_in_text: bool = True
    kind: str = field(init=False)
    is_typed: bool = field(init=False)

    def __post_init__(self) -> None:
        """Read the field's name in capitals (`HYPERLINK`), and whether its result was typed."""
        self.kind = field_kind(self.instruction)
        self.is_typed = self.kind in _TYPED_RESULTS

    @property
    def is_part_of_text(self) -> bool:
        """Whether the result is read as words of the sentence around it.

        Entries of an index and pictures are not.
        """
        is_words = self.kind not in _NEVER_SHOWN and self.kind not in _DRAWN
        return is_words and bool(self.instruction.strip())


def field_kind(instruction: str) -> str:
    """The name of the field that an instruction calls, in capitals; empty without a name."""
    match = _KIND.match(instruction)
    return match.group(1).upper() if match else ""


def has_typed_result(instruction: str) -> bool:
    """Whether the field's result is typed text (a link's display text, a form's answer, a list of
    headings).
    """
    return field_kind(instruction) in _TYPED_RESULTS


class Flow:
    """The fields that are open at the reader's place in one text flow: a body, note or text box."""

    def __init__(self, open_fields: Sequence[Field] = ()) -> None:
        self.fields: list[Field] = list(open_fields)

    def branch(self) -> Flow:
        """A copy of the flow, for the reading of another branch of alternate content."""
        return Flow(self.fields)

    @property
    def computing(self) -> Field | None:
        """The outermost open field whose text must stay: a field that computes, or one whose code
        has not ended.
        """
        if not self.fields:  # most text stands in no field
            return None
        # The outermost counts: a link inside a computed table of contents is computed with it.
        return next((item for item in self.fields if not item.in_result or not item.is_typed), None)

    @property
    def is_shown(self) -> bool:
        """Whether a reader sees text that stands here: it is in no field's code."""
        return all(item.in_result for item in self.fields)


class FieldMap:
    """The edges of a part's complete fields, its simple fields, and the elements that hold only a
    piece of a field.

    Edges without their partner are left out: a field that never ends must not swallow the rest of
    the document.
    """

    def __init__(self, root: Element) -> None:
        self.edges: dict[Element, tuple[Field, FieldEdge]] = {}
        self.simple: dict[Element, Field] = {}
        self.torn: set[Element] = set()
        self.learn(root)

    def learn(self, root: Element) -> None:
        """Add the fields of an element that may have come into the tree after the part was read."""
        # One stack for each flow: a text box between two edges has fields of its own.
        stacks: dict[Element, list[_Open]] = {}
        for element in root.iter(*_tags(root)):
            stack = stacks.setdefault(_story(element, root), [])
            name = short_name(element)
            if name == "w:instrText":
                if stack and not stack[-1].separate:
                    stack[-1].code.append(element.text or "")
                continue
            if name == "w:fldSimple":
                code = attribute(element, "w:instr") or ""
                self.simple[element] = Field(
                    code, in_result=True, is_in_text=self._is_in_text(element, stack)
                )
                continue
            edge = attribute(element, "w:fldCharType")
            if edge == "begin":
                stack.append(_Open(element, self._is_in_text(element, stack)))
            # A field has one separator; a second one is ignored.
            elif edge == "separate" and stack and not stack[-1].separate:
                stack[-1].separate.append(element)
            elif edge == "end" and stack:
                self._close(stack.pop(), element)
                if stack and not stack[-1].separate:
                    stack[-1].code.append(NESTED)

    def _is_in_text(self, element: Element, stack: list[_Open]) -> bool:
        around = (
            (self.simple.get(ancestor) for ancestor in element.iterancestors())
            if self.simple
            else ()
        )
        return _show_text(stack) and all(known is None or known.is_typed for known in around)

    def _close(self, opened: _Open, end: Element) -> None:
        known = Field("".join(opened.code), is_in_text=opened.is_in_text)
        self.edges[opened.begin] = (known, "begin")
        self.edges |= dict.fromkeys(opened.separate, (known, "separate"))
        self.edges[end] = (known, "end")
        # A field may begin in a link and end behind it. Elements around only some of its edges are
        # torn.
        homes = [_home(edge) for edge in (opened.begin, *opened.separate, end)]
        if any(home is not homes[0] for home in homes):
            around = [set(_wrappers(home)) for home in homes]
            self.torn |= set[Element]().union(*around) - around[0].intersection(*around)


@dataclass(eq=False, slots=True)
class _Open:
    begin: Element
    is_in_text: bool
    code: list[str] = field(default_factory=list[str])
    separate: list[Element] = field(default_factory=list[Element])


def _show_text(around: list[_Open]) -> bool:
    """Whether text stands in the typed result of the innermost open field, or in no field."""
    if not around:
        return True
    innermost = around[-1]
    is_in_result = innermost.is_in_text and bool(innermost.separate)
    return is_in_result and has_typed_result("".join(innermost.code))


def _home(edge: Element) -> Element | None:
    """The element around the run of an edge."""
    run = edge.getparent()
    return run.getparent() if run is not None else None


def _wrappers(home: Element | None) -> Iterator[Element]:
    """The element and its ancestors, up to the paragraph, that hold runs."""
    while home is not None and short_name(home) != "w:p":
        if short_name(home) in _WRAPPERS:
            yield home
        home = home.getparent()


def _tags(root: Element) -> tuple[str, ...]:
    # Expanded names for lxml's own filter: a loop over all elements in Python takes far longer.
    namespace = root.tag.rpartition("}")[0] + "}"
    word = {value for value in root.nsmap.values() if value.endswith("wordprocessingml/2006/main")}
    word |= {value for value in root.nsmap.values() if value.endswith("/wordprocessingml/main")}
    spaces = {f"{{{value}}}" for value in word} | {namespace}
    marks = ("fldChar", "instrText", "fldSimple")
    return tuple(space + local for space in sorted(spaces) for local in marks)


def _story(element: Element, root: Element) -> Element:
    """The text flow an element belongs to: fields do not cross from one into another."""
    stories = (each for each in element.iterancestors() if short_name(each) in _STORIES)
    return next(stories, root)
