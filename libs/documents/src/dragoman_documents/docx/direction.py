"""Gives translated runs the target's language, and its direction where the source states none.

The rules are ECMA-376 §17.3.2.20 (`w:lang`) and §17.3.2.30 (`w:rtl`). For Arabic:

    <w:p><w:r><w:t>Pay</w:t></w:r></w:p>
    <w:p><w:pPr><w:bidi/></w:pPr><w:r><w:rPr><w:rtl/><w:lang w:bidi="ar"/></w:rPr>…</w:r></w:p>
"""

from __future__ import annotations

from collections.abc import Sequence

from dragoman_contracts.locale import Locale
from dragoman_documents.docx.drawn import turn_drawn
from dragoman_documents.docx.styles import Styles
from dragoman_documents.docx.xml import Element, attribute, names, namespace_of, short_name

_EAST_ASIAN = frozenset({"zh", "ja", "ko"})
_OFF = frozenset({"0", "false", "off"})
# Each set has the properties that the schema has after the one it is named for (CT_RPr, CT_TblPr,
# CT_SectPr, CT_PPr).
_AFTER_LANG = frozenset({"w:eastAsianLayout", "w:specVanish", "w:oMath", "w:rPrChange"})
_AFTER_RTL = frozenset({"w:cs", "w:em", "w:lang", *_AFTER_LANG})
_AFTER_SZ = _AFTER_RTL | names("w:highlight w:u w:effect w:bdr w:shd w:fitText w:vertAlign w:rtl")
_AFTER_I = _AFTER_SZ | names(
    "w:caps w:smallCaps w:strike w:dstrike w:outline w:shadow w:emboss w:imprint w:noProof w:snapToGrid w:vanish "
    "w:webHidden w:color w:spacing w:w w:kern w:position w:sz w:szCs"
)
_AFTER_B = _AFTER_I | names("w:i w:iCs")
_AFTER_BIDI_VISUAL = names(
    "w:tblStyleRowBandSize w:tblStyleColBandSize w:tblW w:jc w:tblCellSpacing w:tblInd w:tblBorders w:shd w:tblLayout "
    "w:tblCellMar w:tblLook w:tblCaption w:tblDescription w:tblPrChange"
)
_AFTER_SECTION_BIDI = names("w:rtlGutter w:docGrid w:printerSettings w:sectPrChange")
_AFTER_BIDI = names(
    "w:adjustRightInd w:snapToGrid w:spacing w:ind w:contextualSpacing w:mirrorIndents w:suppressOverlap w:jc "
    "w:textDirection w:textAlignment w:textboxTightWrap w:outlineLvl w:divId w:cnfStyle w:rPr w:sectPr "
    "w:pPrChange"
)


def mark_language(
    paragraph: Element,
    runs: Sequence[Element],
    locale: Locale,
    styles: Styles,
) -> None:
    """State the locale on runs of WordprocessingML.

    For a right-to-left locale, the direction of the runs, of their paragraph and of the table
    around the paragraph is stated too (§17.4.1), and so are bold, italic and size for complex
    scripts. The runs of a drawing cannot state a locale: its paragraph gets the direction alone.
    """
    if runs and locale.is_right_to_left and short_name(paragraph) == "a:p":
        turn_drawn(paragraph)
        return
    for run in runs:
        if short_name(run) != "w:r":
            continue
        properties = _properties(run, "rPr")
        _state_language(properties, locale)
        if locale.is_right_to_left and _switch_on(properties, "rtl", _AFTER_RTL):
            _keep_looks(properties, paragraph, styles)
    if runs and locale.is_right_to_left and short_name(paragraph) == "w:p":
        _switch_on(_properties(paragraph, "pPr"), "bidi", _AFTER_BIDI)
        table = _table_around(paragraph)
        if table is not None:
            _switch_on(_properties(table, "tblPr"), "bidiVisual", _AFTER_BIDI_VISUAL)


def mirror_rest(root: Element) -> bool:
    """Turn the rest of a part whose text is now right-to-left. Gives whether there was any.

    The rest are paragraphs of numbers, pictures and white space, and the order of columns
    (§17.6.1). Letters and tables that stay in the source language keep their direction.
    """
    found = False
    for paragraph in root.iter("{*}p"):
        if len(paragraph) and short_name(paragraph) == "w:p" and not _has_letters(paragraph):
            table = _table_around(paragraph)
            if table is None or _states(table, "w:tblPr", "w:bidiVisual"):
                found |= _switch_on(_properties(paragraph, "pPr"), "bidi", _AFTER_BIDI)
    for columns in root.iter("{*}cols"):
        section = columns.getparent()
        is_one = len(columns) < 2 and (attribute(columns, "w:num") or "1") == "1"
        if section is not None and not is_one and _is_in_force(section):
            found |= _switch_on(section, "bidi", _AFTER_SECTION_BIDI)
    return found


