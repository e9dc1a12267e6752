"""The OPC package: parts by content type and relationship, never by path (ECMA-376-2 §6, §7).

The main document is the part that the package says it is, whatever its name:

    _rels/.rels              <Relationship Type="…/officeDocument" Target="word/text.xml" …/>
    [Content_Types].xml      <Override PartName="/word/text.xml" ContentType="…document.main+xml"/>
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import quote, unquote

from dragoman_documents.budget import Budget
from dragoman_documents.docx.container import ZipContainer
from dragoman_documents.docx.entries import Entry, damaged, part_key, part_name
from dragoman_documents.docx.fields import FieldMap
from dragoman_documents.docx.reader import MakeReader, PartReader, PlainReader
from dragoman_documents.docx.roles import BY_CONTENT_TYPE, BY_RELATIONSHIP, STORY_ORDER, PartRole
from dragoman_documents.docx.xml import (
    Element,
    is_utf8,
    namespace_of,
    parse_xml,
    serialise,
    short_name,
    transitional,
)
from dragoman_documents.errors import (
    DamagedDocumentError,
    DocumentError,
    NotWordError,
    TooLargeError,
)

_CONTENT_TYPES = "[content_types].xml"
_BINDING = b"dataBinding"
_DECLARATION = b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_NO_RELATIONSHIPS = (
    b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"/>'
)
_WORD_ML = re.compile(
    r"application/vnd\.(openxmlformats-officedocument\.wordprocessingml|ms-word)\."
)


@dataclass(frozen=True, slots=True)
class Relationship:
    """A relationship. `target` is a part name where internal, the uri as written where external."""

    id: str
    kind: str
    target: str
    is_external: bool


class Package:
    """A WordprocessingML package in memory.

    Parts are parsed when first asked for; those marked as changed are serialised by `saved`,
    nothing else is. `read_part` makes the reader of each part; with a quick one, trees may hold
    stubs that only their reader can read.

    Raises:
        DocumentError: the bytes are no readable Word document; the message names the cure.
    """

    def __init__(self, data: bytes, budget: Budget, read_part: MakeReader = PlainReader) -> None:
        self.budget = budget
        self._read_part = read_part
        self._readers: dict[str, PartReader] = {}
        self._fields: dict[str, FieldMap] = {}
        self._bound: set[str] = set()
        self.size_bytes = len(data)
        self._container = ZipContainer(data, budget)
        self._entries: dict[str, Entry] = {}
        for entry in self._container.entries:
            if not entry.is_folder:
                self._entries[part_key(entry.name)] = entry
        self._roots: dict[str, Element | None] = {}
        self._changed: set[str] = set()
        self._added: dict[str, tuple[str, bytes | None]] = {}
        self._overrides: dict[str, str] = {}
        self._defaults: dict[str, str] = {}
        self._read_content_types()
        self._relationships: dict[str, tuple[Relationship, ...]] = {}
        self._roles = self._find_roles()
        self.main = self._find_main()

    @property
    def names(self) -> tuple[str, ...]:
        """Every part's name, in the order of the container, without a leading slash."""
        return (
            *(_name(entry) for entry in self._entries.values()),
            *(name for name, _ in self._added.values()),
        )

    def size_of(self, name: str) -> int:
        """The unpacked bytes of a part."""
        return self._entries[part_key(name)].size_bytes

    def content_type(self, name: str) -> str:
        """The media type of a part in lower case; empty where the package does not state it."""
        return self.stated_type(name).lower()

    def stated_type(self, name: str) -> str:
        """The media type of a part as the package spells it.

        Empty where the package does not state it.
        """
        key = part_key(name)
        return self._overrides.get(key) or self._defaults.get(key.rpartition(".")[2], "")

    def role(self, name: str) -> PartRole:
        """The role of a part; `OTHER` for a part that is not known."""
        return self._roles.get(part_key(name), PartRole.OTHER)

    def with_role(self, *roles: PartRole) -> tuple[str, ...]:
        """The names of the parts with one of these roles, in the order of the container."""
        wanted = (entry for key, entry in self._entries.items() if self._roles[key] in roles)
        return tuple(map(_name, wanted))

    def stories(self) -> tuple[str, ...]:
        """The parts that can hold text, the main document first, then by kind."""
        ranked = [
            (rank, _natural(_name(entry)), _name(entry))
            for key, entry in self._entries.items()
            if (rank := STORY_ORDER.get(self._roles[key])) is not None
        ]
        return tuple([name for _, _, name in sorted(ranked)])

    def relationships(self, name: str) -> tuple[Relationship, ...]:
        """The relationships of a part, or of the package for the empty name."""
        key = part_key(name)
        if key not in self._relationships:
            self._relationships[key] = self._read_relationships(key)
        return self._relationships[key]

    def root(self, name: str, wanted: Callable[[bytes], bool] | None = None) -> Element | None:
        """The root of an XML part; None where the part is absent or not well-formed.

        It is None too where `wanted` says of the bytes of a part in UTF-8 that it need not be
        parsed. The main document is always there: a package without a readable main document is
        refused when it is opened.

        Raises:
            TooLargeError: the part passes the budget.
        """
        key = part_key(name)
        if key not in self._roots:
            entry = self._entries.get(key)
            root = self._parse_if_well_formed(key, entry, wanted) if entry else None
            if wanted is not None and root is None:
                return None
            self._roots[key] = root
        return self._roots[key]

    def reader(self, name: str) -> PartReader:
        """The reader of a part that was parsed."""
        return self._readers[part_key(name)]

    def fields(self, name: str, root: Element) -> FieldMap:
        """The fields of a parsed part with that root, found once."""
        found = self._fields.get(part_key(name))
        if found is None:
            found = self._fields[part_key(name)] = FieldMap(root)
        return found

    def read(self, name: str) -> bytes:
        """The bytes of a part. A part that was added as a tree has none."""
        key = part_key(name)
        if key in self._added:
            return self._added[key][1] or b""
        return self._container.read(self._entries[key])

    def mark_changed(self, name: str) -> None:
        """Have the part serialised when the package is saved."""
        self._changed.add(part_key(name))

    def is_changed(self, name: str) -> bool:
        """Whether the part is to be serialised when the package is saved."""
        return part_key(name) in self._changed

    def saved(self) -> bytes:
        """The package with its changed parts, everything else byte by byte as it was."""
        changes: dict[Entry, bytes] = {}
        for key in self._changed - self._added.keys():
            if key in self._readers:
                changes[self._entries[key]] = self._readers[key].written()
        additions: dict[str, bytes] = {}
        for key, (name, data) in self._added.items():
            root = self._roots.get(key)
            additions[name] = serialise(root, _DECLARATION) if root is not None else data or b""
        return self._container.rewritten(changes, additions)

    def add_part(self, name: str, media_type: str, content: bytes | Element) -> None:
        """Add a part, as bytes or as a tree that may still be changed, and state its media type."""
        self._add(name, content)
        types = self.root(_CONTENT_TYPES)
        if types is not None:
            override = types.makeelement(namespace_of(types) + "Override")
            override.set("PartName", "/" + quote(name))
            override.set("ContentType", media_type)
            types.append(override)
            self.mark_changed(_CONTENT_TYPES)
        self._overrides[part_key(name)] = media_type

    def relate(
        self,
        name: str,
        kind: str,
        target: str,
        is_external: bool,
        wanted_id: str = "",
    ) -> str:
        """Add a relationship of a part, and give its id.

        `target` is a part name, or a uri where external.
        """
        folder, base = posixpath.split(name)
        rels = posixpath.join(folder, "_rels", base + ".rels")
        root = self.root(rels)
        if root is None:
            root = parse_xml(_NO_RELATIONSHIPS, self.budget)
            self._add(rels, root)
        taken = {element.get("Id") for element in root}
        # One more candidate than there are ids, so that at least one is free.
        numbers = (f"rId{number}" for number in range(len(taken) + 1, 2 * len(taken) + 2))
        new_id = wanted_id or next(each for each in numbers if each not in taken)
        made = root.makeelement(namespace_of(root) + "Relationship")
        made.set("Id", new_id)
        made.set("Type", kind)
        # A relative target is resolved against the folder of the part; an absolute one is always
        # right.
        made.set("Target", target if is_external else "/" + quote(target))
        if is_external:
            made.set("TargetMode", "External")
        root.append(made)
        self.mark_changed(rels)
        self._relationships.pop(part_key(name), None)
        return new_id

    def _add(self, name: str, content: bytes | Element) -> None:
        key = part_key(name)
        self._added[key] = (name, content if isinstance(content, bytes) else None)
        self._roots[key] = None if isinstance(content, bytes) else content

    def _children(self, name: str) -> Iterator[Element]:
        root = self.root(name)
        return iter(()) if root is None else iter(root)

    def holds_bindings(self, name: str) -> bool:
        """Whether a parsed part may have content controls that are bound to data."""
        return part_key(name) in self._bound

    def _parse(
        self,
        key: str,
        entry: Entry,
        wanted: Callable[[bytes], bool] | None = None,
    ) -> Element | None:
        data = self._container.read(entry)
        if wanted is not None and is_utf8(data) and not wanted(data):
            return None
        # In another encoding the bytes do not tell, so the part is searched for bindings.
        if _BINDING in data or not is_utf8(data):
            self._bound.add(key)
        reader = self._readers[key] = self._read_part(data, self.budget)
        return reader.root

    def _parse_if_well_formed(
        self,
        key: str,
        entry: Entry,
        wanted: Callable[[bytes], bool] | None,
    ) -> Element | None:
        """The root of a part; None where the part is damaged, which then stays as it is.

        Only the content types and the main document must be readable.
        """
        try:
            return self._parse(key, entry, wanted)
        except TooLargeError:
            raise
        except DocumentError:
            if key == _CONTENT_TYPES:
                raise
            return None

    def _read_content_types(self) -> None:
        for element in self._children(_CONTENT_TYPES):
            media_type = element.get("ContentType", "") or ""
            # An override states the type of one part, and counts before that of the extension.
            if short_name(element) == "ct:Override":
                _state(self._overrides, part_key(element.get("PartName", "") or ""), media_type)
            elif short_name(element) == "ct:Default":
                _state(self._defaults, (element.get("Extension", "") or "").lower(), media_type)

    def _find_roles(self) -> dict[str, PartRole]:
        roles: dict[str, PartRole] = {}
        for key in self._entries:
            media_type = self.content_type(key)
            fitting = (role for piece, role in BY_CONTENT_TYPE if piece in media_type)
            roles[key] = next(fitting, PartRole.OTHER)
        for key in [*self._entries, ""]:
            # Some writers give every part the type application/xml; the relationship then tells its
            # role.
            for relationship in self.relationships(key):
                target = part_key(relationship.target)
                if relationship.is_external or roles.get(target) is not PartRole.OTHER:
                    continue
                kind = relationship.kind.rpartition("/")[2]
                roles[target] = BY_RELATIONSHIP.get(kind, PartRole.OTHER)
        return roles

    def _find_main(self) -> str:
        links = (each for each in self.relationships("") if each.kind.endswith("/officeDocument"))
        stated = [part_key(each.target) for each in links]
        typed = [key for key, role in self._roles.items() if role is PartRole.MAIN]
        # The part must be named by the package and typed as a main document; files of careless
        # writers have only one of the two.
        for key in [*(key for key in stated if key in typed), *typed, *stated]:
            entry = self._entries.get(key)
            if entry is None:
                continue
            root = self._roots[key] = self._parse(key, entry)
            if root is not None and short_name(root) == "w:document":
                self._roles[key] = PartRole.MAIN
                return _name(entry)
        raise self._not_word()

    def _not_word(self) -> DocumentError:
        types = " ".join([*self._overrides.values(), *self._defaults.values()]).lower()
        for mark, what in (
            ("spreadsheetml", "an Excel workbook"),
            ("presentationml", "a PowerPoint presentation"),
        ):
            if mark in types:
                return NotWordError(f"This is {what}, not a Word document. Send the DOCX file.")
        if _WORD_ML.search(types):
            return DamagedDocumentError(
                "The package names a Word document but does not hold it. "
                "Open it in Word, let it repair the file, and save it again."
            )
        return NotWordError(
            "This ZIP file holds no Word document. Send the DOCX file itself, not an archive of files."
        )

    def _read_relationships(self, key: str) -> tuple[Relationship, ...]:
        folder, base = posixpath.split(key)
        found: list[Relationship] = []
        for element in self._children(posixpath.join(folder, "_rels", base + ".rels")):
            if short_name(element) == "rel:Relationship":
                found.append(_relationship(element, folder))
        return tuple(found)

    def related(self, name: str, kind: str) -> Iterator[str]:
        """The parts that a part points to by relationships whose type ends in `kind`."""
        for relationship in self.relationships(name):
            if not relationship.is_external and relationship.kind.endswith("/" + kind):
                yield relationship.target


def _relationship(element: Element, folder: str) -> Relationship:
    target = element.get("Target", "") or ""
    is_external = element.get("TargetMode") == "External"
    if not is_external:
        # Some writers use backslashes, which readers have always forgiven.
        path = unquote(target.partition("#")[0].replace("\\", "/"))
        is_absolute = path.startswith("/")
        target = (
            path.lstrip("/") if is_absolute else posixpath.normpath(posixpath.join(folder, path))
        )
    kind = transitional(element.get("Type", "") or "")
    return Relationship(
        id=element.get("Id", "") or "", kind=kind, target=target, is_external=is_external
    )


def _state(types: dict[str, str], key: str, media_type: str) -> None:
    # Readers differ in which of two statements they take, as with two parts of one name.
    if types.setdefault(key, media_type).lower() != media_type.lower():
        raise damaged("it states two types of content for one part")


def _name(entry: Entry) -> str:
    return part_name(entry.name)


def _natural(name: str) -> list[tuple[int, str]]:
    """A key that sorts header2 before header10."""
    pieces = re.split(r"(\d+)", name)
    return [(int(piece), "") if piece.isdigit() else (-1, piece) for piece in pieces]
