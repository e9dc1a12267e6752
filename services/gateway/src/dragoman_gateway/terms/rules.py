"""The units of past jobs that changed terms touch. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dragoman_catalog.glossary_rules import is_for
from dragoman_catalog.glossary_values import GlossaryTerm
from dragoman_contracts.locale import Locale
from dragoman_contracts.resources import Term
from dragoman_contracts.text import UnitList, plain_text
from dragoman_linguistics import TermIndex

UnitTexts = tuple[tuple[str, str], ...]
"""Units by their id, with the source's text."""


def texts_of(units: UnitList) -> UnitTexts:
    """The translatable units with their texts."""
    return tuple(
        (unit.unit_id, plain_text(unit.source)) for unit in units.units if unit.is_translatable
    )


def touched(
    texts: UnitTexts, terms: Iterable[GlossaryTerm], source: Locale, target: Locale
) -> list[tuple[str, str]]:
    """The units whose source has one of the terms, as far as these are for the two locales."""
    wanted: Sequence[Term] = [each.term for each in terms if is_for(each, source, target)]
    if not wanted:
        return []
    index = TermIndex(wanted, source)
    return [(unit_id, text) for unit_id, text in texts if index.hits(text)]
