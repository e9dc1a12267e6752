"""Run formats: whether two runs look the same, and whether a run is hidden or not translated.

Word writes many properties that no reader sees, so looks are compared in two ways (ECMA-376
§17.3.2):

    <w:rPr><w:b/></w:rPr>  and  <w:rPr><w:b w:val="1"/><w:lang w:val="en"/></w:rPr>     equal in all
    <w:rPr><w:b/></w:rPr>  and  <w:rPr><w:b/><w:bCs/></w:rPr>                        equal to a reader
    <w:rPr><w:vanish/></w:rPr>                                                       hidden
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dragoman_documents.docx.hidden import HiddenStyles, is_on
from dragoman_documents.docx.options import ExtractOptions
from dragoman_documents.docx.xml import SHORT_NAMES, Element, attribute, names, short_name

_TOGGLES = names(
    "w:b w:bCs w:i w:iCs w:caps w:smallCaps w:strike w:dstrike w:outline w:shadow w:emboss w:imprint w:vanish "
    "w:webHidden w:rtl w:cs w:specVanish w:oMath w:snapToGrid"
)
_ON = frozenset({"1", "true", "on"})
_OFF = frozenset({"0", "false", "off"})
# Silent properties never count. Faint ones count for `exact` only: no reader sees that kerning or a
# look for complex scripts changes in a line of Latin text.
_SILENT = frozenset({"w:lang", "w:noProof"})
_SILENT_ATTRIBUTES = names("lang altLang dirty err noProof smtClean smtId bmk")
_FAINT = names(
    "w:rPrChange w:bCs w:iCs w:szCs w:kern w:spacing w:w w:webHidden w:ins w:del w14:ligatures"
)
_FAINT_FONTS = frozenset({"w:hint"})
_WIDE_FONTS = frozenset({"w:eastAsia", "w:eastAsiaTheme", "w:cs", "w:cstheme"})
_SHOWN_ON_SPACE = names("w:u w:strike w:dstrike w:highlight w:shd w:bdr w:em w:rStyle")
_MAX_DEPTH = 20

Key = tuple[object, ...]
Item = tuple[str, tuple[tuple[str, str], ...], tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class RunFormat:
    """The look of a run, as two small numbers that are equal where the looks are.

    `exact` tells looks apart to the last property; `visible` leaves out the properties that no
    reader notices. `is_kept` says that the run's text stays as it is, `is_hidden` that it stays
    because nobody sees it, `shows_on_space` that white space looks different too, as with an
    underline.
    """

    exact: int
    visible: int
    is_kept: bool = False
    is_hidden: bool = False
    shows_on_space: bool = False


class Formats:
    """Numbers the run formats of one document, so that two formats are compared as two integers."""

    def __init__(self, styles: HiddenStyles, options: ExtractOptions) -> None:
        self.styles = styles
        self._options = options
        self._numbers: dict[Key, int] = {}
        self._known: dict[Key, tuple[RunFormat, RunFormat]] = {}
        self._known_around: dict[Key, tuple[RunFormat, RunFormat]] = {}

    def of_run(self, run: Element, properties: Element | None, around: bool = False) -> RunFormat:
        """The format of a run whose rPr is `properties`.

        `around` says that the paragraph's styles hide its runs.
        """
        narrow, wide = self.looks(run, properties, around)
        return narrow if narrow is wide or not _is_wide(run) else wide

    def looks(
        self,
        run: Element,
        properties: Element | None,
        around: bool = False,
    ) -> tuple[RunFormat, RunFormat]:
        """The format of the run for Latin letters, and for others.

        Both are the same where no font makes a difference.
        """
        # Two memories, since the same properties are hidden in one paragraph and shown in another.
        memory = self._known_around if around else self._known
        seen = _fingerprint(run, properties)
        known = memory.get(seen)
        if known is None:
            known = memory[seen] = self._numbered(run, properties, around)
        return known

    def _numbered(
        self,
        run: Element,
        properties: Element | None,
        around: bool,
    ) -> tuple[RunFormat, RunFormat]:
        """The format for letters in the run's Latin fonts, and for letters in its other fonts
        (§17.3.2.26).
        """
        is_hidden = not self._options.hidden_text and self._is_hidden(properties, around)
        is_kept = is_hidden or (properties is not None and self._is_left_out(properties))
        attributes = tuple(
            sorted(item for item in run.attrib.items() if not _is_revision_id(item[0]))
        )
        items = _properties_key(properties)
        narrow, wide = (
            RunFormat(
                exact=self._number((run.tag, attributes, *items)),
                visible=self._number((run.tag, attributes, *_visible(items, ignored))),
                is_kept=is_kept,
                is_hidden=is_hidden,
                shows_on_space=any(SHORT_NAMES[item[0]] in _SHOWN_ON_SPACE for item in items),
            )
            for ignored in (_FAINT_FONTS | _WIDE_FONTS, _FAINT_FONTS)
        )
        return narrow, narrow if narrow == wide else wide

    def _number(self, key: Key) -> int:
        return self._numbers.setdefault(key, len(self._numbers))

    def _is_hidden(self, properties: Element | None, around: bool) -> bool:
        style = ""
        for item in properties if properties is not None else ():
            if short_name(item) == "w:vanish":
                return is_on(item)
            if short_name(item) == "w:rStyle":
                style = attribute(item, "w:val") or ""
        return self.styles.hides(style, around)

    def _is_left_out(self, properties: Element) -> bool:
        options = self._options
        for item in properties:
            name, value = short_name(item), attribute(item, "w:val") or ""
            if (
                (name == "w:rStyle" and value in options.untranslated_styles)
                or (name == "w:highlight" and value in options.untranslated_highlights)
                or (name == "w:color" and value.upper() in options.untranslated_colours)
            ):
                return True
        return False


def look_of(run: Element) -> Key:
    """A key of a run's properties: equal for runs that state the same."""
    properties = next((child for child in run if short_name(child) == "w:rPr"), None)
    return tuple(_properties_key(properties))


