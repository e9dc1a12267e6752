"""Candidates: listed by operators, decided on by admins."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from dragoman_gateway.memories.api.memories import Desk
from dragoman_gateway.memories.schemas import UnitPage, UnitView, unit_view
from dragoman_gateway.web.dependencies import Admin, Cursor, Limit, Operator
from dragoman_gateway.web.problems import documented

router = APIRouter()


@router.get(
    "/memory-candidates",
    summary="List candidates",
    responses=documented(401, 403, 404, 422, 503),
)
async def list_memory_candidates(
    desk: Desk,
    principal: Operator,
    memory_id: Annotated[UUID | None, Query(description="Only of this memory.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> UnitPage:
    """The units that wait for an admin, of all memories one sees: what people wrote in reviews, and
    imports that nobody vouched for.
    """
    page = await desk.candidates.page(principal, memory_id, cursor=cursor, limit=limit)
    return UnitPage(items=[unit_view(each) for each in page.rows], next_cursor=page.next_cursor)


@router.post(
    "/memory-candidates/{unit_id}/promote",
    summary="Promote a candidate",
    responses=documented(401, 403, 404, 422, 503),
)
async def promote_memory_candidate(unit_id: UUID, desk: Desk, principal: Admin) -> UnitView:
    """Make a candidate an approved unit: where it matches, it is used and no model is called."""
    return unit_view(await desk.candidates.promote(principal, unit_id))


@router.post(
    "/memory-candidates/{unit_id}/reject",
    status_code=204,
    summary="Reject a candidate",
    responses=documented(401, 403, 404, 422, 503),
)
async def reject_memory_candidate(unit_id: UUID, desk: Desk, principal: Admin) -> None:
    """Delete a candidate."""
    await desk.candidates.reject(principal, unit_id)
