"""The styles of a document, for the look of a run that does not state it itself (ECMA-376 §17.7.2).

A run with `w:rStyle` Strong in a paragraph of the style Title has these levels, nearest first:

    its own w:rPr; Strong, and the styles Strong is based on;
    Title, and the styles Title is based on; w:docDefaults
"""

from __future__ import annotations

from dataclasses import dataclass

from dragoman_documents.docx.xml import Element, attribute, short_name

_OFF = frozenset({"0", "false", "off"})


@dataclass(slots=True)
class _Style:
    based_on: str = ""
    looks: Element | None = None


class Styles:
    """Run properties by level.

    Table styles are left out: they seldom state properties for complex scripts.
    """

    def __init__(self, root: Element | None) -> None:
        self._styles: dict[tuple[str, str], _Style] = {}
        self._default_paragraph = ""
        self._defaults: list[Element] = []
        for item in root if root is not None else ():
            if short_name(item) == "w:style":
                self._learn(item)
            elif short_name(item) == "w:docDefaults":
                self._defaults = [inner for inner in item.iter() if short_name(inner) == "w:rPr"]

    def levels(self, properties: Element, paragraph: Element) -> list[Element]:
        """The properties that decide on a run, nearest first: own, of styles, defaults."""
        looks = next((child for child in paragraph if short_name(child) == "w:pPr"), ())
        own = _style_named(properties, "w:rStyle")
        around = _style_named(looks, "w:pStyle") or self._default_paragraph
        return [
            properties,
            *self._chain("character", own),
            *self._chain("paragraph", around),
            *self._defaults,
        ]

    def _learn(self, item: Element) -> None:
        kind, name = attribute(item, "w:type") or "", attribute(item, "w:styleId") or ""
        style = self._styles.setdefault((kind, name), _Style())
        for child in item:
            if short_name(child) == "w:basedOn":
                style.based_on = attribute(child, "w:val") or ""
            elif short_name(child) == "w:rPr":
                style.looks = child
        if kind == "paragraph" and (attribute(item, "w:default") or "0").lower() not in _OFF:
            self._default_paragraph = name

    def _chain(self, kind: str, name: str) -> list[Element]:
        found: list[Element] = []
        seen: set[str] = set()
        while name and name not in seen:
            seen.add(name)
            style = self._styles.get((kind, name), _Style())
            found += [style.looks] if style.looks is not None else []
            name = style.based_on
        return found


def _style_named(properties: Element | tuple[()], kind: str) -> str:
    for child in properties:
        if short_name(child) == kind:
            return attribute(child, "w:val") or ""
    return ""
