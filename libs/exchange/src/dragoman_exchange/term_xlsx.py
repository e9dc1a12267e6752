"""Glossaries as XLSX: one sheet, its first row the names of the columns.

<c r="A2" s="3" t="inlineStr"><is><t>=1+1</t></is></c>     text, never a formula
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from dragoman_contracts.locale import Locale
from dragoman_contracts.resources import TermEntry
from dragoman_exchange.found import unreadable
from dragoman_exchange.healing import heal
from dragoman_exchange.term_model import TermCollector, TermLocales
from dragoman_exchange.term_table import COLUMNS, is_heading, read_table, row_of
from dragoman_exchange.xlsx import (
    DECLARATION,
    FORMULA_LIKE,
    HEADING,
    MAIN,
    OFFICE,
    cell_markup,
    content_types,
    relationships,
    styles,
    text_markup,
)
from dragoman_exchange.xlsx_reading import SHEET_NAME, shared_strings, sheet_rows
from dragoman_exchange.zipped import Unpacked, packed

_TEXT = 2  # the format of a source's text; the next has a quote prefix
_WIDTHS = (36, 36, 12, 16, 14, 10, 16, 50, 14, 14)


def write_xlsx(terms: Iterable[TermEntry]) -> bytes:
    """The terms as a table in XLSX."""
    neutral = Locale("en")
    return packed(
        {
            "[Content_Types].xml": content_types(),
            "_rels/.rels": relationships(("officeDocument", "xl/workbook.xml")),
            "xl/workbook.xml": (
                f'{DECLARATION}<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>'
                '<sheet name="Terms" sheetId="1" r:id="rId1"/></sheets></workbook>'
            ),
            "xl/_rels/workbook.xml.rels": relationships(
                ("worksheet", "worksheets/sheet1.xml"), ("styles", "styles.xml")
            ),
            "xl/styles.xml": styles(neutral, neutral),
            "xl/worksheets/sheet1.xml": "".join(_sheet(terms)).encode(),
        }
    )


def read_xlsx(data: bytes, locales: TermLocales, into: TermCollector) -> None:
    """Take the terms of the first sheet that has a heading, or of the first sheet.

    Raises:
        ExchangeRefusedError: it is no XLSX, or nothing says the languages.
    """
    unpacked = Unpacked(data)
    shared = shared_strings(unpacked)
    read_table(_rows(unpacked, shared, into), locales, into)


def _rows(
    unpacked: Unpacked, shared: Sequence[str], into: TermCollector
) -> Iterator[Sequence[str]]:
    sheets = sorted(
        (int(match[1]), name) for name in unpacked.names if (match := SHEET_NAME.fullmatch(name))
    )
    if not sheets:
        raise unreadable("has no sheet")
    healed = [heal(unpacked.member(name))[0] for _, name in sheets]
    chosen = next((each for each in healed if _has_heading(each, shared)), healed[0])
    for number, row in enumerate(sheet_rows(chosen, shared), start=1):
        if any(cell.is_formula for cell in row):
            into.reject(f"row {number}", "glossary.formula", "It has a formula; write the text.")
            yield ()
        else:
            yield [cell.text for cell in row]


def _has_heading(sheet: bytes, shared: Sequence[str]) -> bool:
    first = next(iter(sheet_rows(sheet, shared)), ()) if b"<" in sheet else ()
    return is_heading([cell.text for cell in first])


def _sheet(terms: Iterable[TermEntry]) -> Iterator[str]:
    yield (
        f'{DECLARATION}<worksheet xmlns="{MAIN}"><sheetViews><sheetView workbookViewId="0">'
        '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView>'
        "</sheetViews><cols>"
    )
    for number, width in enumerate(_WIDTHS, start=1):
        yield f'<col min="{number}" max="{number}" width="{width}" customWidth="1"/>'
    yield "</cols><sheetData>"
    heading = [cell_markup(at, 1, text_markup(text), HEADING) for at, text in enumerate(COLUMNS)]
    yield f'<row r="1">{"".join(heading)}</row>'
    last = 1
    for last, term in enumerate(terms, start=2):
        cells = [
            cell_markup(at, last, text_markup(text), _TEXT + text.startswith(FORMULA_LIKE))
            for at, text in enumerate(row_of(term))
        ]
        yield f'<row r="{last}">{"".join(cells)}</row>'
    yield (
        f'</sheetData><autoFilter ref="A1:J{last}"/><dataValidations count="1"><dataValidation '
        f'type="list" allowBlank="1" showErrorMessage="1" sqref="C2:C{max(last, 2)}"><formula1>'
        '"preferred,admitted,forbidden"</formula1></dataValidation></dataValidations></worksheet>'
    )
