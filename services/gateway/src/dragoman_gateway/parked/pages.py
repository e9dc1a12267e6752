"""The pages of all that waits for a person: parked work and dead letters, why,
and the buttons to act.
"""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Path, Query
from starlette.responses import Response

from dragoman_catalog import Role
from dragoman_contracts.errors import ConflictError
from dragoman_contracts.job import WorkKey
from dragoman_contracts.vocabulary import PhaseName, WorkName
from dragoman_gateway.jobs.detail.facts import title_of
from dragoman_gateway.jobs.detail.words import cure_of
from dragoman_gateway.jobs.detail.work_words import work_text
from dragoman_gateway.parked.desk import DeadLetterDesk, ParkedDesk, shown_body
from dragoman_gateway.parked.view import ParkedFilter
from dragoman_gateway.web.addresses import address
from dragoman_gateway.web.cursors import InvalidCursorError
from dragoman_gateway.web.desks import asked
from dragoman_gateway.web.errors import ForbiddenError, LetterMissingError, NotParkedError
from dragoman_gateway.web.guard import ConsoleRoute, SignedIn, Visit, Writing, see_other

_PAGE = 50
_PATH = "/console/parked"
_LETTERS_PATH = "/console/dead-letters"
_MOST_PAGES = 100
_NOTICES = {
    "redrive": "Redriven: the work is done again.",
    "discard": "The work was discarded.",
    "gone": "Somebody was faster: that work is no longer parked.",
}
_LETTER_NOTICES = {
    "redrive": "Sent again. Where it still cannot be read, it is back here in a moment.",
    "discard": "The message was thrown away.",
    "gone": "Somebody was faster: that message is no longer here.",
}

_Desk = Annotated[ParkedDesk, Depends(asked(ParkedDesk))]
_Letters = Annotated[DeadLetterDesk, Depends(asked(DeadLetterDesk))]
_Short = Annotated[str, Query(max_length=200)]
_Index = Annotated[int, Path(ge=0, le=2**31 - 1)]
_Field = Annotated[str, Form(max_length=200)]
router = APIRouter(route_class=ConsoleRoute)


@router.get(_PATH)
async def parked_page(
    visit: SignedIn,
    desk: _Desk,
    letters: _Letters,
    code: _Short = "",
    cursor: Annotated[str, Query(max_length=500)] = "",
    notice: _Short = "",
    redriven: Annotated[int, Query(ge=0, le=2**53)] = 0,
    refused: Annotated[int, Query(ge=0, le=2**53)] = 0,
) -> Response:
    """The parked work the person sees, the newest first, all or that of one code."""
    said = _bulk_text(redriven, refused) if notice == "redriven" else _NOTICES.get(notice, "")
    return await _list(desk, letters, visit, code, cursor, notice=said)


@router.post("/console/parked/redrive")
async def redrive_all(visit: Writing, desk: _Desk, code: _Field = "") -> Response:
    """Let all parked work of one code be done again."""
    visit.principal.require(Role.ADMIN)
    which = ParkedFilter(visit.principal.project_ids, code or None)
    redriven = refused = 0
    cursor: str | None = None
    for _ in range(_MOST_PAGES):
        done = await desk.redrive_page(which, visit.principal, cursor=cursor)
        redriven, refused, cursor = (
            redriven + done.redriven_count,
            refused + len(done.refused),
            done.next_cursor,
        )
        if cursor is None:
            break
    return see_other(address(_PATH, notice="redriven", redriven=redriven, refused=refused))


@router.get("/console/jobs/{job_id}/parked/{kind}/{index}")
async def parked_work_page(
    visit: SignedIn, desk: _Desk, job_id: UUID, kind: WorkName, index: _Index, phase: PhaseName = ""
) -> Response:
    """Why this work was parked, with the place in our code."""
    found = await desk.find(job_id, WorkKey(kind, index, phase), visit.principal)
    job, record, reason = found.job, found.record, found.reason
    trouble = job.parked[found.key]
    return visit.page(
        "parked/parked_work.html",
        section="parked",
        job=job,
        title=title_of(job, record),
        kind=kind,
        index=index,
        work=work_text(found.key),
        trouble=trouble,
        message=reason.message if reason else "",
        stack=reason.stack if reason else (),
        cure=cure_of(trouble.code, is_explained=bool(reason and reason.message)),
    )


