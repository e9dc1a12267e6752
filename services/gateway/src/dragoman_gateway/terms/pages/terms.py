"""Terms as pages: added, edited, removed; the past units they touch, and their translation anew."""

from __future__ import annotations

from collections import defaultdict
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import ValidationError
from starlette.responses import Response

from dragoman_catalog import Role
from dragoman_contracts.errors import ConflictError, PermanentError
from dragoman_contracts.resources import TermStatus
from dragoman_gateway.terms.desk import AffectedDesk
from dragoman_gateway.terms.desk.affected import MOST_JOBS, Opened
from dragoman_gateway.terms.pages.forms import (
    FLAGS,
    PATH,
    TERM_FIELDS,
    faults_of,
    term_fields,
    values_of,
)
from dragoman_gateway.terms.pages.glossaries import Desk, shown
from dragoman_gateway.terms.schemas import TermBody, TermChange
from dragoman_gateway.web.addresses import address
from dragoman_gateway.web.desks import asked
from dragoman_gateway.web.guard import ConsoleRoute, SignedIn, Visit, Writing, see_other

_UNITS_SHOWN = 20
Past = Annotated[AffectedDesk, Depends(asked(AffectedDesk))]
_Id = Annotated[UUID | None, Query()]
router = APIRouter(route_class=ConsoleRoute, prefix=PATH + "/{glossary_id}")


@router.post("/terms")
async def add(visit: Writing, desk: Desk, glossary_id: UUID) -> Response:
    """Add a term; say in the same form why it cannot be."""
    visit.principal.require(Role.ADMIN)
    values = await values_of(visit, (*TERM_FIELDS, *FLAGS))
    try:
        body = TermBody.model_validate(term_fields(values))
        term, _ = await desk.add_term(visit.principal, glossary_id, body)
    except (ValidationError, PermanentError, ConflictError) as error:
        return await shown(
            visit, desk, glossary_id, errors=faults_of(error), values=values, status_code=422
        )
    return see_other(f"{PATH}/{glossary_id}/affected?term_id={term.term_id}")


@router.get("/terms/{term_id}")
async def term_page(visit: SignedIn, desk: Desk, glossary_id: UUID, term_id: UUID) -> Response:
    """The form of a term."""
    visit.principal.require(Role.ADMIN)
    term = await desk.term(visit.principal, glossary_id, term_id)
    values = {name: str(getattr(term, name)) for name in TERM_FIELDS}
    values |= {name: "yes" if getattr(term, name) else "" for name in FLAGS}
    return await _form(visit, desk, (glossary_id, term_id), values, {})


@router.post("/terms/{term_id}")
async def save(visit: Writing, desk: Desk, glossary_id: UUID, term_id: UUID) -> Response:
    """Save a term, and go on to what it touches."""
    visit.principal.require(Role.ADMIN)
    values = await values_of(visit, (*TERM_FIELDS, *FLAGS))
    said = {name: values[name] for name in ("source", "target", "status", "part_of_speech", "note")}
    try:
        change = TermChange.model_validate(said | {name: bool(values[name]) for name in FLAGS})
        await desk.edit_term(visit.principal, glossary_id, term_id, change)
    except (ValidationError, PermanentError, ConflictError) as error:
        ids = (glossary_id, term_id)
        return await _form(visit, desk, ids, values, faults_of(error), status_code=422)
    return see_other(f"{PATH}/{glossary_id}/affected?term_id={term_id}")


@router.post("/terms/{term_id}/remove")
async def remove(visit: Writing, desk: Desk, glossary_id: UUID, term_id: UUID) -> Response:
    """Remove a term."""
    visit.principal.require(Role.ADMIN)
    await desk.remove_term(visit.principal, glossary_id, term_id)
    return see_other(address(f"{PATH}/{glossary_id}", notice="term-removed"))


@router.get("/affected")
async def affected_page(
    visit: SignedIn, desk: Desk, past: Past, glossary_id: UUID, term_id: _Id = None
) -> Response:
    """The past units that a term touches, or that any term of the glossary does."""
    return await _affected(visit, desk, past, glossary_id, term_id)


@router.post("/retranslate")
async def retranslate(visit: Writing, desk: Desk, past: Past, glossary_id: UUID) -> Response:
    """Open jobs for what is touched, and say which."""
    said = (await values_of(visit, ["term_id"]))["term_id"]
    term_id = UUID(said) if said else None
    glossary, _ = await desk.find(visit.principal, glossary_id)
    terms = await past.terms(glossary, [term_id] if term_id else [])
    found = await past.affected(visit.principal, glossary, terms)
    opened = await past.retranslate(visit.principal, glossary, found)
    return await _affected(visit, desk, past, glossary_id, term_id, opened)


async def _affected(
    visit: Visit,
    desk: Desk,
    past: AffectedDesk,
    glossary_id: UUID,
    term_id: UUID | None,
    opened: list[Opened] | None = None,
) -> Response:
    glossary, _ = await desk.find(visit.principal, glossary_id)
    terms = await past.terms(glossary, [term_id] if term_id else [])
    found = await past.affected(visit.principal, glossary, terms)
    return visit.page(
        "terms/affected.html",
        section="terms",
        glossary=glossary,
        term=terms[0] if term_id and terms else None,
        found=found,
        opened={each.affected.row.job_id: each for each in opened or []},
        opened_count=sum(each.job_id is not None for each in opened or []),
        units_shown=_UNITS_SHOWN,
        most_jobs=MOST_JOBS,
    )


async def _form(
    visit: Visit,
    desk: Desk,
    ids: tuple[UUID, UUID],
    values: dict[str, str],
    errors: dict[str, str],
    status_code: int = 200,
) -> Response:
    glossary, _ = await desk.find(visit.principal, ids[0])
    term = await desk.term(visit.principal, *ids)
    return visit.page(
        "terms/term.html",
        status_code=status_code,
        section="terms",
        glossary=glossary,
        term=term,
        values=defaultdict(str, values),
        errors=defaultdict(str, errors),
        statuses=[each.value for each in TermStatus],
    )
