"""Accepts and rejects tracked changes (ECMA-376 §17.13.5).

A deletion and an insertion, settled in both ways:

    <w:del …><w:r><w:delText>now</w:delText></w:r></w:del><w:ins …><w:r><w:t>later</w:t></w:r></w:ins>
    accepted   <w:r><w:t>later</w:t></w:r>
    rejected   <w:r><w:t>now</w:t></w:r>
"""

from __future__ import annotations

from dragoman_documents.budget import Budget
from dragoman_documents.docx.garbage import paused_garbage_collection
from dragoman_documents.docx.package import Package
from dragoman_documents.docx.roles import PartRole
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
"""The records of earlier properties, each with the properties' children that are not recorded."""
_RANGES = names(
    "w:numberingChange w:cellIns w:cellDel w:cellMerge w:moveFromRangeStart w:moveFromRangeEnd w:moveToRangeStart "
    "w:moveToRangeEnd w:customXmlInsRangeStart w:customXmlInsRangeEnd w:customXmlDelRangeStart w:customXmlDelRangeEnd "
    "w:customXmlMoveFromRangeStart w:customXmlMoveFromRangeEnd w:customXmlMoveToRangeStart w:customXmlMoveToRangeEnd"
)
_INSERTED = names("w:ins w:moveTo")
_DELETED = names("w:del w:moveFrom")
_TOUCHED = _CHANGED.keys() | _RANGES | _INSERTED | _DELETED
_CELLS_GONE = {True: "w:cellDel", False: "w:cellIns"}
_MERGED = {"rest": "restart", "cont": "continue"}
# The properties of a cell are a sequence, and these come before w:vMerge (CT_TcPr).
_BEFORE_MERGE = names("w:cnfStyle w:tcW w:gridSpan w:hMerge")
_BOOKMARKS = names("w:bookmarkStart w:bookmarkEnd")
_HELD = names("w:p w:r w:tbl w:tr w:tc")
_HELD_BY = {"w:tr": names("w:tc"), "w:tbl": names("w:tr"), "w:sdt": _HELD, "w:sdtContent": _HELD}
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
    """The document with every tracked change rejected, and without notes that lost their
    references.

    Raises:
        DocumentError: it is no readable Word document or passes the budget.
    """
    return _settled(data, budget or Budget(), is_kept=False)


def accept_all(root: Element) -> bool:
    """Accept every tracked change below the element. Gives whether there were any."""
    return _settle(root, is_kept=True)


def _settled(data: bytes, budget: Budget, is_kept: bool) -> bytes:
    with paused_garbage_collection():
        package = Package(data, budget)
        for name in package.with_role(*FLOWS):
            root = package.root(name)
            if root is not None and _settle(root, is_kept):
                package.mark_changed(name)
        _drop_lost_notes(package)
        return package.saved()


def _drop_lost_notes(package: Package) -> None:
    """Take out the notes that no reference names any more."""
    main = package.root(package.main)
    for name in package.with_role(PartRole.FOOTNOTES, PartRole.ENDNOTES):
        root = package.root(name)
        if root is None or main is None:
            continue
        references = [node for node in main.iter() if short_name(node) in _NOTES.values()]
        used = {(short_name(node), attribute(node, "w:id")) for node in references}
        for note in list(root):
            reference = _NOTES.get(short_name(note), "")
            is_separator = attribute(note, "w:type") not in {None, "normal"}
            if not is_separator and (reference, attribute(note, "w:id")) not in used:
                root.remove(note)
                package.mark_changed(name)


def _settle(root: Element, is_kept: bool) -> bool:
    """Settle all changes: elements that go are taken out, elements that stay lose their marks."""
    gone = _DELETED if is_kept else _INSERTED
    # A list, since lxml's iterators lose their place when the tree under them changes.
    found = [node for node in root.iter() if short_name(node) in _TOUCHED]
    cells = [node for node in found if short_name(node) == _CELLS_GONE[is_kept]]
    cells = [cell for cell in map(_cell_of, cells) if cell is not None]
    # Ends, rows and cells are taken out last: they hold changes that must be settled first.
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
            if name == "w:cellMerge" and _cell_of(node) is not None:
                _merge_cells(parent, node, "w:vMerge" if is_kept else "w:vMergeOrig")
            parent.remove(node)
        # In these properties the mark is of a paragraph's end (§17.13.5.20, §17.13.5.15) or a row.
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
    for cell in cells:
        _remove(cell)
    return bool(found)


