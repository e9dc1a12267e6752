"""Files over HTTP: glossaries imported and exported, candidates of a document."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, File, Form, Query, UploadFile
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import StreamingResponse

from dragoman_contracts.locale import Locale
from dragoman_exchange import TermFormat, TermLocales
from dragoman_gateway.terms.api.entries import Desk
from dragoman_gateway.terms.desk import CandidateDesk, Imported
from dragoman_gateway.terms.schemas import (
    CandidateList,
    CandidateView,
    ImportMode,
    TermImportReport,
    glossary_view,
)
from dragoman_gateway.web.dependencies import Admin, Operator
from dragoman_gateway.web.desks import asked
from dragoman_gateway.web.downloads import content_disposition
from dragoman_gateway.web.problems import documented
from dragoman_gateway.web.uploads import Upload

router = APIRouter()

MEDIA_TYPES = {
    TermFormat.TBX: "application/x-tbx",
    TermFormat.CSV: "text/csv; charset=utf-8",
    TermFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_Dry = Annotated[bool, Query(description="Say what would change, and change nothing.")]
_Mode = Annotated[
    ImportMode,
    Query(description="`replace` removes terms that the file does not have; `merge` keeps them."),
]
_Language = Annotated[
    Locale | None, Query(description="Where neither the glossary nor the file says it.")
]


@router.post(
    "/glossaries/{glossary_id}/imports",
    summary="Import terms",
    responses=documented(400, 401, 403, 404, 409, 412, 413, 422, 503),
)
async def import_terms(
    glossary_id: UUID,
    desk: Desk,
    principal: Admin,
    file: Annotated[UploadFile, File(description="TBX, CSV or XLSX; its content tells which.")],
    dry_run: _Dry = False,
    mode: _Mode = "merge",
    source_language: _Language = None,
    target_language: _Language = None,
) -> TermImportReport:
    """Make a file's terms terms of the glossary, which is its next version. Rows that cannot be
    taken are named with their reason; the others are taken.
    """
    found = await desk.import_file(
        principal,
        glossary_id,
        Upload(file.filename or "", file.file),
        TermLocales(source=source_language, target=target_language),
        replaces=mode == "replace",
        is_dry_run=dry_run,
    )
    _, code = await desk.find(principal, glossary_id)
    return import_report(found, code, is_dry_run=dry_run)


def import_report(
    found: Imported, project_code: str | None, *, is_dry_run: bool
) -> TermImportReport:
    """The report of an import."""
    return TermImportReport(
        is_dry_run=is_dry_run,
        format=found.reading.format,
        added=len(found.changes.added),
        changed=len(found.changes.changed),
        removed=len(found.changes.removed),
        unchanged=found.changes.unchanged_count,
        rejected=found.reading.rejected_count,
        rejections=list(found.reading.rejections),
        repairs=[each.message for each in found.reading.repairs],
        glossary=glossary_view(found.glossary, project_code),
    )


@router.get(
    "/glossaries/{glossary_id}/export",
    summary="Export terms",
    response_class=StreamingResponse,
    responses={
        200: {"content": {media_type: {} for media_type in MEDIA_TYPES.values()}},
        **documented(401, 403, 404, 422, 503),
    },
)
async def export_terms(
    glossary_id: UUID,
    desk: Desk,
    principal: Operator,
    format: TermFormat = TermFormat.TBX,
    version: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
) -> StreamingResponse:
    """The terms as TBX-Basic, CSV or XLSX, which the import takes back as they were."""
    glossary, pieces = await desk.export(principal, glossary_id, format, version)
    headers = {"Content-Disposition": content_disposition(f"{glossary.name}.{format}")}
    return StreamingResponse(pieces, media_type=MEDIA_TYPES[format], headers=headers)


class CandidateForm(BaseModel):
    """A document whose terms are looked for."""

    model_config = ConfigDict(extra="forbid")

    file: Annotated[UploadFile, File(description="A DOCX, or a text in UTF-8.")]
    source_language: Annotated[str, Field(min_length=2, max_length=64, examples=["en"])]
    glossary_id: UUID | None = Field(None, description="Terms of this glossary are left out.")
    limit: Annotated[int, Field(ge=1, le=500)] = 200


_Candidates = Annotated[CandidateDesk, Depends(asked(CandidateDesk))]


@router.post(
    "/term-candidates",
    summary="Find candidates for terms",
    responses=documented(400, 401, 403, 413, 422, 503),
)
async def find_candidates(
    desk: _Candidates,
    principal: Operator,
    form: Annotated[CandidateForm, Form(media_type="multipart/form-data")],
) -> CandidateList:
    """Phrases of a document that come again, names and abbreviations, the most promising first.
    The document is not kept.
    """
    locale = Locale(form.source_language)
    found = await desk.candidates(
        principal,
        Upload(form.file.filename or "", form.file.file),
        locale,
        glossary_id=form.glossary_id,
        limit=form.limit,
    )
    return CandidateList(
        source_language=locale,
        items=[CandidateView.model_validate(each.model_dump()) for each in found],
    )
