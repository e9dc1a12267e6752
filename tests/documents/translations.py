"""Translations of documents that need no engine: letters mapped one to one,
so that right to left and left to right.
"""

from pathlib import Path

from documents.wordml import ALPHABET, PSEUDO
from dragoman_contracts.locale import Locale
from dragoman_contracts.text import Content, Unit
from dragoman_documents import ExtractOptions, extract, merge

_HEBREW = "אבגדהוזחטיכלמנסעפצקרשתםןףץ"
_ARABIC = "ابتثجحخدذرزسشصضطظعغفقكلمنه"
_SPANISH = "áeíoúbcdfghjklmnñpqrstvwxyzü"[:26]
_SCRIPTS = {
    "ru": PSEUDO,
    "he": str.maketrans(ALPHABET + ALPHABET.upper(), _HEBREW * 2),
    "ar": str.maketrans(ALPHABET + ALPHABET.upper(), _ARABIC * 2),
    "es": str.maketrans(ALPHABET + ALPHABET.upper(), _SPANISH + _SPANISH.upper()),
}
LOCALES = tuple(sorted(_SCRIPTS))


def in_letters_of(unit: Unit, locale: str) -> Content:
    """The unit's source with every Latin letter replaced by one of the locale's
    script, tags as they are.
    """
    table = _SCRIPTS[locale]
    return tuple(part.translate(table) if isinstance(part, str) else part for part in unit.source)


def translated(data: bytes, locale: str, options: ExtractOptions | None = None) -> bytes:
    """The document with all of its text in the letters of the locale."""
    targets = {unit.unit_id: in_letters_of(unit, locale) for unit in extract(data, options).units}
    return merge(data, targets, options, target_locale=Locale(locale))


def documents_in(folder: Path) -> list[Path]:
    """The DOCX files of a folder, in a stable order."""
    return sorted(folder.glob("*.docx"))