@router.post("/console/jobs/{job_id}/parked/{kind}/{index}/{action}")
async def act_on_parked(
    visit: Writing,
    desk: _Desk,
    letters: _Letters,
    job_id: UUID,
    kind: WorkName,
    index: _Index,
    action: str,
    code: _Field = "",
    phase: PhaseName = "",
) -> Response:
    """Let the work be done again, or say that it will not be."""
    act = desk.discard if action == "discard" else desk.redrive
    try:
        await act(job_id, WorkKey(kind, index, phase), visit.principal)
    except NotParkedError:
        return see_other(address(_PATH, code=code, notice="gone"))
    except ConflictError as error:
        return await _list(desk, letters, visit, code, "", alert=error.message, status=409)
    return see_other(
        address(_PATH, code=code, notice="discard" if action == "discard" else "redrive")
    )


async def _list(
    desk: ParkedDesk,
    letters: DeadLetterDesk,
    visit: Visit,
    code: str,
    cursor: str,
    *,
    notice: str = "",
    alert: str = "",
    status: int = 200,
) -> Response:
    scope = visit.principal.project_ids
    try:
        found = await desk.queries.page(
            ParkedFilter(scope, code or None), cursor=cursor or None, limit=_PAGE
        )
    except InvalidCursorError:
        return see_other(address(_PATH, code=code))
    counts = await desk.queries.counts(scope)
    chips = [
        ("", "All", sum(counts.values())),
        *((name, name, count) for name, count in counts.items()),
    ]
    if code and code not in counts:
        chips.append((code, code, 0))
    return visit.page(
        "parked/parked.html",
        status_code=status,
        section="parked",
        notice=notice,
        alert=alert,
        rows=[(row, work_text(row.key)) for row in found.rows],
        chips=[
            {"text": text, "count": count, "url": address(_PATH, code=key), "is_on": key == code}
            for key, text, count in chips
        ],
        code=code,
        count=counts.get(code, 0) if code else sum(counts.values()),
        cure=cure_of(code) if code else "",
        is_admin=visit.principal.role is Role.ADMIN,
        dead_letter_count=await _letter_count(letters, visit),
        is_first=not cursor,
        first_url=address(_PATH, code=code),
        next_url=address(_PATH, code=code, cursor=found.next_cursor) if found.next_cursor else "",
    )


def _bulk_text(redriven: int, refused: int) -> str:
    done = f"{redriven:,} piece{'s' if redriven != 1 else ''} of work redriven."
    return (
        f"{done} {refused:,} refused: another job runs for the same document." if refused else done
    )


@router.get(_LETTERS_PATH)
async def dead_letters_page(
    visit: SignedIn,
    letters: _Letters,
    cursor: Annotated[str, Query(max_length=500)] = "",
    notice: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """The messages that wait for an admin, the newest first."""
    _require_letters(visit)
    try:
        found = await letters.page(cursor=cursor or None, limit=_PAGE)
    except InvalidCursorError:
        return see_other(_LETTERS_PATH)
    return visit.page(
        "parked/dead_letters.html",
        section="parked",
        notice=_LETTER_NOTICES.get(notice, ""),
        letters=found.rows,
        is_first=not cursor,
        first_url=_LETTERS_PATH,
        next_url=address(_LETTERS_PATH, cursor=found.next_cursor) if found.next_cursor else "",
        body=shown_body,
    )


@router.post(_LETTERS_PATH + "/{letter_id}/{action}")
async def act_on_dead_letter(
    visit: Writing, letters: _Letters, letter_id: UUID, action: str
) -> Response:
    """Send the message again, or throw it away."""
    _require_letters(visit)
    act = letters.discard if action == "discard" else letters.redrive
    try:
        await act(letter_id, visit.principal)
    except LetterMissingError:
        return see_other(address(_LETTERS_PATH, notice="gone"))
    return see_other(address(_LETTERS_PATH, notice="discard" if action == "discard" else "redrive"))


def _may_see_letters(visit: Visit) -> bool:
    return visit.principal.role is Role.ADMIN and visit.principal.project_codes is None


def _require_letters(visit: Visit) -> None:
    visit.principal.require(Role.ADMIN)
    if not _may_see_letters(visit):
        raise ForbiddenError("Dead letters concern every project; your account is limited to some.")


async def _letter_count(letters: DeadLetterDesk, visit: Visit) -> int | None:
    """How many wait; None where the person may not see them, or there is no broker."""
    return await letters.count() if letters.is_there and _may_see_letters(visit) else None
