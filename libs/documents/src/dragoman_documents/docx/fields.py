"""Complex fields: which characters open and close them, and which of them show text a reader reads (ECMA-376 §17.16).

A field is `begin`, instruction, `separate`, result, `end`; it nests, and may run over paragraphs. What a field computes
(PAGE, DATE, REF …) is written anew by Word, so only results that are typed text are translated.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from dragoman_documents.docx.xml import Element, attribute, names, short_name

_KIND = re.compile(r"\s*\\?\s*([A-Za-z]+)")
_TYPED_RESULTS = frozenset({"HYPERLINK", "FORMTEXT", "TOC", "TOA", "INDEX"})
_STORIES = names("w:txbxContent w:footnote w:endnote w:comment mc:Fallback w:docPartBody")

FieldEdge = Literal["begin", "separate", "end"]


@dataclass(eq=False, slots=True)
class Field:
    """One complex field. `is_open` is walking state: whether its instruction has ended."""

    instruction: str = ""
    in_result: bool = False

    @property
    def kind(self) -> str:
        """The field's name in capitals, such as `HYPERLINK`."""
        return field_kind(self.instruction)

    @property
    def is_typed(self) -> bool:
        """Whether the result is text somebody typed, which is translated."""
        return has_typed_result(self.instruction)


def field_kind(instruction: str) -> str:
    """The name of the field an instruction calls, in capitals; empty where there is none."""
    match = _KIND.match(instruction)
    return match.group(1).upper() if match else ""


def has_typed_result(instruction: str) -> bool:
    """Whether the field's result is typed text (a link's display text, a form's answer, a list of headings)."""
    return field_kind(instruction) in _TYPED_RESULTS


def find_fields(root: Element) -> dict[Element, tuple[Field, FieldEdge]]:
    """The field and edge of every fldChar that belongs to a complete field.

    Edges without their partner are left out: a field that never ends must not swallow the rest of the document.
    """
    namespace = root.tag.rpartition("}")[0] + "}"
    found: dict[Element, tuple[Field, FieldEdge]] = {}
    stacks: dict[Element, list[list[tuple[Element, FieldEdge]]]] = {}
    instructions: dict[Element, list[str]] = {}
    for element in root.iter(*_tags(root, namespace)):
        name = short_name(element)
        stack = stacks.setdefault(_story(element, root), [])
        if name == "w:instrText":
            if stack and len(stack[-1]) == 1:
                instructions[stack[-1][0][0]].append(element.text or "")
            continue
        edge = attribute(element, "w:fldCharType")
        if edge == "begin":
            stack.append([(element, "begin")])
            instructions[element] = []
        elif edge == "separate" and stack:
            stack[-1].append((element, "separate"))
        elif edge == "end" and stack:
            edges = stack.pop()
            field = Field("".join(instructions[edges[0][0]]))
            edges.append((element, "end"))
            for node, kind in edges:
                found[node] = (field, kind)
    return found


def _tags(root: Element, namespace: str) -> tuple[str, ...]:
    word = {value for value in root.nsmap.values() if value.endswith("wordprocessingml/2006/main")}
    word |= {value for value in root.nsmap.values() if value.endswith("/wordprocessingml/main")}
    spaces = {f"{{{value}}}" for value in word} | {namespace}
    return tuple(space + local for space in sorted(spaces) for local in ("fldChar", "instrText"))


def _story(element: Element, root: Element) -> Element:
    """The text flow an element belongs to: fields do not cross from one into another."""
    return next((ancestor for ancestor in element.iterancestors() if short_name(ancestor) in _STORIES), root)
