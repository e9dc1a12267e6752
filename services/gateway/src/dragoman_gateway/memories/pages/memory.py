"""The page of one memory: look-up by score, concordance, edits, imports, find and replace."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import ValidationError
from starlette.datastructures import UploadFile
from starlette.responses import Response

from dragoman_catalog import UnitsQuery
from dragoman_contracts.errors import DragomanError
from dragoman_contracts.locale import Locale
from dragoman_gateway.memories.api.units import replacement_view
from dragoman_gateway.memories.desk import MemoryDesk
from dragoman_gateway.memories.pages.lists import PATH, Desk, is_admin, values_of
from dragoman_gateway.memories.rules import Replacement
from dragoman_gateway.memories.schemas import (
    ImportOrder,
    UnitChange,
    import_view,
    match_view,
    pair_view,
    unit_view,
)
from dragoman_gateway.web.addresses import address, job_address
from dragoman_gateway.web.cursors import InvalidCursorError
from dragoman_gateway.web.errors import ForbiddenError
from dragoman_gateway.web.guard import ConsoleRoute, SignedIn, Visit, Writing, see_other
from dragoman_gateway.web.problems import status_of
from dragoman_gateway.web.uploads import Upload
from dragoman_memory import MemoryState

_ONE = PATH + "/{memory_id:uuid}"
_SHOWN = 200
_NOTICES = {
    "entered": "Memory entered.",
    "saved": "Unit saved. The search knows it in a moment.",
    "deleted": "Unit deleted.",
    "replaced": "Replaced. The search knows it in a moment.",
}
_WHICH = {"": "All units", "conflicts": "Conflicts", "duplicates": "Duplicates"} | {
    each.value: each.value.capitalize() for each in MemoryState
}
_Short = Annotated[str, Query(max_length=200)]
router = APIRouter(route_class=ConsoleRoute)


@router.get(_ONE)
async def memory_page(
    visit: SignedIn,
    desk: Desk,
    memory_id: UUID,
    q: _Short = "",
    which: _Short = "",
    look: Annotated[str, Query(max_length=2000)] = "",
    pair: _Short = "",
    cursor: Annotated[str, Query(max_length=500)] = "",
    notice: _Short = "",
) -> Response:
    """A memory, what a text matches in it, and its units."""
    try:
        return await _page(
            visit,
            desk,
            memory_id,
            q=q,
            which=which if which in _WHICH else "",
            look=look.strip(),
            pair=pair,
            cursor=cursor,
            notice=_NOTICES.get(notice, ""),
        )
    except InvalidCursorError:
        return see_other(address(f"{PATH}/{memory_id}", q=q, which=which))


@router.post(_ONE + "/imports")
async def take_in(visit: Writing, desk: Desk, memory_id: UUID) -> Response:
    """Open a job that takes a file in, and follow it."""
    form, values = await visit.request.form(), await values_of(visit)
    file = form.get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        return await _page(visit, desk, memory_id, alert="Choose a TMX file first.")
    try:
        said = ImportOrder.model_validate(
            {
                "source_language": values.get("source_language", "").strip(),
                "target_language": values.get("target_language", "").strip(),
                "state": values.get("state", "reviewed"),
            }
        )
        submitted = await desk.shelf.take_in(
            visit.principal,
            memory_id,
            said,
            Upload(file.filename, file.file),
            dry_run=bool(values.get("dry_run")),
        )
    except ValidationError:
        alert = "Write languages as tags: en, de-CH, zh-Hant."
        return await _page(visit, desk, memory_id, alert=alert)
    except DragomanError as error:
        return await _refused(visit, desk, memory_id, error)
    return see_other(job_address(submitted.job.job_id, notice="submitted"))


@router.post(_ONE + "/units/{unit_id}")
async def edit_unit(visit: Writing, desk: Desk, memory_id: UUID, unit_id: UUID) -> Response:
    """Save a unit's target and state."""
    values = await values_of(visit)
    try:
        change = UnitChange.model_validate(
            {"target": values.get("target"), "state": values.get("state") or None}
        )
        await desk.units.edit(memory_id, visit.principal, unit_id, change)
    except ValidationError:
        return await _page(visit, desk, memory_id, alert="The target is too long.")
    except DragomanError as error:
        return await _refused(visit, desk, memory_id, error)
    return see_other(_back(memory_id, values, "saved"))


