"""The audit: what people did to jobs and documents, and to the catalogue, in one list."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response, StreamingResponse

from dragoman_gateway.audit.desk import AuditDesk
from dragoman_gateway.audit.schemas import AuditPage
from dragoman_gateway.audit.view import AuditFilter
from dragoman_gateway.web.dependencies import Admin, Cursor, Limit
from dragoman_gateway.web.desks import asked
from dragoman_gateway.web.fields import UtcTime
from dragoman_gateway.web.problems import documented

router = APIRouter(tags=["audit"])

_Word = Annotated[str | None, Query(max_length=120, pattern=r"^[^\x00]*$")]


_Desk = Annotated[AuditDesk, Depends(asked(AuditDesk))]
_REFUSALS = documented(401, 403, 422, 503)
_NDJSON = "application/x-ndjson"


def _filter(
    principal: Admin,
    actor: _Word = None,
    action: _Word = None,
    entity_id: _Word = None,
    project: Annotated[
        str | None, Query(max_length=60, pattern=r"^[a-z0-9_-]*$", description="Its code.")
    ] = None,
    since: UtcTime | None = None,
    until: UtcTime | None = None,
    by_service: Annotated[
        bool | None, Query(description="False leaves out what services did by themselves.")
    ] = None,
) -> AuditFilter:
    return AuditFilter(
        project_ids=principal.scope_of(project),
        actor=actor or None,
        action=action or None,
        entity_id=entity_id or None,
        since=since,
        until=until,
        is_by_service=by_service,
    )


_Filter = Annotated[AuditFilter, Depends(_filter)]


@router.get("/audit-events", summary="Search the audit", responses=_REFUSALS)
async def search_audit(
    desk: _Desk, which: _Filter, cursor: Cursor = None, limit: Limit = 100
) -> AuditPage:
    """Who did what, when, from where: `since` ≤ time < `until`."""
    page = await desk.page(which, cursor=cursor, limit=limit)
    return AuditPage(items=list(page.rows), next_cursor=page.next_cursor)


@router.get(
    "/audit-events/export",
    summary="Export the audit",
    response_class=Response,
    responses={
        200: {
            "description": "An entry a line, the newest first.",
            "content": {_NDJSON: {"schema": {"type": "string"}}},
        },
        **_REFUSALS,
    },
)
async def export_audit(desk: _Desk, which: _Filter) -> Response:
    """All entries at once, as newline-delimited JSON: for an archive, or a system that watches."""
    lines = (f"{row.model_dump_json()}\n" async for row in desk.every(which))
    headers = {
        "Cache-Control": "no-store",
        "Content-Disposition": 'attachment; filename="audit.ndjson"',
    }
    return StreamingResponse(lines, media_type=_NDJSON, headers=headers)
