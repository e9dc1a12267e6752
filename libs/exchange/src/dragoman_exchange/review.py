"""Files for review: a job's translation written in one of six formats, and five of them read back.

write_review(ExchangeFormat.TMX, document)     bytes, equal for equal documents
read_review(document, data)                    Reading(imported, rejected, repairs)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from dragoman_exchange.docx_reading import DOCUMENT, read_docx
from dragoman_exchange.errors import ExchangeRefusedError
from dragoman_exchange.found import FoundFile, Repairs, too_large
from dragoman_exchange.healing import heal
from dragoman_exchange.holding import hold
from dragoman_exchange.html import write_html
from dragoman_exchange.model import ExchangeFormat, Reading, ReviewDocument
from dragoman_exchange.tmx_review import read_tmx_review, write_tmx_review
from dragoman_exchange.xliff12 import read_xliff12, write_xliff12
from dragoman_exchange.xliff21 import write_xliff21
from dragoman_exchange.xliff21_reading import read_xliff21
from dragoman_exchange.xlsx import write_xlsx
from dragoman_exchange.xlsx_reading import WORKBOOK, read_xlsx
from dragoman_exchange.xml import local_name, root_of
from dragoman_exchange.zipped import Unpacked, is_zip

MOST_BYTES = 64 * 1024 * 1024


def write_review(format: ExchangeFormat, document: ReviewDocument) -> bytes:
    """The document as a file of the format; equal documents give equal bytes."""
    return _WRITERS[format](document)


def read_review(document: ReviewDocument, data: bytes, *, max_bytes: int = MOST_BYTES) -> Reading:
    """The units of a reviewer's file that fit the job, those that do not, and what was put right.

    `document` is the job as it is now. The format is told by the bytes.

    Raises:
        ExchangeRefusedError: the file is of another job, version or languages, is damaged beyond
            repair, or exceeds a limit; the message says what to send instead.
    """
    if len(data) > max_bytes:
        raise too_large(f"has more than {max_bytes} bytes")
    return hold(document, _zipped(document, data) if is_zip(data) else _plain(document, data))


def _zipped(document: ReviewDocument, data: bytes) -> FoundFile:
    unpacked = Unpacked(data)
    if DOCUMENT in unpacked.names:
        return read_docx(unpacked, Repairs())
    if WORKBOOK in unpacked.names:
        return read_xlsx(document, unpacked, Repairs())
    raise _unknown_format()


def _plain(document: ReviewDocument, data: bytes) -> FoundFile:
    healed, healings = heal(data)
    repairs = Repairs()
    for each in healings:
        repairs.add(each.code, each.message, each.count)
    if not healed.lstrip().startswith(b"<"):
        raise _unknown_format()
    root = root_of(healed)
    version = (root.get("version") or "").partition(".")[0]
    match local_name(root), version:
        case "tmx", _:
            return read_tmx_review(document, healed, repairs)
        case "xliff", "1":
            return read_xliff12(healed, repairs)
        case "xliff", "2":
            return read_xliff21(healed, repairs)
        case _:
            raise _unknown_format()


def _unknown_format() -> ExchangeRefusedError:
    return ExchangeRefusedError(
        "The file is in no format that reviews are read from; "
        "send back TMX, XLIFF 1.2 or 2.1, or the bilingual DOCX or XLSX that was exported.",
        code="exchange.format_unknown",
    )


def _write_docx(document: ReviewDocument) -> bytes:
    # python-docx takes long to import, and few processes ever write a table.
    from dragoman_exchange.docx import write_docx

    return write_docx(document)


_WRITERS: Mapping[ExchangeFormat, Callable[[ReviewDocument], bytes]] = {
    ExchangeFormat.TMX: write_tmx_review,
    ExchangeFormat.XLIFF_1_2: write_xliff12,
    ExchangeFormat.XLIFF_2_1: write_xliff21,
    ExchangeFormat.BILINGUAL_DOCX: _write_docx,
    ExchangeFormat.BILINGUAL_XLSX: write_xlsx,
    ExchangeFormat.HTML: write_html,
}
