"""Bilingual texts that people made, read from folders: message catalogues, and pages that exist in
several languages.

A catalogue is a `.po` or `.mo` file whose path names its locale (`locale/de/LC_MESSAGES/django.po`,
`po/de.po`); its fuzzy and plural entries are left out. A page is an HTML file of which
`page.en.html`, or the same path with `en` for the locale, has the same blocks of text in the same
order.
"""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

from typing_extensions import override

from dragoman_contracts.errors import InvalidLocaleError
from dragoman_contracts.locale import Locale

_SOURCE = "en"
_LEAST_UNITS = 5
_BLOCKS = [
    "p",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "li",
    "td",
    "th",
    "dt",
    "dd",
    "title",
    "caption",
    "figcaption",
]
_NO_PROSE = ["pre", "script", "style"]
_LINE = re.compile(r'^(msgctxt|msgid_plural|msgid|msgstr(?:\[\d+\])?)?\s*"(.*)"\s*$')
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}


@dataclass(frozen=True)
class Bilingual:
    """One document in two languages: its texts in order, each with its translation."""

    name: str
    source_locale: Locale
    target_locale: Locale
    texts: tuple[tuple[str, str], ...]


def bilinguals_in(folder: Path) -> Iterator[Bilingual]:
    """The documents of a folder and of its folders, in a stable order."""
    for path in sorted(folder.rglob("*")):
        match path.suffix:
            case ".po":
                yield from _catalogue(path, list(_entries(path.read_text("utf-8", "replace"))))
            case ".mo":
                yield from _catalogue(path, list(_compiled(path.read_bytes())))
            case ".html":
                yield from _page(path)
            case _:
                pass


def _catalogue(path: Path, entries: list[tuple[str, str]]) -> Iterator[Bilingual]:
    names = [path.stem, *(part for part in reversed(path.parts[:-1]) if part != "LC_MESSAGES")][:3]
    locale = next((found for name in names if (found := _locale(name))), None)
    texts = tuple(
        (source, target) for source, target in entries if source and target and source != target
    )
    if locale is not None and locale.language != _SOURCE and len(texts) >= _LEAST_UNITS:
        yield Bilingual(str(path), Locale(_SOURCE), locale, texts)


def _locale(name: str) -> Locale | None:
    """The locale a folder or file is named for: `de`, `zh_Hans`, `sr@latin`, `pt_BR.UTF-8`."""
    base, _, variant = name.partition(".")[0].partition("@")
    if not re.fullmatch(r"[a-z]{2,3}([_-][A-Za-z]{2,4}|[_-]\d{3})*", base):
        return None
    script = {"latin": "-Latn", "cyrillic": "-Cyrl"}.get(variant.lower(), "")
    try:
        return Locale(base.replace("_", "-") + script)
    except InvalidLocaleError:
        return None


def _entries(text: str) -> Iterator[tuple[str, str]]:
    """Source and target of each entry of a `.po` file that is neither fuzzy nor
    plural nor obsolete.
    """
    for block in re.split(r"\n\s*\n", text):
        fields: dict[str, str] = {}
        current = ""
        lines = block.splitlines()
        if any(line.startswith("#,") and "fuzzy" in line for line in lines):
            continue
        for line in lines:
            if match := _LINE.match(line):
                current = match[1] or current
                fields[current] = fields.get(current, "") + _unescaped(match[2])
        if "msgid" in fields and "msgid_plural" not in fields:
            yield fields["msgid"], fields.get("msgstr", "")


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", lambda match: _ESCAPES.get(match[1], match[1]), text)


def _compiled(data: bytes) -> Iterator[tuple[str, str]]:
    """Source and target of each entry of a `.mo` file that is not plural."""
    order = "<" if data[:4] == b"\xde\x12\x04\x95" else ">"
    _, _, count, sources, targets = struct.unpack_from(f"{order}5I", data)
    for number in range(count):
        texts: list[str] = []
        for table in (sources, targets):
            length, offset = struct.unpack_from(f"{order}2I", data, table + 8 * number)
            texts.append(data[offset : offset + length].decode("utf-8", "replace"))
        if "\0" not in texts[0] + texts[1]:
            yield texts[0].rpartition("\x04")[2], texts[1]


def _page(path: Path) -> Iterator[Bilingual]:
    for locale, original in _originals(path):
        if locale.language == _SOURCE or not original.is_file():
            continue
        ours, theirs = _blocks(original), _blocks(path)
        if [name for name, _ in ours] != [name for name, _ in theirs]:
            continue
        texts = tuple(
            (a, b) for (_, a), (_, b) in zip(ours, theirs, strict=True) if a and b and a != b
        )
        if len(texts) >= _LEAST_UNITS:
            yield Bilingual(str(path), Locale(_SOURCE), locale, texts)
        return


def _originals(path: Path) -> Iterator[tuple[Locale, Path]]:
    """Where the English original of a page may be, with the locale the page's own path names."""
    stem, _, suffix = path.stem.rpartition(".")
    if stem and (locale := _locale(suffix)):
        yield locale, path.with_name(f"{stem}.{_SOURCE}.html")
    for place, part in enumerate(path.parts[:-1]):
        if locale := _locale(part):
            yield locale, Path(*path.parts[:place], _SOURCE, *path.parts[place + 1 :])


def _blocks(path: Path) -> list[tuple[str, str]]:
    """Name and text of each block that holds text and no other block."""
    reader = _Blocks()
    reader.feed(path.read_text("utf-8", "replace"))
    return [
        (block.name, " ".join("".join(block.texts).split()))
        for block in reader.blocks
        if block.is_innermost
    ]


@dataclass
class _Block:
    name: str
    texts: list[str] = field(default_factory=list[str])
    is_innermost: bool = True


class _Blocks(HTMLParser):
    """The blocks of a page, in the order they begin."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks: list[_Block] = []
        self._open: list[_Block] = []
        self._skipped = 0

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._skipped += tag in _NO_PROSE
        if tag in _BLOCKS:
            for outer in self._open:
                outer.is_innermost = False
            self._open.append(_Block(tag))
            self.blocks.append(self._open[-1])

    @override
    def handle_endtag(self, tag: str) -> None:
        self._skipped -= tag in _NO_PROSE
        if self._open and self._open[-1].name == tag:
            self._open.pop()

    @override
    def handle_data(self, data: str) -> None:
        if self._open and not self._skipped:
            self._open[-1].texts.append(data)
