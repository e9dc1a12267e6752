"""Projects, their language pairs, and the domain packs."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ConfigDict, StrictBool

from dragoman_catalog import (
    DomainPack,
    EntryMissingError,
    LanguagePair,
    PolicyOverrides,
    Project,
    ProjectSettings,
)
from dragoman_catalog.values import Code, DisplayName
from dragoman_contracts.locale import Locale
from dragoman_gateway.gateway import Gateway
from dragoman_gateway.web.dependencies import Admin, EditedVersion, GatewayDep, Operator, WholeAdmin, etag
from dragoman_gateway.web.errors import FieldRefusedError
from dragoman_gateway.web.principals import Principal
from dragoman_gateway.web.problems import documented
from dragoman_gateway.web.signin import editor_of

router = APIRouter(tags=["configuration"])

_ETAG = {"ETag": {"description": "The version, for If-Match.", "schema": {"type": "string"}}}
_READ = documented(401, 403, 404, 422, 503)
_WRITE = documented(400, 401, 403, 404, 409, 413, 422, 503)
_EDIT = documented(400, 401, 403, 404, 412, 413, 422, 428, 503)

_Code = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=60)]


class ProjectEntry(BaseModel):
    """What an admin says of a project."""

    model_config = ConfigDict(extra="forbid")

    name: DisplayName
    settings: ProjectSettings = ProjectSettings()


class NewProject(ProjectEntry):
    """A project to enter. Its code never changes."""

    code: Code


class PairEntry(BaseModel):
    """What an admin says of a language pair."""

    model_config = ConfigDict(extra="forbid")

    is_active: StrictBool = True
    overrides: PolicyOverrides = PolicyOverrides()


class NewPair(PairEntry):
    """A language pair to enter."""

    source_language: Locale
    target_language: Locale


class ProjectList(BaseModel):
    """Projects by code."""

    items: list[Project]


class PairList(BaseModel):
    """Language pairs by source and target."""

    items: list[LanguagePair]


class DomainPackList(BaseModel):
    """Domain packs by code."""

    items: list[DomainPack]


@router.get("/domain-packs", summary="List domain packs", responses=documented(401, 403, 503))
async def list_domain_packs(gateway: GatewayDep, principal: Operator) -> DomainPackList:
    """The domain packs that a submission can name."""
    return DomainPackList(items=await gateway.catalog.domain_packs.all())


@router.get("/projects", summary="List projects", responses=documented(401, 403, 503))
async def list_projects(gateway: GatewayDep, principal: Admin) -> ProjectList:
    """The projects that the credential reaches."""
    return ProjectList(items=[each for each in await gateway.catalog.projects.all() if principal.sees(each.project_id)])


@router.post("/projects", status_code=201, summary="Enter a project", responses={201: {"headers": _ETAG}, **_WRITE})
async def create_project(response: Response, gateway: GatewayDep, principal: WholeAdmin, entry: NewProject) -> Project:
    """Enter a project. It cannot be deleted, since documents and tokens name it."""
    project = await gateway.catalog.projects.create(
        editor_of(principal), gateway.clock.now(), code=entry.code, name=entry.name, settings=entry.settings
    )
    response.headers["Location"] = f"/api/v1/projects/{project.code}"
    response.headers["ETag"] = etag(project.version)
    return project


@router.get("/projects/{code}", summary="Show a project", responses={200: {"headers": _ETAG}, **_READ})
async def show_project(code: _Code, response: Response, gateway: GatewayDep, principal: Admin) -> Project:
    """A project with its settings."""
    project = await _project(gateway, principal, code)
    response.headers["ETag"] = etag(project.version)
    return project


@router.put("/projects/{code}", summary="Edit a project", responses={200: {"headers": _ETAG}, **_EDIT})
async def edit_project(
    code: _Code,
    response: Response,
    gateway: GatewayDep,
    principal: Admin,
    version: EditedVersion,
    entry: ProjectEntry,
) -> Project:
    """Replace name and settings. Jobs that were submitted keep the settings they have."""
    principal.require_project(code)
    project = await gateway.catalog.projects.edit(
        editor_of(principal), gateway.clock.now(), code, version=version, name=entry.name, settings=entry.settings
    )
    response.headers["ETag"] = etag(project.version)
    return project


@router.get("/projects/{code}/language-pairs", summary="List language pairs", responses=_READ)
async def list_pairs(code: _Code, gateway: GatewayDep, principal: Admin) -> PairList:
    """The language pairs of a project."""
    project = await _project(gateway, principal, code)
    return PairList(items=await gateway.catalog.language_pairs.all(project.project_id))


@router.post(
    "/projects/{code}/language-pairs",
    status_code=201,
    summary="Enter a language pair",
    responses={201: {"headers": _ETAG}, **_WRITE},
)
async def create_pair(
    code: _Code, response: Response, gateway: GatewayDep, principal: Admin, entry: NewPair
) -> LanguagePair:
    """Enter a pair, with what its jobs do otherwise than the project's."""
    project = await _project(gateway, principal, code)
    if entry.source_language == entry.target_language:
        raise FieldRefusedError("target_language", "Source and target are the same.")
    pair = await gateway.catalog.language_pairs.create(
        editor_of(principal),
        gateway.clock.now(),
        project,
        source=entry.source_language,
        target=entry.target_language,
        is_active=entry.is_active,
        overrides=entry.overrides,
    )
    response.headers["Location"] = f"/api/v1/projects/{code}/language-pairs/{pair.pair_id}"
    response.headers["ETag"] = etag(pair.version)
    return pair


