"""Tracks the blocks of two parts: the paragraphs, tables, rows and cells of a body, a note, a
header or a text box.

A paragraph that only the new document has is marked twice: its end in `w:pPr/w:rPr`, and its words
by an insertion around their runs:

    <w:p><w:pPr><w:rPr><w:ins …/></w:rPr></w:pPr><w:ins …><w:r><w:t>New.</w:t></w:r></w:ins></w:p>
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum

from dragoman_documents.docx.diff.align import Step, is_block
from dragoman_documents.docx.diff.changes import HISTORY, child_of, record_change, stated
from dragoman_documents.docx.diff.items import open_simple_fields
from dragoman_documents.docx.diff.steps import paired_steps
from dragoman_documents.docx.diff.track_runs import RunTracker, Scene, deleted, pair
from dragoman_documents.docx.diff.tree import canonical
from dragoman_documents.docx.xml import Element, copied, names, namespace_of, short_name

_PROPERTIES = {
    "w:tbl": ("w:tblPr", "w:tblGrid"),
    "w:tr": ("w:tblPrEx", "w:trPr"),
    "w:tc": ("w:tcPr",),
}
_SECTION = frozenset({"w:sectPr"})
_REFERENCES = names("w:headerReference w:footerReference")
_NOTED = names("w:footnoteReference w:endnoteReference")


class _Mark(Enum):
    """The mark of a paragraph's end: none, inserted or deleted (§17.13.5.20, §17.13.5.15)."""

    SAME = ""
    INSERTED = "ins"
    DELETED = "del"