def _fingerprint(run: Element, properties: Element | None) -> Key:
    """A key of a run's format in one file, cheap to build: a file has many runs, few formats."""
    parts: list[object] = [run.tag]
    parts += [value for name, value in run.items() if not _is_revision_id(name)]
    if properties is None:
        return tuple(parts)
    parts += properties.items()
    for child in properties:
        parts.append(child.tag)
        parts += child.items()
        if len(child):
            parts.append(_element_key(child))
    return tuple(parts)


def _is_wide(run: Element) -> bool:
    """Whether the run shows letters that East Asian or complex-script fonts draw."""
    return any(is_wide_text(child.text or "") for child in run)


def is_wide_text(text: str) -> bool:
    """Whether the text has letters that East Asian or complex-script fonts draw."""
    # Hebrew begins at U+0590; the letters below it are drawn by the Latin fonts.
    return not text.isascii() and max(text) >= "\u0590"


def _visible(items: Sequence[Item], ignored: frozenset[str]) -> Iterator[Item]:
    """The properties that a reader notices, without fonts that draw none of the run's letters."""
    for tag, attributes, children in items:
        name = SHORT_NAMES[tag]
        if name == "w:rFonts":
            attributes = tuple(item for item in attributes if item[0] not in ignored)
        if name not in _FAINT and (attributes or children or name != "w:rFonts"):
            yield tag, attributes, children


def _is_revision_id(name: str) -> bool:
    return SHORT_NAMES[name].startswith("w:rsid")


def _properties_key(properties: Element | None) -> list[Item]:
    if properties is None:
        return []
    items: list[Item] = [
        (name, (("", value),), ())
        for name, value in properties.attrib.items()
        if name not in _SILENT_ATTRIBUTES
    ]
    telling = (
        child for child in properties if short_name(child) and short_name(child) not in _SILENT
    )
    items += map(_element_key, telling)
    items.sort()
    return items


def _element_key(element: Element, depth: int = 0) -> Item:
    name = short_name(element)
    attributes = [(SHORT_NAMES[key], value) for key, value in element.attrib.items()]
    attributes = sorted(item for item in attributes if not item[0].startswith("w:rsid"))
    # `<w:b/>`, `<w:b w:val="1"/>` and `<w:b w:val="on"/>` say the same (§17.17.4).
    if name in _TOGGLES:
        value = dict(attributes).get("w:val")
        if value in _ON:
            attributes = [item for item in attributes if item[0] != "w:val"]
        elif value in _OFF:
            attributes = [(key, "0" if key == "w:val" else kept) for key, kept in attributes]
    # Deep properties are hostile; equal down to this depth is equal enough.
    inner = element if depth < _MAX_DEPTH else ()
    children = tuple(_element_key(child, depth + 1) for child in inner if short_name(child))
    return (element.tag, tuple(attributes), children)
