"""A unit of a translation memory: a source and its target, with their neighbours and their past.

MemoryUnit(en → de-CH, "Pay <1>now</1>.", "Zahlen Sie <1>jetzt</1>.", approved, project ACME)
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import regex
from pydantic import Field

from dragoman_contracts.locale import Locale
from dragoman_contracts.model import Value
from dragoman_contracts.text import Content, Tag, TagSide, normalised, plain_text
from dragoman_linguistics.numbers import with_ascii_digits

Digest = Annotated[int, Field(ge=0, lt=2**64)]
"""The first 8 bytes of a BLAKE2b, as a number; 0 where there is nothing to make one of."""

_SPACES = re.compile(r"\s+")
# As `numbers_of` finds them, and without their values.
_NUMBER = re.compile(r"[0-9]+(?:[.,'’٫٬][0-9]+|[ \u00a0\u2009\u202f][0-9]{3}(?![0-9]))*", re.ASCII)
_MINUS = re.compile(r"(?<!\w)[-\u2212](?=[0-9])")
_NO_WORDS = regex.compile(r"[[\p{P}\p{Z}\p{C}]--[%‰&@#§/\\*]]+", regex.VERSION1)
_TAG_MARKS = {TagSide.OPEN: "\ufff9", TagSide.CLOSE: "\ufffb", TagSide.PLACEHOLDER: "\ufffc"}


class MemoryState(StrEnum):
    """How far a memory unit is trusted, in ascending order."""

    CANDIDATE = "candidate"
    REVIEWED = "reviewed"
    APPROVED = "approved"

    @property
    def rank(self) -> int:
        """Its place in the order: 0 for a candidate."""
        return tuple(MemoryState).index(self)


class SegmentType(StrEnum):
    """TMX's `segtype`: a unit matches its own kind only."""

    SENTENCE = "sentence"
    PARAGRAPH = "paragraph"


class MemoryUnit(Value):
    """One entry of a memory.

    `before` and `after` are digests of the neighbouring sources, as `context_digest` makes them; 0
    where the unit stood at an edge or its neighbours are unknown. `origin` says where it came from:
    a job, or a file. `document` names the line of a document's versions that it was made in. Times
    are in UTC. `notes` and `properties` are kept for export, `properties` by TMX's type.
    """

    unit_id: UUID
    source_locale: Locale
    target_locale: Locale
    source: Content
    target: Content
    before: Digest = 0
    after: Digest = 0
    state: MemoryState = MemoryState.CANDIDATE
    segment_type: SegmentType = SegmentType.SENTENCE
    origin: str = ""
    project: str = ""
    domain: str = ""
    document: str = ""
    created_at: datetime | None = None
    created_by: str = ""
    changed_at: datetime | None = None
    changed_by: str = ""
    notes: tuple[str, ...] = ()
    properties: tuple[tuple[str, str], ...] = ()


def matching_text(content: Content) -> str:
    """The text by which content is compared: without its tags, in NFC."""
    return unicodedata.normalize("NFC", plain_text(content))


def tag_pattern(content: Content) -> tuple[str | Tag, ...]:
    """The content with its tags numbered from 1 as they appear: two contents whose tags only have
    other ids have equal patterns.
    """
    numbers: dict[int, int] = {}
    parts: list[str | Tag] = []
    for part in content:
        if isinstance(part, str):
            parts.append(unicodedata.normalize("NFC", part))
        else:
            number = numbers.setdefault(part.id, len(numbers) + 1)
            parts.append(Tag(id=number, side=part.side))
    return normalised(parts)


def text_digest(text: str) -> int:
    """The digest of a text as it is, 0 for none."""
    if not text:
        return 0
    raw = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(raw, "little")


def exact_digest(content: Content) -> int:
    """Equal for contents whose text is equal, whatever tags they have."""
    return text_digest(matching_text(content))


def loose_text(text: str) -> str:
    """The text without everything that costs a match no more than its band from 95 to 99: case,
    spaces, punctuation, and the values of numbers. Signs that change the sense stay: −, %, &, §.
    """
    return _NO_WORDS.sub("", _MINUS.sub("−", without_numbers(text.casefold())))


def without_numbers(text: str) -> str:
    """The text with each of its numbers as `0`."""
    return _NUMBER.sub("0", with_ascii_digits(text))


def context_digest(content: Content | None) -> int:
    """The digest of a neighbour: of its text, with its tags as marks; 0 where there is none."""
    if content is None:
        return 0
    text = "".join(
        part if isinstance(part, str) else _TAG_MARKS[part.side] for part in tag_pattern(content)
    )
    return text_digest(_SPACES.sub(" ", text).strip())
