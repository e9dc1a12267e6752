"""GET /spend: what was paid, and what answers on record saved."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from dragoman_catalog import SpendGroup, SpendSums
from dragoman_gateway.spend.desk import Spend, SpendDesk, SpendQuestion
from dragoman_gateway.spend.rules import spend_csv
from dragoman_gateway.spend.schemas import SpendAnswer, SpendFormat, SpendItem, SpendTotals
from dragoman_gateway.web.dependencies import Admin
from dragoman_gateway.web.desks import asked
from dragoman_gateway.web.fields import Day
from dragoman_gateway.web.problems import documented

router = APIRouter(tags=["configuration"])

SpendDep = Annotated[SpendDesk, Depends(asked(SpendDesk))]
_CSV = "text/csv"
_Project = Annotated[
    str | None, Query(max_length=60, pattern=r"^[a-z0-9_-]*$", description="Its code.")
]
_Day = Annotated[
    Day | None, Query(description="In UTC, included. Without any, the last thirty days.")
]
_By = Annotated[
    list[SpendGroup] | None,
    Query(max_length=6, description="Several make a group of each combination; without any: day."),
]


@router.get(
    "/spend",
    response_model=SpendAnswer,
    summary="Show what was paid",
    responses={
        200: {"content": {_CSV: {"schema": {"type": "string"}}}},
        **documented(401, 403, 422, 503),
    },
)
async def show_spend(
    desk: SpendDep,
    principal: Admin,
    project: _Project = None,
    first_day: _Day = None,
    last_day: _Day = None,
    job_id: Annotated[UUID | None, Query(description="Of this job alone.")] = None,
    by: _By = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="Groups the answer has at most.")] = 200,
    format: Annotated[SpendFormat, Query(description="The CSV has all groups.")] = "json",
) -> SpendAnswer | Response:
    """The cost of calls, and the money that answers on record saved, in US dollars."""
    question = SpendQuestion(project, first_day, last_day, job_id)
    groups = list(dict.fromkeys(by or [SpendGroup.DAY]))
    if format == "csv":
        return csv_response(await desk.sums(principal, question, groups), groups)
    found = await desk.sums(principal, question, groups, limit=limit)
    return SpendAnswer(
        first_day=found.period.first_day,
        last_day=found.period.last_day,
        by=groups,
        total=_totals(found.total),
        items=_items(found, groups),
        is_cut=found.is_cut,
    )


def csv_response(found: Spend, by: list[SpendGroup]) -> Response:
    """The table as a file."""
    name = f"spend-{found.period.first_day}-{found.period.last_day}.csv"
    return Response(
        spend_csv(by, found.rows, found.total, found.codes),
        media_type=_CSV,
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
        },
    )


def _items(found: Spend, by: list[SpendGroup]) -> list[SpendItem]:
    return [
        SpendItem(
            **_totals(row).model_dump(),
            day=row.day,
            month=row.month,
            project_code=found.codes.get(row.project_id) if row.project_id else None,
            is_playground=row.is_of_trials,
            provider=row.provider,
            model=row.model,
            job_id=None if row.is_of_trials else row.job_id,
        )
        for row in found.rows
    ]


def _totals(sums: SpendSums) -> SpendTotals:
    counts = sums.model_dump(
        include=set(SpendTotals.model_fields) - {"cost", "saved"}, mode="python"
    )
    return SpendTotals(
        cost=format(sums.cost.normalize(), "f"), saved=format(sums.saved.normalize(), "f"), **counts
    )
