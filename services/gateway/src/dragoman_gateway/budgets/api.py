"""Budgets of projects and jobs."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Response

from dragoman_catalog import BudgetEntry
from dragoman_gateway.budgets.desk import BudgetDesk, OfJob, OfProject
from dragoman_gateway.budgets.schemas import JobBudget, JobCap, ProjectBudget, ProjectCaps
from dragoman_gateway.web.dependencies import Admin, EditedVersion, Operator, etag
from dragoman_gateway.web.desks import asked
from dragoman_gateway.web.problems import documented

router = APIRouter(tags=["configuration"])

_ETAG = {"ETag": {"description": "The version, for If-Match.", "schema": {"type": "string"}}}
_READ = documented(401, 403, 404, 422, 503)
_WRITE = documented(400, 401, 403, 404, 409, 413, 422, 503)
_EDIT = documented(400, 401, 403, 404, 412, 413, 422, 428, 503)

_Desk = Annotated[BudgetDesk, Depends(asked(BudgetDesk))]
_Code = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=60)]


@router.get(
    "/projects/{code}/budget",
    summary="Show a project's budget",
    responses={200: {"headers": _ETAG}, **_READ},
)
async def show_project_budget(
    code: _Code, response: Response, desk: _Desk, principal: Admin
) -> ProjectBudget:
    """The caps of a project, and what its calls cost this month and ever."""
    found = await desk.of_project(principal, code)
    response.headers["ETag"] = etag(found.budget.version)
    return _project(found)


@router.put(
    "/projects/{code}/budget",
    summary="Set a project's budget",
    responses={200: {"headers": _ETAG}, **_EDIT},
)
async def set_project_budget(
    code: _Code,
    response: Response,
    desk: _Desk,
    principal: Admin,
    version: EditedVersion,
    entry: ProjectCaps,
) -> ProjectBudget:
    """Replace the caps. Work that had stopped at a cap is tried again."""
    caps = BudgetEntry(**entry.model_dump())
    found = await desk.edit_project(principal, code, version, caps)
    response.headers["ETag"] = etag(found.budget.version)
    return _project(found)


@router.get("/jobs/{job_id}/budget", summary="Show a job's budget", responses=_READ)
async def show_job_budget(job_id: UUID, desk: _Desk, principal: Operator) -> JobBudget:
    """The cap of a job, and what its calls cost so far."""
    return _job(await desk.of_job(principal, job_id))


@router.put("/jobs/{job_id}/budget", summary="Set a job's budget", responses=_WRITE)
async def set_job_budget(job_id: UUID, desk: _Desk, principal: Admin, entry: JobCap) -> JobBudget:
    """Set the cap of a job. Work that had stopped at it goes on."""
    return _job(await desk.set_job_cap(principal, job_id, entry.cap))


def _project(found: OfProject) -> ProjectBudget:
    return ProjectBudget(
        job_cap=found.budget.job_cap,
        month_cap=found.budget.month_cap,
        project_cap=found.budget.project_cap,
        spent_this_month=_money(found.spent.month),
        spent=_money(found.spent.project),
        version=found.budget.version,
        redriven=found.redriven,
    )


def _job(found: OfJob) -> JobBudget:
    return JobBudget(
        cap=None if found.cap is None else _money(found.cap),
        spent=_money(found.spent),
        redriven=found.redriven,
    )


def _money(amount: Decimal) -> str:
    return format(amount.normalize(), "f")
