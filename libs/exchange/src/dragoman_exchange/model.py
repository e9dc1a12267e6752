"""A translation under review as values: the job as it is, and what a reviewer's file says of it.

ReviewUnit("u1", source "Pay <1>now</1>", target "Jetzt <1>zahlen</1>", stage translated)
ImportedUnit("u1", target "Zahlen Sie <1>jetzt</1>", stage reviewed, base "5f0c…")
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from dragoman_contracts.locale import Locale
from dragoman_contracts.model import Value
from dragoman_contracts.reports import QaFinding, ReviewStage, UnitVerdict
from dragoman_contracts.text import Content, ResultSource, TagSpec, normalised

_DIGEST_CHARS = 16


class ExchangeFormat(StrEnum):
    """The formats of files for review. HTML is written only; all others are read back."""

    TMX = "tmx"
    XLIFF_2_1 = "xliff-2.1"
    XLIFF_1_2 = "xliff-1.2"
    BILINGUAL_DOCX = "bilingual-docx"
    BILINGUAL_XLSX = "bilingual-xlsx"
    HTML = "html"

    @property
    def media_type(self) -> str:
        """The media type under which files of the format are served."""
        return _MEDIA_TYPES[self]

    @property
    def suffix(self) -> str:
        """The end of a file's name, with its dot."""
        return _SUFFIXES[self]

    @property
    def is_readable(self) -> bool:
        """Whether `read_review` reads the format."""
        return self is not ExchangeFormat.HTML


_OOXML = "application/vnd.openxmlformats-officedocument."
_MEDIA_TYPES = {
    ExchangeFormat.TMX: "application/x-tmx+xml",
    ExchangeFormat.XLIFF_2_1: "application/xliff+xml",
    ExchangeFormat.XLIFF_1_2: "application/x-xliff+xml",
    ExchangeFormat.BILINGUAL_DOCX: _OOXML + "wordprocessingml.document",
    ExchangeFormat.BILINGUAL_XLSX: _OOXML + "spreadsheetml.sheet",
    ExchangeFormat.HTML: "text/html; charset=utf-8",
}
_SUFFIXES = {
    ExchangeFormat.TMX: ".tmx",
    ExchangeFormat.XLIFF_2_1: ".xlf",
    # CAT tools tell the versions by their content; two exports of one job must not share a name.
    ExchangeFormat.XLIFF_1_2: ".xliff",
    ExchangeFormat.BILINGUAL_DOCX: ".docx",
    ExchangeFormat.BILINGUAL_XLSX: ".xlsx",
    ExchangeFormat.HTML: ".html",
}


class ReviewComment(Value):
    """A remark that a person wrote about one unit."""

    author: str
    text: str
    written_at: datetime


class ReviewUnit(Value):
    """One unit as reviewers see it: both texts, how far it is, and what was said about it."""

    unit_id: str
    source: Content
    target: Content
    tags: tuple[TagSpec, ...]
    stage: ReviewStage
    verification_state: UnitVerdict
    result_source: ResultSource
    findings: tuple[QaFinding, ...] = ()
    comments: tuple[ReviewComment, ...] = ()
    max_length_chars: int | None = None


class ReviewDocument(Value):
    """A job's translation as it is now, in document order. Unit ids are unique.

    `version` is the number that an export is made of; a file of another version is refused when it
    is read back.
    """

    job_id: UUID
    document_id: UUID | None
    version: int
    source_locale: Locale
    target_locale: Locale
    tool_version: str
    created_at: datetime
    title: str = ""
    units: tuple[ReviewUnit, ...]


class ImportedUnit(Value):
    """One unit of a file that fits the job.

    `stage` is the stage that the file says; None where it says none, or the one it was exported
    with. `is_verified` is the file's explicit `verificationStatus=human_verified`. `comment` is a
    remark that the job does not have yet. `base` is the digest of the target at export, as
    `target_digest` makes it; None where the file lost it.
    """

    unit_id: str
    target: Content
    stage: ReviewStage | None = None
    is_verified: bool = False
    comment: str = ""
    base: str | None = None


class Rejection(Value):
    """One unit of a file that was not taken: where it stands, why, and what cures it."""

    unit_id: str
    place: str
    code: str
    reason: str


class Repair(Value):
    """A fault of the whole file that reading put right, and how often it occurred."""

    code: str
    message: str
    count: int


class Reading(Value):
    """The content of a reviewer's file, held against the job: in the order of the file."""

    format: ExchangeFormat
    imported: tuple[ImportedUnit, ...] = ()
    rejected: tuple[Rejection, ...] = ()
    repairs: tuple[Repair, ...] = ()


def target_digest(content: Content) -> str:
    """The first 16 hexadecimal digits of the sha256 of content in its canonical form.

    Equal text with equal tags has equal digests, however its strings are split.
    """
    parts = [
        part if isinstance(part, str) else [str(part.side), part.id] for part in normalised(content)
    ]
    canonical = json.dumps(parts, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:_DIGEST_CHARS]
