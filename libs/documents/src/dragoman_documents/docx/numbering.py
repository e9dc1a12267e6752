"""Words that Word puts before the paragraphs of a list: `<w:lvlText w:val="Article %1."/>`
(ECMA-376 Part 1 §17.9.11).

That level gives the unit `Article <1/>.`; the target `<1/>. cikk` makes it
`<w:lvlText w:val="%1. cikk"/>`. The number is a placeholder that may be moved and comes back where
a translator lost it. Bullets, numbers with nothing but signs around them, and single letters, which
are part of a code (`A%1`), are no words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dragoman_contracts.locale import Locale
from dragoman_contracts.text import StoryKind, Tag, TagRole, TagSpec, normalised, placeholder
from dragoman_documents.docx.located import LocatedUnit, path_below
from dragoman_documents.docx.package import Package
from dragoman_documents.docx.roles import PartRole
from dragoman_documents.docx.styles import Styles
from dragoman_documents.docx.xml import Element, attribute, legal_text, short_name

_NUMBERS = re.compile(r"%[1-9](?:[^\w%\s]*%[1-9])*")
"""A number, or several that keep their order because only signs stand between them: `%1.%2`."""

# Two letters, or one of a script that needs no spaces or writes words with one sign: Thai and Lao,
# Khmer, kana, Han, Hangul.
_WORD = re.compile(
    r"[^\W\d_]{2}|(?=[^\W\d_])[\u0e00-\u0eff\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]"
)
_LETTER = re.compile(r"[^\W\d_]")
_LEVEL_TEXT = re.compile(rb"""lvlText\s[^>]*?=\s*(?:"([^"]*)"|'([^']*)')""")
_REFERENCE = re.compile(rb"&#?\w+;")
# These fonts draw letters as signs: the `l` of a bullet in Wingdings is a disc.
_SYMBOL_FONTS = ("symbol", "wingdings", "webdings", "zapfdingbats", "marlett", "mt extra")
_STRAY = re.compile(r"%(?=[1-9])")
_THIN_SPACE = "\u202f"


@dataclass(eq=False, slots=True)
class LevelText:
    """Holds a unit read from the text of one level of a list.

    Its placeholders stand for `numbers`, in order.
    """

    element: Element
    key: str
    before: str
    after: str
    numbers: Sequence[str]

    def write(self, target: Sequence[str | Tag], locale: Locale | None, styles: Styles) -> None:
        """Put a target in, each number once.

        Numbers that it lacks come at the end; of two equal ones the first counts.
        """
        parts: list[str] = []
        missing = dict(enumerate(self.numbers, 1))
        for part in target:
            if isinstance(part, str):
                # a percent sign before a digit would become a number of another level
                parts.append(_STRAY.sub(f"%{_THIN_SPACE}", legal_text(part)))
            elif part.id in missing:
                parts.append(missing.pop(part.id))
        for number in missing.values():
            parts.append(number if not parts or parts[-1][-1:].isspace() else f" {number}")
        self.element.set(self.key, self.before + "".join(parts) + self.after)


class Numbering:
    """The words in a document's numbering as located units, with counts of levels that have words
    or letters.

    Levels that read alike are one unit, written in step.
    """

    def __init__(self, package: Package, is_writing: bool) -> None:
        self.word_count = self.letter_count = 0
        self._is_writing = is_writing
        self._units: dict[tuple[str | Tag, ...], LocatedUnit] = {}
        for name in package.with_role(PartRole.NUMBERING):
            root = package.root(name, _may_have_letters)
            if root is not None:
                self._read(name, root)

    @property
    def units(self) -> list[LocatedUnit]:
        """The units of all words, in document order."""
        return list(self._units.values())

    def _read(self, name: str, root: Element) -> None:
        for element in root.iter("{*}lvlText"):
            key = next((key for key in element.attrib if key.endswith("}val")), "")
            if not key or short_name(element) != "w:lvlText":
                continue
            text = element.get(key) or ""
            if _has_words(element, text):
                self.word_count += 1
                self._add(name, f"{path_below(root, element)}@val", element, key, text)
            elif not _is_bullet(element) and _LETTER.search(_NUMBERS.sub(" ", text)):
                self.letter_count += 1

    def _add(self, name: str, path: str, element: Element, key: str, text: str) -> None:
        inner = text.strip()
        numbers = _NUMBERS.findall(inner)
        content = tuple(_content(inner))
        before, _, after = text.partition(inner)
        holder = LevelText(element, key, before, after, numbers) if self._is_writing else None
        located = LocatedUnit(name, path, StoryKind.PROPERTY, content, _specs(len(numbers)), holder)
        first = self._units.setdefault(content, located)
        if first is not located:
            first.mirrors += (located,)


def _may_have_letters(data: bytes) -> bool:
    """Whether a level may show letters, by the bytes of the part.

    Most parts have none, and need not be parsed.
    """
    for double, single in _LEVEL_TEXT.findall(data):
        value = double or single
        # A character reference may be a letter or a sign; it is looked at when the part is parsed.
        if b"&" in value:
            value = _REFERENCE.sub(b" ", value)
        text = _NUMBERS.sub(" ", value.decode("utf-8", "replace"))
        if _WORD.search(text) or (b"%" in value and _LETTER.search(text)):
            return True
    return False


def _has_words(element: Element, text: str) -> bool:
    if not _WORD.search(_NUMBERS.sub(" ", text)):
        return False
    level = element.getparent()
    fonts = list(level.iter("{*}rFonts")) if level is not None and _is_bullet(element) else []
    stated = (attribute(font, "w:ascii") or attribute(font, "w:hAnsi") or "" for font in fonts)
    drawn = [name.lower() for name in stated]
    return not any(font.startswith(_SYMBOL_FONTS) for font in drawn)


def _is_bullet(element: Element) -> bool:
    level = element.getparent()
    formats = level.iter("{*}numFmt") if level is not None else ()
    return any(attribute(item, "w:val") == "bullet" for item in formats)


def _content(text: str) -> Iterator[str | Tag]:
    pieces = _NUMBERS.split(text)
    parts: list[str | Tag] = [pieces[0]]
    for tag_id, piece in enumerate(pieces[1:], 1):
        parts += (placeholder(tag_id), piece)
    return iter(normalised(parts))


def _specs(count: int) -> tuple[TagSpec, ...]:
    return tuple(TagSpec(id=tag_id, role=TagRole.FIELD) for tag_id in range(1, count + 1))
