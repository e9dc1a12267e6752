"""The audit over jobs, documents and catalogue: one list, the newest first, in pages by key."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from uuid import UUID

from pydantic import AwareDatetime

from dragoman_catalog import Catalog, CatalogAuditRow
from dragoman_catalog.values import Project
from dragoman_gateway.audit.view import AuditFilter, AuditKey, AuditQueries, AuditRow
from dragoman_gateway.web.cursors import CursorCodec, Page
from dragoman_gateway.web.principals import Principal

_ROWS_AT_ONCE = 500
_cursors = CursorCodec("audit", tuple[AwareDatetime, UUID])


class AuditDesk:
    """Searches the audit."""

    def __init__(self, queries: AuditQueries, catalog: Catalog) -> None:
        self._queries = queries
        self._catalog = catalog

    async def page(self, which: AuditFilter, *, cursor: str | None, limit: int) -> Page[AuditRow]:
        """The entries of jobs, documents and catalogue together, behind the cursor where there is
        one.

        Raises:
            InvalidCursorError: the cursor is none of this list.
        """
        key = _cursors.key(cursor) if cursor else None
        rows = await self._rows(which, key, limit + 1)
        page = tuple(rows[:limit])
        is_last = len(rows) <= limit
        return Page(
            page,
            None if is_last else _cursors.cursor((page[-1].occurred_at, UUID(page[-1].entry_id))),
        )

    async def every(self, which: AuditFilter) -> AsyncIterator[AuditRow]:
        """All entries, the newest first; those that come while it is read are left out."""
        key: tuple[datetime, UUID] | None = None
        while rows := await self._rows(which, key, _ROWS_AT_ONCE):
            for row in rows:
                yield row
            if len(rows) < _ROWS_AT_ONCE:
                return
            key = rows[-1].occurred_at, UUID(rows[-1].entry_id)

    async def projects(self, principal: Principal) -> list[Project]:
        """The projects whose entries the principal may ask for."""
        return principal.visible(await self._catalog.projects.all())

    async def _rows(
        self, which: AuditFilter, before: tuple[datetime, UUID] | None, limit: int
    ) -> list[AuditRow]:
        key = None if before is None else AuditKey(before[0], str(before[1]))
        events = await self._queries.page(which, before=key, limit=limit)
        edits = (
            []
            if which.is_by_service
            else await self._catalog.audit(
                project_ids=which.project_ids,
                actor=which.actor,
                action=which.action,
                entity_id=which.entity_id,
                since=which.since,
                until=which.until,
                before=before,
                limit=limit,
            )
        )
        merged = [*events, *(_row(each) for each in edits)]
        return sorted(merged, key=lambda row: (row.occurred_at, UUID(row.entry_id)), reverse=True)[
            :limit
        ]


def _row(edit: CatalogAuditRow) -> AuditRow:
    return AuditRow.model_validate({**edit.model_dump(), "entry_id": str(edit.entry_id)})
