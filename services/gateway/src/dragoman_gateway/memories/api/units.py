"""The units of a memory: concordance, edits, find and replace."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from dragoman_contracts.locale import Locale
from dragoman_gateway.memories.api.memories import Desk
from dragoman_gateway.memories.desk import Preview
from dragoman_gateway.memories.rules import Replacement, written
from dragoman_gateway.memories.schemas import (
    BulkAnswer,
    BulkEdit,
    ReplaceAnswer,
    ReplacementView,
    ReplaceOrder,
    UnitChange,
    UnitFilter,
    UnitPage,
    UnitView,
    unit_view,
)
from dragoman_gateway.web.dependencies import Cursor, Limit, Operator
from dragoman_gateway.web.fields import NUL_FREE, UtcTime
from dragoman_gateway.web.problems import documented
from dragoman_linguistics import render, render_by
from dragoman_memory import MemoryState

router = APIRouter()
_READ = documented(401, 403, 404, 422, 503)
_WRITE = documented(400, 401, 403, 404, 413, 422, 503)
_SHOWN = 200


_Words = Annotated[str, Query(max_length=200, pattern=NUL_FREE)]


def _filter(
    text: _Words = "",
    source: _Words = "",
    target: _Words = "",
    source_language: Annotated[Locale | None, Query()] = None,
    target_language: Annotated[Locale | None, Query()] = None,
    state: Annotated[MemoryState | None, Query()] = None,
    origin: _Words = "",
    older_than: Annotated[
        UtcTime | None, Query(description="Last changed before this time.")
    ] = None,
    is_candidate: Annotated[bool | None, Query()] = None,
    conflicts: Annotated[
        bool, Query(description="Others have the same source, and another target.")
    ] = False,
    duplicates: Annotated[
        bool, Query(description="Others have the same source and target.")
    ] = False,
) -> UnitFilter:
    return UnitFilter(
        text=text,
        source=source,
        target=target,
        source_language=source_language,
        target_language=target_language,
        state=state,
        origin=origin,
        older_than=older_than,
        is_candidate=is_candidate,
        conflicts=conflicts,
        duplicates=duplicates,
    )


@router.get("/memories/{memory_id}/units", summary="List units of a memory", responses=_READ)
async def list_memory_units(
    memory_id: UUID,
    desk: Desk,
    principal: Operator,
    which: Annotated[UnitFilter, Depends(_filter)],
    cursor: Cursor = None,
    limit: Limit = 50,
) -> UnitPage:
    """A memory's units, searched as a concordance is: by words in source or target, state, origin,
    age; or those that contradict or repeat each other.
    """
    page = await desk.units.page(memory_id, principal, which.query(), cursor=cursor, limit=limit)
    return UnitPage(items=[unit_view(each) for each in page.rows], next_cursor=page.next_cursor)


@router.patch(
    "/memories/{memory_id}/units/{unit_id:uuid}",
    summary="Edit a unit of a memory",
    responses=_WRITE,
)
async def edit_memory_unit(
    memory_id: UUID, unit_id: UUID, desk: Desk, principal: Operator, change: UnitChange
) -> UnitView:
    """Change a unit. Only an admin changes one that is approved, or makes it so."""
    return unit_view(await desk.units.edit(memory_id, principal, unit_id, change))


@router.delete(
    "/memories/{memory_id}/units/{unit_id:uuid}",
    status_code=204,
    summary="Delete a unit of a memory",
    responses=_READ,
)
async def remove_memory_unit(
    memory_id: UUID, unit_id: UUID, desk: Desk, principal: Operator
) -> None:
    """Delete a unit. Jobs keep what they pinned."""
    await desk.units.remove(memory_id, principal, unit_id)


@router.post("/memories/{memory_id}/units/edit", summary="Edit many units", responses=_WRITE)
async def edit_memory_units(
    memory_id: UUID, desk: Desk, principal: Operator, order: BulkEdit
) -> BulkAnswer:
    """Give many units a state or a domain, or delete them: all of them, or none."""
    return BulkAnswer(unit_count=await desk.units.bulk(memory_id, principal, order))


@router.post(
    "/memories/{memory_id}/units/replace", summary="Find and replace in targets", responses=_WRITE
)
async def replace_in_memory(
    memory_id: UUID, desk: Desk, principal: Operator, order: ReplaceOrder
) -> ReplaceAnswer:
    """Replace a text in the targets of units. Ask for the preview first: it is what you get where
    `preview` is not false.
    """
    wanted = Replacement(order.find, order.replace, order.match_case, order.whole_words)
    query = order.which.query()
    if not order.preview:
        count = await desk.units.replace(memory_id, principal, wanted, query, order.unit_ids)
        return ReplaceAnswer(unit_count=count, is_preview=False)
    found = await desk.units.preview(memory_id, principal, wanted, query)
    wished = None if order.unit_ids is None else set(order.unit_ids)
    some = [each for each in found if wished is None or each.saved.unit.unit_id in wished]
    return ReplaceAnswer(
        unit_count=len(some), is_preview=True, items=[replacement_view(e) for e in some[:_SHOWN]]
    )


def replacement_view(preview: Preview) -> ReplacementView:
    """The preview as it goes out."""
    unit = preview.saved.unit
    source, before = written(unit)
    return ReplacementView(
        unit_id=unit.unit_id,
        source=source,
        before=before,
        after=render_by(preview.after, render(unit.source)),
    )
