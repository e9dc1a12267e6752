"""Copies the things that a deleted stretch depends on: pictures, links, notes, styles, lists.

A deleted paragraph of the first document names a picture as `r:embed="rId4"`. In the second
document that id may mean another part, so the picture is added there and the copy of the paragraph
gets its new id, such as `rId9`.
"""

from __future__ import annotations

import posixpath
import zlib
from collections.abc import Hashable, Iterable

from dragoman_documents.docx.diff.changes import attributes_of, child_of, child_with, stated
from dragoman_documents.docx.package import Package, Relationship
from dragoman_documents.docx.roles import PartRole
from dragoman_documents.docx.xml import (
    SHORT_NAMES,
    Element,
    attribute,
    copied,
    names,
    namespace_of,
    short_name,
)

_NOTES = {
    "w:footnoteReference": (PartRole.FOOTNOTES, "w:footnote"),
    "w:endnoteReference": (PartRole.ENDNOTES, "w:endnote"),
    "w:commentReference": (PartRole.COMMENTS, "w:comment"),
}
_STYLED = names("w:pStyle w:rStyle w:tblStyle w:basedOn w:link w:next")


class Dependencies:
    """Copies the things that elements of `old` refer to into `new`, each of them once.

    Where `new` has an equal part, relationship, list or style, that one is used instead of a copy.
    """

    def __init__(self, old: Package, new: Package) -> None:
        self.old = old
        self.new = new
        self._parts: dict[str, str] = {}
        self._notes: dict[tuple[PartRole, str], str] = {}
        self._numbers: dict[str, str] = {}
        self._meanings: dict[tuple[int, str, str], Hashable] = {}

    def adopt(self, element: Element, source: str, target: str) -> Element:
        """Make a copy from the old part `source` mean the same in the new part `target`."""
        for node in list(element.iter()):
            name = short_name(node)
            for key, value in list(node.attrib.items()):
                link = _by_id(self.old, source, value) if is_reference(SHORT_NAMES[key]) else None
                if link is not None:
                    node.set(key, self._link(target, link))
            if name in _NOTES:
                _set(node, "id", self._note(*_NOTES[name], attribute(node, "w:id") or ""))
            elif name == "w:numId":
                _set(node, "val", self._number(attribute(node, "w:val") or ""))
            elif name in _STYLED:
                self._style(attribute(node, "w:val") or "")
        return element

    def meaning(self, package: Package, part: str, reference: str) -> Hashable:
        """The thing that a relationship id means: the uri, or the bytes of the part."""
        known = (id(package), part, reference)
        if known not in self._meanings:
            self._meanings[known] = meaning_of(package, part, reference)
        return self._meanings[known]

    def _link(self, target: str, link: Relationship) -> str:
        goal = link.target if link.is_external else self._part(link.target)
        for each in self.new.relationships(target):
            if (each.kind, each.is_external, each.target) == (link.kind, link.is_external, goal):
                return each.id
        return self.new.relate(target, link.kind, goal, link.is_external)

    def _part(self, name: str) -> str:
        if name not in self.old.names:
            return name
        if name not in self._parts:
            content, links = self.old.read(name), self.old.relationships(name)
            # A part with links is copied in any case: equal bytes may lead elsewhere there.
            if not links and name in self.new.names and self.new.read(name) == content:
                self._parts[name] = name
            else:
                # Noted before the links are followed: parts may refer to each other in a circle.
                self._parts[name] = free = self.free_name(name)
                self.new.add_part(free, self.old.stated_type(name), content)
                for link in links:
                    goal = link.target if link.is_external else self._part(link.target)
                    self.new.relate(free, link.kind, goal, link.is_external, link.id)
        return self._parts[name]

    def free_name(self, name: str) -> str:
        """A part name that the new package does not have: the given one, or that with a number."""
        # Names that differ in case only are one name (Part 2 §6.2.2.3).
        taken = {each.lower() for each in self.new.names}
        stem, extension = posixpath.splitext(name)
        number = 2
        while name.lower() in taken:
            name = f"{stem}_{number}{extension}"
            number += 1
        return name

    def _note(self, role: PartRole, kind: str, note_id: str) -> str:
        """Copy a note or comment and give its new id."""
        if (role, note_id) in self._notes:
            return self._notes[role, note_id]
        source = next(iter(self.old.with_role(role)), None)
        root = self.old.root(source) if source else None
        note = child_with(root, "w:id", note_id)
        part = self._story(role, source or "", root)
        home = self.new.root(part) if part else None
        if source is None or note is None or part is None or home is None:
            return note_id
        # An element of the strict edition cannot stand in a transitional part, nor the reverse.
        if namespace_of(note) != namespace_of(home):
            return note_id
        taken = {attribute(each, "w:id") for each in home if short_name(each) == kind}
        new_id = note_id if note_id not in taken else _next(taken)
        # Noted before the text is adopted: a note may refer to itself.
        self._notes[role, note_id] = new_id
        twin = copied(note)
        _set(twin, "id", new_id)
        home.append(twin)
        self.adopt(twin, source, part)
        self.new.mark_changed(part)
        return new_id

    def _story(self, role: PartRole, source: str, root: Element | None) -> str | None:
        """The part for notes of a kind.

        Where the new document has none, it is made, with the separators that the old one has
        (`w:type`, §17.11): the settings name them by their ids.
        """
        found = next(self.new.related(self.new.main, role.value), None)
        if found is not None or root is None:
            return found
        twin = copied(root)
        for each in [each for each in twin if attribute(each, "w:type") is None]:
            twin.remove(each)
        return self.add_story(source, twin)

    def add_story(self, source: str, root: Element) -> str:
        """Add a part that only the old package has, with the relationship that the main document
        has to it there.
        """
        name = self.free_name(source)
        self.new.add_part(name, self.old.stated_type(source), root)
        links = self.old.relationships(self.old.main)
        kinds = [each.kind for each in links if each.target == source]
        if kinds:
            self.new.relate(self.new.main, kinds[0], name, is_external=False)
        return name

    def _number(self, number: str) -> str:
        """The number in the new document of this list of the old document."""
        if number not in self._numbers:
            self._numbers[number] = number
            self._numbers[number] = self._list(number)
        return self._numbers[number]

    def _list(self, number: str) -> str:
        old, new = lists_of(self.old), lists_of(self.new)
        source = list_definition(old, number)
        if source is None or new is None or source == list_definition(new, number):
            return number
        copies = [each for each in new if short_name(each) == "w:num"]
        ids = (attribute(each, "w:numId") or "" for each in copies)
        same = next((each for each in ids if list_definition(new, each) == source), None)
        if same is not None:
            return same or number
        num, abstract = _list_elements(old, number)
        if num is None or abstract is None or namespace_of(num) != namespace_of(new):
            return number
        abstracts = (each for each in new if short_name(each) == "w:abstractNum")
        abstract_id = _next(attribute(each, "w:abstractNumId") for each in abstracts)
        number = _next(attribute(each, "w:numId") for each in copies)
        abstract, num = copied(abstract), copied(num)
        _set(abstract, "abstractNumId", abstract_id)
        _set(num, "numId", number)
        for child in num:
            if short_name(child) == "w:abstractNumId":
                _set(child, "val", abstract_id)
        # The schema has every w:abstractNum before the first w:num (CT_Numbering).
        if copies:
            copies[0].addprevious(abstract)
            copies[-1].addnext(num)
        else:
            new.append(abstract)
            new.append(num)
        self.new.mark_changed(_numbering(self.new))
        return number

    def _style(self, style: str) -> None:
        """Copy a style of the old document into the new one, and the styles that it is based on."""
        wanted = next(iter(self.old.with_role(PartRole.STYLES)), None)
        home = next(iter(self.new.with_role(PartRole.STYLES)), None)
        old, new = (
            (self.old.root(wanted) if wanted else None),
            (self.new.root(home) if home else None),
        )
        if home is None or wanted is None or old is None or new is None:
            return
        if child_with(new, "w:styleId", style) is not None:
            return
        found = child_with(old, "w:styleId", style)
        if found is not None and namespace_of(found) == namespace_of(new):
            twin = copied(found)
            # The new document has its own default style of the kind; a second one is not allowed
            # (§17.7.4.17).
            if attribute(twin, "w:default"):
                _set(twin, "default", "0")
            # Put in before its own references are followed: styles may be based on each other.
            new.append(twin)
            self.new.mark_changed(home)
            self.adopt(twin, wanted, home)


