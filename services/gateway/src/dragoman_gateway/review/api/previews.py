"""Pages of a draft over HTTP, as LibreOffice lays them out."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Response
from pydantic import BaseModel

from dragoman_gateway.review.desk.review_desk import ReviewDesk
from dragoman_gateway.web.dependencies import Operator
from dragoman_gateway.web.desks import asked
from dragoman_gateway.web.problems import documented

router = APIRouter(prefix="/jobs/{job_id}/preview")

_Desk = Annotated[ReviewDesk, Depends(asked(ReviewDesk))]
_Number = Annotated[int, Path(ge=1, le=100_000, description="The page, counted from 1.")]
_READ = documented(401, 403, 404, 409, 410, 422, 503)


class PreviewView(BaseModel):
    """A draft as it is laid out; `…/preview/pages/{number}` gives each page."""

    page_count: int
    draft_sha256: str


@router.get("", summary="Preview a draft", responses=_READ)
async def show_preview(job_id: UUID, desk: _Desk, principal: Operator) -> PreviewView:
    """How many pages the document has with its translations as they are now. A 409
    `preview.not_installed` where the gateway has no LibreOffice.
    """
    found = await desk.previews.laid_out(job_id, principal)
    return PreviewView(page_count=found.page_count, draft_sha256=found.digest)


@router.get(
    "/pages/{number}",
    summary="Show a page of a draft",
    response_class=Response,
    responses={
        200: {"description": "The page as a picture.", "content": {"image/png": {}}},
        **_READ,
    },
)
async def show_page(job_id: UUID, number: _Number, desk: _Desk, principal: Operator) -> Response:
    """A page of the draft as a picture, as LibreOffice renders it: Word may break lines otherwise."""
    digest, data = await desk.previews.picture(job_id, principal, number)
    headers = {"ETag": f'"{digest}-{number}"', "Cache-Control": "private, no-cache"}
    return Response(data, media_type="image/png", headers=headers)
