"""References: how events point to objects, and which of them a person may download."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from enum import StrEnum
from operator import not_
from typing import Annotated, cast
from uuid import UUID

from pydantic import Field, ValidationError

from dragoman_contracts.model import Value

DOCX_MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
JSON_MEDIA_TYPE = "application/json"
SRX_MEDIA_TYPE = "application/xml"

WORD_MEDIA_TYPES = {
    ".docx": DOCX_MEDIA_TYPE,
    ".docm": "application/vnd.ms-word.document.macroEnabled.12",
    ".dotx": "application/vnd.openxmlformats-officedocument.wordprocessingml.template",
    ".dotm": "application/vnd.ms-word.template.macroEnabled.12",
}
"""The documents that are translated, by the suffix that Word insists on:
a document with macros is no .docx to it.
"""

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class ObjectRef(Value):
    """An immutable object of a project's store, addressed by the sha256 of its bytes."""

    digest: Sha256
    size_bytes: Annotated[int, Field(ge=0)]
    media_type: Annotated[
        str,
        Field(pattern=r"^[a-z]+/[A-Za-z0-9._+-]+(; ?[a-z-]+=[A-Za-z0-9._-]+)*$", max_length=127),
    ]


class NamedObject(Value):
    """An object under a name that is unique among its neighbours: a job's input, a phase's prompt,
    an artifact.

    The name is a pipeline's word for it, never that of somebody's file.
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]*$", max_length=120)]
    object: ObjectRef


def references_in(value: object) -> Iterator[ObjectRef]:
    """The references that a value or parsed JSON holds, at any depth,
    in the order of its fields.
    """
    if isinstance(value, ObjectRef):
        yield value
    elif isinstance(value, Value):
        for name in type(value).model_fields:
            yield from references_in(getattr(value, name))
    elif isinstance(value, tuple | list | frozenset):
        for item in cast("tuple[object, ...]", value):
            yield from references_in(item)
    elif isinstance(value, Mapping):
        fields = cast("Mapping[object, object]", value)
        if fields.keys() >= ObjectRef.model_fields.keys():
            with suppress(ValidationError):
                yield ObjectRef.model_validate(fields)
        for item in fields.values():
            yield from references_in(item)


class ArtifactKind(StrEnum):
    """The kind of an artifact, in requirement E's words."""

    SOURCE_DOCX = "source_docx"
    SOURCE_FILE = "source_file"
    PREFLIGHT_REPORT = "preflight_report"
    EXTRACTION_MANIFEST = "extraction_manifest"
    QA_REPORT = "qa_report"
    REVIEW_TMX = "review_tmx"
    REVIEW_IMPORT_TMX = "review_import_tmx"
    REVIEW_XLIFF = "review_xliff"
    REVIEW_BILINGUAL = "review_bilingual"
    REVIEW_REPORT = "review_report"
    REVIEW_IMPORT = "review_import"
    REPLAY_PACKAGE = "replay_package"
    REASSEMBLY_MANIFEST = "reassembly_manifest"
    FINAL_DOCX = "final_docx"
    FILE = "file"
    COMMAND_LOG = "command_log"


SOURCES = frozenset({ArtifactKind.SOURCE_DOCX, ArtifactKind.SOURCE_FILE})
"""The kinds of the file that a job was opened on."""


class Artifact(Value):
    """An object that a job shows to people,
    with the event that made it and the day it may be deleted.

    `name` tells apart what is of one kind, as the files that a command wrote; empty where the kind
    says it all.
    """

    kind: ArtifactKind
    object: ObjectRef
    name: Annotated[str, Field(exclude_if=not_)] = ""
    producer_event_id: UUID
    created_at: datetime
    retention_expires_at: datetime | None
