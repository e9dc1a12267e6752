"""The audit: what people did to jobs and documents, and to the catalogue, in one list."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ValidationError

from dragoman_catalog import CatalogAuditRow
from dragoman_contracts.identity import project_id
from dragoman_gateway.api.dependencies import Admin, Cursor, GatewayDep, Limit, UtcTime
from dragoman_gateway.gateway import Gateway
from dragoman_gateway.ports import AuditFilter, AuditKey, AuditRow, InvalidCursorError
from dragoman_gateway.principals import Principal
from dragoman_gateway.problems import documented

router = APIRouter(tags=["audit"])

_Word = Annotated[str | None, Query(max_length=120, pattern=r"^[^\x00]*$")]


class AuditPage(BaseModel):
    """A page of audit entries, the newest first."""

    items: list[AuditRow]
    next_cursor: str | None


class _Key(BaseModel):
    at: UtcTime
    id: str


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
    )
    before = _key(cursor) if cursor else None
    rows = await audit_rows(gateway, which, before=before, limit=limit + 1)
    page = rows[:limit]
    return AuditPage(items=page, next_cursor=_cursor(page[-1]) if len(rows) > limit else None)


async def audit_rows(
    gateway: Gateway, which: AuditFilter, *, before: AuditKey | None = None, limit: int = 100
) -> list[AuditRow]:
    """The newest entries of jobs, documents and catalogue together, behind `before` where it is given."""
    events = await gateway.views.audit(which, before=before, limit=limit)
    edits = await gateway.catalog.audit(
        project_ids=which.project_ids,
        actor=which.actor,
        action=which.action,
        entity_id=which.entity_id,
        since=which.since,
        until=which.until,
        before=None if before is None else _catalog_key(before),
        limit=limit,
    )
    merged = [*events, *(_row(each) for each in edits)]
    return sorted(merged, key=lambda row: (row.occurred_at, UUID(row.entry_id)), reverse=True)[:limit]


def _row(edit: CatalogAuditRow) -> AuditRow:
    return AuditRow.model_validate({**edit.model_dump(), "entry_id": str(edit.entry_id)})


def _catalog_key(key: AuditKey) -> tuple[datetime, UUID]:
    return key.occurred_at, UUID(key.entry_id)


def _projects(principal: Principal, code: str | None) -> frozenset[UUID] | None:
    if not code:
        return principal.project_ids
    principal.require_project(code)
    return frozenset({project_id(code)})


def _cursor(row: AuditRow) -> str:
    key = _Key(at=row.occurred_at, id=row.entry_id)
    return base64.urlsafe_b64encode(key.model_dump_json().encode()).decode().rstrip("=")


def _key(cursor: str) -> AuditKey:
    try:
        text = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        key = _Key.model_validate_json(text)
        return AuditKey(key.at, str(UUID(key.id)))
    except (ValidationError, binascii.Error, ValueError) as error:
        raise InvalidCursorError("This cursor is none of this list; begin without one.") from error
