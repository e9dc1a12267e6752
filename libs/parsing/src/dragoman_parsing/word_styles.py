"""Headings and items of lists, as styles and numbering say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dragoman_documents.docx.xml import Element, attribute, short_name

_OFF = {"0", "false", "off", "none"}
_MOST_LEVELS = 9
_NAMED = {"title": 1, "subtitle": 2, **{f"heading {n}": n for n in range(1, _MOST_LEVELS + 1)}}


@dataclass(frozen=True, slots=True)
class ListPlace:
    """An item's mark, `-` or `3.`, and how deep it stands, from 0."""

    mark: str
    depth: int


class Styles:
    """The paragraph styles of a document, each with what it inherits."""

    def __init__(self, root: Element | None) -> None:
        self._styles = {
            value(style, "w:styleId"): style
            for style in (root if root is not None else ())
            if short_name(style) == "w:style"
        }

    def heading_level(self, paragraph: Element) -> int:
        """1 to 9 for a heading, 0 for other text."""
        for properties, name in self._chain(paragraph):
            level = value(child(properties, "w:outlineLvl"), "w:val")
            if level.isascii() and level.isdigit():
                return int(level) + 1 if int(level) < _MOST_LEVELS else 0
            if name in _NAMED:
                return _NAMED[name]
        return 0

    def numbering(self, paragraph: Element) -> tuple[str, str]:
        """The id of the paragraph's numbering and its level; empty where it has none."""
        for properties, _ in self._chain(paragraph):
            found = child(properties, "w:numPr")
            if found is not None:
                number = value(child(found, "w:numId"), "w:val")
                return number, value(child(found, "w:ilvl"), "w:val") or "0"
        return "", ""

    def _chain(self, paragraph: Element) -> Iterator[tuple[Element | None, str]]:
        """The properties of the paragraph and of its styles, each with the style's name."""
        properties = child(paragraph, "w:pPr")
        yield properties, ""
        identifier, seen = value(child(properties, "w:pStyle"), "w:val"), set[str]()
        while identifier and identifier not in seen:
            seen.add(identifier)
            style = self._styles.get(identifier)
            # A style that the document does not define is known by its usual id.
            name = value(child(style, "w:name"), "w:val") if style is not None else identifier
            yield child(style, "w:pPr"), _usual(name)
            identifier = value(child(style, "w:basedOn"), "w:val")


class Lists:
    """The numberings of a document, counted as its paragraphs come."""

    def __init__(self, root: Element | None, styles: Styles) -> None:
        self._styles = styles
        self._formats: dict[tuple[str, str], str] = {}
        self._abstract: dict[str, str] = {}
        self._counts: dict[tuple[str, int], int] = {}
        for element in root if root is not None else ():
            match short_name(element):
                case "w:abstractNum":
                    self._learn(element)
                case "w:num":
                    of = value(child(element, "w:abstractNumId"), "w:val")
                    self._abstract[value(element, "w:numId")] = of
                case _:
                    pass

    def place(self, paragraph: Element) -> ListPlace | None:
        """The paragraph's place in a list; None where it stands in none."""
        number, level = self._styles.numbering(paragraph)
        if number in ("", "0") or not (level.isascii() and level.isdigit()):
            return None
        of, depth = self._abstract.get(number, ""), min(int(level), _MOST_LEVELS - 1)
        form = self._formats.get((of, str(depth)), "bullet")
        if form == "none":
            return None
        if form == "bullet":
            return ListPlace("-", depth)
        count = self._counts.get((number, depth), 0) + 1
        self._counts[number, depth] = count
        for deeper in range(depth + 1, _MOST_LEVELS):
            self._counts.pop((number, deeper), None)
        return ListPlace(f"{count}.", depth)

    def _learn(self, element: Element) -> None:
        identifier = value(element, "w:abstractNumId")
        for level in element:
            if short_name(level) == "w:lvl":
                form = value(child(level, "w:numFmt"), "w:val")
                self._formats[identifier, value(level, "w:ilvl")] = form


def child(element: Element | None, name: str) -> Element | None:
    """The first child of this short name."""
    if element is None:
        return None
    return next((inner for inner in element if short_name(inner) == name), None)


def value(element: Element | None, name: str) -> str:
    """The value of an attribute by its short name; empty where there is none."""
    return (attribute(element, name) or "") if element is not None else ""


def is_on(properties: Element | None, name: str) -> bool:
    """Whether a property that is on or off is on."""
    found = child(properties, name)
    return found is not None and value(found, "w:val").lower() not in _OFF


def _usual(name: str) -> str:
    plain = name.lower().strip()
    if plain.startswith("heading") and plain[7:].strip().isdigit():
        return f"heading {plain[7:].strip()}"
    return plain