class BlockTracker:
    """Marks the blocks of one part.

    `sections` takes the section properties of both documents that were found to be a pair.
    """

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._stamp = scene.stamp
        self.sections: list[tuple[Element, Element]] = []

    def run(self, old: Element, new: Element) -> None:
        """Mark the blocks of `new` that `old` lacks, and put in the blocks that only `old` has.

        Both are the root of a part, or a note.
        """
        stack = [(old, new)]
        while stack:
            a, b = stack.pop()
            self._own(a, b)
            stack += reversed(self._container(a, b))
            stack += self._scene.boxes
            self._scene.boxes.clear()

    def _own(self, old: Element, new: Element) -> None:
        """Record the earlier properties of a table, row or cell, and of the last section."""
        for name in _PROPERTIES.get(short_name(new), ()):
            self._record(new, old, name)
        ends = child_of(old, "w:sectPr"), child_of(new, "w:sectPr")
        if ends[0] is not None and ends[1] is not None:
            self._section(ends[0], ends[1])

    def _record(self, new: Element, old: Element, name: str) -> None:
        properties, before = child_of(new, name), child_of(old, name)
        if namespace_of(new) != namespace_of(old) or stated(properties) == stated(before):
            return
        if properties is None:
            properties = new.makeelement(f"{namespace_of(new)}{name.partition(':')[2]}")
            # The schema of a row has w:tblPrEx first, and w:trPr behind it (CT_Row).
            first = next(iter(new), None)
            has_exceptions = first is not None and short_name(first) == "w:tblPrEx"
            new.insert(int(name == "w:trPr" and has_exceptions), properties)
        earlier = self._scene.adopted(before) if before is not None else None
        record_change(properties, earlier, self._stamp)

    def _section(self, old: Element, new: Element) -> None:
        self.sections.append((old, new))
        # A record of the strict edition cannot stand in a transitional part, nor the reverse.
        if namespace_of(new) == namespace_of(old):
            twin = _without(copied(old), _REFERENCES)
            record_change(
                new,
                self._scene.dependencies.adopt(twin, self._scene.source, self._scene.target),
                self._stamp,
            )

    def _container(self, old: Element, new: Element) -> list[tuple[Element, Element]]:
        """Mark the blocks of one container. Gives the pairs of containers inside it."""
        inner: list[tuple[Element, Element]] = []
        ends = _Ends(self._scene, self._section, new)
        last: Element | None = None
        steps = paired_steps(old, new)
        for (a, b), following in zip(steps, _following(steps), strict=True):
            if a is not None and b is not None:
                last = b.element
                ends.add(last, _Mark.SAME, a.element, last)
                if a.kind == "w:p":
                    self._paragraph(a.element, last)
                else:
                    inner.append((a.element, last))
            elif b is not None:
                last = b.element
                ends.add(last, _Mark.INSERTED, None, last)
                self._insert(last)
            elif a is not None:
                for source, gone in self._deleted(a.element, new):
                    _put(gone, last, following, new)
                    last = gone
                    ends.add(gone, _Mark.DELETED, source, None)
        ends.close()
        return inner

    def _paragraph(self, old: Element, new: Element) -> None:
        """Track the words of a paragraph. Equal paragraphs are only searched for notes."""
        # Equal markup may mean two pictures, since each document numbers its relationships itself;
        # and the edges of a field have to be paired where it goes on in another paragraph.
        before = canonical(old)
        if before == canonical(new) and b" r:" not in before and b"fldChar" not in before:
            for a, b in zip(_notes_in(old), _notes_in(new), strict=True):
                pair(a, b, self._scene)
            return
        open_simple_fields(old)
        open_simple_fields(new)
        RunTracker(new, self._scene).run(self._scene.old_items(old), self._scene.new_items(new))

    def _insert(self, element: Element) -> None:
        """Mark everything in a block as inserted, but for the block's own end (see `_Ends`)."""
        for paragraph in _own_blocks(element, "w:p"):
            open_simple_fields(paragraph)
            RunTracker(paragraph, self._scene).run([], self._scene.new_items(paragraph))
        for row in _own_blocks(element, "w:tr"):
            self._mark_row(row, "ins")

    def _deleted(self, element: Element, near: Element) -> list[tuple[Element, Element]]:
        """The paragraphs and tables of an old block, each with a copy that is marked as deleted.

        The ends of the paragraphs are not marked yet (see `_Ends`).
        """
        kind = short_name(element)
        if kind == "w:p":
            return [(element, self._deleted_paragraph(element, near))]
        if kind in {"w:tbl", "w:tr"} and namespace_of(element) == namespace_of(near):
            return [(element, self._deleted_table(element, near))]
        return [gone for child in element if is_block(child) for gone in self._deleted(child, near)]

    def _deleted_table(self, element: Element, near: Element) -> Element:
        twin = copied(element)
        paragraphs = zip(_own_blocks(element, "w:p"), _own_blocks(twin, "w:p"), strict=True)
        for source, paragraph in paragraphs:
            gone = self._deleted_paragraph(source, near)
            properties = child_of(source, "w:pPr")
            if properties is not None:
                gone.insert(
                    0,
                    self._scene.dependencies.adopt(
                        _without(copied(properties), _SECTION | HISTORY),
                        self._scene.source,
                        self._scene.target,
                    ),
                )
            paragraph.addprevious(gone)
            parent = paragraph.getparent()
            if parent is not None:
                parent.remove(paragraph)
        for style in [node for node in twin.iter() if short_name(node) == "w:tblPr"]:
            self._scene.dependencies.adopt(style, self._scene.source, self._scene.target)
        is_nested = any(short_name(each) == "w:tc" for each in (near, *near.iterancestors()))
        for row in _own_blocks(twin, "w:tr"):
            self._mark_row(row, "del", is_nested)
        return twin

    def _deleted_paragraph(self, source: Element, near: Element) -> Element:
        open_simple_fields(source)
        paragraph = near.makeelement(f"{namespace_of(near)}p")
        for node in deleted(self._scene.old_items(source), paragraph, self._scene):
            paragraph.append(node)
        return paragraph

    def _mark_row(self, row: Element, local: str, is_nested: bool = False) -> None:
        """Mark a row as inserted or deleted.

        In a table inside a cell, the cells of the row are marked as deleted too, for readers that
        take a row away only when all its cells are.
        """
        properties = child_of(row, "w:trPr")
        if properties is None:
            properties = row.makeelement(f"{namespace_of(row)}trPr")
            place = 1 if len(row) and short_name(next(iter(row))) == "w:tblPrEx" else 0
            row.insert(place, properties)
        properties.append(self._stamp.mark(row, local))
        for cell in _own_blocks(row, "w:tc") if is_nested else ():
            looks = child_of(cell, "w:tcPr")
            if looks is None:
                looks = cell.makeelement(f"{namespace_of(cell)}tcPr")
                cell.insert(0, looks)
            looks.append(self._stamp.mark(cell, "cellDel"))


