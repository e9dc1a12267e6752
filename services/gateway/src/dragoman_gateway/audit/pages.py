"""The audit as a page, for admins: who did what, when, from where."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from dragoman_catalog import Role
from dragoman_gateway.audit.desk import AuditDesk
from dragoman_gateway.audit.view import AuditFilter, AuditRow
from dragoman_gateway.jobs.detail.words import event_text
from dragoman_gateway.web.addresses import address, job_address
from dragoman_gateway.web.cursors import InvalidCursorError
from dragoman_gateway.web.desks import asked
from dragoman_gateway.web.errors import FieldRefusedError
from dragoman_gateway.web.guard import ConsoleRoute, SignedIn, see_other

_PAGE = 100
_PATH = "/console/audit"
_Short = Annotated[str, Query(max_length=120)]
router = APIRouter(route_class=ConsoleRoute)


@router.get(_PATH)
async def audit(
    visit: SignedIn,
    desk: Annotated[AuditDesk, Depends(asked(AuditDesk))],
    actor: _Short = "",
    action: _Short = "",
    entity_id: _Short = "",
    project: _Short = "",
    who: _Short = "",
    since: _Short = "",
    until: _Short = "",
    cursor: Annotated[str, Query(max_length=500)] = "",
) -> Response:
    """The actions of people, or of everybody, the newest first. Times are UTC;
    `since` ≤ time < `until`.
    """
    visit.principal.require(Role.ADMIN)
    query = {
        "actor": actor.strip(),
        "action": action.strip(),
        "entity_id": entity_id.strip(),
        "project": project,
        "who": "all" if who == "all" else "",
        "since": since,
        "until": until,
    }
    which = AuditFilter(
        project_ids=visit.principal.scope_of(project),
        actor=query["actor"] or None,
        action=query["action"] or None,
        entity_id=query["entity_id"] or None,
        since=_time("since", since),
        until=_time("until", until),
        is_by_service=None if who == "all" else False,
    )
    try:
        page = await desk.page(which, cursor=cursor or None, limit=_PAGE)
    except InvalidCursorError:
        return see_other(address(_PATH, **query))
    return visit.page(
        "audit/audit.html",
        section="audit",
        rows=[_shown(row, query) for row in page.rows],
        query=query,
        is_narrowed=any(query.values()),
        projects=await desk.projects(visit.principal),
        is_first=not cursor,
        first_url=address(_PATH, **query),
        next_url=address(_PATH, **query, cursor=page.next_cursor) if page.next_cursor else "",
    )


@dataclass(frozen=True, slots=True)
class Shown:
    """An entry with its action in words, the page of what it is about,
    and the lists of the like.
    """

    row: AuditRow
    text: str
    link: str
    same_actor: str
    same_action: str


def _shown(row: AuditRow, query: dict[str, str]) -> Shown:
    return Shown(
        row,
        event_text(row.action),
        _link(row),
        address(_PATH, **{**query, "who": "all", "actor": row.actor}),
        address(_PATH, **{**query, "who": "all", "action": row.action}),
    )


def _time(field: str, text: str) -> datetime | None:
    """A time as a browser's field sends it, without a zone, in UTC.

    Raises:
        FieldRefusedError: it is none.
    """
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise FieldRefusedError(
            field, f"{text!r} is no time; write it like 2026-11-22T08:30."
        ) from error
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _link(row: AuditRow) -> str:
    try:
        return job_address(UUID(row.entity_id)) if row.entity == "job" else ""
    except ValueError:
        return ""
