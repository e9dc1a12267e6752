"""The audit: what people did to jobs and documents, and to the catalogue, in one list."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from dragoman_gateway.audit.desk import AuditDesk
from dragoman_gateway.audit.schemas import AuditPage
from dragoman_gateway.audit.view import AuditFilter
from dragoman_gateway.web.dependencies import Admin, Cursor, Limit
from dragoman_gateway.web.desks import asked
from dragoman_gateway.web.fields import UtcTime
from dragoman_gateway.web.problems import documented

router = APIRouter(tags=["audit"])

_Word = Annotated[str | None, Query(max_length=120, pattern=r"^[^\x00]*$")]


@router.get("/audit-events", summary="Search the audit", responses=documented(401, 403, 422, 503))
async def search_audit(
    desk: Annotated[AuditDesk, Depends(asked(AuditDesk))],
    principal: Admin,
    actor: _Word = None,
    action: _Word = None,
    entity_id: _Word = None,
    project: Annotated[str | None, Query(max_length=60, pattern=r"^[a-z0-9_-]*$", description="Its code.")] = None,
    since: UtcTime | None = None,
    until: UtcTime | None = None,
    by_service: Annotated[bool | None, Query(description="False leaves out what services did by themselves.")] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> AuditPage:
    """Who did what, when, from where: `since` ≤ time < `until`."""
    which = AuditFilter(
        project_ids=principal.scope_of(project),
        actor=actor or None,
        action=action or None,
        entity_id=entity_id or None,
        since=since,
        until=until,
        is_by_service=by_service,
    )
    page = await desk.page(which, cursor=cursor, limit=limit)
    return AuditPage(items=list(page.rows), next_cursor=page.next_cursor)
