"""Subjects: what a job is about, what may run on it at once, and the languages it is translated
between.

A subject is an aggregate with a stream of its own: a document with its versions, a source of
articles, an object of a class. A job may also have none. Two jobs of one subject run beside each
other where their scopes differ:

    document, translated    scope `2/pt-BR/translate-docx`: its version, target locale and pipeline
    document, run through   scope `2//document-parse`: its version and pipeline
    source                  scope ``: one job at a time
    a trial beside a job    a scope of its own
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from dragoman_contracts.locale import Locale
from dragoman_contracts.model import Value

Scope = Annotated[str, Field(max_length=127)]
"""The part of a subject that only one running job may hold; empty for the whole of it."""


class SubjectKind(StrEnum):
    """The kinds of aggregates that jobs are opened on."""

    DOCUMENT = "document"
    SOURCE = "source"
    OBJECT = "object"


class SubjectRef(Value):
    """The subject of a job: an aggregate's kind and stream,
    and its version where it has versions.
    """

    kind: SubjectKind
    id: UUID
    version: Annotated[int, Field(ge=1)] | None = None


class LocalePair(Value):
    """The language of the texts a job reads, and the one it translates them into."""

    source: Locale
    target: Locale


def document_scope(version: int, target: Locale, pipeline_name: str) -> str:
    """The scope of a job that translates this version of a document."""
    return f"{version}/{target}/{pipeline_name}"


def run_scope(version: int, pipeline_name: str) -> str:
    """The scope of a job that runs a pipeline without languages on this version of a document."""
    return f"{version}//{pipeline_name}"
