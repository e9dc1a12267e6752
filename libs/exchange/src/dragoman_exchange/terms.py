"""Glossaries in files: read from TBX, CSV or XLSX, and written to them.

read_terms(data, TermLocales(source=Locale("en")))     terms, and rows that were not taken
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dragoman_contracts.resources import TermEntry
from dragoman_exchange.found import too_large
from dragoman_exchange.tbx import write_tbx
from dragoman_exchange.tbx_reading import read_tbx
from dragoman_exchange.term_csv import read_csv, write_csv
from dragoman_exchange.term_model import TermCollector, TermFormat, TermLocales, TermReading
from dragoman_exchange.term_xlsx import read_xlsx, write_xlsx
from dragoman_exchange.zipped import is_zip

MOST_TERM_FILE_BYTES = 64 * 1024 * 1024
_XML_BEGINNINGS = (b"<", b"\xef\xbb\xbf<", b"\xff\xfe<", b"\xfe\xff\x00<")


def read_terms(data: bytes, locales: TermLocales) -> TermReading:
    """The terms of a file, whose format its content tells.

    Raises:
        ExchangeRefusedError: it cannot be read at all, has no terms, or is too large; its message
            says what to do.
    """
    if len(data) > MOST_TERM_FILE_BYTES:
        raise too_large(f"is larger than {MOST_TERM_FILE_BYTES} bytes")
    into = TermCollector()
    format_ = term_format(data)
    match format_:
        case TermFormat.XLSX:
            read_xlsx(data, locales, into)
        case TermFormat.TBX:
            read_tbx(data, locales, into)
        case TermFormat.CSV:
            read_csv(data, locales, into)
    return into.reading(format_)


def term_format(data: bytes) -> TermFormat:
    """The format of a file, by how it begins; a table where it begins otherwise."""
    if is_zip(data):
        return TermFormat.XLSX
    return TermFormat.TBX if data.lstrip()[:4].startswith(_XML_BEGINNINGS) else TermFormat.CSV


def write_terms(format_: TermFormat, name: str, terms: Iterable[TermEntry]) -> Iterator[bytes]:
    """The terms in a format, in pieces; `name` is the glossary's."""
    match format_:
        case TermFormat.XLSX:
            return iter((write_xlsx(terms),))
        case TermFormat.TBX:
            return write_tbx(name, terms)
        case TermFormat.CSV:
            return write_csv(terms)
