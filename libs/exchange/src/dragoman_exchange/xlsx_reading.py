"""The bilingual table read back from XLSX, whichever spreadsheet saved it.

<c r="C2" t="s"><v>17</v></c>              the 18th shared string
<c r="C2"><f>1+1</f><v>2</v></c>           a formula: the unit is rejected
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from dragoman_contracts.text import Content
from dragoman_exchange.found import FoundFile, Repairs, too_large, unreadable
from dragoman_exchange.healing import heal
from dragoman_exchange.model import ExchangeFormat, ReviewDocument
from dragoman_exchange.table import Cell, TableReader
from dragoman_exchange.xlsx import is_too_long
from dragoman_exchange.xml import (
    FORBIDDEN,
    REPLACEMENT,
    Element,
    elements,
    local_name,
    text_in,
    xml_content,
)
from dragoman_exchange.zipped import Unpacked

WORKBOOK = "xl/workbook.xml"
MOST_ROWS, MOST_COLUMNS, MOST_STRINGS = 200_000, 64, 2_000_000
SHEET_NAME = re.compile(r"xl/worksheets/[A-Za-z]*(\d{1,9})\.xml")
_REFERENCE = re.compile(r"([A-Z]{1,3})\d+")
_INDEX = re.compile(r"[0-9]{1,9}")
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")


def read_xlsx(document: ReviewDocument, unpacked: Unpacked, repairs: Repairs) -> FoundFile:
    """The table's head, and its units as they are asked for: of the first sheet that has one."""
    shared = shared_strings(unpacked)
    uncellable = {
        unit.unit_id: as_written(unit.target) for unit in document.units if is_too_long(unit.target)
    }
    table = _table(unpacked, shared, uncellable)
    return FoundFile(
        ExchangeFormat.BILINGUAL_XLSX,
        table.mark,
        *table.locales,
        table.units(),
        as_written,
        repairs,
    )


def _table(
    unpacked: Unpacked, shared: Sequence[str], uncellable: Mapping[str, Content]
) -> TableReader:
    sheets = sorted(
        (int(match[1]), name) for name in unpacked.names if (match := SHEET_NAME.fullmatch(name))
    )
    for at, (_, name) in enumerate(sheets):
        healed, _ = heal(unpacked.member(name))
        if at == len(sheets) - 1 or (b"<" in healed and _has_table(healed, shared)):
            return TableReader(sheet_rows(healed, shared), uncellable)
    raise unreadable("has no sheet")


def _has_table(healed: bytes, shared: Sequence[str]) -> bool:
    heading = next(iter(sheet_rows(healed, shared)), ())
    return any(cell.text.strip().lower() == "target" for cell in heading)


def as_written(content: Content) -> Content:
    """The content as it comes back."""
    return xml_content(content)


def shared_strings(unpacked: Unpacked) -> list[str]:
    """The texts that cells of a workbook refer to by number."""
    data = unpacked.member("xl/sharedStrings.xml")
    if not data:
        return []
    strings: list[str] = []
    for element in elements(heal(data)[0], "si"):
        if len(strings) >= MOST_STRINGS:
            raise too_large(f"has more than {MOST_STRINGS} strings")
        strings.append(_string(element))
    return strings


def _string(element: Element) -> str:
    """The text of a string, without its phonetic guide."""
    texts: list[str] = []
    for child in element:
        match local_name(child):
            case "t":
                texts.append(text_in(child))
            case "r":
                texts.extend(text_in(each) for each in child.findall("{*}t"))
            case _:
                pass
    return _ESCAPE.sub(_character, "".join(texts))


def _character(match: re.Match[str]) -> str:
    char = chr(int(match[1], 16))
    return REPLACEMENT if FORBIDDEN.match(char) else char


def sheet_rows(healed: bytes, shared: Sequence[str]) -> Iterator[Sequence[Cell]]:
    """The rows of a sheet's part, one at a time, without cells behind the last that is filled."""
    for number, row in enumerate(elements(healed, "row")):
        if number > MOST_ROWS:
            raise too_large(f"has more than {MOST_ROWS} rows")
        cells: dict[int, Cell] = {}
        for cell in row:
            if local_name(cell) == "c":
                at = _column(cell.get("r"), len(cells))
                if at < MOST_COLUMNS:
                    cells[at] = _cell(cell, shared)
        last = max(cells, default=-1)
        yield [cells.get(at, Cell("")) for at in range(last + 1)]


def _column(reference: str | None, default: int) -> int:
    match = _REFERENCE.fullmatch(reference or "")
    if match is None:
        return default
    number = 0
    for letter in match[1]:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _cell(cell: Element, shared: Sequence[str]) -> Cell:
    value = text_in(cell.find("{*}v"))
    kind = cell.get("t") or "n"
    if cell.find("{*}f") is not None or kind == "e":
        return Cell(value, is_formula=True)
    match kind:
        case "s":
            at = int(value) if _INDEX.fullmatch(value) else len(shared)
            return Cell(shared[at] if at < len(shared) else "")
        case "inlineStr":
            inline = cell.find("{*}is")
            return Cell(_string(inline) if inline is not None else "")
        case "str":
            return Cell(_ESCAPE.sub(_character, value))
        case "b":
            return Cell("TRUE" if value == "1" else "FALSE" if value else "")
        case _:
            return Cell(value)
