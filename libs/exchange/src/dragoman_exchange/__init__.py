"""Files for reviewers: TMX, XLIFF and bilingual tables, written from a job and read back into it.

write_review(ExchangeFormat.BILINGUAL_DOCX, document)     a table to correct in Word
read_review(document, data)                               what the reviewer changed in it
"""

from dragoman_exchange.errors import ExchangeRefusedError
from dragoman_exchange.model import (
    ExchangeFormat,
    ImportedUnit,
    Reading,
    Rejection,
    Repair,
    ReviewComment,
    ReviewDocument,
    ReviewUnit,
    target_digest,
)
from dragoman_exchange.review import MOST_BYTES, read_review, write_review
from dragoman_exchange.term_model import (
    TermFormat,
    TermLocales,
    TermReading,
    TermRejection,
)
from dragoman_exchange.terms import MOST_TERM_FILE_BYTES, read_terms, write_terms
from dragoman_exchange.tmx import TmxHeader, TmxUnit, tmx_pieces, write_tmx
from dragoman_exchange.tmx_reading import TmxEntry, TmxFile, TmxVariant, read_tmx

__all__ = [
    "MOST_BYTES",
    "MOST_TERM_FILE_BYTES",
    "ExchangeFormat",
    "ExchangeRefusedError",
    "ImportedUnit",
    "Reading",
    "Rejection",
    "Repair",
    "ReviewComment",
    "ReviewDocument",
    "ReviewUnit",
    "TermFormat",
    "TermLocales",
    "TermReading",
    "TermRejection",
    "TmxEntry",
    "TmxFile",
    "TmxHeader",
    "TmxUnit",
    "TmxVariant",
    "read_review",
    "read_terms",
    "read_tmx",
    "target_digest",
    "tmx_pieces",
    "write_review",
    "write_terms",
    "write_tmx",
]
