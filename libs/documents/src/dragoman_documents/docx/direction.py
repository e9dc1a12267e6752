"""Gives translated runs the target's language, and its direction where the source had none (§17.3.2.20, §17.3.2.30)."""

from __future__ import annotations

from collections.abc import Sequence

from dragoman_contracts.locale import Locale
from dragoman_documents.docx.xml import Element, attribute, names, namespace_of, short_name

_EAST_ASIAN = frozenset({"zh", "ja", "ko"})
_AFTER_LANG = frozenset({"w:eastAsianLayout", "w:specVanish", "w:oMath", "w:rPrChange"})
_AFTER_RTL = frozenset({"w:cs", "w:em", "w:lang", *_AFTER_LANG})
_AFTER_BIDI = names(
    "w:adjustRightInd w:snapToGrid w:spacing w:ind w:contextualSpacing w:mirrorIndents w:suppressOverlap w:jc "
    "w:textDirection w:textAlignment w:textboxTightWrap w:outlineLvl w:divId w:cnfStyle w:rPr w:sectPr "
    "w:pPrChange"
)


def mark_language(paragraph: Element, runs: Sequence[Element], locale: Locale) -> None:
    """State the locale on runs of WordprocessingML; others say their language elsewhere and are left alone."""
    for run in runs:
        if short_name(run) != "w:r":
            continue
        properties = _properties(run, "rPr")
        _state_language(properties, locale)
        if locale.is_right_to_left and _switch_on(properties, "rtl", _AFTER_RTL):
            _keep_looks(properties)
    if runs and locale.is_right_to_left and short_name(paragraph) == "w:p":
        _switch_on(_properties(paragraph, "pPr"), "bidi", _AFTER_BIDI)


def _state_language(properties: Element, locale: Locale) -> None:
    space = namespace_of(properties)
    language = next((child for child in properties if short_name(child) == "w:lang"), None)
    if language is None:
        language = properties.makeelement(f"{space}lang")
        _insert(properties, language, _AFTER_LANG)
    name = "bidi" if locale.is_right_to_left else "eastAsia" if locale.language in _EAST_ASIAN else "val"
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
    """Switch a property on where the source does not state it; whether it had to be."""
    if any(short_name(child) == f"w:{local}" for child in properties):
        return False
    _insert(properties, properties.makeelement(f"{namespace_of(properties)}{local}"), later)
    return True


def _keep_looks(properties: Element) -> None:
    """Repeat bold, italic and size for complex scripts: right-to-left runs are drawn by those alone (§17.3.2.2)."""
    stated = {short_name(child): child for child in properties}
    for local in ("b", "i", "sz"):
        plain = stated.get(f"w:{local}")
        if plain is not None and f"w:{local}Cs" not in stated:
            twin = properties.makeelement(f"{namespace_of(properties)}{local}Cs")
            for name, value in plain.attrib.items():
                twin.set(name, value)
            plain.addnext(twin)


def _insert(properties: Element, child: Element, later: frozenset[str]) -> None:
    """Insert before the first child that the schema puts after it; extensions (`w14:…`) come last of all."""
    for existing in properties:
        if short_name(existing) in later or not short_name(existing).startswith("w:"):
            existing.addprevious(child)
            return
    properties.append(child)
