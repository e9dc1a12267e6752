"""The form and the answer of an analysis, as they go over the wire."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import File, UploadFile
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from dragoman_contracts.analysis import CostRange, FileAnalysis, TokenRange
from dragoman_contracts.locale import Locale

MOST_FILES = 200
_UNUSED = "Taken as POST /jobs takes it; it changes no count."
_Unused = Annotated[str, Field(max_length=65536, description=_UNUSED)]


class AnalysisForm(BaseModel):
    """The fields of POST /jobs, with one file or several. Those that decide how a document is
    counted are read; the others may be sent, so that one form serves both.
    """

    model_config = ConfigDict(extra="forbid")

    file: Annotated[
        list[UploadFile],
        File(description="The documents: DOCX.", min_length=1, max_length=MOST_FILES),
    ]
    project_code: Annotated[str, Field(min_length=1, max_length=60)] = "default"
    domain_pack_code: Annotated[str, Field(min_length=1, max_length=60)] = "general"
    source_language: str = Field("", max_length=64, description="BCP-47 tag.", examples=["en"])
    target_language: str = Field("", max_length=64, description="BCP-47 tag.", examples=["de-CH"])
    document_password: SecretStr = Field(
        SecretStr(""), max_length=255, description="Opens encrypted files. It is not stored."
    )
    engine: str = Field("", max_length=80, description="Another engine than the project's.")
    model: str = Field("", max_length=80, description="Another model than the project's.")
    extraction: str = Field(
        "",
        max_length=8192,
        description="A JSON object of switches of what is translated, as for POST /jobs.",
    )
    memories: str = Field(
        "",
        max_length=8192,
        description="A JSON list of names or ids of memories, as for POST /jobs.",
    )
    glossaries: str = Field(
        "",
        max_length=2000,
        description="Ids of glossaries, with commas between, as for POST /jobs: answers that were given under "
        "other terms are not reused.",
    )
    external_reference: list[Annotated[str, Field(max_length=500)]] = Field(
        default_factory=list[str],
        max_length=MOST_FILES,
        description="As for POST /jobs, one for each file in their order: the document whose earlier versions "
        "are looked at. The file name's stem where none is said.",
    )
    revision_strategy: Annotated[str, Field(max_length=20)] = Field(
        "",
        description="As for POST /jobs. `new_version`: a known content is looked at as a new version.",
    )
    new_version_of: str = Field(
        "",
        max_length=64,
        description="As for POST /jobs: id of the job, or of the document, whose translations would be taken over, "
        "for every file; `none`: nothing is taken over.",
    )
    document_title: _Unused = ""
    version_label: _Unused = ""
    family_key: _Unused = ""
    submitted_by: _Unused = ""
    idempotency_key: _Unused = ""
    metadata: _Unused = ""
    auto_start: _Unused = ""
    pipeline: _Unused = ""
    pipeline_id: _Unused = ""
    force_reparse: _Unused = ""
    on_unfinished: _Unused = ""
    cost_cap: _Unused = ""
    fallbacks: _Unused = ""


AnalysisFormat = Annotated[Literal["json", "csv"] | None, Field()]


class AnalysisAnswer(BaseModel):
    """Documents counted before they are translated, and ranges of tokens and money."""

    project_code: str
    source_language: Locale
    target_language: Locale
    engine: str
    model: str
    files: tuple[FileAnalysis, ...]
    total: FileAnalysis
    costs: tuple[CostRange, ...] = Field(
        description="The engine of the job first, then the registered language models. "
        "Units that are reused are left out."
    )
    reused_tokens: TokenRange = Field(
        description="About as many tokens would be paid besides, were nothing of `total.reused` there already."
    )
