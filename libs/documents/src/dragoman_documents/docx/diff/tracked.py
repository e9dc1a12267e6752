"""One document against another as Word's tracked changes (ECMA-376 §17.13.5)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import Enum

from dragoman_documents.budget import Budget
from dragoman_documents.docx.collection import paused_collection
from dragoman_documents.docx.diff.align import Block, Step, aligned, blocks_of, is_block
from dragoman_documents.docx.diff.atoms import Stamp, atoms_of, deletions, overlay
from dragoman_documents.docx.diff.revisions import accept_all
from dragoman_documents.docx.diff.tree import boxes_in
from dragoman_documents.docx.package import Package, PartRole
from dragoman_documents.docx.xml import Element, attribute, copied, namespace_of, short_name

_FLOWS = (PartRole.MAIN, PartRole.HEADER, PartRole.FOOTER, PartRole.FOOTNOTES, PartRole.ENDNOTES)
_NUMBERED = frozenset({"w:ins", "w:del", "w:bookmarkStart", "w:moveFrom", "w:moveTo", "w:rPrChange", "w:pPrChange"})
_CELLS = "w:tc"


class _Mark(Enum):
    """What becomes of a paragraph's end: nothing, or that it was inserted or deleted."""

    SAME = ""
    INSERTED = "ins"
    DELETED = "del"


def tracked(before: bytes, after: bytes, author: str, date: datetime, budget: Budget | None = None) -> bytes:
    """`after` with what it changed of `before` as tracked changes: accepting all gives its text, rejecting all the old.

    Body, tables, notes, headers, footers and text boxes are marked word by word; runs keep their properties. Changes
    that either document already tracks are accepted first. What only `before` has and other parts would be needed for
    (pictures, notes, whole headers) is not brought back; changes of formatting alone are not marked.

    Raises:
        DocumentError: one of them is no readable Word document or passes the budget.
    """
    budget = budget or Budget()
    with paused_collection():
        old, new = Package(before, budget), Package(after, budget)
        for name in new.with_role(*_FLOWS):
            source = old.main if name == new.main else name
            roots = (old.root(source) if source in old.names else None), new.root(name)
            if roots[0] is not None and roots[1] is not None and old.read(source) != new.read(name):
                _track(roots[0], roots[1], author, date)
                new.mark_changed(name)
        return new.saved()


def _track(old: Element, new: Element, author: str, date: datetime) -> None:
    accept_all(old)
    accept_all(new)
    ids = [attribute(node, "w:id") or "" for node in new.iter() if short_name(node) in _NUMBERED]
    first = max((int(each) for each in ids if each.isdigit()), default=0) + 1
    stamp = Stamp(author, date.strftime("%Y-%m-%dT%H:%M:%SZ"), first)
    _FlowTracker(stamp).run(old, new)


