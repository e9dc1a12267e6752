"""Parked work and dead letters over HTTP: what waits for a person, why,
and what is done about it.
"""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Path, Query, Response

from dragoman_contracts.job import WorkKey
from dragoman_contracts.vocabulary import PhaseName, WorkName
from dragoman_gateway.jobs.api import JobDeskDep, answer_accepted, shown
from dragoman_gateway.jobs.schemas import ETAG, LOCATION, JobDetail
from dragoman_gateway.parked.desk import DeadLetterDesk, ParkedDesk, shown_body
from dragoman_gateway.parked.schemas import (
    DeadLetterDetail,
    DeadLetterEntry,
    DeadLetterPage,
    ParkedDetail,
    ParkedPage,
    Redriven,
    RedriveRequest,
    RefusedRedrive,
    parked_detail,
    parked_work,
)
from dragoman_gateway.parked.view import ParkedFilter
from dragoman_gateway.web.dependencies import Admin, Cursor, Limit, Operator, WholeAdmin
from dragoman_gateway.web.desks import asked
from dragoman_gateway.web.fields import NUL_FREE
from dragoman_gateway.web.problems import documented
from dragoman_runtime.bus.dead_letter import DeadLetter

router = APIRouter(tags=["parked"])

_Desk = Annotated[ParkedDesk, Depends(asked(ParkedDesk))]
_Letters = Annotated[DeadLetterDesk, Depends(asked(DeadLetterDesk))]
_Index = Annotated[int, Path(ge=0, le=2**31 - 1)]


