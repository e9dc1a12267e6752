"""Glossaries as pages: the list, a new one, and one with its terms, files and settings."""

from __future__ import annotations

from collections import defaultdict
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import ValidationError
from starlette.responses import Response

from dragoman_catalog import Role
from dragoman_contracts.errors import ConflictError, DragomanError, PermanentError
from dragoman_contracts.resources import TermStatus
from dragoman_exchange import TermFormat, TermLocales
from dragoman_gateway.terms.desk import GlossaryDesk
from dragoman_gateway.terms.pages.forms import (
    PATH,
    faults_of,
    values_of,
)
from dragoman_gateway.terms.schemas import GlossaryBody, GlossaryChange
from dragoman_gateway.web.addresses import address
from dragoman_gateway.web.cursors import InvalidCursorError
from dragoman_gateway.web.desks import asked
from dragoman_gateway.web.forms import file_sent, version_sent
from dragoman_gateway.web.guard import ConsoleRoute, SignedIn, Visit, Writing, see_other

_PAGE = 50
_FIELDS = (
    "name",
    "description",
    "project_code",
    "domain_pack_code",
    "source_locale",
    "target_locale",
    "is_automatic",
)
_NOTICES = {
    "entered": "Glossary entered. Import a file, or add terms one by one.",
    "saved": "Saved.",
    "removed": "Glossary removed. Jobs keep the terms that they have.",
    "term-added": "Term added.",
    "term-saved": "Term saved.",
    "term-removed": "Term removed.",
}
Desk = Annotated[GlossaryDesk, Depends(asked(GlossaryDesk))]
Short = Annotated[str, Query(max_length=200)]
router = APIRouter(route_class=ConsoleRoute, prefix=PATH)


@router.get("")
async def glossaries_page(visit: SignedIn, desk: Desk, notice: Short = "") -> Response:
    """The glossaries that the person sees, by name."""
    return visit.page(
        "terms/glossaries.html",
        section="terms",
        notice=_NOTICES.get(notice, ""),
        rows=await desk.all(visit.principal),
    )


@router.get("/new")
async def new_glossary_page(visit: SignedIn, desk: Desk) -> Response:
    """The empty form."""
    visit.principal.require(Role.ADMIN)
    return await _form(visit, desk, {"is_automatic": "yes"}, {})


@router.post("")
async def enter(visit: Writing, desk: Desk) -> Response:
    """Enter a glossary; say in the same form why it cannot be."""
    visit.principal.require(Role.ADMIN)
    values = await values_of(visit, _FIELDS)
    said: dict[str, object] = {name: text for name, text in values.items() if text}
    try:
        body = GlossaryBody.model_validate(said | {"is_automatic": bool(values["is_automatic"])})
        made = await desk.enter(visit.principal, body)
    except (ValidationError, PermanentError) as error:
        return await _form(visit, desk, values, faults_of(error), status_code=422)
    return see_other(address(f"{PATH}/{made.glossary_id}", notice="entered"))


@router.get("/{glossary_id}")
async def glossary_page(
    visit: SignedIn,
    desk: Desk,
    glossary_id: UUID,
    q: Short = "",
    cursor: Annotated[str, Query(max_length=2000)] = "",
    notice: Short = "",
) -> Response:
    """One glossary with a page of its terms."""
    return await shown(
        visit, desk, glossary_id, q=q, cursor=cursor, notice=_NOTICES.get(notice, "")
    )


@router.post("/{glossary_id}")
async def edit(visit: Writing, desk: Desk, glossary_id: UUID) -> Response:
    """Save what is said of a glossary."""
    visit.principal.require(Role.ADMIN)
    values = await values_of(visit, ("name", "description", "is_automatic"))
    try:
        change = GlossaryChange.model_validate(
            values | {"is_automatic": bool(values["is_automatic"])}
        )
        await desk.edit(visit.principal, glossary_id, await version_sent(visit), change)
    except (ValidationError, PermanentError, ConflictError) as error:
        faults = {f"glossary_{name}": text for name, text in faults_of(error).items()}
        return await shown(visit, desk, glossary_id, errors=faults, status_code=422)
    return see_other(address(f"{PATH}/{glossary_id}", notice="saved"))


