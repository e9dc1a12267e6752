"""The page where a job is reviewed. Its script works with the API; without one the texts are
read, a page at a time.
"""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from dragoman_contracts.text import plain_text
from dragoman_exchange import ExchangeFormat
from dragoman_gateway.jobs.api import JobDeskDep
from dragoman_gateway.jobs.detail.facts import title_of
from dragoman_gateway.jobs.detail.words import VERIFICATION_STATES
from dragoman_gateway.jobs.view.rows import VerificationState
from dragoman_gateway.review.desk.answers import cursor_behind
from dragoman_gateway.review.desk.review_desk import ReviewDesk
from dragoman_gateway.review.rules.edits import is_open
from dragoman_gateway.review.rules.sheet import UnitFilter
from dragoman_gateway.web.addresses import review_address
from dragoman_gateway.web.cursors import InvalidCursorError
from dragoman_gateway.web.desks import asked
from dragoman_gateway.web.guard import ConsoleRoute, SignedIn, see_other

_EXPORTS = {
    ExchangeFormat.XLIFF_2_1: "XLIFF 2.1, for translation tools",
    ExchangeFormat.XLIFF_1_2: "XLIFF 1.2, for older translation tools",
    ExchangeFormat.TMX: "TMX, a translation memory",
    ExchangeFormat.BILINGUAL_DOCX: "Table for Word (DOCX)",
    ExchangeFormat.BILINGUAL_XLSX: "Table for a spreadsheet (XLSX)",
    ExchangeFormat.HTML: "Report to read (HTML)",
}
_UNITS_A_PAGE = 200  # as the script asks for them: `PAGE` in static/review/store.js
_Short = Annotated[str, Query(max_length=200)]
router = APIRouter(route_class=ConsoleRoute, prefix="/console/jobs/{job_id}")


@router.get("/review")
async def review_page(
    visit: SignedIn,
    desk: JobDeskDep,
    review: Annotated[ReviewDesk, Depends(asked(ReviewDesk))],
    job_id: UUID,
    verification_state: _Short = "",
    stage: _Short = "",
    finding: _Short = "",
    origin: _Short = "",
    q: _Short = "",
    cursor: Annotated[str, Query(max_length=500)] = "",
) -> Response:
    """The job's units side by side with their translations, to be read and changed.

    `stage`, `finding`, `origin` and `q` narrow what the script lists; they stand in the address so
    that it can be passed on.
    """
    desktop = await review.desktops.find(job_id, visit.principal)
    states = {each.value: each for each in VerificationState}
    which = UnitFilter(state=states.get(verification_state))
    try:
        found = review.answers.rows(desktop, which, cursor=cursor or None, limit=_UNITS_A_PAGE)
    except InvalidCursorError:
        return see_other(review_address(job_id, verification_state))
    records = await desk.records(desktop.job)
    locales = desktop.job.locales
    total = len(desktop.sheet.units)
    return visit.page(
        "review/review.html",
        section="jobs",
        job=desktop.job,
        title=title_of(desktop.job, records.intake),
        rows=found.rows,
        plain_text=plain_text,
        total=total,
        is_editable=is_open(desktop.job),
        cursors=cursors_of(total),
        source_dir=_direction(is_right_to_left=locales.source.is_right_to_left),
        target_dir=_direction(is_right_to_left=locales.target.is_right_to_left),
        states=VERIFICATION_STATES,
        engines=desk.engines,
        export_formats=tuple(_EXPORTS.items()),
        is_first=not cursor,
        first_url=review_address(job_id, verification_state),
        next_url=review_address(job_id, verification_state, found.next_cursor)
        if found.next_cursor
        else "",
    )


def cursors_of(total: int) -> list[str]:
    """The cursors behind the last unit of each whole page, in order: with them the script goes to
    any place of a long document by one request.
    """
    return [cursor_behind(last) for last in range(_UNITS_A_PAGE - 1, total - 1, _UNITS_A_PAGE)]


def _direction(*, is_right_to_left: bool) -> str:
    return "rtl" if is_right_to_left else "ltr"
