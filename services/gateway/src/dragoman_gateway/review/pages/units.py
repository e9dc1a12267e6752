"""The units of a job with their translations, to be read."""

from __future__ import annotations

from collections import Counter
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from dragoman_contracts.text import plain_text
from dragoman_gateway.jobs.api import JobDeskDep
from dragoman_gateway.jobs.detail.facts import title_of
from dragoman_gateway.jobs.detail.words import RESULT_SOURCES, VERIFICATION_STATES
from dragoman_gateway.jobs.view.rows import VerificationState
from dragoman_gateway.review.desk.review_desk import ReviewDesk
from dragoman_gateway.review.rules.sheet import UnitFilter
from dragoman_gateway.web.addresses import units_address
from dragoman_gateway.web.cursors import InvalidCursorError
from dragoman_gateway.web.desks import asked
from dragoman_gateway.web.guard import ConsoleRoute, SignedIn, see_other

_UNITS_A_PAGE = 100
_Short = Annotated[str, Query(max_length=200)]
router = APIRouter(route_class=ConsoleRoute, prefix="/console/jobs/{job_id}")


@router.get("/units")
async def units_page(
    visit: SignedIn,
    desk: JobDeskDep,
    review: Annotated[ReviewDesk, Depends(asked(ReviewDesk))],
    job_id: UUID,
    verification_state: _Short = "",
    cursor: Annotated[str, Query(max_length=500)] = "",
    verdict: _Short = "",
) -> Response:
    """The job's units with their translations.
    `verdict` is the older name of `verification_state` in addresses.
    """
    if verdict:
        return see_other(units_address(job_id, verdict))
    desktop = await review.desktops.find(job_id, visit.principal)
    states = {each.value: each for each in VerificationState}
    which = UnitFilter(state=states.get(verification_state))
    is_known = not verification_state or which.state is not None
    try:
        found = review.answers.rows(
            desktop, which, cursor=cursor or None, limit=_UNITS_A_PAGE if is_known else 0
        )
    except InvalidCursorError:
        return see_other(units_address(job_id, verification_state))
    counts = Counter(row.state for row in desktop.rows(UnitFilter()))
    records = await desk.records(desktop.job)
    chips = [("", "All", sum(counts.values()))]
    chips += [
        (key, label.text, counts[key]) for key, label in VERIFICATION_STATES.items() if counts[key]
    ]
    return visit.page(
        "review/units.html",
        section="jobs",
        job=desktop.job,
        title=title_of(desktop.job, records.intake),
        rows=found.rows,
        plain_text=plain_text,
        chips=[
            {
                "text": text,
                "count": count,
                "url": units_address(job_id, key),
                "is_on": key == verification_state,
            }
            for key, text, count in chips
        ],
        states=VERIFICATION_STATES,
        result_sources=RESULT_SOURCES,
        is_filtered=bool(verification_state),
        is_first=not cursor,
        first_url=units_address(job_id, verification_state),
        next_url=units_address(job_id, verification_state, found.next_cursor)
        if found.next_cursor
        else "",
    )
