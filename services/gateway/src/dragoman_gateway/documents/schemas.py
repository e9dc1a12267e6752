"""The bodies of documents, as they go over the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import File, UploadFile
from pydantic import BaseModel, ConfigDict, Field

from dragoman_contracts.job import Job
from dragoman_contracts.vocabulary import JobStatus
from dragoman_gateway.documents.rules import DocumentStatus, ShownDocument
from dragoman_gateway.documents.view import DocumentRow


class DocumentForm(BaseModel):
    """A file to take in."""

    model_config = ConfigDict(extra="forbid")

    file: Annotated[UploadFile, File(description="The document, of any kind a pipeline can read.")]
    project_code: Annotated[str, Field(min_length=1, max_length=60)] = "default"
    external_reference: str = Field(
        "",
        max_length=500,
        pattern=r"^[^\x00-\x1f\x7f]*$",
        description="Which document this is a version of; the file's name where empty.",
    )


class ProcessEntry(BaseModel):
    """How a document is to be processed."""

    model_config = ConfigDict(extra="forbid")

    pipeline_id: str = Field(
        "", max_length=80, description="The project's pipeline for documents where empty."
    )
    force_reparse: bool = Field(
        False, description="Nothing that an equal run of the pipeline made before is used."
    )


class DocumentSummary(BaseModel):
    """A document in a list."""

    document_id: UUID
    project_code: str = Field(description="Empty, as the names are, where it was erased.")
    file_name: str
    document_title: str
    external_reference: str
    media_type: str
    size_bytes: int
    version_count: int
    status: DocumentStatus
    job_id: UUID | None = Field(description="The job that says the status.")
    job_status: JobStatus | None
    pipeline_id: str | None
    registered_at: datetime
    added_at: datetime = Field(description="When its newest version came in.")


class DocumentPage(BaseModel):
    """Documents, the one whose newest version came in last first."""

    items: list[DocumentSummary]
    next_cursor: str | None


class VersionView(BaseModel):
    """A version of a document."""

    number: int
    file_name: str
    version_label: str
    media_type: str
    size_bytes: int
    sha256: str
    added_at: datetime


class JobOfDocument(BaseModel):
    """A job on a document: the last of its version, pipeline and target language."""

    job_id: UUID
    version: int | None
    pipeline_id: str
    target_language: str | None
    status: JobStatus
    submitted_at: datetime


class DocumentDetail(DocumentSummary):
    """A document with its versions and jobs, the newest job first."""

    versions: list[VersionView]
    jobs: list[JobOfDocument]


def document_summary(row: DocumentRow) -> DocumentSummary:
    """A row of the list."""
    return DocumentSummary(
        **row.model_dump(exclude={"project_id", "pipeline_name"}),
        status=row.status,
        pipeline_id=row.pipeline_name,
    )


def document_detail(shown: ShownDocument) -> DocumentDetail:
    """A document as its stream tells of it."""
    subject, record, job = shown.document.subject, shown.record, shown.job
    source = shown.versions[-1].source
    return DocumentDetail(
        document_id=subject.subject_id,
        project_code=record.project_code if record else "",
        file_name=shown.title,
        document_title=record.document_title if record else "",
        external_reference=record.external_reference if record else "",
        media_type=source.media_type,
        size_bytes=source.size_bytes,
        version_count=len(shown.versions),
        status=shown.status,
        job_id=job.job_id if job else None,
        job_status=job.status if job else None,
        pipeline_id=job.pipeline.name if job else None,
        registered_at=shown.document.registered_at,
        added_at=shown.versions[-1].added_at,
        versions=[
            VersionView(
                number=each.number,
                file_name=each.record.file_name if each.record else "",
                version_label=each.record.version_label if each.record else "",
                media_type=each.source.media_type,
                size_bytes=each.source.size_bytes,
                sha256=each.source.digest,
                added_at=each.added_at,
            )
            for each in shown.versions
        ],
        jobs=[_job_of_document(each) for each in shown.jobs],
    )


def _job_of_document(job: Job) -> JobOfDocument:
    subject, locales = job.submitted.subject, job.submitted.locales
    return JobOfDocument(
        job_id=job.job_id,
        version=subject.version if subject else None,
        pipeline_id=job.pipeline.name,
        target_language=str(locales.target) if locales else None,
        status=job.status,
        submitted_at=job.submitted_at,
    )
