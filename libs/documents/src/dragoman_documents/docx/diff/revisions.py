"""Accepts and rejects tracked changes: what a document says once they are settled (ECMA-376 §17.13.5)."""

from __future__ import annotations

from dragoman_documents.budget import Budget
from dragoman_documents.docx.collection import paused_collection
from dragoman_documents.docx.package import Package, PartRole
from dragoman_documents.docx.xml import Element, attribute, names, namespace_of, short_name

FLOWS = (
    PartRole.MAIN,
    PartRole.HEADER,
    PartRole.FOOTER,
    PartRole.FOOTNOTES,
    PartRole.ENDNOTES,
    PartRole.COMMENTS,
    PartRole.GLOSSARY,
)
"""The parts that hold paragraphs, and so tracked changes."""
_CHANGED = {
    "w:rPrChange": frozenset[str](),
    "w:pPrChange": names("w:rPr w:sectPr"),
    "w:sectPrChange": names("w:headerReference w:footerReference"),
    "w:tblPrChange": frozenset[str](),
    "w:tblGridChange": frozenset[str](),
    "w:tcPrChange": frozenset[str](),
    "w:trPrChange": names("w:ins w:del"),
    "w:tblPrExChange": frozenset[str](),
}
"""The records of earlier properties, with what beside them is no part of the record."""
_RANGES = names(
    "w:numberingChange w:cellIns w:cellDel w:cellMerge w:moveFromRangeStart w:moveFromRangeEnd w:moveToRangeStart "
    "w:moveToRangeEnd w:customXmlInsRangeStart w:customXmlInsRangeEnd w:customXmlDelRangeStart w:customXmlDelRangeEnd "
    "w:customXmlMoveFromRangeStart w:customXmlMoveFromRangeEnd w:customXmlMoveToRangeStart w:customXmlMoveToRangeEnd"
)
_INSERTED = names("w:ins w:moveTo")
_DELETED = names("w:del w:moveFrom")
_TOUCHED = _CHANGED.keys() | _RANGES | _INSERTED | _DELETED
_ENDS_WITH_ITS_RUNS = names("w:hyperlink w:smartTag w:customXml w:dir w:bdo")
_RESTORED = {"w:delText": "t", "w:delInstrText": "instrText"}
_NOTES = {"w:footnote": "w:footnoteReference", "w:endnote": "w:endnoteReference"}


def accepted(data: bytes, budget: Budget | None = None) -> bytes:
    """The document with every tracked change accepted.

    Raises:
        DocumentError: it is no readable Word document or passes the budget.
    """
    return _settled(data, budget or Budget(), is_kept=True)


def rejected(data: bytes, budget: Budget | None = None) -> bytes:
    """The document with every tracked change rejected, notes that nothing refers to any more gone.

    Raises:
        DocumentError: it is no readable Word document or passes the budget.
    """
    return _settled(data, budget or Budget(), is_kept=False)


def accept_all(root: Element) -> bool:
    """Accept every tracked change below the element; whether there were any."""
    return _settle(root, is_kept=True)


def _settled(data: bytes, budget: Budget, is_kept: bool) -> bytes:
    with paused_collection():
        package = Package(data, budget)
        for name in package.with_role(*FLOWS):
            root = package.root(name)
            if root is not None and _settle(root, is_kept):
                package.mark_changed(name)
        _drop_lost_notes(package)
        return package.saved()


def _drop_lost_notes(package: Package) -> None:
    """Take out the notes that no reference names: they go with their references."""
    main = package.root(package.main)
    for name in package.with_role(PartRole.FOOTNOTES, PartRole.ENDNOTES):
        root = package.root(name)
        if root is None or main is None:
            continue
        references = [node for node in main.iter() if short_name(node) in _NOTES.values()]
        used = {(short_name(node), attribute(node, "w:id")) for node in references}
        for note in list(root):
            reference = _NOTES.get(short_name(note), "")
            if attribute(note, "w:type") in {None, "normal"} and (reference, attribute(note, "w:id")) not in used:
                root.remove(note)
                package.mark_changed(name)


def _settle(root: Element, is_kept: bool) -> bool:
    """Settle all changes: what goes is taken out, what stays loses its mark."""
    gone = _DELETED if is_kept else _INSERTED
    found = [node for node in root.iter() if short_name(node) in _TOUCHED]
    ends: list[Element] = []
    for node in found:
        parent = node.getparent()
        if parent is None:
            continue
        name = short_name(node)
        if name in _CHANGED:
            if not is_kept:
                _restore(parent, node, _CHANGED[name])
            elif node.getparent() is not None:
                parent.remove(node)
        elif name in _RANGES:
            parent.remove(node)
        elif short_name(parent) in {"w:rPr", "w:trPr"}:
            parent.remove(node)
            if name in gone:
                ends.append(parent)
        elif name in gone:
            parent.remove(node)
            _drop_empty(parent)
        else:
            _unwrap(node, parent)
    for properties in ends:
        _take_out(properties)
    return bool(found)


def _restore(properties: Element, record: Element, apart: frozenset[str]) -> None:
    """Give properties what their record says they were."""
    before = next(iter(record), None)
    for child in list(properties):
        if short_name(child) not in apart:
            properties.remove(child)
    for place, child in enumerate(list(before) if before is not None else []):
        if short_name(properties) == "w:sectPr":
            properties.append(child)
        else:
            properties.insert(place, child)


def _unwrap(mark: Element, parent: Element) -> None:
    for child in list(mark):
        for node in child.iter() if short_name(mark) in _DELETED else ():
            local = _RESTORED.get(short_name(node))
            if local:
                node.tag = f"{namespace_of(node)}{local}"
        mark.addprevious(child)
    parent.remove(mark)


def _drop_empty(wrapper: Element) -> None:
    """Take out a link that lost all it held, and such a one around it."""
    while short_name(wrapper) in _ENDS_WITH_ITS_RUNS and all(short_name(each).endswith("Pr") for each in wrapper):
        parent = wrapper.getparent()
        if parent is None:
            return
        parent.remove(wrapper)
        wrapper = parent


def _take_out(properties: Element) -> None:
    """Take out the row, or the paragraph's end, whose properties said that it goes."""
    owner = properties.getparent()
    above = owner.getparent() if owner is not None else None
    if owner is None or above is None:
        return
    if short_name(properties) == "w:trPr":
        above.remove(owner)
        if short_name(above) == "w:tbl" and not any(short_name(child) in {"w:tr", "w:sdt"} for child in above):
            table_parent = above.getparent()
            if table_parent is not None:
                table_parent.remove(above)
    elif short_name(owner) == "w:pPr":
        _join(above, owner)


def _join(paragraph: Element, properties: Element) -> None:
    """Join a paragraph that lost its end with the next; before a table an empty one goes, another keeps its end."""
    inner = [child for child in paragraph if child is not properties]
    following = next((node for node in paragraph.itersiblings() if short_name(node) in {"w:p", "w:tbl", "w:sdt"}), None)
    parent = paragraph.getparent()
    if parent is None or following is None or (inner and short_name(following) != "w:p"):
        return
    if short_name(following) == "w:p":
        place = 1 if len(following) and short_name(next(iter(following))) == "w:pPr" else 0
        for child in reversed(inner):
            following.insert(place, child)
    parent.remove(paragraph)
