"""One document against another as Word's tracked changes (ECMA-376 §17.13.5).

For documents with these texts, in short:

    tracked("Pay now.", "Pay later.")     Pay <w:del>now</w:del><w:ins>later</w:ins>.
"""

from __future__ import annotations

from datetime import datetime

from dragoman_documents.budget import Budget
from dragoman_documents.docx.diff.changes import HISTORY, Stamp, child_with
from dragoman_documents.docx.diff.dependencies import Dependencies
from dragoman_documents.docx.diff.items import Fields
from dragoman_documents.docx.diff.revisions import accept_all
from dragoman_documents.docx.diff.track_blocks import BlockTracker
from dragoman_documents.docx.diff.track_runs import Scene
from dragoman_documents.docx.garbage import paused_garbage_collection
from dragoman_documents.docx.package import Package
from dragoman_documents.docx.roles import PartRole
from dragoman_documents.docx.xml import (
    RELATIONSHIP_TYPES,
    Element,
    attribute,
    copied,
    names,
    namespace_of,
    short_name,
    transitional,
)

_FLOWS = (PartRole.MAIN, PartRole.HEADER, PartRole.FOOTER, PartRole.FOOTNOTES, PartRole.ENDNOTES)
_NOTES = {"w:footnoteReference": PartRole.FOOTNOTES, "w:endnoteReference": PartRole.ENDNOTES}
_REFERENCES = names("w:headerReference w:footerReference")
_NUMBERED = HISTORY | names("w:bookmarkStart")


def tracked(
    before: bytes,
    after: bytes,
    author: str,
    date: datetime,
    budget: Budget | None = None,
) -> bytes:
    """The document `after`, with its differences from `before` as tracked changes.

    Accepting all of them gives `after`, rejecting all gives `before`.

    Body, tables, notes, headers, footers and text boxes are marked word by word, with the
    formatting of runs, paragraphs, tables, rows, cells and sections. Pictures, notes, links, lists
    and styles that deleted text needs are brought over. Changes that either document already tracks
    are accepted first. Differences without a mark in Word, as in the definition of a style, are as
    in `after`; `untracked` names them.

    Raises:
        DocumentError: a document is not readable or passes the budget.
    """
    if before == after:
        return after
    budget = budget or Budget()
    with paused_garbage_collection():
        return _Tracker(Package(before, budget), Package(after, budget), author, date).run()


class _Tracker:
    def __init__(self, old: Package, new: Package, author: str, date: datetime) -> None:
        self._old = old
        self._new = new
        self._dependencies = Dependencies(old, new)
        for package in (old, new):
            for name in package.with_role(*_FLOWS):
                root = package.root(name)
                if root is not None and accept_all(root) and package is new:
                    new.mark_changed(name)
        # The ids of changes must differ from each other and from those of bookmarks.
        self._stamp = Stamp(author, date.strftime("%Y-%m-%dT%H:%M:%SZ"), self._highest_id() + 1)
        self._notes: list[tuple[str, str, str]] = []

    def _highest_id(self) -> int:
        roots = [self._new.root(name) for name in self._new.with_role(*_FLOWS)]
        ids = [
            attribute(node, "w:id") or ""
            for root in roots
            if root is not None
            for node in root.iter()
            if short_name(node) in _NUMBERED
        ]
        return max((int(each) for each in ids if each.isdigit()), default=0)

    def run(self) -> bytes:
        sections = self._track(self._old.main, self._new.main, self._old.root(self._old.main))
        for note in list(self._notes):
            self._note(*note)
        done: set[str] = set()
        for index, (old, new) in enumerate(sections):
            self._headers(old, new, done, is_first=index == 0)
        for name in self._new.with_role(PartRole.HEADER, PartRole.FOOTER):
            # The header of a section that only the new document has is compared by its name.
            if name not in done and name in self._old.names:
                self._track(name, name, self._old.root(name))
        return self._new.saved()

    def _track(
        self,
        source: str,
        target: str,
        old: Element | None,
        new: Element | None = None,
    ) -> list[_Section]:
        """Track one part or, where elements are given, a note of it."""
        new = self._new.root(target) if new is None else new
        if new is None:
            return []
        # A part that the old document lacks is compared with an empty one: all of it is inserted.
        old = new.makeelement(new.tag) if old is None else old
        scene = Scene(
            self._dependencies,
            self._stamp,
            source,
            target,
            Fields(old),
            Fields(new),
            self._notes,
            [],
        )
        tracker = BlockTracker(scene)
        tracker.run(old, new)
        self._new.mark_changed(target)
        return tracker.sections

    def _note(self, kind: str, old_id: str, new_id: str) -> None:
        """Track a note of both documents."""
        role = _NOTES[kind]
        source, target = (
            next(iter(package.with_role(role)), "") for package in (self._old, self._new)
        )
        notes = _numbered(self._old, source, old_id), _numbered(self._new, target, new_id)
        if notes[0] is not None and notes[1] is not None:
            self._track(source, target, *notes)

    def _headers(self, old: Element, new: Element, done: set[str], is_first: bool) -> None:
        """Track the headers and footers of two sections.

        A section without a header shows the header of the section before it (§17.10.5). So only a
        header of the first old section is brought over where the new section has none.
        """
        before, after = _referred(self._old, old), _referred(self._new, new)
        for key, name in after.items():
            if name not in done:
                done.add(name)
                source = before.get(key, "")
                self._track(source, name, self._old.root(source) if source else None)
        for key in [key for key in before if key not in after and is_first]:
            self._bring_header(before[key], key, new)

    def _bring_header(self, source: str, key: tuple[str, str], section: Element) -> None:
        root = self._old.root(source)
        if root is None:
            return
        twin = copied(root)
        for child in list(twin):
            twin.remove(child)
        name = self._dependencies.add_story(source, twin)
        self._track(source, name, root)
        reference = next(
            each for each in self._new.relationships(self._new.main) if each.target == name
        )
        section.insert(0, _reference_to(section, key, reference.id))


_Section = tuple[Element, Element]


def _reference_to(section: Element, key: tuple[str, str], reference: str) -> Element:
    """The reference that gives a section its header or footer."""
    made = section.makeelement(namespace_of(section) + key[0].partition(":")[2])
    made.set(namespace_of(section) + "type", key[1])
    known = (uri for uri in section.nsmap.values() if transitional(uri) == RELATIONSHIP_TYPES)
    space = next(known, RELATIONSHIP_TYPES)
    made.set(f"{{{space}}}id", reference)
    return made


def _referred(package: Package, section: Element) -> dict[tuple[str, str], str]:
    """The parts a section names as headers and footers, by element and type."""
    links = {each.id: each.target for each in package.relationships(package.main)}
    found: dict[tuple[str, str], str] = {}
    for child in section:
        target = links.get(attribute(child, "r:id") or "")
        if short_name(child) in _REFERENCES and target in package.names:
            found[short_name(child), attribute(child, "w:type") or "default"] = target
    return found


def _numbered(package: Package, part: str, note_id: str) -> Element | None:
    root = package.root(part) if part in package.names else None
    return child_with(root, "w:id", note_id)
