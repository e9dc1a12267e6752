"""Documents as pages: the list with its upload, and one document with what can be done with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Query
from starlette.datastructures import UploadFile
from starlette.responses import Response

from dragoman_catalog import Role
from dragoman_contracts.errors import DragomanError
from dragoman_contracts.identity import project_id
from dragoman_gateway.documents.api import DocumentDeskDep
from dragoman_gateway.documents.desk import DocumentDesk
from dragoman_gateway.documents.rules import DocumentStatus
from dragoman_gateway.documents.view import DocumentFilter
from dragoman_gateway.jobs.detail.page import size_text
from dragoman_gateway.jobs.detail.words import STATUSES, Label
from dragoman_gateway.jobs.pages.chips import Chip
from dragoman_gateway.jobs.running import PipelineRun
from dragoman_gateway.web.addresses import address, job_address
from dragoman_gateway.web.cursors import InvalidCursorError
from dragoman_gateway.web.errors import RunningJobError
from dragoman_gateway.web.guard import ConsoleRoute, SignedIn, Visit, Writing, see_other
from dragoman_gateway.web.uploads import Upload

_PATH = "/console/documents"
_PAGE = 50
_NOTICES = {
    "taken": "Taken in.",
    "known": "This very file was here already.",
    "reset": "The document is uploaded again.",
    "removed": "The document is out of the lists.",
}
_LABELS = {
    DocumentStatus.UPLOADED: Label("Uploaded", "quiet", "file"),
    DocumentStatus.PENDING: Label("Pending", "quiet", "clock"),
    DocumentStatus.RUNNING: Label("Running", "active", "dots"),
    DocumentStatus.COMPLETED: Label("Completed", "good", "check"),
    DocumentStatus.FAILED: Label("Failed", "bad", "cross"),
}
_Short = Annotated[str, Query(max_length=200)]
router = APIRouter(route_class=ConsoleRoute, prefix=_PATH)


@router.get("")
async def documents_page(
    visit: SignedIn,
    desk: DocumentDeskDep,
    status: _Short = "",
    q: _Short = "",
    project: _Short = "",
    cursor: Annotated[str, Query(max_length=500)] = "",
    notice: _Short = "",
) -> Response:
    """The documents the person sees, the newest first."""
    query = {"status": status, "q": q, "project": project}
    try:
        return await _list(visit, desk, query, cursor, notice=_NOTICES.get(notice, ""))
    except InvalidCursorError:
        return see_other(address(_PATH, **query))


@router.post("")
async def take_in(visit: Writing, desk: DocumentDeskDep) -> Response:
    """Take in every file of the form; what cannot be taken is said."""
    form = await visit.request.form()
    project = str(form.get("project_code", "default"))
    problems: list[str] = []
    taken: list[UUID] = []
    for each in form.getlist("file"):
        if not isinstance(each, UploadFile) or not each.filename:
            continue
        try:
            shown = await desk.take_in(project, Upload(each.filename, each.file), visit.principal)
        except DragomanError as error:
            problems.append(f"{each.filename}: {error.message}")
        else:
            taken.append(shown.document.subject.subject_id)
    if not taken and not problems:
        problems.append("Choose a file first.")
    if problems:
        return await _list(visit, desk, {}, "", problems=problems, status_code=422)
    if len(taken) == 1:
        return see_other(address(f"{_PATH}/{taken[0]}", notice="taken"))
    return see_other(address(_PATH, notice="taken"))


@router.get("/{document_id}")
async def document_page(
    visit: SignedIn, desk: DocumentDeskDep, document_id: UUID, notice: _Short = ""
) -> Response:
    """One document: its versions, its jobs, and what can be done with it."""
    return await _show(visit, desk, document_id, notice=_NOTICES.get(notice, ""))


@router.post("/{document_id}/process")
async def process(
    visit: Writing,
    desk: DocumentDeskDep,
    document_id: UUID,
    pipeline_id: Annotated[str, Form(max_length=80)] = "",
    force_reparse: Annotated[str, Form()] = "",
) -> Response:
    """Run a pipeline on the document, and follow its job."""
    run = PipelineRun(pipeline_id=pipeline_id, force_reparse=bool(force_reparse))
    try:
        submitted = await desk.process(document_id, run, visit.principal)
    except RunningJobError as error:
        return see_other(job_address(error.job_id))
    except DragomanError as error:
        return await _show(visit, desk, document_id, alert=error.message, status_code=409)
    return see_other(job_address(submitted.job.job_id, notice="submitted"))


@router.post("/{document_id}/reset-status")
async def reset(visit: Writing, desk: DocumentDeskDep, document_id: UUID) -> Response:
    """Set the document back to uploaded."""
    try:
        await desk.reset_status(document_id, visit.principal)
    except DragomanError as error:
        return await _show(visit, desk, document_id, alert=error.message, status_code=409)
    return see_other(address(f"{_PATH}/{document_id}", notice="reset"))


@router.post("/{document_id}/remove")
async def remove(visit: Writing, desk: DocumentDeskDep, document_id: UUID) -> Response:
    """Take the document out of the lists."""
    visit.principal.require(Role.ADMIN)
    try:
        await desk.remove(document_id, visit.principal)
    except DragomanError as error:
        return await _show(visit, desk, document_id, alert=error.message, status_code=409)
    return see_other(address(_PATH, notice="removed"))


async def _list(
    visit: Visit,
    desk: DocumentDesk,
    query: Mapping[str, str],
    cursor: str,
    *,
    notice: str = "",
    problems: list[str] | None = None,
    status_code: int = 200,
) -> Response:
    which = _filter(visit, query)
    found = await desk.queries.list_documents(which, cursor=cursor or None, limit=_PAGE)
    counts = await desk.queries.count_by_status(which)
    lag = await desk.views_lag()
    next_url = address(_PATH, **query, cursor=found.next_cursor) if found.next_cursor else ""
    return visit.page(
        "documents/documents.html",
        status_code=status_code,
        section="documents",
        notice=notice,
        problems=problems or [],
        rows=found.rows,
        chips=_chips(counts, query),
        labels=_LABELS,
        query=query,
        projects=await desk.projects(visit.principal),
        size_text=size_text,
        lag=lag,
        is_empty=not found.rows and not counts and not any(query.values()) and not lag,
        is_first=not cursor,
        first_url=address(_PATH, **query),
        next_url=next_url,
        poll_s=1 if lag and not found.rows else 4 if _moves(counts) else 20,
    )


async def _show(
    visit: Visit,
    desk: DocumentDesk,
    document_id: UUID,
    *,
    notice: str = "",
    alert: str = "",
    status_code: int = 200,
) -> Response:
    shown = await desk.find(document_id, visit.principal)
    status = shown.status
    return visit.page(
        "documents/document.html",
        status_code=status_code,
        section="documents",
        notice=notice,
        alert=alert,
        shown=shown,
        document_id=document_id,
        label=_LABELS[status],
        statuses=STATUSES,
        pipelines=await desk.pipelines(),
        project_pipeline=await desk.pipeline_of(shown),
        can_process=status not in {DocumentStatus.PENDING, DocumentStatus.RUNNING},
        can_reset=status is DocumentStatus.FAILED,
        is_moving=status in {DocumentStatus.PENDING, DocumentStatus.RUNNING},
        size_text=size_text,
    )


def _filter(visit: Visit, query: Mapping[str, str]) -> DocumentFilter:
    scope = visit.principal.project_ids
    if project := query.get("project", ""):
        wanted = frozenset({project_id(project)})
        scope = wanted if scope is None else scope & wanted
    status = query.get("status", "")
    known = DocumentStatus(status) if status in set(DocumentStatus) else None
    return DocumentFilter(scope, known, query.get("q", ""))


def _chips(counts: Mapping[DocumentStatus, int], query: Mapping[str, str]) -> list[Chip]:
    chosen = query.get("status", "")
    offered: list[tuple[str, str, int]] = [("", "All", sum(counts.values()))]
    offered += [
        (each.value, label.text, counts.get(each, 0))
        for each, label in _LABELS.items()
        if counts.get(each) or each.value == chosen
    ]
    return [
        Chip(key, text, count, address(_PATH, **{**query, "status": key}), key == chosen)
        for key, text, count in offered
    ]


def _moves(counts: Mapping[DocumentStatus, int]) -> bool:
    return bool(counts.get(DocumentStatus.PENDING) or counts.get(DocumentStatus.RUNNING))