@router.post("/{glossary_id}/remove")
async def remove(visit: Writing, desk: Desk, glossary_id: UUID) -> Response:
    """Remove a glossary."""
    visit.principal.require(Role.ADMIN)
    await desk.remove(visit.principal, glossary_id, await version_sent(visit))
    return see_other(address(PATH, notice="removed"))


@router.post("/{glossary_id}/imports")
async def import_file(visit: Writing, desk: Desk, glossary_id: UUID) -> Response:
    """Import a file, or say what it would change; the report stands on the glossary's page."""
    visit.principal.require(Role.ADMIN)
    values = await values_of(visit, ("source_language", "target_language", "mode", "dry_run"))
    file = await file_sent(visit)
    if not file.size_bytes:
        errors = {"import": "Choose a file."}
        return await shown(visit, desk, glossary_id, errors=errors, status_code=422)
    try:
        report = await desk.import_file(
            visit.principal,
            glossary_id,
            file,
            TermLocales.model_validate(
                {
                    "source": values["source_language"] or None,
                    "target": values["target_language"] or None,
                }
            ),
            replaces=values["mode"] == "replace",
            is_dry_run=bool(values["dry_run"]),
        )
    except ValidationError:
        errors = {"import": "Write languages as tags: en, de-CH, zh-Hant."}
    except DragomanError as error:
        errors = {"import": error.message}
    else:
        return await shown(
            visit, desk, glossary_id, report=report, is_dry_run=bool(values["dry_run"])
        )
    return await shown(visit, desk, glossary_id, errors=errors, status_code=422)


async def shown(
    visit: Visit,
    desk: GlossaryDesk,
    glossary_id: UUID,
    *,
    q: str = "",
    cursor: str = "",
    notice: str = "",
    errors: dict[str, str] | None = None,
    values: dict[str, str] | None = None,
    report: object = None,
    is_dry_run: bool = False,
    status_code: int = 200,
) -> Response:
    """The page of a glossary."""
    glossary, project_code = await desk.find(visit.principal, glossary_id)
    try:
        page = await desk.terms(
            visit.principal, glossary_id, text=q, cursor=cursor or None, limit=_PAGE
        )
    except InvalidCursorError:
        page = await desk.terms(visit.principal, glossary_id, text=q, limit=_PAGE)
    is_whole = glossary.project_id is not None or visit.principal.project_codes is None
    return visit.page(
        "terms/glossary.html",
        status_code=status_code,
        section="terms",
        notice=notice,
        glossary=glossary,
        project_code=project_code,
        page=page,
        q=q,
        next_url=address(f"{PATH}/{glossary_id}", q=q or None, cursor=page.next_cursor)
        if page.next_cursor
        else "",
        can_edit=visit.principal.role is Role.ADMIN and is_whole,
        errors=defaultdict(str, errors or {}),
        values=defaultdict(str, values or {"is_inflected": "yes"}),
        statuses=[each.value for each in TermStatus],
        formats=[each.value for each in TermFormat],
        report=report,
        is_dry_run=is_dry_run,
    )


async def _form(
    visit: Visit,
    desk: GlossaryDesk,
    values: dict[str, str],
    errors: dict[str, str],
    status_code: int = 200,
) -> Response:
    projects, packs = await desk.choices(visit.principal)
    return visit.page(
        "terms/new.html",
        status_code=status_code,
        section="terms",
        values=defaultdict(str, values),
        errors=defaultdict(str, errors),
        projects=projects,
        packs=packs,
        may_be_everybodys=visit.principal.project_codes is None,
    )
