r"""Glossaries as CSV, of any program: commas, semicolons or tabs, and the encodings that are met.

    '=1+1,Formel        a cell that a spreadsheet would calculate is written with an apostrophe

The apostrophe is taken off again by the reader.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from dragoman_contracts.resources import TermEntry
from dragoman_exchange.errors import ExchangeRefusedError
from dragoman_exchange.term_model import TermCollector, TermLocales
from dragoman_exchange.term_table import COLUMNS, is_heading, read_table, row_of
from dragoman_exchange.xlsx import FORMULA_LIKE

_DELIMITERS = ",;\t|"
_SAMPLE_LINES = 20
_MOST_FIELD_CHARS = 100_000
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def write_csv(terms: Iterable[TermEntry]) -> Iterator[bytes]:
    """The terms as CSV in UTF-8 with a mark that spreadsheets know it by, in pieces."""
    yield codecs.BOM_UTF8 + _line(COLUMNS)
    for term in terms:
        yield _line([_safe(cell) for cell in row_of(term)])


def read_csv(data: bytes, locales: TermLocales, into: TermCollector) -> None:
    """Take the terms of a CSV file.

    Raises:
        ExchangeRefusedError: its encoding cannot be told, a quotation does not end, or nothing says
            the languages.
    """
    text = _decoded(data, into)
    csv.field_size_limit(_MOST_FIELD_CHARS)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    try:
        read_table(([_plain(cell) for cell in row] for row in reader), locales, into)
    except csv.Error as error:
        raise ExchangeRefusedError(
            f"The file is no table from line {reader.line_num} on; close its quotation marks.",
            code="exchange.unreadable",
        ) from error


def _line(cells: Sequence[str]) -> bytes:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\r\n").writerow(cells)
    return buffer.getvalue().encode()


def _is_risky(cell: str) -> bool:
    return cell.lstrip("'").startswith(FORMULA_LIKE)


def _safe(cell: str) -> str:
    return f"'{cell}" if _is_risky(cell) else cell


def _plain(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and _is_risky(cell) else cell


def _decoded(data: bytes, into: TermCollector) -> str:
    encoding = next((name for bom, name in _BOMS if data.startswith(bom)), "utf-8")
    if encoding == "utf-8" and data[:200].count(0) > len(data[:200]) // 4:
        encoding = "utf-16-le" if data[1:2] == b"\0" else "utf-16-be"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        pass
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError as error:
        raise ExchangeRefusedError(
            "The file's encoding cannot be told; save it as UTF-8.", code="exchange.unreadable"
        ) from error
    into.repairs.add("exchange.encoding", "The file is no UTF-8; it was read as Windows-1252.")
    return text


def _delimiter(text: str) -> str:
    """The delimiter by which the first line names columns, or else that by which most of the first
    lines have the same number of cells: notes may hold any delimiter, on every line.
    """
    lines = [line for line in text[:20_000].splitlines()[:_SAMPLE_LINES] if line.strip()]
    for delimiter in _DELIMITERS:
        if any(is_heading(cells) for cells in csv.reader(lines[:1], delimiter=delimiter)):
            return delimiter

    def evenness(delimiter: str) -> tuple[int, int]:
        counts = [line.count(delimiter) for line in lines]
        most = max(set(counts), key=counts.count, default=0)
        return (counts.count(most) if most else 0, most)

    return max(_DELIMITERS, key=evenness)
