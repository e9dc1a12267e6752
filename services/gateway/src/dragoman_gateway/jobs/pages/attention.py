"""Jobs that need a person's attention: in review, blocked, failed or interrupted.

Each stands there once, with what is wrong, the cure and one button that goes on. Work that was
parked is part of the job that failed for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from dragoman_contracts.vocabulary import JobStatus
from dragoman_gateway.jobs.api import JobDeskDep
from dragoman_gateway.jobs.desk import JobDesk
from dragoman_gateway.jobs.detail.page import CONFIRMED, ago_text
from dragoman_gateway.jobs.detail.words import STATUSES, cure_of, stage_text
from dragoman_gateway.jobs.pages.chips import Chip, chips_of
from dragoman_gateway.jobs.view.rows import JobFilter, JobRow
from dragoman_gateway.web.addresses import address, correction_address, review_address
from dragoman_gateway.web.cursors import InvalidCursorError
from dragoman_gateway.web.errors import FieldRefusedError
from dragoman_gateway.web.guard import ConsoleRoute, SignedIn, Visit, see_other

_PAGE = 50
_PATH = "/console/attention"
_Short = Annotated[str, Query(max_length=200)]
router = APIRouter(route_class=ConsoleRoute)


@dataclass(frozen=True, slots=True)
class Case:
    """A job on the page: how long ago it stopped, what to do, and the page where that is done.

    Without `link` the job goes on by the form at `resume`.
    """

    row: JobRow
    ago: str
    cure: str
    resume: str = ""
    link: str = ""
    link_text: str = ""


@router.get(_PATH)
async def attention_page(
    visit: SignedIn,
    desk: JobDeskDep,
    status: _Short = "",
    cursor: Annotated[str, Query(max_length=500)] = "",
) -> Response:
    """The jobs that wait for the person, the newest first, all or those of one status."""
    if status and status not in set(JobStatus):
        raise FieldRefusedError("status", "There is no such status.")
    statuses = frozenset({JobStatus(status)}) if status else frozenset[JobStatus]()
    which = JobFilter(visit.principal.project_ids, statuses, needs_attention=True)
    try:
        found = await desk.queries.list_jobs(which, cursor=cursor or None, limit=_PAGE)
    except InvalidCursorError:
        return see_other(address(_PATH, status=status))
    now = desk.now()
    return visit.page(
        "jobs/attention.html",
        section="attention",
        cases=[
            case_of(row, ago_text(now - (row.stopped_at or row.updated_at))) for row in found.rows
        ],
        chips=_chips(await desk.queries.count_by_status(which), status),
        statuses=STATUSES,
        stage_text=stage_text,
        discard=CONFIRMED["discard"],
        is_first=not cursor,
        first_url=address(_PATH, status=status),
        next_url=address(_PATH, status=status, cursor=found.next_cursor)
        if found.next_cursor
        else "",
    )


@router.get("/console/interrupted")
async def interrupted_page() -> Response:
    """The page of an older version."""
    return see_other(_PATH)


def case_of(row: JobRow, ago: str) -> Case:
    """The job with the one thing to do about it."""
    base = f"/console/jobs/{row.job_id}"
    if row.status is JobStatus.NEEDS_REVIEW:
        cure = f"{row.review_count:,} unit{'s' if row.review_count != 1 else ''} to look at."
        return Case(row, ago, cure, link=review_address(row.job_id), link_text="Review")
    if row.status is JobStatus.BLOCKED and row.blocked_count:
        cure = f"The quality check blocked {row.blocked_count:,} of its units."
        return Case(row, ago, cure, link=review_address(row.job_id), link_text="Review")
    if row.status is JobStatus.BLOCKED:
        cure = cure_of(row.trouble_code) if row.trouble_code else "Preflight did not let it pass."
        link = correction_address(row.job_id)
        return Case(row, ago, cure, link=link, link_text="Upload a corrected file")
    cure = cure_of(row.trouble_code) if row.trouble_code else ""
    is_failed = row.status is JobStatus.FAILED
    return Case(row, ago, cure, resume=f"{base}/{'retry' if is_failed else 'resume'}")


async def attention_count(desk: JobDesk, visit: Visit) -> int:
    """How many jobs wait for the person."""
    which = JobFilter(visit.principal.project_ids, needs_attention=True)
    return sum((await desk.queries.count_by_status(which)).values())


def _chips(counts: Mapping[JobStatus, int], chosen: str) -> list[Chip]:
    return chips_of(counts, chosen, lambda status: address(_PATH, status=status))
