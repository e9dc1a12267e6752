"""Accepts and rejects tracked changes as ECMA-376 §17.13.5 says,
apart from the engine, to hold it to that.
"""

import io
import zipfile
from typing import Literal

from dragoman_documents import Budget
from dragoman_documents.docx.xml import Element, attribute, parse_xml, short_name

Side = Literal["accepted", "rejected"]
_FLOWS = ("document", "header", "footer", "footnotes", "endnotes")


def read(data: bytes, side: Side) -> list[str]:
    """The text of every paragraph of every flow, once all changes are accepted or rejected."""
    found: list[str] = []
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name in sorted(archive.namelist()):
            if (
                name.startswith("word/")
                and name.count("/") == 1
                and name[5:].startswith(_FLOWS)
                and ".xml" in name
            ):
                root = parse_xml(archive.read(name), Budget())
                resolve(root, side)
                found += [text(node) for node in root.iter() if short_name(node) == "w:p"]
    return found


def resolve(root: Element, side: Side) -> None:
    """Accept or reject all: what goes is taken out, what stays loses its mark."""
    gone, kept = ("w:del", "w:ins") if side == "accepted" else ("w:ins", "w:del")
    for node in list(root.iter()):
        name, parent = short_name(node), node.getparent()
        if name not in {gone, kept} or parent is None:
            continue
        if short_name(parent) == "w:trPr":
            row = parent.getparent()
            table = row.getparent() if row is not None else None
            if name == gone and row is not None and table is not None:
                table.remove(row)
        elif short_name(parent) != "w:rPr":
            for child in list(node) if name == kept else []:
                node.addprevious(child)
            parent.remove(node)
    for paragraph in [node for node in root.iter() if short_name(node) == "w:p"]:
        if _end_is(paragraph, gone):
            _join(paragraph)


def text(paragraph: Element) -> str:
    """The paragraph's own text, that of text boxes in it left out."""
    pieces: list[str] = []
    stack = [iter(paragraph)]
    while stack:
        node = next(stack[-1], None)
        if node is None:
            stack.pop()
            continue
        name = short_name(node)
        if name in {"w:t", "w:delText"}:
            pieces.append(node.text or "")
        elif name in {"w:br", "w:cr"}:
            pieces.append("\n")
        elif name == "w:tab":
            pieces.append("\t")
        if name not in {"w:txbxContent", "w:pPr"}:
            stack.append(iter(node))
    return "".join(pieces)


def marks(root: Element) -> list[tuple[str, str, str]]:
    """Every mark of a tracked change: its name, id and author."""
    return [
        (short_name(node), attribute(node, "w:id") or "", attribute(node, "w:author") or "")
        for node in root.iter()
        if short_name(node) in {"w:ins", "w:del"}
    ]


def _end_is(paragraph: Element, mark: str) -> bool:
    for properties in paragraph:
        if short_name(properties) == "w:pPr":
            looks = [item for item in properties if short_name(item) == "w:rPr"]
            return any(short_name(item) == mark for look in looks for item in look)
    return False


def _join(paragraph: Element) -> None:
    """Join a paragraph whose end goes with the next one;
    an empty one before a table goes as a whole.
    """
    parent = paragraph.getparent()
    following = next(
        (node for node in paragraph.itersiblings() if short_name(node) in {"w:p", "w:tbl"}), None
    )
    inner = [
        child for child in paragraph if any(short_name(node) == "w:r" for node in child.iter())
    ]
    if parent is None or (inner and (following is None or short_name(following) != "w:p")):
        return
    if following is not None and short_name(following) == "w:p":
        place = 1 if any(short_name(child) == "w:pPr" for child in following) else 0
        for child in reversed(inner):
            following.insert(place, child)
    if following is not None:
        parent.remove(paragraph)
