"""Dead letters: messages that no worker could read or answer, and buttons that send them again or away."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from dragoman_catalog import Role
from dragoman_gateway.jobs.view.rows import InvalidCursorError
from dragoman_gateway.parked.dead_letters import shown_body
from dragoman_gateway.web.addresses import address
from dragoman_gateway.web.errors import ForbiddenError, LetterMissingError
from dragoman_gateway.web.guard import ConsoleRoute, SignedIn, Visit, Writing, see_other

_PAGE = 50
_PATH = "/console/dead-letters"
_NOTICES = {
    "redrive": "Sent again. Where it still cannot be read, it is back here in a moment.",
    "discard": "The message was thrown away.",
    "gone": "Somebody was faster: that message is no longer here.",
}
router = APIRouter(route_class=ConsoleRoute)


async def dead_letter_count(visit: Visit) -> int | None:
    """How many wait; None where the person may not see them, or there is no broker."""
    letters = visit.gateway.dead_letters
    return await letters.count() if letters.is_there and _may_see(visit) else None


@router.get(_PATH)
async def dead_letters_page(
    visit: SignedIn,
    cursor: Annotated[str, Query(max_length=500)] = "",
    notice: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """The messages that wait for an admin, the newest first."""
    _require(visit)
    try:
        found = await visit.gateway.dead_letters.page(cursor=cursor or None, limit=_PAGE)
    except InvalidCursorError:
        return see_other(_PATH)
    return visit.page(
        "parked/dead_letters.html",
        section="parked",
        notice=_NOTICES.get(notice, ""),
        letters=found.rows,
        is_first=not cursor,
        first_url=_PATH,
        next_url=address(_PATH, cursor=found.next_cursor) if found.next_cursor else "",
        body=shown_body,
    )


@router.post(_PATH + "/{letter_id}/{action}")
async def act_on_dead_letter(visit: Writing, letter_id: UUID, action: str) -> Response:
    """Send the message again, or throw it away."""
    _require(visit)
    letters = visit.gateway.dead_letters
    act = letters.discard if action == "discard" else letters.redrive
    try:
        await act(letter_id, visit.principal)
    except LetterMissingError:
        return see_other(address(_PATH, notice="gone"))
    return see_other(address(_PATH, notice="discard" if action == "discard" else "redrive"))


def _may_see(visit: Visit) -> bool:
    return visit.principal.role is Role.ADMIN and visit.principal.project_codes is None


def _require(visit: Visit) -> None:
    visit.principal.require(Role.ADMIN)
    if not _may_see(visit):
        raise ForbiddenError("Dead letters concern every project; your account is limited to some.")
