"""Tracks the words of a paragraph: an old paragraph is laid over a new one, whose runs are marked.

Items of the new paragraph alone are marked as inserted, items of the old one alone are put in as
deleted, and runs with another look get a record of the earlier look:

    old      <w:r><w:t>Pay now</w:t></w:r>
    new      <w:r><w:t>Pay later</w:t></w:r>
    marked   <w:r><w:t>Pay </w:t></w:r><w:del …><w:r><w:delText>now</w:delText></w:r></w:del>
             <w:ins …><w:r><w:t>later</w:t></w:r></w:ins>
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import groupby

from dragoman_documents.docx.diff.changes import Stamp, child_of, record_change, stated
from dragoman_documents.docx.diff.dependencies import Dependencies
from dragoman_documents.docx.diff.items import Atom, Fields, Group, Item, items_of, leaves
from dragoman_documents.docx.diff.tree import boxes_in
from dragoman_documents.docx.diff.words import opcodes
from dragoman_documents.docx.splice import empty_like
from dragoman_documents.docx.xml import (
    XML_SPACE,
    Element,
    attribute,
    copied,
    names,
    namespace_of,
    short_name,
)

_REFERENCES = names("w:footnoteReference w:endnoteReference")
# In a deletion, text and codes of fields stand in elements of other names (§17.3.3.7).
_IN_DELETIONS = {"w:t": "delText", "w:instrText": "delInstrText"}


@dataclass(slots=True)
class Scene:
    """The context of tracking one part: the names of the old and the new part, the fields of both,
    and the copier of the things that deleted words depend on.

    `notes` and `boxes` take the pairs of notes and text boxes that are found on the way.
    """

    dependencies: Dependencies
    stamp: Stamp
    source: str
    target: str
    old_fields: Fields
    new_fields: Fields
    notes: list[tuple[str, str, str]]
    boxes: list[tuple[Element, Element]]

    def old_items(self, paragraph: Element) -> list[Item]:
        """The items of a paragraph of the old part."""
        return items_of(paragraph, self._old_meaning, self.old_fields)

    def new_items(self, paragraph: Element) -> list[Item]:
        """The items of a paragraph of the new part."""
        return items_of(paragraph, self._new_meaning, self.new_fields)

    def _old_meaning(self, reference: str) -> Hashable:
        return self.dependencies.meaning(self.dependencies.old, self.source, reference)

    def _new_meaning(self, reference: str) -> Hashable:
        return self.dependencies.meaning(self.dependencies.new, self.target, reference)

    def adopted(self, element: Element) -> Element:
        """A copy of an element of the old part that means the same in the new one."""
        return self.dependencies.adopt(copied(element), self.source, self.target)


class RunTracker:
    """Lays the items of an old paragraph over those of a new one,
    and marks the runs of the new one.
    """

    def __init__(self, paragraph: Element, scene: Scene) -> None:
        self._paragraph = paragraph
        self._scene = scene
        self._inserted: set[Atom] = set()
        self._partners: dict[Atom, Atom] = {}
        self._before: dict[Atom, list[Element]] = defaultdict(list)
        self._looks: dict[Element, Hashable] = {}
        self._beside: list[tuple[Element, list[Element], bool]] = []

    def run(self, old: Sequence[Item], new: Sequence[Item]) -> None:
        """Mark the paragraph, which holds `new`."""
        self._level(old, new, self._paragraph, None)
        for run, members in groupby(leaves(new), key=lambda atom: atom.run):
            self._rewrite(run, list(members))
        # Put in when all runs are rewritten: before, an anchor could be a run that is replaced.
        for place, gone, is_inside in self._beside:
            for node in gone:
                if is_inside:
                    place.append(node)
                else:
                    place.addprevious(node)

    def _level(
        self,
        old: Sequence[Item],
        new: Sequence[Item],
        container: Element,
        stop: Atom | None,
    ) -> None:
        for is_same, i1, i2, j1, j2 in opcodes(
            [item.key for item in old], [item.key for item in new]
        ):
            if is_same:
                for a, b in zip(old[i1:i2], new[j1:j2], strict=True):
                    self._pair(a, b, container)
                continue
            self._inserted.update(leaves(new[j1:j2]))
            gone = deleted(old[i1:i2], self._paragraph, self._scene)
            if gone:
                self._anchor(gone, new[j1] if j1 < len(new) else stop, container)

    def _anchor(self, gone: list[Element], item: Item | None, container: Element) -> None:
        if isinstance(item, Group) and item.element is not None:
            self._beside.append((item.element, gone, False))
        elif item is not None:
            self._before[next(leaves([item]))] += gone
        else:
            self._beside.append((container, gone, True))

    def _pair(self, old: Item, new: Item, container: Element) -> None:
        if isinstance(old, Atom) and isinstance(new, Atom):
            self._match(old, new)
        elif isinstance(old, Group) and isinstance(new, Group):
            for a, b in zip(
                leaves([*old.head, *old.tail]), leaves([*new.head, *new.tail]), strict=False
            ):
                self._match(a, b)
            inner = new.content if new.content is not None else container
            self._level(old.inner, new.inner, inner, new.tail[0] if new.tail else None)

    def _match(self, old: Atom, new: Atom) -> None:
        self._partners[new] = old
        pair(old.node, new.node, self._scene)

    def _rewrite(self, run: Element, atoms: Sequence[Atom]) -> None:
        """Mark a run, cut where its status changes, with the deleted items before each piece."""
        pieces: list[tuple[Hashable, list[Atom]]] = []
        for atom in atoms:
            status = self._status(atom)
            if pieces and pieces[-1][0] == status and atom not in self._before:
                pieces[-1][1].append(atom)
            else:
                pieces.append((status, [atom]))
        if len(pieces) == 1 and not self._before.get(atoms[0]):
            self._mark(run, atoms[0])
            return
        result: list[Element] = []
        for _, members in pieces:
            result += self._before.get(members[0], [])
            piece = run if short_name(run) != "w:r" else _filled(empty_like(run), members)
            if piece is not run:
                run.addprevious(piece)
                piece = self._mark(piece, members[0])
                _detach(piece)
            result.append(piece)
        for node in result:
            if node is not run:
                run.addprevious(node)
        if run not in result:
            _detach(run)
        else:
            self._mark(run, atoms[0])

    def _status(self, atom: Atom) -> Hashable:
        """Whether an atom was inserted, is the same, or had another look;
        with that earlier look.
        """
        if atom in self._inserted:
            return "inserted"
        partner = self._partners.get(atom)
        if partner is None or short_name(partner.run) != "w:r":
            return "same"
        before = self._look(partner.run)
        return "same" if before == self._look(atom.run) else ("other", before)

    def _look(self, run: Element) -> Hashable:
        if run not in self._looks:
            self._looks[run] = stated(child_of(run, "w:rPr"))
        return self._looks[run]

    def _mark(self, run: Element, atom: Atom) -> Element:
        """Mark a run by the status of one of its atoms, which all have the same.

        Gives the element that now stands in the run's place.
        """
        if atom in self._inserted:
            holder = self._scene.stamp.mark(self._paragraph, "ins")
            run.addprevious(holder)
            holder.append(run)
            run.tail = None
            return holder
        partner = self._partners.get(atom)
        if (
            partner is not None
            and self._status(atom) != "same"
            and namespace_of(run) == namespace_of(partner.run)
        ):
            before = child_of(partner.run, "w:rPr")
            look = child_of(run, "w:rPr")
            if look is None:
                look = run.makeelement(f"{namespace_of(run)}rPr")
                run.insert(0, look)
            record_change(
                look, self._scene.adopted(before) if before is not None else None, self._scene.stamp
            )
        return run


def pair(old: Element, new: Element, scene: Scene) -> None:
    """Note that two elements are a pair: two references to a note, two edges of a field, or two
    drawings with text boxes.
    """
    name = short_name(new)
    if name in _REFERENCES:
        scene.notes.append((name, attribute(old, "w:id") or "", attribute(new, "w:id") or ""))
    elif name == "w:fldChar":
        mark = ("pair", id(new))
        scene.old_fields.matched(old, mark)
        scene.new_fields.matched(new, mark)
    else:
        scene.boxes += zip(boxes_in(old), boxes_in(new), strict=False)


def deleted(items: Sequence[Item], near: Element, scene: Scene) -> list[Element]:
    """Copies of items with all their runs marked as deleted, inside copies of their links."""
    found: list[Element] = []
    for is_wrapper, members in groupby(_opened(items), key=lambda item: isinstance(item, Group)):
        if not is_wrapper:
            found += _deleted_runs(
                [item for item in members if isinstance(item, Atom)], near, scene
            )
            continue
        for item in members:
            if isinstance(item, Group) and item.element is not None:
                found += _deleted_wrapper(item, item.element, near, scene)
    return found


def _opened(items: Sequence[Item]) -> list[Item]:
    """The items with fields taken apart."""
    found: list[Item] = []
    for item in items:
        if isinstance(item, Group) and item.element is None:
            found += _opened([*item.head, *item.inner, *item.tail])
        else:
            found.append(item)
    return found


def _deleted_wrapper(group: Group, element: Element, near: Element, scene: Scene) -> list[Element]:
    inner = deleted(group.inner, near, scene)
    if namespace_of(element) != namespace_of(near) or short_name(element) == "w:sdt":
        return inner  # a control comes and goes with no mark; its text does not
    shell = empty_shell(element)
    scene.dependencies.adopt(shell, scene.source, scene.target)
    for node in inner:
        shell.append(node)
    return [shell]


def empty_shell(element: Element) -> Element:
    """A copy of an element around runs, with its attributes and properties and nothing else."""
    shell = element.makeelement(element.tag)
    for key, value in element.attrib.items():
        shell.set(key, value)
    for child in element:
        if short_name(child) in {"w:smartTagPr", "w:customXmlPr"}:
            shell.append(copied(child))
    return shell


def _deleted_runs(atoms: Sequence[Atom], near: Element, scene: Scene) -> list[Element]:
    found: list[Element] = []
    for run, members in groupby(atoms, key=lambda atom: atom.run):
        is_same_edition = namespace_of(run) == namespace_of(near) or short_name(run) != "w:r"
        kept = [atom for atom in members if atom.text or is_same_edition]
        if not kept:
            continue
        holder = scene.stamp.mark(near, "del")
        holder.append(_deleted_run(run, kept, near, scene, is_same_edition))
        found.append(holder)
    return found


def _deleted_run(
    run: Element,
    atoms: Sequence[Atom],
    near: Element,
    scene: Scene,
    is_same_edition: bool,
) -> Element:
    if short_name(run) != "w:r":
        return scene.adopted(run)
    gone = near.makeelement(f"{namespace_of(near)}r")
    properties = child_of(run, "w:rPr")
    if properties is not None and is_same_edition:
        gone.append(scene.adopted(properties))
    for is_text, row in groupby(atoms, key=lambda atom: bool(atom.text)):
        if is_text:
            gone.append(text_node(near, "delText", "".join(atom.text for atom in row)))
            continue
        for atom in row:
            local = _IN_DELETIONS.get(short_name(atom.node))
            gone.append(
                text_node(near, local, atom.node.text or "") if local else scene.adopted(atom.node)
            )
    return gone


def _filled(run: Element, atoms: Sequence[Atom]) -> Element:
    for is_text, members in groupby(atoms, key=lambda atom: bool(atom.text)):
        if is_text:
            run.append(text_node(run, "t", "".join(atom.text for atom in members)))
        else:
            for atom in list(members):
                # lxml moves an element together with the text behind it.
                atom.node.tail = None
                run.append(atom.node)
    return run


def text_node(near: Element, local: str, text: str) -> Element:
    """A text node of a kind, its white space kept."""
    node = near.makeelement(f"{namespace_of(near)}{local}")
    node.text = text
    # Runs are cut between words: without this, Word drops the space at the cut (§17.3.3.31).
    node.set(XML_SPACE, "preserve")
    return node


def _detach(node: Element) -> None:
    parent = node.getparent()
    if parent is not None:
        parent.remove(node)