@router.get("/parked", summary="List parked work", responses=documented(401, 403, 422, 503))
async def list_parked(
    desk: _Desk,
    principal: Operator,
    project: Annotated[
        str | None, Query(max_length=60, pattern=r"^[a-z0-9_-]*$", description="Its code.")
    ] = None,
    code: Annotated[
        str | None, Query(max_length=80, pattern=NUL_FREE, description="Only of this error.")
    ] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> ParkedPage:
    """All work that waits for a person, in the projects one sees, the newest first."""
    which = ParkedFilter(principal.scope_of(project), code or None)
    page = await desk.queries.page(which, cursor=cursor, limit=limit)
    return ParkedPage(items=[parked_work(row) for row in page.rows], next_cursor=page.next_cursor)


@router.post(
    "/parked/redrive",
    summary="Redrive much parked work",
    responses=documented(400, 401, 403, 413, 422, 503),
)
async def redrive_parked(
    desk: _Desk, principal: Admin, asked: Annotated[RedriveRequest | None, Body()] = None
) -> Redriven:
    """Let a page of parked work be done again, the newest first; work that somebody was faster with
    is passed over.

    For admins. After an outage, name its code: `engine.unauthorised`, say, once the key is right.
    """
    wanted = asked or RedriveRequest()
    which = ParkedFilter(principal.scope_of(wanted.project), wanted.code or None)
    done = await desk.redrive_page(which, principal, cursor=wanted.cursor, limit=wanted.limit)
    refused = [
        RefusedRedrive(
            **row.model_dump(include={"job_id", "kind", "index", "phase"}),
            code=error.code,
            message=error.message,
        )
        for row, error in done.refused
    ]
    return Redriven(
        redriven_count=done.redriven_count, refused=refused, next_cursor=done.next_cursor
    )


@router.get(
    "/jobs/{job_id}/parked/{kind}/{index}",
    summary="Show parked work",
    responses=documented(401, 403, 404, 422, 503),
)
async def show_parked(
    job_id: UUID,
    kind: WorkName,
    index: _Index,
    desk: _Desk,
    principal: Operator,
    phase: PhaseName = "",
) -> ParkedDetail:
    """Why this work was parked, as the job's events tell it now."""
    found = await desk.find(job_id, WorkKey(kind, index, phase), principal)
    return parked_detail(found.job, found.key, found.record, found.reason)


@router.post(
    "/jobs/{job_id}/parked/{kind}/{index}/redrive",
    status_code=202,
    summary="Redrive parked work",
    responses={
        202: {"description": "The work is owed again.", "headers": LOCATION},
        **documented(401, 403, 404, 409, 422, 503),
    },
)
async def redrive_work(
    job_id: UUID,
    kind: WorkName,
    index: _Index,
    response: Response,
    desk: _Desk,
    jobs: JobDeskDep,
    principal: Operator,
    phase: PhaseName = "",
) -> JobDetail:
    """Let parked work be done again, with all its attempts.
    The job goes on once nothing else holds it.
    """
    acted = await desk.redrive(job_id, WorkKey(kind, index, phase), principal)
    return await answer_accepted(jobs, acted.job, response)


@router.post(
    "/jobs/{job_id}/parked/{kind}/{index}/discard",
    summary="Discard parked work",
    responses={200: {"headers": ETAG}, **documented(401, 403, 404, 409, 422, 503)},
)
async def discard_work(
    job_id: UUID,
    kind: WorkName,
    index: _Index,
    response: Response,
    desk: _Desk,
    jobs: JobDeskDep,
    principal: Operator,
    phase: PhaseName = "",
) -> JobDetail:
    """Say that parked work will not be done: it leaves the list,
    and the job stays failed until it is resumed.
    """
    acted = await desk.discard(job_id, WorkKey(kind, index, phase), principal)
    return shown(await jobs.detail_now(acted.job), response)


@router.get("/dead-letters", summary="List dead letters", responses=documented(401, 403, 422, 503))
async def list_dead_letters(
    letters: _Letters, principal: WholeAdmin, cursor: Cursor = None, limit: Limit = 50
) -> DeadLetterPage:
    """Messages that wait for a person, the newest first. In one process there is no broker,
    and so there are none.
    """
    page = await letters.page(cursor=cursor, limit=limit)
    items = [DeadLetterEntry.model_validate(_entry(each)) for each in page.rows]
    return DeadLetterPage(items=items, next_cursor=page.next_cursor)


@router.get(
    "/dead-letters/{letter_id}",
    summary="Show a dead letter",
    responses=documented(401, 403, 404, 422, 503),
)
async def show_dead_letter(
    letter_id: UUID, letters: _Letters, principal: WholeAdmin
) -> DeadLetterDetail:
    """A message with its body. Our own messages hold ids, never text;
    foreign ones may hold anything.
    """
    letter = await letters.find(letter_id)
    return DeadLetterDetail.model_validate({**_entry(letter), "body": shown_body(letter)})


@router.post(
    "/dead-letters/{letter_id}/redrive",
    status_code=202,
    summary="Redrive a dead letter",
    responses=documented(401, 403, 404, 422, 503),
)
async def redrive_dead_letter(
    letter_id: UUID, letters: _Letters, principal: WholeAdmin
) -> DeadLetterEntry:
    """Send the message again. Where it still cannot be read it is back in the list
    soon, as another letter.
    """
    return DeadLetterEntry.model_validate(_entry(await letters.redrive(letter_id, principal)))


@router.post(
    "/dead-letters/{letter_id}/discard",
    summary="Discard a dead letter",
    responses=documented(401, 403, 404, 422, 503),
)
async def discard_dead_letter(
    letter_id: UUID, letters: _Letters, principal: WholeAdmin
) -> DeadLetterEntry:
    """Throw the message away. No work is lost by it: the reconciler sends what is owed."""
    return DeadLetterEntry.model_validate(_entry(await letters.discard(letter_id, principal)))


def _entry(letter: DeadLetter) -> dict[str, object]:
    item = letter.item
    return {
        "letter_id": letter.letter_id,
        "queue": letter.queue,
        "message_id": letter.message_id,
        "died_at": letter.died_at,
        "size_bytes": len(letter.body),
        "faults": list(letter.faults),
        "job_id": item and item.job_id,
        "kind": item and item.kind,
    }
