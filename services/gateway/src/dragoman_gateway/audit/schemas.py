"""The bodies of the audit, as they go over the wire."""

from __future__ import annotations

from pydantic import BaseModel

from dragoman_gateway.audit.view import AuditRow


class AuditPage(BaseModel):
    """A page of audit entries, the newest first."""

    items: list[AuditRow]
    next_cursor: str | None
