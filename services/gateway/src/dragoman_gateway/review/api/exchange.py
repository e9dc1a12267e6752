"""Files for reviewers over HTTP: exported in a format, imported with a report."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, File, Query, Response, UploadFile

from dragoman_contracts.references import DOCX_MEDIA_TYPE, Artifact
from dragoman_exchange import ExchangeFormat
from dragoman_gateway.jobs.api import JobDeskDep
from dragoman_gateway.jobs.schemas import ArtifactView
from dragoman_gateway.review.desk.desktop import Desktop
from dragoman_gateway.review.desk.exchanging import Imported, OnConflict
from dragoman_gateway.review.desk.review_desk import ReviewDesk
from dragoman_gateway.review.schemas import (
    ConflictView,
    ExportRequest,
    ImportReport,
    RejectionView,
    RepairView,
)
from dragoman_gateway.web.dependencies import Operator
from dragoman_gateway.web.desks import asked
from dragoman_gateway.web.downloads import content_disposition
from dragoman_gateway.web.problems import documented

router = APIRouter(prefix="/jobs/{job_id}")

_Desk = Annotated[ReviewDesk, Depends(asked(ReviewDesk))]
_File = Annotated[UploadFile, File(description="The file that came back from review.")]
_Dry = Annotated[bool, Query(description="Say what would change, and change nothing.")]
_Chosen = Annotated[
    OnConflict,
    Query(description="What counts where a unit was edited here and in the file."),
]
_EXPORTS = documented(400, 401, 403, 404, 409, 410, 413, 422, 503)
_IMPORTS = documented(400, 401, 403, 404, 409, 410, 413, 422, 503)


@router.post("/exports", status_code=201, summary="Export for review", responses=_EXPORTS)
async def export_review(
    job_id: UUID, desk: _Desk, jobs: JobDeskDep, principal: Operator, wanted: ExportRequest
) -> ArtifactView:
    """Write the translations as they are now into a file for reviewers, which becomes an artifact:
    XLIFF for CAT tools, a table for Word or a spreadsheet, a report to read. The same state gives
    the same file.
    """
    return await _exported(desk, jobs, job_id, principal, wanted.format)


@router.post("/tmx-export", status_code=201, summary="Export TMX for review", responses=_EXPORTS)
async def export_tmx(
    job_id: UUID, desk: _Desk, jobs: JobDeskDep, principal: Operator
) -> ArtifactView:
    """Write the translations as TMX 1.4b, the artifact `review_tmx`; the review is then exported."""
    return await _exported(desk, jobs, job_id, principal, ExchangeFormat.TMX)


@router.post("/imports", summary="Import a review", responses=_IMPORTS)
async def import_review(
    job_id: UUID,
    desk: _Desk,
    principal: Operator,
    file: _File,
    dry_run: _Dry = False,
    on_conflict: _Chosen = OnConflict.OURS,
) -> ImportReport:
    """Take what a reviewer changed in an exported file of any format. Units that do not fit are
    refused one by one, each with its reason; the others are taken. Where nothing is left to review,
    the document is reassembled.
    """
    return await _report(desk, job_id, principal, file, dry_run, on_conflict)


@router.post("/tmx-import", summary="Import a reviewed TMX", responses=_IMPORTS)
async def import_tmx(
    job_id: UUID,
    desk: _Desk,
    principal: Operator,
    file: _File,
    dry_run: _Dry = False,
    on_conflict: _Chosen = OnConflict.OURS,
) -> ImportReport:
    """As `imports`, for TMX: changed units are verified by a person; unchanged ones keep their
    state, unless their property `verificationStatus` says `human_verified`.
    """
    return await _report(desk, job_id, principal, file, dry_run, on_conflict)


@router.get(
    "/draft",
    summary="Download a draft",
    response_class=Response,
    responses={
        200: {"description": "The document as it is now.", "content": {DOCX_MEDIA_TYPE: {}}},
        **documented(401, 403, 404, 409, 410, 422, 503),
    },
)
async def download_draft(job_id: UUID, desk: _Desk, principal: Operator) -> Response:
    """The document with its translations as they are now, whatever stands in them. It can be had as
    soon as the text is extracted, and is kept nowhere.
    """
    draft = await desk.drafts.draft(job_id, principal)
    headers = {
        "Content-Disposition": content_disposition(draft.file_name),
        "Cache-Control": "no-store",
    }
    return Response(draft.data, media_type=draft.media_type, headers=headers)


async def _exported(
    desk: ReviewDesk,
    jobs: JobDeskDep,
    job_id: UUID,
    principal: Operator,
    format_: ExchangeFormat,
) -> ArtifactView:
    job, artifact = await desk.exchange.export(job_id, principal, format_)
    return await jobs.artifact_view(job, artifact)


async def _report(
    desk: ReviewDesk,
    job_id: UUID,
    principal: Operator,
    file: UploadFile,
    dry_run: bool,
    on_conflict: OnConflict,
) -> ImportReport:
    act = desk.exchange.read if dry_run else desk.exchange.import_
    async with desk.exchange.turn:
        found = await act(job_id, principal, await file.read(), on_conflict)
    desktop = await desk.desktops.find(job_id, principal)
    return import_report(desktop, found, is_dry_run=dry_run)


def import_report(desktop: Desktop, found: Imported, *, is_dry_run: bool) -> ImportReport:
    """The report of an import."""
    rejected = [
        RejectionView(unit=each.unit_id, place=each.place, code=each.code, reason=each.reason)
        for each in (*found.reading.rejected, *found.refused)
    ]
    conflicts = [
        ConflictView(
            unit=each.row.unit.unit_id,
            ours=each.row.written(each.row.target or ()),
            theirs=each.row.written(each.theirs.target),
        )
        for each in found.conflicts
    ]
    repairs = [RepairView(**each.model_dump()) for each in found.reading.repairs]
    return ImportReport(
        format=found.reading.format,
        is_dry_run=is_dry_run,
        applied=len(found.edits),
        unchanged=found.unchanged_count,
        rejected=rejected,
        conflicts=conflicts,
        repairs=repairs,
        pending_units=found.pending_count,
        status=desktop.job.status,
        artifact_sha256=_digest(found.artifact),
    )


def _digest(artifact: Artifact | None) -> str | None:
    return artifact.object.digest if artifact else None
