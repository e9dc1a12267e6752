"""The bilingual table read back from DOCX, whichever word processor saved it.

    <w:t>Jetzt </w:t><w:br/><w:noBreakHyphen/>       "Jetzt ⏎‑"     U+2011, as LibreOffice writes it

Tracked changes count as accepted: inserted text is read, deleted text is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from dragoman_contracts.text import Content, Tag, normalised
from dragoman_exchange.found import FoundFile, Repairs, too_large, unreadable
from dragoman_exchange.healing import heal
from dragoman_exchange.model import ExchangeFormat
from dragoman_exchange.table import Cell, TableReader
from dragoman_exchange.xml import Element, elements, local_name, xml_content
from dragoman_exchange.zipped import Unpacked

DOCUMENT = "word/document.xml"
MOST_ROWS = 200_000
_CHARACTERS = {
    "tab": "\t",
    "br": "\n",
    "cr": "\n",
    "noBreakHyphen": "\N{NON-BREAKING HYPHEN}",
    "softHyphen": "\N{SOFT HYPHEN}",
}
# Deleted text, field codes, and what has text of its own beside the cell's.
_SKIPPED = frozenset({"del", "moveFrom", "instrText", "delText", "rPr", "pPr", "txbxContent"})


def read_docx(unpacked: Unpacked, repairs: Repairs) -> FoundFile:
    """The table's head, and its units as they are asked for."""
    healed, _ = heal(unpacked.member(DOCUMENT))
    if not healed:
        raise unreadable("has no main document")
    table = TableReader(_rows(healed), {})
    return FoundFile(
        ExchangeFormat.BILINGUAL_DOCX,
        table.mark,
        *table.locales,
        table.units(),
        _as_written,
        repairs,
    )


def _as_written(content: Content) -> Content:
    """The content as it comes back: a carriage return is a line break in a paragraph."""
    lines: Iterable[str | Tag] = (
        part.replace("\r\n", "\n").replace("\r", "\n") if isinstance(part, str) else part
        for part in content
    )
    return xml_content(normalised(lines))


def _rows(healed: bytes) -> Iterator[Sequence[Cell]]:
    for number, row in enumerate(elements(healed, "tr")):
        if number > MOST_ROWS:
            raise too_large(f"has more than {MOST_ROWS} rows")
        yield [Cell(_cell_text(cell)) for cell in _cells(row)]


def _cells(row: Element) -> Iterator[Element]:
    for child in row:
        match local_name(child):
            case "tc":
                yield child
            case "sdt":
                for content in child.findall("{*}sdtContent"):
                    yield from _cells(content)
            case _:
                pass


def _cell_text(cell: Element) -> str:
    lines = ["".join(_text(paragraph)) for paragraph in cell.iter("{*}p")]
    while len(lines) > 1 and not lines[-1]:
        lines.pop()
    return "\n".join(lines)


def _text(element: Element) -> Iterator[str]:
    for child in element:
        name = local_name(child)
        if name == "t":
            yield child.text or ""
        elif name in _CHARACTERS:
            yield _CHARACTERS[name]
        elif name not in _SKIPPED and name != "p":
            yield from _text(child)