class _Ends:
    """The ends of a row of paragraphs, which are marked together; a table or the edge of a control
    closes the row.

    A mark says that the end of a paragraph, its pilcrow, was inserted or deleted. Rejecting an
    inserted end joins its paragraph with the next one. Behind the last paragraph of a row there is
    no next one, so its end must stay without a mark, and marks move up by one paragraph. The
    properties of a paragraph belong to its end and move with the mark, so that each document gets
    its own properties back.
    """

    def __init__(
        self,
        scene: Scene,
        section: Callable[[Element, Element], None],
        container: Element,
    ) -> None:
        self._scene = scene
        self._section = section
        self._container = container
        self._parent: Element | None = None
        self._ends: list[tuple[Element, _Mark, Element | None, Element | None]] = []

    def add(self, element: Element, mark: _Mark, old: Element | None, new: Element | None) -> None:
        """Add the next block, with the paragraph of the old and of the new document it stands for.

        A block that is no paragraph, or stands in another control, closes the row.
        """
        if (parent := element.getparent()) is not self._parent:
            self.close()
            self._parent = parent
        if short_name(element) == "w:p":
            # Copied, since the properties that the element has now may be moved to another end.
            properties = copied_or_none(child_of(new, "w:pPr"))
            self._ends.append((element, mark, child_of(old, "w:pPr"), properties))
        else:
            self.close()

    def close(self) -> None:
        """Mark the ends that were added."""
        ends, self._ends = self._ends, []
        marks = [mark for _, mark, _, _ in ends]
        same = [place for place, mark in enumerate(marks) if mark is _Mark.SAME]
        # The last common end moves to the end of the row, and the marks behind it move up.
        if same and same[-1] < len(ends) - 1:
            marks = [*marks[: same[-1]], *marks[same[-1] + 1 :], _Mark.SAME]
        elif not same and ends and _is_last(ends[-1][0], self._container):
            marks = [*marks[:-1], _Mark.SAME]
        olds = iter([old for _, mark, old, _ in ends if mark is not _Mark.INSERTED])
        news = iter([new for _, mark, _, new in ends if mark is not _Mark.DELETED])
        for (element, was, _, _), mark in zip(ends, marks, strict=True):
            old = next(olds, None) if mark is not _Mark.INSERTED else None
            new = next(news, None) if mark is not _Mark.DELETED else None
            is_moved = mark is not was or mark is _Mark.DELETED
            self._state(element, mark, old, new, is_moved)

    def _state(
        self,
        element: Element,
        mark: _Mark,
        old: Element | None,
        new: Element | None,
        is_moved: bool,
    ) -> None:
        current = child_of(element, "w:pPr")
        if is_moved or current is None or new is None or canonical(current) != canonical(new):
            if current is not None:
                element.remove(current)
            source = self._adopted(old, element) if mark is _Mark.DELETED else new
            if source is not None:
                element.insert(0, source)
        if mark is _Mark.SAME:
            sections = child_of(old, "w:sectPr"), child_of(child_of(element, "w:pPr"), "w:sectPr")
            if sections[0] is not None and sections[1] is not None:
                self._section(sections[0], sections[1])
            self._change(
                element,
                self._adopted(
                    _without(copied(old), _SECTION) if old is not None else None, element
                ),
            )
        else:
            mark_end(element, mark, self._scene)

    def _adopted(self, properties: Element | None, near: Element) -> Element | None:
        if properties is None or namespace_of(properties) != namespace_of(near):
            return None
        return self._scene.adopted(properties)

    def _change(self, paragraph: Element, before: Element | None) -> None:
        """Record the earlier properties of a paragraph, of its end's look and of its section."""
        properties = child_of(paragraph, "w:pPr")
        looks = child_of(properties, "w:rPr"), child_of(before, "w:rPr")
        if stated(looks[0]) != stated(looks[1]):
            record_change(end_look(paragraph), looks[1], self._scene.stamp)
        if stated(properties) != stated(before):
            record_change(end_properties(paragraph), before, self._scene.stamp)


