"""The marks of tracked changes: insertions, deletions and earlier properties (ECMA-376 §17.13.5).

A run that became bold keeps its earlier properties in a record, which the schema has last:

    <w:rPr><w:b/><w:rPrChange w:id="7" w:author="A" w:date="…"><w:rPr/></w:rPrChange></w:rPr>
"""

from __future__ import annotations

from collections.abc import Hashable

from dragoman_documents.docx.xml import (
    SHORT_NAMES,
    Element,
    attribute,
    copied,
    names,
    namespace_of,
    short_name,
)

HISTORY = names(
    "w:ins w:del w:moveFrom w:moveTo w:rPrChange w:pPrChange w:sectPrChange w:tblPrChange w:tblGridChange w:tcPrChange "
    "w:trPrChange w:tblPrExChange"
)
_APART = {
    "w:pPr": names("w:rPr w:sectPr"),
    "w:sectPr": names("w:headerReference w:footerReference"),
}
"""Children of properties that the record of earlier properties does not hold."""
SILENT = names("w:lang w:noProof w:lastRenderedPageBreak")
"""Properties that change with the language of the words.

They are not recorded: each word of a translation would be.
"""
_DEEP = 25  # properties nest a few levels; a hostile file nests them past Python's stack


class Stamp:
    """The author and the date of the changes, and the number of the next change."""

    def __init__(self, author: str, date: str, first_id: int) -> None:
        self._author = author
        self._date = date
        self._next = first_id

    def mark(self, near: Element, local: str) -> Element:
        """A new mark of a change (`ins`, `rPrChange` …) in the edition of an element near it."""
        # A mark of the strict edition would be an unknown element in a transitional part.
        space = namespace_of(near)
        made = near.makeelement(f"{space}{local}")
        made.set(f"{space}id", str(self._next))
        if local != "tblGridChange":  # a w:CT_Markup: it has no author
            made.set(f"{space}author", self._author)
            made.set(f"{space}date", self._date)
        self._next += 1
        return made


def child_of(owner: Element | None, name: str) -> Element | None:
    """The first child with that short name; None without an owner."""
    children = owner if owner is not None else ()
    return next((child for child in children if short_name(child) == name), None)


def child_with(owner: Element | None, name: str, value: str) -> Element | None:
    """The first child whose attribute of that short name has the value; None without an owner."""
    children = owner if owner is not None else ()
    return next((child for child in children if attribute(child, name) == value), None)


def stated(properties: Element | None) -> Hashable:
    """A key of the statements of properties: equal for properties that state the same.

    Left out are tracked changes, the proofing language, and children that no record holds.
    """
    if properties is None:
        return ()
    apart = _APART.get(short_name(properties), frozenset()) | HISTORY | SILENT
    return tuple(_said(child) for child in properties if short_name(child) not in apart)


def _said(node: Element, depth: int = 0) -> Hashable:
    present = (child for child in node if short_name(child) not in HISTORY) if depth < _DEEP else ()
    inner = tuple(_said(child, depth + 1) for child in present)
    return (short_name(node), attributes_of(node), inner)


def attributes_of(node: Element) -> Hashable:
    """The attributes by short name, without the marks of editing sessions."""
    said = ((SHORT_NAMES[key], value) for key, value in node.attrib.items())
    return tuple(sorted((key, value) for key, value in said if not key.startswith("w:rsid")))


def record_change(properties: Element, before: Element | None, stamp: Stamp) -> None:
    """Record the earlier properties in the present ones, where both differ."""
    if stated(properties) == stated(before):
        return
    name = short_name(properties)
    local = name.partition(":")[2]
    record = stamp.mark(properties, f"{local}Change")
    old = properties.makeelement(properties.tag)
    apart = _APART.get(name, frozenset()) | HISTORY
    for child in before if before is not None else ():
        if short_name(child) not in apart:
            old.append(copied(child))
    record.append(old)
    # The schema has the record last in every kind of properties.
    properties.append(record)
