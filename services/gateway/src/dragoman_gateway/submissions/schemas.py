"""The form of a submission, as requirement E wants it."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import File, UploadFile
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, WithJsonSchema

from dragoman_contracts.events import RevisionStrategy


def _or_auto(value: object) -> object:
    return RevisionStrategy.AUTO if value == "" else value


def _or_none(value: object) -> object:
    return None if value == "" else value


class JobForm(BaseModel):
    """The form's fields. Optional ones may be missing or empty."""

    model_config = ConfigDict(extra="forbid")

    file: Annotated[UploadFile, File(description="The document: a DOCX.")]
    project_code: Annotated[str, Field(min_length=1, max_length=60)] = "default"
    domain_pack_code: Annotated[str, Field(min_length=1, max_length=60)] = "general"
    source_language: str = Field(
        "",
        max_length=64,
        description="BCP-47 tag. Needed, as the target language, unless the pipeline translates nothing.",
        examples=["en"],
    )
    target_language: str = Field("", max_length=64, description="BCP-47 tag.", examples=["de-CH"])
    document_password: SecretStr = Field(
        SecretStr(""),
        max_length=255,
        description="Opens an encrypted file. It is used once and not stored.",
    )
    external_reference: str = Field(
        "", max_length=500, description="The file name's stem where empty."
    )
    document_title: str = Field("", max_length=500)
    version_label: str = Field(
        "", max_length=200, description="The time of submission where empty."
    )
    family_key: str = Field("", max_length=500)
    revision_strategy: Annotated[RevisionStrategy, BeforeValidator(_or_auto)] = (
        RevisionStrategy.AUTO
    )
    submitted_by: str = Field(
        "", max_length=500, description="A note. The actor is who is signed in."
    )
    idempotency_key: str = Field(
        "", max_length=255, description="The same as the header Idempotency-Key."
    )
    metadata: str = Field(
        "", max_length=65536, description="A JSON object.", examples=['{"order": 7}']
    )
    engine: str = Field("", max_length=80, description="Another engine than the project's.")
    model: str = Field("", max_length=80, description="Another model than the project's.")
    fallbacks: str = Field(
        "",
        max_length=500,
        description="Engines to ask in turn for units that the engine fails at, with commas; a model after a slash.",
        examples=["anthropic/claude-sonnet-4-5,apertium"],
    )
    cost_cap: str = Field(
        "",
        max_length=24,
        description="The most that the job's calls may cost, in US dollars; it stops there and can go on.",
        examples=["2.50"],
    )
    extraction: str = Field(
        "",
        max_length=8192,
        description="A JSON object of switches of what is translated, as a project's `extraction`.",
        examples=['{"comments": false, "untranslated_styles": ["Code"]}'],
    )
    memories: str = Field(
        "",
        max_length=8192,
        description="A JSON list of names or ids of memories, in place of the project's; `[]` for none.",
        examples=['["Main", "Legal"]'],
    )
    glossaries: str = Field(
        "",
        max_length=2000,
        description="Ids of glossaries, with commas between, which go before those of the project.",
    )
    new_version_of: str = Field(
        "",
        max_length=64,
        description="Id of the job, or of the document, whose translations are taken over where the text is the same. "
        "Empty: the newest earlier version of the same document, if there is one. `none`: nothing is taken over.",
    )
    auto_start: Annotated[
        bool | None, BeforeValidator(_or_none), WithJsonSchema({"type": "boolean"})
    ] = Field(None, description="False: after preflight the job waits for POST …/process.")
    pipeline: str = Field(
        "", max_length=80, description="The newest version of this pipeline; else translate-docx."
    )
    pipeline_id: str = Field(
        "", max_length=80, description="The same as `pipeline`, in requirement A's word."
    )
    force_reparse: bool = Field(
        False, description="Nothing that an equal run of the pipeline made before is used."
    )
    on_unfinished: Literal["", "resume", "fresh"] = Field(
        "",
        description="What becomes of an interrupted job of the same document version, target language and pipeline: "
        "it goes on and is the answer, or its checkpoint is discarded and a new one is opened. Empty: a 409.",
    )
