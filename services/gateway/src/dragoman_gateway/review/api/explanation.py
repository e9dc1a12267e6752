"""Why a unit reads as it does, over HTTP."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from dragoman_gateway.review.desk.review_desk import ReviewDesk
from dragoman_gateway.review.rules.explanation import Explanation
from dragoman_gateway.web.dependencies import Operator
from dragoman_gateway.web.desks import asked
from dragoman_gateway.web.problems import documented

router = APIRouter(prefix="/jobs/{job_id}")


@router.get(
    "/units/{unit_id:path}/explanation",
    summary="Explain a unit",
    responses=documented(401, 403, 404, 410, 422, 503),
)
async def explain_unit(
    job_id: UUID,
    unit_id: str,
    desk: Annotated[ReviewDesk, Depends(asked(ReviewDesk))],
    principal: Operator,
    at: Annotated[
        int | None, Query(ge=1, le=2**53, description="As of this event; without it, as of now.")
    ] = None,
) -> Explanation:
    """The match and its entry, the terms, the neighbours, each request by sections that say where
    they came from, the answers, the checks, the repair and the people: all from the record.
    """
    return await desk.explaining.explain(job_id, unit_id, principal, at=at)
