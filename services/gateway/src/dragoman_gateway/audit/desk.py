"""The audit over jobs, documents and catalogue: one list, the newest first, in pages by key."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ValidationError

from dragoman_catalog import CatalogAuditRow
from dragoman_gateway.gateway import Gateway
from dragoman_gateway.jobs.view.rows import AuditFilter, AuditKey, AuditRow, InvalidCursorError


@dataclass(frozen=True, slots=True)
class AuditRows:
    """A page of audit entries; `next_cursor` is None at the end."""

    rows: list[AuditRow]
    next_cursor: str | None


class _Key(BaseModel):
    at: AwareDatetime
    id: str


async def audit_page(gateway: Gateway, which: AuditFilter, *, cursor: str | None, limit: int) -> AuditRows:
    """The entries of jobs, documents and catalogue together, behind the cursor where there is one.

    Raises:
        InvalidCursorError: the cursor is none of this list.
    """
    rows = await _rows(gateway, which, _key(cursor) if cursor else None, limit + 1)
    page = rows[:limit]
    return AuditRows(page, _cursor(page[-1]) if len(rows) > limit else None)


async def _rows(gateway: Gateway, which: AuditFilter, before: AuditKey | None, limit: int) -> list[AuditRow]:
    events = await gateway.views.audit(which, before=before, limit=limit)
    edits = (
        []
        if which.is_by_service
        else await gateway.catalog.audit(
            project_ids=which.project_ids,
            actor=which.actor,
            action=which.action,
            entity_id=which.entity_id,
            since=which.since,
            until=which.until,
            before=None if before is None else _catalog_key(before),
            limit=limit,
        )
    )
    merged = [*events, *(_row(each) for each in edits)]
    return sorted(merged, key=lambda row: (row.occurred_at, UUID(row.entry_id)), reverse=True)[:limit]


def _row(edit: CatalogAuditRow) -> AuditRow:
    return AuditRow.model_validate({**edit.model_dump(), "entry_id": str(edit.entry_id)})


def _catalog_key(key: AuditKey) -> tuple[datetime, UUID]:
    return key.occurred_at, UUID(key.entry_id)


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
