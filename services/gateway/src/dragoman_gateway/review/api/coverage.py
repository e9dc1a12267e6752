"""How far people are with the translations of a project, over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel

from dragoman_contracts.coverage import Coverage
from dragoman_gateway.review.desk.review_desk import ReviewDesk
from dragoman_gateway.web.dependencies import Operator
from dragoman_gateway.web.desks import asked
from dragoman_gateway.web.problems import documented

router = APIRouter(prefix="/projects/{code}")

_Desk = Annotated[ReviewDesk, Depends(asked(ReviewDesk))]
_Code = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=60)]
_Days = Annotated[int, Query(ge=0, le=366, description="Days of the history at most.")]


class LocaleCoverage(BaseModel):
    """How far people are with the translations into one locale."""

    target_locale: str
    coverage: Coverage


class CoverageDay(LocaleCoverage):
    """How far they were on a day, in UTC."""

    day: str


class CoverageView(BaseModel):
    """How far people are with the translations of a project."""

    project_code: str
    at: datetime
    total: Coverage
    by_locale: list[LocaleCoverage]
    history: list[CoverageDay]


@router.get(
    "/review-coverage",
    summary="Show review coverage",
    responses=documented(401, 403, 404, 422, 503),
)
async def show_review_coverage(
    code: _Code, desk: _Desk, principal: Operator, days: _Days = 30
) -> CoverageView:
    """How many units of the project are translated, wait for a person, are reviewed and approved,
    by target locale. Of each document counts the newest job. `history` has a snapshot a day, as
    maintenance takes it.
    """
    found = await desk.coverage.of_project(principal, code, days)
    return CoverageView(
        project_code=found.project.code,
        at=found.at,
        total=found.total,
        by_locale=[
            LocaleCoverage(target_locale=locale, coverage=coverage)
            for locale, coverage in found.by_locale.items()
        ],
        history=[
            CoverageDay(day=each.day, target_locale=each.target_locale, coverage=each.coverage)
            for each in found.history
        ],
    )
