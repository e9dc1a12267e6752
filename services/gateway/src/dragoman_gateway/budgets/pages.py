"""Budgets as pages: the caps of a project, and those that hold for a job."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import ValidationError
from starlette.responses import Response

from dragoman_catalog import BudgetEntry, Role
from dragoman_contracts.errors import ConflictError
from dragoman_gateway.budgets.desk import BudgetDesk, OfProject
from dragoman_gateway.budgets.schemas import JobCap, ProjectCaps
from dragoman_gateway.web.addresses import address, job_address
from dragoman_gateway.web.desks import asked
from dragoman_gateway.web.forms import version_sent
from dragoman_gateway.web.guard import ConsoleRoute, SignedIn, Visit, Writing, see_other
from dragoman_gateway.web.problems import field_problems
from dragoman_gateway.web.spreadsheets import money

_CAPS = tuple(ProjectCaps.model_fields)
_Desk = Annotated[BudgetDesk, Depends(asked(BudgetDesk))]
_Short = Annotated[str, Query(max_length=20)]
router = APIRouter(route_class=ConsoleRoute)


@router.get("/console/projects/{code}/budget")
async def project_budget(
    visit: SignedIn, desk: _Desk, code: str, notice: _Short = "", redriven: _Short = ""
) -> Response:
    """The caps of a project, what was spent against each, and the form that changes them."""
    visit.principal.require(Role.ADMIN)
    found = await desk.of_project(visit.principal, code)
    said = _saved(redriven) if notice == "saved" else ""
    return _project_page(visit, code, found, _texts(found), {}, notice=said)


@router.post("/console/projects/{code}/budget")
async def edit_project_budget(visit: Writing, desk: _Desk, code: str) -> Response:
    """Set the caps; say in the same form why they cannot be."""
    visit.principal.require(Role.ADMIN)
    form = await visit.request.form()
    values = {name: str(form.get(name, "")).strip() for name in _CAPS}
    try:
        caps = ProjectCaps.model_validate({name: text or None for name, text in values.items()})
        entry = BudgetEntry(**caps.model_dump())
        done = await desk.edit_project(visit.principal, code, await version_sent(visit), entry)
    except ValidationError as error:
        errors = {each.field: each.message for each in field_problems(error)}
    except ConflictError as error:
        errors = {"": error.message}
    else:
        path = f"/console/projects/{code}/budget"
        return see_other(address(path, notice="saved", redriven=done.redriven))
    found = await desk.of_project(visit.principal, code)
    return _project_page(visit, code, found, values, errors, status_code=422)


@router.get("/console/jobs/{job_id}/budget")
async def job_budget(visit: SignedIn, desk: _Desk, job_id: UUID) -> Response:
    """The caps that hold for a job, and for admins the form that changes its own."""
    return await _job_page(visit, desk, job_id, None, "")


@router.post("/console/jobs/{job_id}/budget")
async def edit_job_budget(visit: Writing, desk: _Desk, job_id: UUID) -> Response:
    """Set the cap of a job; what had stopped at it goes on."""
    visit.principal.require(Role.ADMIN)
    text = str((await visit.request.form()).get("cap", "")).strip()
    try:
        entry = JobCap.model_validate({"cap": text})
    except ValidationError as error:
        return await _job_page(visit, desk, job_id, text, field_problems(error)[0].message)
    await desk.set_job_cap(visit.principal, job_id, entry.cap)
    return see_other(job_address(job_id, notice="cap"))


def _project_page(
    visit: Visit,
    code: str,
    found: OfProject,
    values: Mapping[str, str],
    errors: Mapping[str, str],
    *,
    notice: str = "",
    status_code: int = 200,
) -> Response:
    budget, spent = found.budget, found.spent
    return visit.page(
        "budgets/project.html",
        status_code=status_code,
        section="spend",
        notice=notice,
        code=code,
        version=budget.version,
        values=values,
        errors=defaultdict(str, errors),
        meters=[
            ("This month", spent.month, _decimal(budget.month_cap)),
            ("Ever", spent.project, _decimal(budget.project_cap)),
        ],
        money=money,
    )


async def _job_page(
    visit: Visit, desk: BudgetDesk, job_id: UUID, text: str | None, error: str
) -> Response:
    found = await desk.caps_of_job(visit.principal, job_id)
    budget, spent = found.budget, found.spent
    return visit.page(
        "budgets/job.html",
        status_code=422 if error else 200,
        section="jobs",
        job_id=job_id,
        project=found.project,
        value=text if text is not None else _plain(found.cap),
        error=error,
        meters=[
            ("This job", spent.job, found.cap),
            ("Its project this month", spent.month, _decimal(budget.month_cap)),
            ("Its project ever", spent.project, _decimal(budget.project_cap)),
        ],
        is_admin=visit.principal.role is Role.ADMIN,
        money=money,
    )


def _texts(found: OfProject) -> dict[str, str]:
    return {name: getattr(found.budget, name) or "" for name in _CAPS}


def _saved(redriven: str) -> str:
    is_number = redriven.isascii() and redriven.isdigit()
    if not is_number or redriven == "0":
        return "Saved."
    return f"Saved. {redriven} {'piece' if redriven == '1' else 'pieces'} of work that had stopped at a cap go on."


def _plain(amount: Decimal | None) -> str:
    return "" if amount is None else format(amount.normalize(), "f")


def _decimal(amount: str | None) -> Decimal | None:
    return None if amount is None else Decimal(amount)