def _cell_of(mark: Element) -> Element | None:
    """The cell whose properties hold a mark; None in a record of earlier properties."""
    parent = mark.getparent()
    above = parent.getparent() if parent is not None else None
    return above if above is not None and short_name(above) == "w:tc" else None


def _merge_cells(properties: Element, mark: Element, wanted: str) -> None:
    """Join a cell with the cell above, or part the two (§17.13.5.3).

    `wanted` names the attribute of the mark that counts: the state before the change, or after.
    """
    for child in [child for child in properties if short_name(child) == "w:vMerge"]:
        properties.remove(child)
    state = attribute(mark, wanted)
    if state in _MERGED:
        merge = properties.makeelement(f"{namespace_of(properties)}vMerge")
        merge.set(f"{namespace_of(properties)}val", _MERGED[state])
        properties.insert(sum(short_name(child) in _BEFORE_MERGE for child in properties), merge)


def _restore(properties: Element, record: Element, apart: frozenset[str]) -> None:
    """Restore properties from the record of their earlier state."""
    before = next(iter(record), None)
    for child in list(properties):
        if short_name(child) not in apart:
            properties.remove(child)
    for place, child in enumerate(list(before) if before is not None else []):
        # The references to headers are not recorded and stay; the schema has them first.
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
    """Take out a link that lost all it held, and every link around it that this leaves empty."""
    # An empty link is allowed, but nobody could click it or see that it is there.
    while short_name(wrapper) in _ENDS_WITH_ITS_RUNS and _holds_only_properties(wrapper):
        parent = wrapper.getparent()
        if parent is None:
            return
        parent.remove(wrapper)
        wrapper = parent


def _holds_only_properties(wrapper: Element) -> bool:
    return all(short_name(child).endswith("Pr") for child in wrapper)


def _take_out(properties: Element) -> None:
    """Take out the row, or paragraph's end, whose properties had the mark of a change that goes."""
    owner = properties.getparent()
    above = owner.getparent() if owner is not None else None
    if owner is None or above is None:
        return
    if short_name(properties) == "w:trPr":
        _remove(owner)
    elif short_name(owner) == "w:pPr":
        _join(above, owner)


def _remove(block: Element) -> None:
    """Take out a row, a cell or a paragraph, and the table or control that is left empty by it."""
    above = block.getparent()
    while above is not None:
        above.remove(block)
        block, above = above, above.getparent()
        held = _HELD_BY.get(short_name(block))
        if held is None or any(short_name(node) in held for node in block.iter()):
            return


def _join(paragraph: Element, properties: Element) -> None:
    """Join a paragraph that lost its end with the next paragraph.

    Where none follows, as before a table or at the end of a control, an empty paragraph goes, and a
    paragraph with text keeps its end. So does the last paragraph of a cell or a story, which must
    end with a paragraph.
    """
    inner = [child for child in paragraph if child is not properties]
    following = next(
        (
            node
            for node in paragraph.itersiblings()
            if short_name(node) in {"w:p", "w:tbl", "w:sdt"}
        ),
        None,
    )
    parent = paragraph.getparent()
    if parent is None:
        return
    if following is None or short_name(following) != "w:p":
        may_go = following is not None or short_name(parent) == "w:sdtContent"
        if may_go and not any(map(_shows, paragraph.iter())):
            for mark in [child for child in inner if short_name(child) in _BOOKMARKS]:
                paragraph.addprevious(mark)
            _remove(paragraph)
        return
    place = 1 if len(following) and short_name(next(iter(following))) == "w:pPr" else 0
    for child in reversed(inner):
        following.insert(place, child)
    parent.remove(paragraph)


def _shows(node: Element) -> bool:
    """Whether an element of a paragraph can be read or seen."""
    parent = node.getparent()
    name = short_name(node)
    if name == "m:oMath":
        return True
    is_in_run = parent is not None and short_name(parent) == "w:r"
    return is_in_run and name != "w:rPr" and (name != "w:t" or bool(node.text))
