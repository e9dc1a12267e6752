"""Documents made comparable: without the traces of editing that no reader sees, such as session
ids, page break hints and split runs.

Numbers that only tie parts together (of relationships, lists, notes) give way to the things they
mean. These two paragraphs become equal:

    <w:r w:rsidR="00AB12CD"><w:t>Pay</w:t></w:r><w:r><w:t xml:space="preserve"> now</w:t></w:r>
    <w:r><w:t xml:space="preserve">Pay now</w:t></w:r>
"""

from __future__ import annotations

from collections.abc import Hashable

from dragoman_documents.budget import Budget
from dragoman_documents.docx.diff.changes import SILENT, child_of, stated
from dragoman_documents.docx.diff.dependencies import (
    is_reference,
    list_definition,
    lists_of,
    meaning_of,
)
from dragoman_documents.docx.diff.items import open_simple_fields
from dragoman_documents.docx.diff.revisions import FLOWS
from dragoman_documents.docx.diff.tree import text_of
from dragoman_documents.docx.garbage import paused_garbage_collection
from dragoman_documents.docx.package import Package
from dragoman_documents.docx.roles import PartRole
from dragoman_documents.docx.xml import (
    SHORT_NAMES,
    XML_SPACE,
    Element,
    names,
    namespace_of,
    short_name,
)

_NOTES = {
    PartRole.FOOTNOTES: ("w:footnoteReference", "w:footnote"),
    PartRole.ENDNOTES: ("w:endnoteReference", "w:endnote"),
    PartRole.COMMENTS: ("w:commentReference", "w:comment"),
}
_RANGES = {PartRole.COMMENTS: names("w:commentRangeStart w:commentRangeEnd")}
_STORIES = names("w:headerReference w:footerReference")
_HINTS = names("w:lastRenderedPageBreak w:proofErr")
_PROPERTIES = names("w:pPr w:rPr w:trPr w:tcPr w:tblPrEx w:sectPr")
_EDITING = ("w:rsid", "w14:paraId", "w14:textId", "mc:Ignorable")
_TEXTS = names("w:t w:instrText")


def comparable(data: bytes, budget: Budget) -> bytes:
    """The document without the traces of editing; to be compared, not to be opened.

    Raises:
        DocumentError: the document is not readable or passes the budget.
    """
    with paused_garbage_collection():
        package = Package(data, budget)
        for name in package.with_role(*FLOWS):
            root = package.root(name)
            if root is not None:
                _strip_traces(root)
                _name_meanings(root, package, name)
                package.mark_changed(name)
        for role, (reference, note) in _NOTES.items():
            _renumber(package, role, reference, note)
        return package.saved()


def _name_meanings(root: Element, package: Package, part: str) -> None:
    lists = lists_of(package)
    for node in root.iter():
        for key, value in node.attrib.items() if short_name(node) else ():
            if is_reference(SHORT_NAMES[key]):
                is_story = short_name(node) in _STORIES  # compared by itself
                node.set(key, "" if is_story else str(meaning_of(package, part, value)))
            elif SHORT_NAMES[key] == "w:val" and short_name(node) == "w:numId":
                node.set(key, str(list_definition(lists, value)))


def _renumber(package: Package, role: PartRole, reference: str, note: str) -> None:
    """Number the notes or comments of a kind in the order in which the text refers to them."""
    main, name = package.root(package.main), next(iter(package.with_role(role)), "")
    root = package.root(name) if name else None
    if root is None or main is None:
        return
    key = f"{namespace_of(main)}id"
    marking = {reference, *_RANGES.get(role, ())}
    marks = [node for node in main.iter() if short_name(node) in marking]
    numbers = dict.fromkeys(node.get(key) for node in marks)  # each once, in order
    order = {number: str(place) for place, number in enumerate(numbers, 1)}
    for node in marks:
        node.set(key, order[node.get(key)])
    notes = {each.get(key): each for each in root if short_name(each) == note}
    for number, new in order.items():
        if (each := notes.get(number)) is not None:
            each.set(key, new)
            root.append(each)


def _strip_traces(root: Element) -> None:
    """Bring a part into the one form that all parts with the same look and words have."""
    open_simple_fields(root)
    for node in list(root.iter()):
        for key in [key for key in node.attrib if SHORT_NAMES[key].startswith(_EDITING)]:
            del node.attrib[key]
        if short_name(node) in _HINTS | SILENT:
            _remove(node)
    # From the end, so that an element is looked at when everything in it has been.
    for node in reversed(list(root.iter())):
        name = short_name(node)
        is_idle = name in _PROPERTIES and not len(node) and not node.attrib
        if is_idle or (name == "w:r" and not _filled(node)):
            _remove(node)
    for run in [node for node in root.iter() if short_name(node) == "w:r"]:
        _join_next(run)


def _filled(run: Element) -> bool:
    return any(short_name(child) != "w:rPr" for child in run)


def _join_next(run: Element) -> None:
    """Join a run with the runs directly behind it that look the same, and join their texts."""
    if run.getparent() is None:
        return
    look = stated(child_of(run, "w:rPr"))
    following = next(iter(run.itersiblings()), None)
    while following is not None and _is_run_of(following, look):
        for child in [child for child in following if short_name(child) != "w:rPr"]:
            run.append(child)
        _remove(following)
        following = next(iter(run.itersiblings()), None)
    last: Element | None = None
    for child in list(run):
        name = short_name(child)
        if name in _TEXTS:
            child.set(XML_SPACE, "preserve")
        if last is not None and name in _TEXTS and short_name(last) == name:
            last.text = text_of(last) + text_of(child)
            _remove(child)
        else:
            last = child


def _is_run_of(node: Element, look: Hashable) -> bool:
    return short_name(node) == "w:r" and stated(child_of(node, "w:rPr")) == look


def _remove(node: Element) -> None:
    parent = node.getparent()
    if parent is not None:
        parent.remove(node)