class _FlowTracker:
    def __init__(self, stamp: Stamp) -> None:
        self._stamp = stamp

    def run(self, old: Element, new: Element) -> None:
        stack = [(old, new)]
        while stack:
            a, b = stack.pop()
            stack += self._container(a, b)

    def _container(self, old: Element, new: Element) -> list[tuple[Element, Element]]:
        """Mark the blocks of one container; the pairs of containers inside it."""
        inner: list[tuple[Element, Element]] = []
        ends: list[tuple[Element, _Mark]] = []
        last: Element | None = None
        for a, b in _steps(old, new):
            if a is not None and b is not None:
                last = b.element
                ends.append((last, _Mark.SAME))
                if a.kind == "w:p":
                    inner += zip(boxes_in(a.element), boxes_in(b.element), strict=False)
                    overlay(atoms_of(a.element), atoms_of(b.element), b.element, self._stamp)
                else:
                    inner.append((a.element, b.element))
            elif b is not None:
                last = b.element
                ends.append((last, _Mark.INSERTED))
                self._insert(b.element)
            elif a is not None:
                for gone in self._deleted(a.element, new):
                    _put(gone, last, new)
                    last = gone
                    ends.append((gone, _Mark.DELETED))
        self._mark_ends(ends)
        return inner

    def _insert(self, element: Element) -> None:
        """Mark everything in a block as inserted, its own end left out."""
        for paragraph in [node for node in element.iter() if short_name(node) == "w:p"]:
            overlay([], atoms_of(paragraph), paragraph, self._stamp)
            if paragraph is not element and not _is_in_row(paragraph, element):
                self._mark(paragraph, _Mark.INSERTED)
        for row in [node for node in element.iter() if short_name(node) == "w:tr"]:
            self._mark_row(row, "ins")

    def _deleted(self, element: Element, near: Element) -> list[Element]:
        """Copies of a block's paragraphs and tables, all in them marked as deleted; their ends left out."""
        kind = short_name(element)
        if kind == "w:p":
            return [self._deleted_paragraph(element, near)]
        if kind in {"w:tbl", "w:tr"} and namespace_of(element) == namespace_of(near):
            twin = copied(element)
            for paragraph in [node for node in twin.iter() if short_name(node) == "w:p"]:
                paragraph.addprevious(self._deleted_paragraph(paragraph, near))
                parent = paragraph.getparent()
                if parent is not None:
                    parent.remove(paragraph)
            for row in [node for node in twin.iter() if short_name(node) == "w:tr"]:
                self._mark_row(row, "del")
            return [twin]
        return [gone for child in element if is_block(child) for gone in self._deleted(child, near)]

    def _deleted_paragraph(self, source: Element, near: Element) -> Element:
        space = namespace_of(near)
        paragraph = near.makeelement(f"{space}p")
        properties = next((child for child in source if short_name(child) == "w:pPr"), None)
        if properties is not None and namespace_of(source) == space:
            twin = copied(properties)
            for child in [item for item in twin if short_name(item) in {"w:sectPr", "w:pPrChange"}]:
                twin.remove(child)
            paragraph.append(twin)
        for node in deletions(atoms_of(source), paragraph, self._stamp):
            paragraph.append(node)
        return paragraph

    def _mark_ends(self, ends: Sequence[tuple[Element, _Mark]]) -> None:
        """Mark paragraph ends. The last end before a table or the container's end always stays, so marks move up.

        Rejecting an inserted end joins its paragraph with the next, and there is no next one after the last.
        """
        region: list[tuple[Element, _Mark]] = []
        for element, mark in [*ends, (None, _Mark.SAME)]:
            if element is not None and short_name(element) == "w:p":
                region.append((element, mark))
                continue
            same = [place for place, (_, each) in enumerate(region) if each is _Mark.SAME]
            marks = [each for _, each in region]
            if same and same[-1] < len(region) - 1:
                marks = [*marks[: same[-1]], *marks[same[-1] + 1 :], _Mark.SAME]
            elif not same and marks and element is None:
                marks = [*marks[:-1], _Mark.SAME]
            for (paragraph, _), each in zip(region, marks, strict=True):
                self._mark(paragraph, each)
            region = []

    def _mark(self, paragraph: Element, mark: _Mark) -> None:
        if mark is _Mark.SAME:
            return
        space = namespace_of(paragraph)
        properties = next((child for child in paragraph if short_name(child) == "w:pPr"), None)
        if properties is None:
            properties = paragraph.makeelement(f"{space}pPr")
            paragraph.insert(0, properties)
        look = next((child for child in properties if short_name(child) == "w:rPr"), None)
        if look is None:
            look = properties.makeelement(f"{space}rPr")
            later = next((child for child in properties if short_name(child) in {"w:sectPr", "w:pPrChange"}), None)
            if later is not None:
                later.addprevious(look)
            else:
                properties.append(look)
        look.insert(0, self._stamp.mark(paragraph, mark.value))

    def _mark_row(self, row: Element, local: str) -> None:
        properties = next((child for child in row if short_name(child) == "w:trPr"), None)
        if properties is None:
            properties = row.makeelement(f"{namespace_of(row)}trPr")
            place = 1 if len(row) and short_name(next(iter(row))) == "w:tblPrEx" else 0
            row.insert(place, properties)
        properties.append(self._stamp.mark(row, local))


def _steps(old: Element, new: Element) -> list[Step]:
    """The blocks of two containers in one order, paired so that every change can be tracked."""
    left, right = blocks_of(old), blocks_of(new)
    if any(block.kind == _CELLS for block in right):
        return list(zip(left, right, strict=False))  # rows whose cells differ in number do not come here
    steps: list[Step] = []
    for a, b in aligned(left, right):
        if a is not None and b is not None and a.kind == "w:tr" and _cell_count(a) != _cell_count(b):
            steps += [(a, None), (None, b)]
        else:
            steps.append((a, b))
    return _with_an_end_in_common(steps)


def _with_an_end_in_common(steps: Sequence[Step]) -> list[Step]:
    """The steps with, in each stretch of paragraphs that has none in common, the last ones of both sides paired."""
    result: list[Step] = []
    stretch: list[Step] = []
    for step in [*steps, (None, None)]:
        if _is_paragraph(step):
            stretch.append(step)
            continue
        gone = [a for a, b in stretch if b is None and a is not None]
        come = [b for a, b in stretch if a is None and b is not None]
        if gone and come and len(gone) + len(come) == len(stretch):
            stretch = [*((a, None) for a in gone[:-1]), *((None, b) for b in come[:-1]), (gone[-1], come[-1])]
        result += stretch
        stretch = []
        if step != (None, None):
            result.append(step)
    return result


def _is_paragraph(step: Step) -> bool:
    block = step[0] or step[1]
    return block is not None and block.kind == "w:p"


def _cell_count(row: Block) -> int:
    return sum(short_name(child) == _CELLS for child in row.element)


def _is_in_row(paragraph: Element, top: Element) -> bool:
    for ancestor in paragraph.iterancestors():
        if short_name(ancestor) == "w:tr":
            return True
        if ancestor is top:
            break
    return False


def _put(gone: Element, last: Element | None, container: Element) -> None:
    if last is not None:
        last.addnext(gone)
        return
    first = next((child for child in container if is_block(child)), None)
    if first is not None:
        first.addprevious(gone)
        return
    section = next((child for child in container if short_name(child) == "w:sectPr"), None)
    if section is not None:
        section.addprevious(gone)
    else:
        container.append(gone)
