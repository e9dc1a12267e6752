"""The account of one unit: everything on record that made it read as it does."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field

from dragoman_contracts.events import Usage
from dragoman_contracts.references import Sha256
from dragoman_gateway.review.rules.prompts import PromptSection


class MatchShown(BaseModel):
    """A translation from memory that was found for the unit, with the entry it is."""

    score: int
    kind: str
    state: str
    origin: str
    source: str
    target: str
    memory_id: UUID
    memory_name: str
    memory_unit_id: UUID
    is_ambiguous: bool
    is_used: bool = Field(description="Whether the unit's text is this match, without a call.")


class PreviousShown(BaseModel):
    """The unit of the previous version that matches the unit best."""

    job_id: UUID
    unit_id: str
    document_version: int | None
    score: int
    source: str
    target: str
    is_persons: bool = Field(description="Whether a person wrote or accepted it there.")
    is_kept: bool = Field(description="Whether the unit's text is this one, without a call.")
    is_context_changed: bool = Field(description="Whether it stood beside other texts.")
    is_ambiguous: bool
    differences: tuple[str, ...]


class TermShown(BaseModel):
    """A term of the job's glossaries that occurs in the unit."""

    term_id: UUID
    source: str
    target: str
    status: str
    note: str
    is_do_not_translate: bool
    start: int
    end: int


class RedactionShown(BaseModel):
    """A text of the unit that no provider saw: the tag that stood for it, and how it was found."""

    tag_id: int
    found_as: str
    text: str


class CallShown(BaseModel):
    """A model call that asked for the unit: the exact request, and its answer."""

    call: Sha256
    fingerprint: str
    engine: str
    model: str
    prompt_version: str
    parameters: dict[str, str | int | float | bool | None]
    is_the_source: bool = Field(description="Whether the unit's text came from this call.")
    sections: tuple[PromptSection, ...]
    response: str
    answer: str | None = Field(description="The unit's target as the engine wrote it.")
    finish_reason: str
    usage: Usage
    started_at: str
    latency_ms: int


class CheckShown(BaseModel):
    """A finding of QA, and why somebody said it is none."""

    code: str
    severity: str
    message: str
    dismissed_reason: str | None = None


class EditShown(BaseModel):
    """The work of a person on the unit."""

    event: int
    by: str
    at: datetime
    how: str
    stage: str | None
    target: str | None


class Explanation(BaseModel):
    """Why a unit reads as it does, as of an event of its job, from the record alone."""

    job_id: UUID
    unit_id: str
    as_of: int
    position: int
    source: str
    target: str | None
    result_source: str | None
    engine: str
    model: str
    policy: Sha256
    glossaries: tuple[str, ...]
    domain_pack: str
    previous: PreviousShown | None
    matches: tuple[MatchShown, ...]
    terms: tuple[TermShown, ...]
    neighbours_before: tuple[str, ...]
    neighbours_after: tuple[str, ...]
    redactions: tuple[RedactionShown, ...]
    calls: tuple[CallShown, ...]
    verification_state: str
    checks: tuple[CheckShown, ...]
    tag_repair: str | None
    edits: tuple[EditShown, ...]
    missing: tuple[str, ...] = Field(description="What the record no longer holds, as erased.")