def _has_letters(paragraph: Element) -> bool:
    texts = (node.text or "" for node in paragraph.iter("{*}t") if short_name(node) == "w:t")
    return any(char.isalpha() for text in texts for char in text)


def _states(owner: Element, holder: str, name: str) -> bool:
    holders = (child for child in owner if short_name(child) == holder)
    return any(short_name(inner) == name for child in holders for inner in child)


def _is_in_force(section: Element) -> bool:
    parent = section.getparent()
    is_record = parent is not None and short_name(parent) == "w:sectPrChange"
    return short_name(section) == "w:sectPr" and not is_record


def _table_around(paragraph: Element) -> Element | None:
    for ancestor in paragraph.iterancestors():
        if short_name(ancestor) == "w:tbl":
            return ancestor
        if short_name(ancestor) == "w:txbxContent":
            return None
    return None


def _state_language(properties: Element, locale: Locale) -> None:
    space = namespace_of(properties)
    language = next((child for child in properties if short_name(child) == "w:lang"), None)
    if language is None:
        language = properties.makeelement(f"{space}lang")
        _insert(properties, language, _AFTER_LANG)
    # `w:lang` has an attribute for each kind of script; Word proofs a run by that of its letters.
    is_east_asian = locale.language in _EAST_ASIAN
    name = "bidi" if locale.is_right_to_left else "eastAsia" if is_east_asian else "val"
    if attribute(language, f"w:{name}") != locale:
        language.set(f"{space}{name}", str(locale))


def _properties(owner: Element, local: str) -> Element:
    for child in owner:
        if short_name(child) == f"w:{local}":
            return child
    created = owner.makeelement(f"{namespace_of(owner)}{local}")
    owner.insert(0, created)
    return created


def _switch_on(properties: Element, local: str, later: frozenset[str]) -> bool:
    """Switch a property on where the source does not state it. Gives whether it was missing."""
    if any(short_name(child) == f"w:{local}" for child in properties):
        return False
    _insert(properties, properties.makeelement(f"{namespace_of(properties)}{local}"), later)
    return True


def _keep_looks(properties: Element, paragraph: Element, styles: Styles) -> None:
    """State bold, italic and size for complex scripts where the run or its styles state them
    otherwise.

    Right-to-left runs are drawn by the properties for complex scripts alone (§17.3.2.2,
    §17.3.2.38).
    """
    levels = styles.levels(properties, paragraph)
    # A size is in half-points, and 10 points where nothing states one.
    for local, default, later in (
        ("b", "0", _AFTER_B),
        ("i", "0", _AFTER_I),
        ("sz", "20", _AFTER_SZ),
    ):
        looks = _stated(levels, local, default)
        if looks != _stated(levels, f"{local}Cs", default):
            _state(properties, f"{local}Cs", looks, later)


def _stated(levels: Sequence[Element], local: str, default: str) -> str:
    """The value of a property at the first level that states it; switches as 1 and 0."""
    for level in levels:
        for child in level:
            if short_name(child) == f"w:{local}":
                value = attribute(child, "w:val") or "1"
                return value if local.startswith("sz") else str(int(value.lower() not in _OFF))
    return default


def _state(properties: Element, local: str, value: str, later: frozenset[str]) -> None:
    own = next((child for child in properties if short_name(child) == f"w:{local}"), None)
    if own is not None:
        return  # the source says how its complex scripts look
    created = properties.makeelement(f"{namespace_of(properties)}{local}")
    if value != "1":
        created.set(f"{namespace_of(properties)}val", value)
    _insert(properties, created, later)


def _insert(properties: Element, child: Element, later: frozenset[str]) -> None:
    """Insert a property before the first that the schema has after it.

    Extensions (`w14:…`) come last of all.
    """
    # The schema of properties is a sequence: Word refuses a file with children out of order.
    for existing in properties:
        if short_name(existing) in later or not short_name(existing).startswith("w:"):
            existing.addprevious(child)
            return
    properties.append(child)
