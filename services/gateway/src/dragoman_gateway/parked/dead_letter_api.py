"""Dead letters: messages that no worker could read or answer."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field

from dragoman_contracts.vocabulary import WorkKind
from dragoman_gateway.parked.dead_letters import shown_body
from dragoman_gateway.web.dependencies import Cursor, GatewayDep, Limit, WholeAdmin
from dragoman_gateway.web.problems import documented
from dragoman_runtime.bus.dead_letter import DeadLetter

router = APIRouter(tags=["parked"])


class DeadLetterEntry(BaseModel):
    """A message that no worker could read, or answer because of a bug."""

    letter_id: UUID
    queue: str = Field(description="Where it came from, and where a redrive sends it.")
    message_id: str
    died_at: datetime
    size_bytes: int
    faults: list[str] = Field(
        description="Why it cannot be read; empty where it can, and a bug kept it from an answer."
    )
    job_id: UUID | None = Field(description="The job it is work of, where it can be read.")
    kind: WorkKind | None = Field(description="The work it asks for, where it can be read.")


class DeadLetterDetail(DeadLetterEntry):
    """A message with what is in it."""

    body: str = Field(description="The first 10,000 bytes as UTF-8, with escapes for what is none.")


class DeadLetterPage(BaseModel):
    """A page of dead letters, the newest first."""

    items: list[DeadLetterEntry]
    next_cursor: str | None


@router.get("/dead-letters", summary="List dead letters", responses=documented(401, 403, 422, 503))
async def list_dead_letters(
    gateway: GatewayDep, principal: WholeAdmin, cursor: Cursor = None, limit: Limit = 50
) -> DeadLetterPage:
    """Messages that wait for a person, the newest first. In one process there is no broker, and so there are none."""
    page = await gateway.dead_letters.page(cursor=cursor, limit=limit)
    items = [DeadLetterEntry.model_validate(_entry(each)) for each in page.rows]
    return DeadLetterPage(items=items, next_cursor=page.next_cursor)


@router.get("/dead-letters/{letter_id}", summary="Show a dead letter", responses=documented(401, 403, 404, 422, 503))
async def show_dead_letter(letter_id: UUID, gateway: GatewayDep, principal: WholeAdmin) -> DeadLetterDetail:
    """What is in the message. Ours hold ids, never text; others may hold anything."""
    letter = await gateway.dead_letters.find(letter_id)
    return DeadLetterDetail.model_validate({**_entry(letter), "body": shown_body(letter)})


@router.post(
    "/dead-letters/{letter_id}/redrive",
    status_code=202,
    summary="Redrive a dead letter",
    responses=documented(401, 403, 404, 422, 503),
)
async def redrive_dead_letter(letter_id: UUID, gateway: GatewayDep, principal: WholeAdmin) -> DeadLetterEntry:
    """Send the message again. Where it still cannot be read it is back in the list soon, as another letter."""
    return DeadLetterEntry.model_validate(_entry(await gateway.dead_letters.redrive(letter_id, principal)))


@router.post(
    "/dead-letters/{letter_id}/discard",
    summary="Discard a dead letter",
    responses=documented(401, 403, 404, 422, 503),
)
async def discard_dead_letter(letter_id: UUID, gateway: GatewayDep, principal: WholeAdmin) -> DeadLetterEntry:
    """Throw the message away. No work is lost by it: the reconciler sends what is owed."""
    return DeadLetterEntry.model_validate(_entry(await gateway.dead_letters.discard(letter_id, principal)))


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
