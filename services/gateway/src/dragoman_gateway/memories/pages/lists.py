"""The page of all memories, and the form that enters one."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import ValidationError
from starlette.responses import Response

from dragoman_catalog import Role
from dragoman_contracts.errors import DragomanError
from dragoman_gateway.memories.desk import MemoryDesk
from dragoman_gateway.memories.schemas import NewMemory
from dragoman_gateway.web.addresses import address
from dragoman_gateway.web.desks import asked
from dragoman_gateway.web.guard import ConsoleRoute, SignedIn, Visit, Writing, see_other
from dragoman_gateway.web.problems import status_of

PATH = "/console/memories"
Desk = Annotated[MemoryDesk, Depends(asked(MemoryDesk))]
_NOTICES = {"removed": "Memory removed."}
router = APIRouter(route_class=ConsoleRoute)


@router.get(PATH)
async def memories_page(
    visit: SignedIn, desk: Desk, notice: Annotated[str, Query(max_length=40)] = ""
) -> Response:
    """The memories that the person sees, by name."""
    return await _page(visit, desk, notice=_NOTICES.get(notice, ""))


@router.post(PATH)
async def enter_memory(visit: Writing, desk: Desk) -> Response:
    """Enter a memory; say on the same page why it cannot be."""
    values = await values_of(visit)
    try:
        entry = NewMemory(
            name=values.get("name", "").strip(), project_code=values.get("project_code", "")
        )
        made = await desk.shelf.enter(visit.principal, entry)
    except ValidationError:
        return await _page(visit, desk, alert="Give the memory a name, up to 200 characters.")
    except DragomanError as error:
        return await _page(visit, desk, alert=error.message, status_code=status_of(error))
    return see_other(address(f"{PATH}/{made.memory.memory_id}", notice="entered"))


async def values_of(visit: Visit) -> dict[str, str]:
    """The texts of the form that was sent."""
    form = await visit.request.form()
    return {name: value for name, value in form.items() if isinstance(value, str)}


def is_admin(visit: Visit) -> bool:
    """Whether the person is an admin."""
    return visit.principal.role is Role.ADMIN


async def _page(
    visit: Visit, desk: MemoryDesk, *, notice: str = "", alert: str = "", status_code: int = 0
) -> Response:
    principal = visit.principal
    return visit.page(
        "memories/memories.html",
        status_code=status_code or (422 if alert else 200),
        section="memories",
        notice=notice,
        alert=alert,
        memories=await desk.shelf.all(principal),
        projects=await desk.shelf.projects(principal),
        is_whole_admin=is_admin(visit) and principal.project_codes is None,
        waiting=len((await desk.candidates.page(principal, limit=200)).rows),
    )
