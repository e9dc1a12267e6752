"""Functions on XML trees for the comparison: markup, canonical form, paths, and the texts of
paragraphs.

The path of the second row's cell in `<w:body><w:tbl><w:tr/><w:tr><w:tc/></w:tr></w:tbl></w:body>`
is 0.0.1.0.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any, cast

from dragoman_documents.docx.xml import Element, short_name

_etree: Any = import_module("lxml.etree")
_BOXES = "w:txbxContent"
_SHORT = 160


def markup(root: Element) -> str:
    """The tree as markup. Equal trees that the same library read give equal markup."""
    return cast(str, _etree.tostring(root, encoding="unicode", with_tail=False))


def canonical(root: Element) -> bytes:
    """The tree in exclusive canonical form (W3C exc-c14n): equal trees give equal bytes, whatever
    is declared around.

    A comment or an instruction is written as it is: lxml crashes the process over the canonical
    form of a comment alone.
    """
    if not short_name(root):
        return markup(root).encode()
    return cast(bytes, _etree.tostring(root, method="c14n", exclusive=True, with_tail=False))


def path_of(element: Element) -> str:
    """The structural path of an element below the root of its part, `0.3.1`; empty for the root."""
    steps: list[str] = []
    parent = element.getparent()
    while parent is not None:
        steps.append(str(parent.index(element)))
        element, parent = parent, parent.getparent()
    return ".".join(reversed(steps))


def block_edges(root: Element) -> Iterator[tuple[Element, bool]]:
    """Tables, rows and paragraphs, each at its start (False) and at its end (True).

    Only those with the usual prefix `w` are given: the gate counts them in the markup as well.
    """
    space = root.nsmap.get("w")
    if space:
        tags = [f"{{{space}}}{local}" for local in ("p", "tbl", "tr")]
        for event, block in _etree.iterwalk(root, events=("start", "end"), tag=tags):
            yield cast(Element, block), event == "end"


def own_nodes(top: Element) -> Iterator[Element]:
    """The elements below `top` in document order, without those in text boxes: they have paragraphs
    of their own.
    """
    stack = [iter(top)]
    while stack:
        node = next(stack[-1], None)
        if node is None:
            stack.pop()
            continue
        yield node
        if short_name(node) != _BOXES:
            stack.append(iter(node))


def boxes_in(top: Element) -> list[Element]:
    """The text boxes directly below `top`, those in other text boxes not counted."""
    return [node for node in own_nodes(top) if short_name(node) == _BOXES]


def own_text(paragraph: Element) -> str:
    """The text that a reader reads in a paragraph, with tabs and breaks, without text boxes and
    tracked deletions.
    """
    pieces: list[str] = []
    for node in own_nodes(paragraph):
        name = short_name(node)
        if name in {"w:t", "a:t"}:
            pieces.append(text_of(node))
        elif name in {"w:tab", "w:ptab"} and _is_in_run(node):
            pieces.append("\t")
        elif name in {"w:br", "w:cr", "a:br"}:
            pieces.append("\n")
        elif name == "w:noBreakHyphen":
            pieces.append("\u2011")
    return "".join(pieces)


def text_of(node: Element) -> str:
    """The text of a text node, with the text behind comments and instructions in it."""
    return "".join([node.text or "", *(child.tail or "" for child in node)])


def shortened(text: str) -> str:
    """The text on one line, cut where it is long."""
    line = " ".join(text.split())
    return line if len(line) <= _SHORT else line[: _SHORT - 1] + "…"


def _is_in_run(node: Element) -> bool:
    parent = node.getparent()
    return parent is not None and short_name(parent) in {"w:r", "mc:Choice", "mc:Fallback"}
