"""Accepts tracked changes that a document already has: a comparison is of what two documents now say (§17.13.5)."""

from __future__ import annotations

from dragoman_documents.docx.xml import Element, names, short_name

_REMOVED = names(
    "w:rPrChange w:pPrChange w:sectPrChange w:tblPrChange w:tblGridChange w:tcPrChange w:trPrChange w:tblPrExChange "
    "w:numberingChange w:cellIns w:cellDel w:cellMerge w:moveFromRangeStart w:moveFromRangeEnd w:moveToRangeStart "
    "w:moveToRangeEnd w:customXmlInsRangeStart w:customXmlInsRangeEnd w:customXmlDelRangeStart w:customXmlDelRangeEnd "
    "w:customXmlMoveFromRangeStart w:customXmlMoveFromRangeEnd w:customXmlMoveToRangeStart w:customXmlMoveToRangeEnd"
)
_ADDED = names("w:ins w:moveTo")
_GONE = names("w:del w:moveFrom")


def accept_all(root: Element) -> None:
    """Accept every tracked change below the element."""
    found = [node for node in root.iter() if short_name(node) in _REMOVED | _ADDED | _GONE]
    for node in found:
        parent = node.getparent()
        if parent is None:
            continue
        name = short_name(node)
        if name in _REMOVED:
            parent.remove(node)
        elif short_name(parent) in {"w:rPr", "w:trPr"}:
            parent.remove(node)
            if name in _GONE:
                _gone(parent)
        elif name in _GONE:
            parent.remove(node)
        else:
            for child in list(node):
                node.addprevious(child)
            parent.remove(node)


def _gone(properties: Element) -> None:
    """Take out the row, or the paragraph mark, whose properties say that it was deleted."""
    owner = properties.getparent()
    above = owner.getparent() if owner is not None else None
    if owner is None or above is None:
        return
    if short_name(properties) == "w:trPr":
        above.remove(owner)
    elif short_name(owner) == "w:pPr":
        following = next(iter(above.itersiblings()), None)
        if following is not None and short_name(following) == "w:p":
            place = 1 if len(following) and short_name(next(iter(following))) == "w:pPr" else 0
            for child in reversed([child for child in above if child is not owner]):
                following.insert(place, child)
            parent = above.getparent()
            if parent is not None:
                parent.remove(above)
