"""Glossaries over HTTP: listed, entered, edited, removed."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from dragoman_gateway.terms.desk import GlossaryDesk
from dragoman_gateway.terms.schemas import (
    GlossaryBody,
    GlossaryChange,
    GlossaryList,
    GlossaryView,
    glossary_view,
)
from dragoman_gateway.web.dependencies import Admin, EditedVersion, Operator, etag
from dragoman_gateway.web.desks import asked
from dragoman_gateway.web.problems import documented

router = APIRouter(prefix="/glossaries")

Desk = Annotated[GlossaryDesk, Depends(asked(GlossaryDesk))]
_ETAG = {"ETag": {"description": "The version, for If-Match.", "schema": {"type": "string"}}}


@router.get("", summary="List glossaries", responses=documented(401, 403, 503))
async def list_glossaries(desk: Desk, principal: Operator) -> GlossaryList:
    """The glossaries of the projects that the credential reaches, of domain packs and of the
    installation.
    """
    found = await desk.all(principal)
    return GlossaryList(items=[glossary_view(each, code) for each, code in found])


@router.post(
    "",
    status_code=201,
    summary="Enter a glossary",
    responses={201: {"headers": _ETAG}, **documented(400, 401, 403, 409, 413, 422, 503)},
)
async def create_glossary(
    response: Response, desk: Desk, principal: Admin, body: GlossaryBody
) -> GlossaryView:
    """Enter a glossary without terms, of a project, a domain pack, or the installation."""
    made = await desk.enter(principal, body)
    response.headers["Location"] = f"/api/v1/glossaries/{made.glossary_id}"
    response.headers["ETag"] = etag(made.version)
    return glossary_view(made, body.project_code)


@router.get(
    "/{glossary_id}",
    summary="Show a glossary",
    responses={200: {"headers": _ETAG}, **documented(401, 403, 404, 422, 503)},
)
async def show_glossary(
    glossary_id: UUID, response: Response, desk: Desk, principal: Operator
) -> GlossaryView:
    """A glossary, without its terms."""
    found, code = await desk.find(principal, glossary_id)
    response.headers["ETag"] = etag(found.version)
    return glossary_view(found, code)


@router.patch(
    "/{glossary_id}",
    summary="Edit a glossary",
    responses={
        200: {"headers": _ETAG},
        **documented(400, 401, 403, 404, 409, 412, 413, 422, 428, 503),
    },
)
async def edit_glossary(
    glossary_id: UUID,
    response: Response,
    desk: Desk,
    principal: Admin,
    version: EditedVersion,
    change: GlossaryChange,
) -> GlossaryView:
    """Change name, description, or whether jobs use it unasked. Project and locales stay."""
    _, code = await desk.find(principal, glossary_id)
    after = await desk.edit(principal, glossary_id, version, change)
    response.headers["ETag"] = etag(after.version)
    return glossary_view(after, code)


@router.delete(
    "/{glossary_id}",
    status_code=204,
    summary="Remove a glossary",
    responses=documented(400, 401, 403, 404, 412, 422, 428, 503),
)
async def remove_glossary(
    glossary_id: UUID, desk: Desk, principal: Admin, version: EditedVersion
) -> None:
    """Remove a glossary with its terms. Jobs keep the terms that they have."""
    await desk.remove(principal, glossary_id, version)
