"""Letting much parked work be done again, a page at a time."""

from __future__ import annotations

from dataclasses import dataclass

from dragoman_contracts.errors import ConflictError
from dragoman_gateway.gateway import Gateway
from dragoman_gateway.jobs.view.rows import ParkedFilter, ParkedRow
from dragoman_gateway.web.errors import NotParkedError
from dragoman_gateway.web.principals import Principal
from dragoman_runtime.eventstore import JobMissingError


@dataclass(frozen=True, slots=True)
class RedrivenPage:
    """What became of a page of parked work; `next_cursor` goes on with the rest."""

    redriven_count: int
    refused: list[tuple[ParkedRow, ConflictError]]
    next_cursor: str | None


async def redrive_page(
    gateway: Gateway, which: ParkedFilter, principal: Principal, *, cursor: str | None = None, limit: int = 100
) -> RedrivenPage:
    """Redrive a page of parked work, the newest first; work that somebody was faster with is passed over.

    Raises:
        InvalidCursorError: the cursor is none of the list of parked work.
    """
    page = await gateway.views.list_parked(which, cursor=cursor, limit=limit)
    count, refused = 0, list[tuple[ParkedRow, ConflictError]]()
    for row in page.rows:
        try:
            await gateway.control.redrive(row.job_id, row.key, principal)
        except (NotParkedError, JobMissingError):
            continue
        except ConflictError as error:
            refused.append((row, error))
        else:
            count += 1
    return RedrivenPage(count, refused, page.next_cursor)
