"""Run formats: when two runs look the same, and which are hidden or must not be translated (ECMA-376 §17.3.2)."""

from __future__ import annotations

from dataclasses import dataclass, field

from dragoman_documents.docx.options import ExtractOptions
from dragoman_documents.docx.xml import SHORT_NAMES, Element, attribute, short_name

_TOGGLES = frozenset(
    [
        "w:b",
        "w:bCs",
        "w:i",
        "w:iCs",
        "w:caps",
        "w:smallCaps",
        "w:strike",
        "w:dstrike",
        "w:outline",
        "w:shadow",
        "w:emboss",
        "w:imprint",
        "w:vanish",
        "w:webHidden",
        "w:rtl",
        "w:cs",
        "w:specVanish",
        "w:oMath",
        "w:snapToGrid",
    ]
)
_ON = frozenset({"1", "true", "on"})
_OFF = frozenset({"0", "false", "off"})
_SILENT = frozenset({"w:lang", "w:noProof"})
_SILENT_ATTRIBUTES = frozenset({"lang", "altLang", "dirty", "err", "noProof", "smtClean", "smtId", "bmk"})
_FAINT = frozenset(
    [
        "w:rPrChange",
        "w:bCs",
        "w:iCs",
        "w:szCs",
        "w:kern",
        "w:spacing",
        "w:w",
        "w:webHidden",
        "w:ins",
        "w:del",
        "w14:ligatures",
    ]
)
_FAINT_ON_SPACE = frozenset(["w:b", "w:i", "w:color", "w:rFonts", "w:sz"])

Key = tuple[object, ...]
Item = tuple[str, tuple[tuple[str, str], ...], tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class RunFormat:
    """How a run looks. `exact` tells formats apart to the last property; `visible` leaves out what no reader notices.

    Both are small numbers, equal where the formats are. `is_kept` says the run's text stays as it is.
    """

    exact: int
    visible: int
    is_kept: bool = False


@dataclass(slots=True)
class StyleSheet:
    """What the engine needs to know of the document's styles."""

    hidden: frozenset[str] = frozenset()
    names: dict[str, str] = field(default_factory=dict[str, str])


def read_styles(root: Element | None) -> StyleSheet:
    """The character styles that hide text, by themselves or by what they are based on, and the styles' names."""
    names: dict[str, str] = {}
    bases: dict[str, str] = {}
    stated: dict[str, bool] = {}
    for style in root if root is not None else ():
        if short_name(style) != "w:style":
            continue
        style_id = attribute(style, "w:styleId") or ""
        for child in style:
            name = short_name(child)
            if name == "w:name":
                names[style_id] = attribute(child, "w:val") or ""
            elif attribute(style, "w:type") == "character" and name == "w:basedOn":
                bases[style_id] = attribute(child, "w:val") or ""
            elif attribute(style, "w:type") == "character" and name == "w:rPr":
                for item in child:
                    if short_name(item) == "w:vanish":
                        stated[style_id] = _is_on(item)
    return StyleSheet(hidden=frozenset(_inheriting(bases, stated)), names=names)


def _inheriting(bases: dict[str, str], stated: dict[str, bool]) -> set[str]:
    hidden: set[str] = set()
    for style in {*bases, *stated}:
        current, seen = style, set[str]()
        while current and current not in seen and current not in stated:
            seen.add(current)
            current = bases.get(current, "")
        if stated.get(current):
            hidden.add(style)
    return hidden


def _is_on(element: Element) -> bool:
    return (attribute(element, "w:val") or "1").lower() in _ON


class Formats:
    """Numbers the run formats of one document, so that equal ones are told by comparing two integers."""

    def __init__(self, styles: StyleSheet, options: ExtractOptions) -> None:
        self._styles = styles
        self._options = options
        self._numbers: dict[Key, int] = {}
        self._known: dict[Key, RunFormat] = {}

    def of_run(self, run: Element, properties: Element | None) -> RunFormat:
        """The format of a run whose rPr is `properties`."""
        attributes = tuple(sorted(item for item in run.attrib.items() if not _is_revision_id(item[0])))
        items = _properties_key(properties)
        key: Key = (run.tag, attributes, *items)
        known = self._known.get(key)
        if known is None:
            visible: Key = (run.tag, attributes, *(item for item in items if SHORT_NAMES[item[0]] not in _FAINT))
            known = self._known[key] = self._numbered(key, visible, properties)
        return known

    def _numbered(self, key: Key, visible: Key, properties: Element | None) -> RunFormat:
        return RunFormat(
            exact=self._number(key),
            visible=self._number(visible),
            is_kept=properties is not None and self._is_kept(properties),
        )

    def _number(self, key: Key) -> int:
        return self._numbers.setdefault(key, len(self._numbers))

    def _is_kept(self, properties: Element) -> bool:
        options = self._options
        is_hidden: bool | None = None
        for item in properties:
            name = short_name(item)
            value = attribute(item, "w:val") or ""
            if name == "w:vanish":
                is_hidden = _is_on(item)
            elif name == "w:rStyle":
                if value in options.untranslated_styles:
                    return True
                if is_hidden is None and value in self._styles.hidden:
                    is_hidden = True
            elif (name == "w:highlight" and value in options.untranslated_highlights) or (
                name == "w:color" and value in options.untranslated_colours
            ):
                return True
        return bool(is_hidden) and not options.hidden_text


def _is_revision_id(name: str) -> bool:
    return SHORT_NAMES[name].startswith("w:rsid")


def _properties_key(properties: Element | None) -> list[Item]:
    if properties is None:
        return []
    items: list[Item] = [
        (name, (("", value),), ()) for name, value in properties.attrib.items() if name not in _SILENT_ATTRIBUTES
    ]
    items += [_element_key(child) for child in properties if short_name(child) not in _SILENT and short_name(child)]
    items.sort()
    return items


def _element_key(element: Element) -> Item:
    name = short_name(element)
    attributes = sorted((SHORT_NAMES[key], value) for key, value in element.attrib.items() if not _is_revision_id(key))
    if name in _TOGGLES:
        value = dict(attributes).get("w:val")
        if value in _ON:
            attributes = [item for item in attributes if item[0] != "w:val"]
        elif value in _OFF:
            attributes = [(key, "0" if key == "w:val" else kept) for key, kept in attributes]
    children = tuple(_element_key(child) for child in element if short_name(child))
    return (element.tag, tuple(attributes), children)
