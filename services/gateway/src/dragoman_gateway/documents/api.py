"""Documents over HTTP: take in, list, show, process, set back, remove."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Form, Header, Query, Response

from dragoman_gateway.documents.desk import DocumentDesk
from dragoman_gateway.documents.rules import DocumentStatus
from dragoman_gateway.documents.schemas import (
    DocumentDetail,
    DocumentForm,
    DocumentPage,
    ProcessEntry,
    document_detail,
    document_summary,
)
from dragoman_gateway.documents.view import DocumentFilter
from dragoman_gateway.jobs.api import JobDeskDep, answer_accepted
from dragoman_gateway.jobs.rules import OnUnfinished
from dragoman_gateway.jobs.running import PipelineRun
from dragoman_gateway.jobs.schemas import LOCATION, JobDetail
from dragoman_gateway.web.dependencies import Admin, Cursor, Limit, Operator, SearchText
from dragoman_gateway.web.desks import asked
from dragoman_gateway.web.problems import documented
from dragoman_gateway.web.uploads import Upload

router = APIRouter(tags=["documents"])

DocumentDeskDep = Annotated[DocumentDesk, Depends(asked(DocumentDesk))]


@router.post(
    "/documents",
    status_code=201,
    summary="Take a document in",
    responses={
        201: {
            "description": "The document is here.",
            "headers": {"Location": {"description": "The document.", "schema": {"type": "string"}}},
        },
        **documented(400, 401, 403, 409, 413, 422, 503),
    },
)
async def create_document(
    response: Response,
    desk: DocumentDeskDep,
    principal: Operator,
    form: Annotated[DocumentForm, Form(media_type="multipart/form-data")],
) -> DocumentDetail:
    """Take a file in, as a new document or as a version of one that is known by its reference.

    Where the project's rule says so (`auto_process`), its pipeline begins at once.
    """
    upload = Upload(form.file.filename or "", form.file.file)
    shown = await desk.take_in(
        form.project_code, upload, principal, external_reference=form.external_reference
    )
    response.headers["Location"] = f"/api/v1/documents/{shown.document.subject.subject_id}"
    return document_detail(shown)


@router.get("/documents", summary="List documents", responses=documented(401, 403, 422, 503))
async def list_documents(
    desk: DocumentDeskDep,
    principal: Operator,
    status: DocumentStatus | None = None,
    project: Annotated[
        str | None, Query(max_length=60, pattern=r"^[a-z0-9_-]*$", description="Its code.")
    ] = None,
    q: SearchText = "",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> DocumentPage:
    """Documents, the one whose newest version came in last first; `q` is looked for in file name,
    title and external reference.
    """
    which = DocumentFilter(principal.scope_of(project), status, q.strip())
    page = await desk.queries.list_documents(which, cursor=cursor, limit=limit)
    return DocumentPage(
        items=[document_summary(row) for row in page.rows], next_cursor=page.next_cursor
    )


@router.get(
    "/documents/{document_id}",
    summary="Show a document",
    responses=documented(401, 403, 404, 422, 503),
)
async def show_document(
    document_id: UUID, desk: DocumentDeskDep, principal: Operator
) -> DocumentDetail:
    """The document as its events tell it, with its versions and jobs."""
    return document_detail(await desk.find(document_id, principal))


@router.post(
    "/documents/{document_id}/process",
    status_code=202,
    summary="Process a document",
    responses={
        202: {"description": "A job was opened.", "headers": LOCATION},
        **documented(400, 401, 403, 404, 409, 410, 422, 503),
    },
)
async def process_document(
    document_id: UUID,
    response: Response,
    desk: DocumentDeskDep,
    jobs: JobDeskDep,
    principal: Operator,
    entry: Annotated[ProcessEntry | None, Body()] = None,
    idempotency_key: Annotated[str | None, Header(min_length=1, max_length=255)] = None,
) -> JobDetail:
    """Run a pipeline on the newest version: the one that is named, or that of the project."""
    entry = entry or ProcessEntry.model_validate({})
    run = PipelineRun(
        pipeline_id=entry.pipeline_id,
        force_reparse=entry.force_reparse,
        idempotency_key=idempotency_key,
        on_unfinished=OnUnfinished.KEEP,
    )
    submitted = await desk.process(document_id, run, principal)
    return await answer_accepted(jobs, submitted.job, response)


@router.post(
    "/documents/{document_id}/reset-status",
    summary="Set a document's status back",
    responses=documented(401, 403, 404, 409, 422, 503),
)
async def reset_document_status(
    document_id: UUID, desk: DocumentDeskDep, principal: Operator
) -> DocumentDetail:
    """Set a pending or failed document back to uploaded; a 409 names the job that runs on it."""
    return document_detail(await desk.reset_status(document_id, principal))


@router.delete(
    "/documents/{document_id}",
    status_code=204,
    summary="Remove a document",
    responses=documented(401, 403, 404, 409, 422, 503),
)
async def remove_document(document_id: UUID, desk: DocumentDeskDep, principal: Admin) -> None:
    """Take the document out of the lists. Its objects go by retention, its events stay, and a file
    that comes in for it again brings it back.
    """
    await desk.remove(document_id, principal)
