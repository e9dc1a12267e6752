"""The fields of a paragraph by their codes, to see that rearranged runs still make the same fields
(§17.16.18).

`{HYPERLINK "a/{PAGE}"| here}` has the codes `PAGE` and `HYPERLINK "a/{PAGE}"`. Words that came
between two edges by mistake would make a code that the source does not have.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from dragoman_documents.docx.diff.tree import own_nodes, text_of
from dragoman_documents.docx.xml import Element, attribute, short_name

# Word takes a w:t between `begin` and `separate` for a piece of the code as well.
_CODES = frozenset({"w:instrText", "w:t"})


@dataclass(eq=False, slots=True)
class _Open:
    """A field that has begun: its code so far, and whether the code has ended."""

    code: list[str] = field(default_factory=list[str])
    has_result: bool = False


def changed_field(before: Element, after: Element) -> Element | None:
    """The first field edge of `after`, where the fields of the two paragraphs differ; None where
    they are equal.
    """
    edges = [node for node in own_nodes(after) if short_name(node) == "w:fldChar"]
    return edges[0] if edges and Counter(_fields(before)) != Counter(_fields(after)) else None


def _fields(paragraph: Element) -> Iterator[tuple[str, bool, str]]:
    """The fields of a paragraph: code, whether it has a result, and the edge at which a field is
    incomplete.
    """
    stack: list[_Open] = []
    for node in own_nodes(paragraph):
        name = short_name(node)
        if name in _CODES:
            if stack and not stack[-1].has_result:
                stack[-1].code.append(text_of(node))
        elif name == "w:fldChar":
            edge = attribute(node, "w:fldCharType") or ""
            if edge == "begin":
                stack.append(_Open())
            elif not stack or (edge == "separate" and stack[-1].has_result):
                yield "", False, edge
            elif edge == "separate":
                stack[-1].has_result = True
            else:
                ended = stack.pop()
                code = "".join(ended.code)
                if stack and not stack[-1].has_result:
                    stack[-1].code.append("{" + code + "}")
                yield code, ended.has_result, ""
    for opened in stack:
        yield "".join(opened.code), opened.has_result, "begin"
