"""Units translated again, over HTTP: asked for, and how far that is."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Response

from dragoman_gateway.jobs.schemas import LOCATION
from dragoman_gateway.review.desk.retranslating import Asked
from dragoman_gateway.review.desk.review_desk import ReviewDesk
from dragoman_gateway.review.schemas import RetranslateRequest, RetranslationView
from dragoman_gateway.web.dependencies import Operator
from dragoman_gateway.web.desks import asked
from dragoman_gateway.web.problems import documented

router = APIRouter(prefix="/jobs/{job_id}")

_Desk = Annotated[ReviewDesk, Depends(asked(ReviewDesk))]
_Index = Annotated[int, Path(ge=0, le=1_000_000, description="The number of the retranslation.")]
_READ = documented(401, 403, 404, 410, 422, 503)
_ASKS = documented(400, 401, 403, 404, 409, 410, 413, 422, 503)


@router.post(
    "/units/retranslate",
    status_code=202,
    summary="Translate units again",
    responses={202: {"description": "They are being translated.", "headers": LOCATION}, **_ASKS},
)
async def retranslate_units(
    job_id: UUID, response: Response, desk: _Desk, principal: Operator, wanted: RetranslateRequest
) -> RetranslationView:
    """Let units be translated again by another engine, or another model. Each gets the new
    translation as a draft, unless a person was at it since; calls are paid and on record.
    """
    found = await desk.again.ask(job_id, principal, wanted.unit_ids, wanted.engine, wanted.model)
    response.headers["Location"] = f"/api/v1/jobs/{job_id}/review/retranslations/{found.index}"
    return await _view(desk, found)


@router.get("/review/retranslations/{index}", summary="Show a retranslation", responses=_READ)
async def show_retranslation(
    job_id: UUID, index: _Index, desk: _Desk, principal: Operator
) -> RetranslationView:
    """How far a retranslation is, and its units as they are now."""
    return await _view(desk, await desk.again.find(job_id, principal, index))


async def _view(desk: ReviewDesk, found: Asked) -> RetranslationView:
    return RetranslationView(
        index=found.index,
        status=found.progress.status,
        code=found.progress.code,
        unit_count=len(found.unit_ids),
        units=await desk.answers.units(found.desktop, found.unit_ids),
    )
