"""Terms over HTTP: listed, entered, edited, removed; and the past units that they touch."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Query

from dragoman_catalog import Glossary, GlossaryTerm
from dragoman_gateway.terms.api.entries import Desk
from dragoman_gateway.terms.desk import AffectedDesk
from dragoman_gateway.terms.desk.affected import Affected
from dragoman_gateway.terms.schemas import (
    AffectedJob,
    AffectedList,
    AffectedUnit,
    EditedTerm,
    RemovedTerm,
    Retranslated,
    RetranslationReport,
    RetranslationRequest,
    TermBody,
    TermChange,
    TermPage,
)
from dragoman_gateway.web.dependencies import Admin, Cursor, Limit, Operator, SearchText
from dragoman_gateway.web.desks import asked
from dragoman_gateway.web.principals import Principal
from dragoman_gateway.web.problems import documented

router = APIRouter(prefix="/glossaries/{glossary_id}")

Past = Annotated[AffectedDesk, Depends(asked(AffectedDesk))]
_Ids = Annotated[list[UUID], Query(max_length=100, description="All terms where none is named.")]
_WRITES = documented(400, 401, 403, 404, 409, 412, 413, 422, 503)


@router.get("/terms", summary="List terms", responses=documented(401, 403, 404, 422, 503))
async def list_terms(
    glossary_id: UUID,
    desk: Desk,
    principal: Operator,
    q: SearchText = "",
    version: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> TermPage:
    """Terms by their texts; with `q` in source or target, and with `version` as they were then."""
    glossary, _ = await desk.find(principal, glossary_id)
    page = await desk.terms(
        principal, glossary_id, text=q, version=version, cursor=cursor, limit=limit
    )
    return TermPage(
        items=list(page.rows),
        next_cursor=page.next_cursor,
        version=version or glossary.version,
    )


@router.post("/terms", status_code=201, summary="Enter a term", responses=_WRITES)
async def create_term(
    glossary_id: UUID, desk: Desk, past: Past, principal: Admin, body: TermBody
) -> EditedTerm:
    """Enter a term, and say how many units of past jobs have it."""
    term, glossary = await desk.add_term(principal, glossary_id, body)
    return await _edited(past, principal, glossary, term, [term])


@router.patch("/terms/{term_id}", summary="Edit a term", responses=_WRITES)
async def edit_term(
    glossary_id: UUID,
    term_id: UUID,
    desk: Desk,
    past: Past,
    principal: Admin,
    change: TermChange,
) -> EditedTerm:
    """Change a term, and say how many units of past jobs have it as it was or as it is."""
    before, after, glossary = await desk.edit_term(principal, glossary_id, term_id, change)
    return await _edited(past, principal, glossary, after, [before, after])


@router.delete("/terms/{term_id}", summary="Remove a term", responses=_WRITES)
async def remove_term(
    glossary_id: UUID, term_id: UUID, desk: Desk, past: Past, principal: Admin
) -> RemovedTerm:
    """Remove a term, and say how many units of past jobs have it."""
    before, glossary = await desk.remove_term(principal, glossary_id, term_id)
    found = await past.affected(principal, glossary, [before])
    return RemovedTerm.model_validate({"glossary_version": glossary.version, **_touched(found)})


@router.get(
    "/affected-units",
    summary="List past units that terms touch",
    responses=documented(401, 403, 404, 422, 503),
)
async def list_affected_units(
    glossary_id: UUID,
    desk: Desk,
    past: Past,
    principal: Operator,
    term_id: _Ids = [],  # noqa: B006 - FastAPI copies it
) -> AffectedList:
    """The units of past jobs whose source has one of the terms: of each document and target
    language the newest job.
    """
    glossary, _ = await desk.find(principal, glossary_id)
    found = await past.affected(principal, glossary, await past.terms(glossary, term_id))
    return AffectedList.model_validate({"items": affected_jobs(found), **_touched(found)})


@router.post(
    "/retranslate-affected",
    status_code=202,
    summary="Translate past units anew that terms touch",
    responses=documented(400, 401, 403, 404, 409, 413, 422, 503),
)
async def retranslate_affected(
    glossary_id: UUID,
    desk: Desk,
    past: Past,
    principal: Operator,
    wanted: Annotated[RetranslationRequest | None, Body()] = None,
) -> RetranslationReport:
    """Open a job for each past one that the terms touch. Units that none of them touches are as
    they were before, and cost nothing. Asking twice opens nothing twice.
    """
    glossary, _ = await desk.find(principal, glossary_id)
    ids = wanted.term_ids if wanted else []
    found = await past.affected(principal, glossary, await past.terms(glossary, ids))
    opened = await past.retranslate(principal, glossary, found)
    return RetranslationReport(
        items=[
            Retranslated(
                job_id=each.affected.row.job_id,
                new_job_id=each.job_id,
                unit_count=len(each.affected.units),
                code=each.error.code if each.error else None,
                message=each.error.message if each.error else None,
            )
            for each in opened
        ],
        opened_count=sum(each.job_id is not None for each in opened),
        affected_units=found.unit_count,
        is_complete=found.is_complete,
    )


async def _edited(
    past: AffectedDesk,
    principal: Principal,
    glossary: Glossary,
    term: GlossaryTerm,
    terms: list[GlossaryTerm],
) -> EditedTerm:
    found = await past.affected(principal, glossary, terms)
    return EditedTerm.model_validate(
        {"term": term, "glossary_version": glossary.version, **_touched(found)}
    )


def _touched(found: Affected) -> dict[str, object]:
    return {
        "affected_units": found.unit_count,
        "affected_jobs": len(found.jobs),
        "is_complete": found.is_complete,
    }


def affected_jobs(found: Affected) -> list[AffectedJob]:
    """The jobs with their units, as the API shows them."""
    return [
        AffectedJob(
            job_id=each.row.job_id,
            project_code=each.row.project_code,
            file_name=each.row.file_name,
            source_locale=each.source,
            target_locale=each.target,
            units=[AffectedUnit(unit_id=unit_id, source=text) for unit_id, text in each.units],
        )
        for each in found.jobs
    ]
