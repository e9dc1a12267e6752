"""The bilingual table as XLSX, for review in a spreadsheet.

    <c r="C2" s="2" t="inlineStr"><is><t>=1+1</t></is></c>     text, never a formula

Text is inline and its cells have the number format "@": what begins with = + - @ stays text, also
when a reviewer types into the cell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dragoman_contracts.locale import Locale
from dragoman_contracts.text import Content
from dragoman_exchange.model import ReviewDocument
from dragoman_exchange.table import (
    HEADINGS,
    STAGES,
    Row,
    cell_text,
    east_asian_font,
    heading_mark,
    pieces,
    rows_of,
)
from dragoman_exchange.xml import FORBIDDEN, REPLACEMENT, escaped, quoted
from dragoman_exchange.zipped import packed

MOST_CELL_CHARS = 32_767
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/"
_SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml"
DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_WIDTHS = (6, 60, 60, 13, 40, 30, 12)
_COLUMNS = "ABCDEFGHIJ"
_TOO_LONG = "Too long for a cell: review this unit in the console, or in XLIFF."
# Excel reads _x0041_ as A (ECMA-376 Part 1 §22.9.2.19), so text that looks so is escaped itself.
_ESCAPE_LIKE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
FORMULA_LIKE = ("=", "+", "-", "@", "\t", "\r", "\n")
# Indexes of cell formats in `_styles`; those for text are doubled: plain, and with a quote prefix.
PLAIN, HEADING, _SOURCE, _TARGET = 0, 1, 2, 4


def write_xlsx(document: ReviewDocument) -> bytes:
    """The document as a table in XLSX."""
    return packed(
        {
            "[Content_Types].xml": content_types(),
            "_rels/.rels": relationships(("officeDocument", "xl/workbook.xml")),
            "xl/workbook.xml": _workbook(len(document.units) + 1),
            "xl/_rels/workbook.xml.rels": relationships(
                ("worksheet", "worksheets/sheet1.xml"), ("styles", "styles.xml")
            ),
            "xl/styles.xml": styles(document.source_locale, document.target_locale),
            "xl/worksheets/sheet1.xml": "".join(_sheet(document)).encode(),
        }
    )


def is_too_long(content: Content) -> bool:
    """Whether no cell can hold the content."""
    return len(_spelt(cell_text(content))) > MOST_CELL_CHARS


def content_types() -> str:
    """The part that says what kind each other part of a workbook of one sheet is."""
    parts = (
        ("/xl/workbook.xml", "sheet.main"),
        ("/xl/worksheets/sheet1.xml", "worksheet"),
        ("/xl/styles.xml", "styles"),
    )
    overrides = "".join(
        [f'<Override PartName="{name}" ContentType="{_SHEET}.{kind}+xml"/>' for name, kind in parts]
    )
    return (
        f'{DECLARATION}<Types xmlns="{_PACKAGE}content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.'
        f'relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>{overrides}'
        "</Types>"
    )


def relationships(*targets: tuple[str, str]) -> str:
    """A part of relationships: the kind of each and its target."""
    entries = "".join(
        [
            f'<Relationship Id="rId{number}" Type="{OFFICE}/{kind}" Target="{target}"/>'
            for number, (kind, target) in enumerate(targets, start=1)
        ]
    )
    return f'{DECLARATION}<Relationships xmlns="{_PACKAGE}relationships">{entries}</Relationships>'


def _workbook(last: int) -> str:
    return (
        f'{DECLARATION}<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>'
        '<sheet name="Review" sheetId="1" r:id="rId1"/></sheets><definedNames>'
        '<definedName name="_xlnm._FilterDatabase" localSheetId="0" hidden="1">'
        f"Review!$A$1:$G${last}</definedName>"
        '<definedName name="_xlnm.Print_Titles" localSheetId="0">Review!$1:$1</definedName>'
        "</definedNames></workbook>"
    )


def styles(source: Locale, target: Locale) -> str:
    """The part of cell formats: plain, heading, and text of each locale, quoted or not."""
    fonts = '<font><sz val="10"/><name val="Arial"/></font><font><b/><sz val="10"/><name val="Arial"/></font>'
    wrapped = ' applyAlignment="1"><alignment vertical="top" wrapText="1"'
    formats = [f"{_format()}{wrapped}/></xf>", f"{_format(1)}{wrapped}/></xf>"]
    for locale in (source, target):
        # 1 is left to right and 2 is right to left (ECMA-376 Part 1 §18.8.1).
        order = f' readingOrder="{2 if locale.is_right_to_left else 1}"/></xf>'
        formats += [
            f"{_format()}{wrapped}{order}",
            f'{_format()} quotePrefix="1"{wrapped}{order}',
        ]
    return (
        f'{DECLARATION}<styleSheet xmlns="{MAIN}"><fonts count="2">{fonts}</fonts>'
        '<fills count="2"><fill><patternFill patternType="none"/></fill>'
        '<fill><patternFill patternType="gray125"/></fill></fills>'
        '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
        '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/>'
        f'</cellStyleXfs><cellXfs count="{len(formats)}">{"".join(formats)}</cellXfs>'
        '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
    )


def _format(font: int = 0) -> str:
    # 49 is the built-in format "@", text.
    return (
        f'<xf numFmtId="49" fontId="{font}" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"'
    )


def _sheet(document: ReviewDocument) -> Iterator[str]:
    last = len(document.units) + 1
    direction = ' rightToLeft="1"' if document.target_locale.is_right_to_left else ""
    yield (
        f'{DECLARATION}<worksheet xmlns="{MAIN}"><sheetViews>'
        f'<sheetView workbookViewId="0"{direction}>'
        '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView>'
        "</sheetViews><cols>"
    )
    for number, width in enumerate(_WIDTHS, start=1):
        hidden = ' hidden="1"' if number == len(_WIDTHS) else ""
        yield f'<col min="{number}" max="{number}" width="{width}" customWidth="1"{hidden}/>'
    yield "</cols><sheetData>"
    headings = (*HEADINGS, heading_mark(document))
    cells = [cell_markup(at, 1, text_markup(text), HEADING) for at, text in enumerate(headings)]
    yield f'<row r="1">{"".join(cells)}</row>'
    fonts = (east_asian_font(document.source_locale), east_asian_font(document.target_locale))
    for row in rows_of(document):
        yield _row(row, fonts)
    yield (
        f'</sheetData><autoFilter ref="A1:G{last}"/><dataValidations count="1"><dataValidation '
        f'type="list" allowBlank="1" showErrorMessage="1" sqref="D2:D{max(last, 2)}"><formula1>'
        f'"{",".join(STAGES)}"</formula1></dataValidation></dataValidations>'
        '<pageMargins left="0.4" right="0.4" top="0.4" bottom="0.4" header="0.2" footer="0.2"/>'
        '<pageSetup paperSize="9" orientation="landscape" fitToHeight="0"/></worksheet>'
    )


def _row(row: Row, fonts: tuple[str, str]) -> str:
    at = row.number + 1
    cells = (
        f'<c r="A{at}"><v>{row.number}</v></c>',
        _content_cell(1, at, row.source, _SOURCE, fonts[0]),
        _content_cell(2, at, row.target, _TARGET, fonts[1]),
        cell_markup(3, at, text_markup(row.stage), PLAIN),
        cell_markup(4, at, text_markup(row.notes[:MOST_CELL_CHARS]), PLAIN),
        cell_markup(5, at, "", PLAIN),
        cell_markup(6, at, text_markup(row.anchor), PLAIN),
    )
    return f'<row r="{at}">{"".join(cells)}</row>'


def _content_cell(column: int, row: int, content: Content, style: int, font: str) -> str:
    if is_too_long(content):
        # The target stays empty, so that nothing shortened is ever read back.
        return cell_markup(column, row, text_markup(_TOO_LONG) if style == _SOURCE else "", style)
    found = list(pieces(content))
    is_quoted = bool(found) and found[0][0].startswith(FORMULA_LIKE)
    if not any(is_tag for _, is_tag in found):
        return cell_markup(
            column, row, "".join(text_markup(text) for text, _ in found), style + is_quoted
        )
    runs = [
        f"<r><rPr>{_run_properties(font, is_tag=is_tag)}</rPr>{text_markup(text)}</r>"
        for text, is_tag in found
    ]
    return cell_markup(column, row, "".join(runs), style + is_quoted)


def _run_properties(font: str, *, is_tag: bool) -> str:
    colour = '<color rgb="FF808080"/>' if is_tag else ""
    return f'<sz val="10"/>{colour}<rFont val={quoted("Arial" if is_tag else font)}/>'


def text_markup(text: str) -> str:
    """The text as a spreadsheet holds it inside a cell."""
    return f'<t xml:space="preserve">{escaped(_spelt(text))}</t>' if text else ""


def _spelt(text: str) -> str:
    """The text as a spreadsheet spells it: `_x000D_` for a carriage return."""
    return FORBIDDEN.sub(REPLACEMENT, _ESCAPE_LIKE.sub("_x005F_", text)).replace("\r", "_x000D_")


def cell_markup(column: int, row: int, text: str, style: int) -> str:
    """A cell of inline text, from markup of `text_markup`; columns count from 0, rows from 1."""
    place = f'<c r="{_COLUMNS[column]}{row}" s="{style}"'
    return f'{place} t="inlineStr"><is>{text}</is></c>' if text else f"{place}/>"