@router.post(_ONE + "/units/{unit_id}/delete")
async def delete_unit(visit: Writing, desk: Desk, memory_id: UUID, unit_id: UUID) -> Response:
    """Delete a unit."""
    values = await values_of(visit)
    try:
        await desk.units.remove(memory_id, visit.principal, unit_id)
    except DragomanError as error:
        return await _refused(visit, desk, memory_id, error)
    return see_other(_back(memory_id, values, "deleted"))


@router.get(_ONE + "/replace")
async def replace_page(
    visit: SignedIn,
    desk: Desk,
    memory_id: UUID,
    find: _Short = "",
    replace: _Short = "",
    match_case: _Short = "",
    whole_words: _Short = "",
) -> Response:
    """The form of find and replace, and what it would change."""
    wanted = Replacement(find, replace, bool(match_case), bool(whole_words))
    found = (
        await desk.units.preview(memory_id, visit.principal, wanted, UnitsQuery()) if find else []
    )
    return visit.page(
        "memories/replace.html",
        section="memories",
        shelved=await desk.shelf.find(memory_id, visit.principal),
        wanted=wanted,
        count=len(found),
        rows=[replacement_view(each) for each in found[:_SHOWN]],
    )


@router.post(_ONE + "/replace")
async def replace_units(visit: Writing, desk: Desk, memory_id: UUID) -> Response:
    """Replace in all units that were shown, and those behind them."""
    values = await values_of(visit)
    wanted = Replacement(
        values.get("find", ""),
        values.get("replace", ""),
        bool(values.get("match_case")),
        bool(values.get("whole_words")),
    )
    try:
        if wanted.find:
            await desk.units.replace(memory_id, visit.principal, wanted, UnitsQuery())
    except DragomanError as error:
        return await _refused(visit, desk, memory_id, error)
    return see_other(address(f"{PATH}/{memory_id}", notice="replaced"))


def _back(memory_id: UUID, values: dict[str, str], notice: str) -> str:
    here = {name: values.get(name, "")[:200] for name in ("q", "which")}
    return address(f"{PATH}/{memory_id}", **here, notice=notice)


async def _refused(
    visit: Visit, desk: MemoryDesk, memory_id: UUID, error: DragomanError
) -> Response:
    return await _page(visit, desk, memory_id, alert=error.message, status_code=status_of(error))


async def _page(
    visit: Visit,
    desk: MemoryDesk,
    memory_id: UUID,
    *,
    q: str = "",
    which: str = "",
    look: str = "",
    pair: str = "",
    cursor: str = "",
    notice: str = "",
    alert: str = "",
    status_code: int = 0,
) -> Response:
    principal, here = visit.principal, f"{PATH}/{memory_id}"
    shelved = await desk.shelf.find(memory_id, principal)
    page = await desk.units.page(
        memory_id, principal, _query(q, which), cursor=cursor or None, limit=50
    )
    pairs = [pair_view(each) for each in shelved.pairs]
    names = [f"{each.source_language} {each.target_language}" for each in pairs]
    chosen = pair if pair in names else (names[0] if names else "")
    matches = None
    if look and chosen:
        source, target = chosen.split(" ")
        found = await desk.looking.matches(
            memory_id, principal, look, Locale(source), Locale(target)
        )
        matches = [match_view(each) for each in found]
    query = {"q": q, "which": which}
    return visit.page(
        "memories/memory.html",
        status_code=status_code or (422 if alert else 200),
        section="memories",
        notice=notice,
        alert=alert,
        shelved=shelved,
        pairs=pairs,
        pair=chosen,
        look=look,
        matches=matches,
        query=query,
        chips=[(name, text, address(here, q=q, which=name)) for name, text in _WHICH.items()],
        rows=[unit_view(each) for each in page.rows],
        is_first=not cursor,
        first_url=address(here, **query),
        next_url=address(here, **query, cursor=page.next_cursor) if page.next_cursor else "",
        imports=[import_view(e) for e in (await desk.shelf.imports(memory_id, principal))[:10]],
        is_admin=is_admin(visit),
        may_write=await _may_write(visit, desk, memory_id),
        states=list(MemoryState),
    )


def _query(q: str, which: str) -> UnitsQuery:
    return UnitsQuery(
        text=q,
        is_conflict=which == "conflicts",
        is_duplicate=which == "duplicates",
        state=MemoryState(which) if which in set(MemoryState) else None,
    )


async def _may_write(visit: Visit, desk: MemoryDesk, memory_id: UUID) -> bool:
    try:
        await desk.shelf.memory(memory_id, visit.principal, writes=True)
    except ForbiddenError:
        return False
    return True