def end_properties(paragraph: Element) -> Element:
    """The properties of a paragraph, made where there are none."""
    properties = child_of(paragraph, "w:pPr")
    if properties is None:
        properties = paragraph.makeelement(f"{namespace_of(paragraph)}pPr")
        paragraph.insert(0, properties)
    return properties


def end_look(paragraph: Element) -> Element:
    """The run properties of a paragraph's end, made where there are none."""
    properties = end_properties(paragraph)
    look = child_of(properties, "w:rPr")
    if look is None:
        look = properties.makeelement(f"{namespace_of(paragraph)}rPr")
        # The schema ends w:pPr with w:rPr, w:sectPr and w:pPrChange, in this order (CT_PPr).
        later = next(
            (child for child in properties if short_name(child) in {"w:sectPr", "w:pPrChange"}),
            None,
        )
        if later is not None:
            later.addprevious(look)
        else:
            properties.append(look)
    return look


def mark_end(paragraph: Element, mark: _Mark, scene: Scene) -> None:
    """Mark the end of a paragraph as inserted or deleted."""
    # The schema has w:ins and w:del before every other property of an end (CT_ParaRPr).
    if mark is not _Mark.SAME:
        end_look(paragraph).insert(0, scene.stamp.mark(paragraph, mark.value))


def copied_or_none(element: Element | None) -> Element | None:
    """A copy of an element; None for None."""
    return copied(element) if element is not None else None


def _notes_in(paragraph: Element) -> list[Element]:
    return [node for node in paragraph.iter() if short_name(node) in _NOTED]


def _without(properties: Element, gone: frozenset[str]) -> Element:
    for child in [item for item in properties if short_name(item) in gone]:
        properties.remove(child)
    return properties


def _following(steps: Sequence[Step]) -> list[Element | None]:
    """For each step, the next block of the new side."""
    found: list[Element | None] = []
    block: Element | None = None
    for _, b in reversed(steps):
        found.append(block)
        block = b.element if b is not None else block
    return found[::-1]


def _is_last(paragraph: Element, container: Element) -> bool:
    """Whether a container ends with this paragraph and must: all but content controls must end with
    a paragraph.
    """
    return paragraph.getparent() is container and not any(
        is_block(each) for each in paragraph.itersiblings()
    )


def _own_blocks(element: Element, name: str) -> list[Element]:
    """The elements of a name in an element, itself included.

    Text boxes are left out: they belong to their drawing.
    """
    found: list[Element] = []
    stack = [element]
    while stack:
        node = stack.pop()
        if short_name(node) == name:
            found.append(node)
        if short_name(node) != "w:p":
            stack += reversed(list(node))
    return found


def _put(
    gone: Element,
    last: Element | None,
    following: Element | None,
    container: Element,
) -> None:
    """Put a deleted block between the blocks `last` and `following` of the new document.

    Where one of these is None, the deleted block goes to that end of the container. Between a block
    in a control and a block outside, it goes outside, where it does not come between paragraphs
    that are to be joined.
    """
    if last is not None and (following is not None or short_name(gone) != "w:p"):
        around = {*following.iterancestors()} if following is not None else {container}
        while (parent := last.getparent()) is not None and parent not in around:
            last = parent
    if last is not None:
        last.addnext(gone)
    elif following is not None:
        while (parent := following.getparent()) is not None and parent is not container:
            following = parent
        following.addprevious(gone)
    elif (section := child_of(container, "w:sectPr")) is not None:
        section.addprevious(gone)
    else:
        container.append(gone)