@router.get(
    "/projects/{code}/language-pairs/{pair_id}",
    summary="Show a language pair",
    responses={200: {"headers": _ETAG}, **_READ},
)
async def show_pair(
    code: _Code, pair_id: UUID, response: Response, gateway: GatewayDep, principal: Admin
) -> LanguagePair:
    """A language pair of a project."""
    pair = await _pair(gateway, principal, code, pair_id)
    response.headers["ETag"] = etag(pair.version)
    return pair


@router.put(
    "/projects/{code}/language-pairs/{pair_id}",
    summary="Edit a language pair",
    responses={200: {"headers": _ETAG}, **_EDIT},
)
async def edit_pair(
    code: _Code,
    pair_id: UUID,
    response: Response,
    gateway: GatewayDep,
    principal: Admin,
    version: EditedVersion,
    entry: PairEntry,
) -> LanguagePair:
    """Open or close the pair and replace its overrides. Jobs that were submitted keep their policy."""
    await _pair(gateway, principal, code, pair_id)
    pair = await gateway.catalog.language_pairs.edit(
        editor_of(principal),
        gateway.clock.now(),
        pair_id,
        version=version,
        is_active=entry.is_active,
        overrides=entry.overrides,
    )
    response.headers["ETag"] = etag(pair.version)
    return pair


@router.delete(
    "/projects/{code}/language-pairs/{pair_id}",
    status_code=204,
    summary="Remove a language pair",
    responses=documented(400, 401, 403, 404, 412, 422, 428, 503),
)
async def remove_pair(
    code: _Code, pair_id: UUID, gateway: GatewayDep, principal: Admin, version: EditedVersion
) -> None:
    """Remove the pair. Jobs that were submitted on it go on."""
    await _pair(gateway, principal, code, pair_id)
    await gateway.catalog.language_pairs.remove(editor_of(principal), gateway.clock.now(), pair_id, version=version)


async def _project(gateway: Gateway, principal: Principal, code: str) -> Project:
    principal.require_project(code)
    project = await gateway.catalog.projects.find(code)
    if project is None:
        raise EntryMissingError(f"There is no project {code!r}.")
    return project


async def _pair(gateway: Gateway, principal: Principal, code: str, pair_id: UUID) -> LanguagePair:
    project = await _project(gateway, principal, code)
    pair = await gateway.catalog.language_pairs.find(pair_id)
    if pair is None or pair.project_id != project.project_id:
        raise EntryMissingError(f"Project {code!r} has no language pair {pair_id}.")
    return pair
