"""One action on several jobs: the page that shows which, and does it.

The list says which jobs are meant by its filters; here each can be left out again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.exceptions import HTTPException
from starlette.responses import Response

from dragoman_contracts.errors import DragomanError
from dragoman_contracts.vocabulary import RESUMABLE, JobStatus
from dragoman_gateway.jobs.api import JobDeskDep
from dragoman_gateway.jobs.desk import JobControl, JobDesk
from dragoman_gateway.jobs.detail.words import STATUSES
from dragoman_gateway.jobs.pages.choosing import Chosen, ChosenJobs
from dragoman_gateway.jobs.rules import CANCELLABLE
from dragoman_gateway.jobs.view.rows import JobRow
from dragoman_gateway.web.addresses import address
from dragoman_gateway.web.guard import HOME, ConsoleRoute, SignedIn, Visit, Writing, see_other

SEVERAL = "/console/several"
_MOST = 200
router = APIRouter(route_class=ConsoleRoute)


@dataclass(frozen=True, slots=True)
class Deed:
    """An action, in the words of the list's button and of its page, and the statuses of the jobs that
    it fits.
    """

    name: str
    button: str
    confirm: str
    heading: str
    text: str
    statuses: frozenset[JobStatus]
    is_danger: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """A job that the action was not done for, and why."""

    title: str
    reason: str


DEEDS = {
    each.name: each
    for each in (
        Deed(
            "resume",
            "Resume all",
            "Resume the chosen jobs",
            "Resume these jobs?",
            "Each goes on from where it stopped. What is done is not done again.",
            RESUMABLE,
        ),
        Deed(
            "cancel",
            "Cancel all",
            "Cancel the chosen jobs",
            "Cancel these jobs?",
            "What is done is kept. A job that had begun can be resumed, another run again.",
            CANCELLABLE,
            is_danger=True,
        ),
    )
}


@router.get(SEVERAL)
async def several_page(
    visit: SignedIn,
    desk: JobDeskDep,
    chosen: ChosenJobs,
    action: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """The jobs that the action would be done for, each with a box to leave it out."""
    return await _page(visit, desk, chosen, _deed(action), [])


@router.post(SEVERAL)
async def act_on_several(
    visit: Writing,
    desk: JobDeskDep,
    chosen: ChosenJobs,
    action: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """Do it for each; jobs that refuse are named with their reasons, the others are done."""
    deed, form = _deed(action), await visit.request.form()
    wanted = {str(each) for each in form.getlist("job")}
    refused: list[Refused] = []
    for row in await _rows(desk, chosen, deed):
        if str(row.job_id) not in wanted:
            continue
        try:
            await _do(desk.control, deed, row, visit)
        except DragomanError as error:
            refused.append(Refused(row.title, error.message))
    if refused:
        return await _page(visit, desk, chosen, deed, refused, status_code=409)
    return see_other(address(HOME, **{**chosen.query, "status": "", "notice": "several"}))


async def _do(control: JobControl, deed: Deed, row: JobRow, visit: Visit) -> None:
    if deed.name == "cancel":
        await control.cancel(row.job_id, visit.principal)
    elif row.status is JobStatus.FAILED:
        await control.retry(row.job_id, visit.principal)
    else:
        await control.resume(row.job_id, visit.principal)


async def _rows(desk: JobDesk, chosen: Chosen, deed: Deed) -> tuple[JobRow, ...]:
    asked = chosen.filter.statuses
    statuses = deed.statuses & asked if asked else deed.statuses
    if not statuses:
        return ()
    which = replace(chosen.filter, statuses=statuses)
    if deed.name == "resume":
        which = replace(which, is_interrupted=True)
    return (await desk.queries.list_jobs(which, limit=_MOST)).rows


async def _page(
    visit: Visit,
    desk: JobDesk,
    chosen: Chosen,
    deed: Deed,
    refused: list[Refused],
    *,
    status_code: int = 200,
) -> Response:
    rows = await _rows(desk, chosen, deed)
    return visit.page(
        "jobs/several.html",
        section="jobs",
        status_code=status_code,
        deed=deed,
        rows=rows,
        most=_MOST,
        refused=refused,
        statuses=STATUSES,
        here=address(SEVERAL, **{**chosen.query, "action": deed.name}),
        back=address(HOME, **chosen.query),
    )


def _deed(name: str) -> Deed:
    if name not in DEEDS:
        raise HTTPException(404)
    return DEEDS[name]