def meaning_of(package: Package, part: str, reference: str) -> Hashable:
    """The target of a part's relationship id: the uri, or the checksum of the part it names."""
    link = _by_id(package, part, reference)
    if link is None:
        return reference
    if link.is_external or link.target not in package.names:
        return (link.kind, link.target)
    return (link.kind, zlib.crc32(package.read(link.target)))


def is_reference(short: str) -> bool:
    """Whether an attribute holds a relationship's id."""
    return short.startswith("r:") or short == "o:relid"


def _by_id(package: Package, part: str, reference: str) -> Relationship | None:
    return next((each for each in package.relationships(part) if each.id == reference), None)


def _set(node: Element, local: str, value: str) -> None:
    node.set(f"{namespace_of(node)}{local}", value)


def _next(taken: Iterable[str | None]) -> str:
    return str(max((int(each) for each in taken if each and each.isdigit()), default=0) + 1)


def _numbering(package: Package) -> str:
    return next(package.related(package.main, "numbering"), "")


def lists_of(package: Package) -> Element | None:
    """The root of the part that defines the lists."""
    name = _numbering(package)
    return package.root(name) if name in package.names else None


def _list_elements(root: Element | None, number: str) -> tuple[Element | None, Element | None]:
    """The w:num of a list, and the w:abstractNum with its levels that this one names."""
    num = child_with(root, "w:numId", number)
    link = child_of(num, "w:abstractNumId")
    wanted = attribute(link, "w:val") if link is not None else None
    children = root if root is not None else ()
    abstracts = (each for each in children if short_name(each) == "w:abstractNum")
    return num, next(
        (each for each in abstracts if attribute(each, "w:abstractNumId") == wanted), None
    )


def list_definition(root: Element | None, number: str) -> Hashable | None:
    """A key of the look of a list: the levels of its definition and their overrides.

    The numbers by which a document knows its lists are left out.
    """
    num, abstract = _list_elements(root, number)
    if num is None or abstract is None:
        return None
    overrides = tuple(stated(each) for each in num if short_name(each) == "w:lvlOverride")
    levels = (each for each in abstract if short_name(each) == "w:lvl")
    return (overrides, tuple((attributes_of(each), stated(each)) for each in levels))
