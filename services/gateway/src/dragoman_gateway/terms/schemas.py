"""The bodies of glossaries, terms, imports and candidates, as they go over the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictBool

from dragoman_catalog import Glossary, GlossaryEntry, GlossaryTerm
from dragoman_catalog.values import Code, DisplayName
from dragoman_contracts.locale import Locale
from dragoman_contracts.resources import MOST_TERM_CHARS, TermStatus
from dragoman_exchange import TermFormat, TermRejection
from dragoman_linguistics.candidates import CandidateKind

_TEXT = r"^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*$"
TermText = Annotated[str, Field(min_length=1, max_length=MOST_TERM_CHARS, pattern=_TEXT)]


class GlossaryView(BaseModel):
    """A glossary without its terms."""

    glossary_id: UUID
    name: str
    description: str
    project_code: str | None = Field(description="Its project; null where it is no project's.")
    domain_pack_code: str | None
    source_locale: Locale | None = Field(
        description="The source of all its terms; null where each term says its own."
    )
    target_locale: Locale | None
    is_automatic: StrictBool = Field(
        description="Whether jobs in its scope use it unasked; else they must name it."
    )
    term_count: int
    digest: str
    edited_at: datetime
    version: int


class GlossaryList(BaseModel):
    """Glossaries by name."""

    items: list[GlossaryView]


class GlossaryBody(BaseModel):
    """A glossary to enter. Without project and domain pack it is the installation's."""

    model_config = ConfigDict(extra="forbid")

    name: DisplayName
    description: Annotated[str, Field(max_length=2000, pattern=r"^[^\x00]*$")] = ""
    project_code: Code | None = None
    domain_pack_code: Code | None = None
    source_locale: Locale | None = None
    target_locale: Locale | None = None
    is_automatic: StrictBool = True


class GlossaryChange(BaseModel):
    """The fields of a glossary that change; those that are left out stay."""

    model_config = ConfigDict(extra="forbid")

    name: DisplayName | None = None
    description: Annotated[str, Field(max_length=2000, pattern=r"^[^\x00]*$")] | None = None
    is_automatic: StrictBool | None = None


class TermBody(BaseModel):
    """A term to enter. Locales may be left out where the glossary has a pair."""

    model_config = ConfigDict(extra="forbid")

    source: TermText
    target: TermText | None = Field(None, description="May be left out of a term that stays.")
    source_locale: Locale | None = None
    target_locale: Locale | None = None
    status: TermStatus = TermStatus.PREFERRED
    is_do_not_translate: StrictBool = False
    is_case_sensitive: StrictBool = False
    is_inflected: StrictBool = True
    part_of_speech: Annotated[str, Field(max_length=60, pattern=r"^[^\x00-\x1f\x7f]*$")] = ""
    note: Annotated[str, Field(max_length=2000, pattern=r"^[^\x00]*$")] = ""


class TermChange(BaseModel):
    """The fields of a term that change; those that are left out stay."""

    model_config = ConfigDict(extra="forbid")

    source: TermText | None = None
    target: TermText | None = None
    status: TermStatus | None = None
    is_do_not_translate: StrictBool | None = None
    is_case_sensitive: StrictBool | None = None
    is_inflected: StrictBool | None = None
    part_of_speech: Annotated[str, Field(max_length=60, pattern=r"^[^\x00-\x1f\x7f]*$")] | None = (
        None
    )
    note: Annotated[str, Field(max_length=2000, pattern=r"^[^\x00]*$")] | None = None


class TermPage(BaseModel):
    """A page of a glossary's terms, by their texts."""

    items: list[GlossaryTerm]
    next_cursor: str | None
    version: int = Field(description="The version of the glossary that these are of.")


class Touched(BaseModel):
    """How far the past is touched by an edit of a term."""

    affected_units: int = Field(description="Units of past jobs whose source has the term.")
    affected_jobs: int
    is_complete: StrictBool = Field(
        description="Whether all jobs in the glossary's scope were looked at; else the newest only."
    )


class EditedTerm(Touched):
    """A term after an edit."""

    term: GlossaryTerm
    glossary_version: int


class RemovedTerm(Touched):
    """The past after a term was removed."""

    glossary_version: int


class AffectedUnit(BaseModel):
    """A unit of a past job whose source has one of the terms."""

    unit_id: str
    source: str


class AffectedJob(BaseModel):
    """A past job with the units that the terms touch."""

    job_id: UUID
    project_code: str
    file_name: str
    source_locale: Locale
    target_locale: Locale
    units: list[AffectedUnit]


class AffectedList(Touched):
    """The past jobs that terms of a glossary touch, the newest first."""

    items: list[AffectedJob]


class RetranslationRequest(BaseModel):
    """The terms whose units are translated anew: all of the glossary where none is named."""

    model_config = ConfigDict(extra="forbid")

    term_ids: Annotated[list[UUID], Field(max_length=1000)] = []


class Retranslated(BaseModel):
    """The outcome for one past job: the new job, or the reason why there is none."""

    job_id: UUID
    new_job_id: UUID | None
    unit_count: int
    code: str | None = None
    message: str | None = None


class RetranslationReport(BaseModel):
    """The jobs that were opened, and those that could not be."""

    items: list[Retranslated]
    opened_count: int
    affected_units: int
    is_complete: bool


class TermImportReport(BaseModel):
    """The changes that an import made, or would make."""

    is_dry_run: bool
    format: TermFormat
    added: int
    changed: int
    removed: int
    unchanged: int
    rejected: int
    rejections: list[TermRejection] = Field(description="The first thousand, each by its row.")
    repairs: list[str]
    glossary: GlossaryView


class CandidateView(BaseModel):
    """A phrase of a document that may be a term."""

    text: str
    kind: CandidateKind
    count: int
    score: float
    example: str = Field(description="The first paragraph that has it, cut to 200 characters.")


class CandidateList(BaseModel):
    """Candidates, the most promising first."""

    items: list[CandidateView]
    source_language: Locale


ImportMode = Literal["merge", "replace"]


def glossary_view(glossary: Glossary, project_code: str | None) -> GlossaryView:
    """A glossary as the API shows it."""
    said = glossary.model_dump(include=set(GlossaryView.model_fields))
    return GlossaryView.model_validate({**said, "project_code": project_code})


def glossary_entry(body: GlossaryBody, project_id: UUID | None) -> GlossaryEntry:
    """The body as the catalogue takes it."""
    said = body.model_dump(exclude={"project_code"})
    return GlossaryEntry.model_validate({**said, "project_id": project_id})
