"""The audit: what people did to jobs and documents, and to the catalogue, in one list."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel

from dragoman_contracts.identity import project_id
from dragoman_gateway.audit.desk import audit_page
from dragoman_gateway.jobs.view.rows import AuditFilter, AuditRow
from dragoman_gateway.web.dependencies import Admin, Cursor, GatewayDep, Limit, UtcTime
from dragoman_gateway.web.principals import Principal
from dragoman_gateway.web.problems import documented

router = APIRouter(tags=["audit"])

_Word = Annotated[str | None, Query(max_length=120, pattern=r"^[^\x00]*$")]


class AuditPage(BaseModel):
    """A page of audit entries, the newest first."""

    items: list[AuditRow]
    next_cursor: str | None


@router.get("/audit-events", summary="Search the audit", responses=documented(401, 403, 422, 503))
async def search_audit(
    gateway: GatewayDep,
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
        project_ids=_projects(principal, project),
        actor=actor or None,
        action=action or None,
        entity_id=entity_id or None,
        since=since,
        until=until,
        is_by_service=by_service,
    )
    page = await audit_page(gateway, which, cursor=cursor, limit=limit)
    return AuditPage(items=page.rows, next_cursor=page.next_cursor)


def _projects(principal: Principal, code: str | None) -> frozenset[UUID] | None:
    if not code:
        return principal.project_ids
    principal.require_project(code)
    return frozenset({project_id(code)})
