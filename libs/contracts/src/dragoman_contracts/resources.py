"""Linguistic resources of a job: pinned memories, terms and a domain pack, and the matches found.

All are immutable objects or values that a job's policy names, so that what an engine was shown can
be shown again:

    policy.memories  → segments of memories      policy.terms → TermList      policy.pack → PackSnapshot
    plan.matches     → MatchList
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from dragoman_contracts.locale import Locale
from dragoman_contracts.model import Value
from dragoman_contracts.references import ObjectRef
from dragoman_contracts.text import Content

MOST_TERM_CHARS = 500
"""The longest term of a glossary."""


class SegmentPin(Value):
    """One immutable segment of a memory: its index, and the units that the index points to."""

    index: ObjectRef
    units: ObjectRef
    unit_count: Annotated[int, Field(ge=0)]


class MemoryPin(Value):
    """One memory as a job may use it: the segments of the job's pair of locales, less the units
    that were deleted since (`deleted` is an object with their ids, None where there are none).
    """

    memory_id: UUID
    name: str
    segments: tuple[SegmentPin, ...] = ()
    deleted: ObjectRef | None = None


class UnitMatch(Value):
    """A memory unit that matches a unit of the document.

    `score` and `kind` are those of `libs/memory`; `state` is the memory unit's. `target` has the
    tag ids of the document's unit where `fits_tags`; else its tags are the memory unit's own.
    """

    score: Annotated[int, Field(ge=0, le=102)]
    kind: str
    source: Content
    target: Content
    fits_tags: bool
    state: str
    origin: str = ""
    memory_id: UUID
    memory_unit_id: UUID
    is_ambiguous: bool = False


class UnitMatches(Value):
    """The matches of one unit of the document, the best first."""

    unit_id: str
    matches: tuple[UnitMatch, ...]


class MatchList(Value):
    """The matches of a document's units; units without a match are left out."""

    units: tuple[UnitMatches, ...] = ()


class TermStatus(StrEnum):
    """How a target term may be used: TBX's administrative statuses, in short."""

    PREFERRED = "preferred"
    ADMITTED = "admitted"
    FORBIDDEN = "forbidden"


class Term(Value):
    """One source term and its target term in one pair of locales.

    A term that is not to be translated has its source as target. `is_case_sensitive` terms are
    found in their very case only; `is_inflected` ones in inflected forms, too.
    """

    term_id: UUID
    source: str
    target: str
    status: TermStatus = TermStatus.PREFERRED
    is_do_not_translate: bool = False
    is_case_sensitive: bool = False
    is_inflected: bool = True
    part_of_speech: str = ""
    note: str = ""


class TermEntry(Value):
    """A source term and its target term as people write them: in a glossary, or in a file of one.

    A term that is not to be translated has its source as target.
    """

    source_locale: Locale
    target_locale: Locale
    source: Annotated[str, Field(min_length=1, max_length=MOST_TERM_CHARS)]
    target: Annotated[str, Field(min_length=1, max_length=MOST_TERM_CHARS)]
    status: TermStatus = TermStatus.PREFERRED
    is_do_not_translate: bool = False
    is_case_sensitive: bool = False
    is_inflected: bool = True
    part_of_speech: Annotated[str, Field(max_length=60)] = ""
    note: Annotated[str, Field(max_length=2000)] = ""


class TermList(Value):
    """The terms of a job's pair of locales, from its glossaries in their order of precedence.

    `glossaries` are the ids, versions and names they were taken from.
    """

    terms: tuple[Term, ...] = ()
    glossaries: tuple[tuple[UUID, int, str], ...] = ()


class PackSnapshot(Value):
    """A domain pack as a job uses it: `prompt` and `style_guide` are instructions in plain words."""

    code: str
    version: Annotated[int, Field(ge=1)]
    name: str
    prompt: str = ""
    style_guide: str = ""


class EngineChoice(Value):
    """An engine, and its model where it has several: `openai`, or the id of a registered model."""

    engine: str
    model: str = ""
