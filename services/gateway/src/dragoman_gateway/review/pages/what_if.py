"""The pages of a what-if: what to try, and the trial beside its job."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form
from starlette.responses import Response

from dragoman_contracts.errors import ConflictError
from dragoman_gateway.jobs.api import JobDeskDep
from dragoman_gateway.jobs.desk import JobDesk
from dragoman_gateway.jobs.detail.facts import title_of
from dragoman_gateway.review.desk.review_desk import ReviewDesk
from dragoman_gateway.review.rules.comparing import Choice, WhatIfRequest
from dragoman_gateway.web.desks import asked
from dragoman_gateway.web.errors import FieldRefusedError
from dragoman_gateway.web.guard import ConsoleRoute, SignedIn, Visit, Writing, see_other
from dragoman_gateway.web.tracing import request_span
from dragoman_runtime.telemetry import current_traceparent

_MOST_SAMPLED = 100_000
_SHOWN = 500
_Desk = Annotated[ReviewDesk, Depends(asked(ReviewDesk))]
_Short = Annotated[str, Form(max_length=80)]
router = APIRouter(route_class=ConsoleRoute, prefix="/console/jobs/{job_id}")


@router.get("/what-if")
async def what_if_page(visit: SignedIn, jobs: JobDeskDep, job_id: UUID) -> Response:
    """The form: which engine, and how many units."""
    return await _form(visit, jobs, job_id)


@router.post("/what-if")
async def open_what_if(
    visit: Writing,
    jobs: JobDeskDep,
    review: _Desk,
    job_id: UUID,
    engine: _Short = "",
    model: _Short = "",
    sample: _Short = "",
) -> Response:
    """Open the trial and go to its comparison; say in the form why it cannot be."""
    values = {"engine": engine, "model": model.strip(), "sample": sample.strip()}
    try:
        sample_count = _count(values["sample"])
        request = WhatIfRequest.model_validate(
            {"engine": engine, "model": values["model"], "sample": sample_count}
        )
        with request_span("POST /console/jobs/{job_id}/what-if", visit.request) as root:
            opened = await review.what_if.open(
                job_id, request, visit.principal, traceparent=current_traceparent()
            )
            root.set(job_id=str(opened.job.job_id), is_new=opened.is_new)
    except (ConflictError, FieldRefusedError) as error:
        return await _form(visit, jobs, job_id, values, error.message, 409)
    except ValueError:
        fault = "An engine or a model cannot have this name."
        return await _form(visit, jobs, job_id, values, fault, 422)
    return see_other(f"/console/jobs/{opened.job.job_id}/comparison")


@router.get("/comparison")
async def comparison_page(
    visit: SignedIn, jobs: JobDeskDep, review: _Desk, job_id: UUID, notice: str = ""
) -> Response:
    """The trial beside its job."""
    told = await review.what_if.comparison(job_id, visit.principal)
    first = await jobs.control.find(told.job_id, visit.principal)
    records = await jobs.records(first)
    return visit.page(
        "review/comparison.html",
        section="jobs",
        job=first,
        title=title_of(first, records.intake),
        told=told,
        shown=[each for each in told.units if not each.is_equal][:_SHOWN],
        notice="Taken over into the job's review." if notice == "chosen" else "",
    )


@router.post("/comparison/choose")
async def choose(visit: Writing, review: _Desk, job_id: UUID) -> Response:
    """Take over the units that were ticked, or all of them."""
    form = await visit.request.form()
    ids = [str(each) for each in form.getlist("unit_ids")]
    choice = Choice(unit_ids=ids, all=form.get("all") == "yes")
    await review.what_if.choose(job_id, choice, visit.principal)
    return see_other(f"/console/jobs/{job_id}/comparison?notice=chosen")


def _count(text: str) -> int | None:
    """The number of units of a sample; None where all are meant.

    Raises:
        FieldRefusedError: it is no number that a sample can have.
    """
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or not 0 < int(text) <= _MOST_SAMPLED:
        raise FieldRefusedError("sample", f"Say a number of units from 1 to {_MOST_SAMPLED:,}.")
    return int(text)


async def _form(
    visit: Visit,
    jobs: JobDesk,
    job_id: UUID,
    values: dict[str, str] | None = None,
    fault: str = "",
    status: int = 200,
) -> Response:
    job = await jobs.control.find(job_id, visit.principal)
    records = await jobs.records(job)
    return visit.page(
        "review/what_if.html",
        status_code=status,
        section="jobs",
        job=job,
        title=title_of(job, records.intake),
        policy=records.policy,
        engines=jobs.engines,
        values={"engine": "", "model": "", "sample": "20"} | (values or {}),
        fault=fault,
    )
