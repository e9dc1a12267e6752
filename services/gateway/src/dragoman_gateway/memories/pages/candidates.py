"""The page of candidates: what people wrote in reviews, until an admin says yes or no."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from dragoman_catalog import EntryMissingError
from dragoman_gateway.memories.pages.lists import PATH, Desk, is_admin
from dragoman_gateway.memories.schemas import unit_view
from dragoman_gateway.web.addresses import address
from dragoman_gateway.web.cursors import InvalidCursorError
from dragoman_gateway.web.guard import ConsoleRoute, SignedIn, Writing, see_other

_CANDIDATES = f"{PATH}/candidates"
_NOTICES = {
    "promoted": "Promoted: it is used wherever it matches.",
    "rejected": "Rejected.",
    "gone": "Somebody decided on it before.",
}
router = APIRouter(route_class=ConsoleRoute)


@router.get(_CANDIDATES)
async def candidates_page(
    visit: SignedIn,
    desk: Desk,
    cursor: Annotated[str, Query(max_length=500)] = "",
    notice: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    """The candidates that the person sees, the oldest first."""
    try:
        page = await desk.candidates.page(visit.principal, cursor=cursor or None, limit=50)
    except InvalidCursorError:
        return see_other(_CANDIDATES)
    names = await desk.shelf.named(visit.principal)
    return visit.page(
        "memories/candidates.html",
        section="memories",
        notice=_NOTICES.get(notice, ""),
        rows=[(unit_view(each), names.get(each.memory_id, "")) for each in page.rows],
        is_admin=is_admin(visit),
        is_first=not cursor,
        first_url=_CANDIDATES,
        next_url=address(_CANDIDATES, cursor=page.next_cursor) if page.next_cursor else "",
    )


@router.post(_CANDIDATES + "/{unit_id}/promote")
async def promote(visit: Writing, desk: Desk, unit_id: UUID) -> Response:
    """Make the candidate an approved unit."""
    try:
        await desk.candidates.promote(visit.principal, unit_id)
    except EntryMissingError:
        return see_other(address(_CANDIDATES, notice="gone"))
    return see_other(address(_CANDIDATES, notice="promoted"))


@router.post(_CANDIDATES + "/{unit_id}/reject")
async def reject(visit: Writing, desk: Desk, unit_id: UUID) -> Response:
    """Delete the candidate."""
    try:
        await desk.candidates.reject(visit.principal, unit_id)
    except EntryMissingError:
        return see_other(address(_CANDIDATES, notice="gone"))
    return see_other(address(_CANDIDATES, notice="rejected"))
