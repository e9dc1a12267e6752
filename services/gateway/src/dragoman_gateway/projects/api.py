"""Projects, their language pairs, and the domain packs."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, File, Path, Response, UploadFile

from dragoman_catalog import DomainPack, LanguagePair, PackEntry, Project
from dragoman_gateway.projects.desk import ProjectDesk
from dragoman_gateway.projects.schemas import (
    DomainPackList,
    NewPack,
    NewPair,
    NewProject,
    PackVersionList,
    PairEntry,
    PairList,
    ProjectEntry,
    ProjectList,
)
from dragoman_gateway.web.dependencies import Admin, EditedVersion, Operator, WholeAdmin, etag
from dragoman_gateway.web.desks import asked
from dragoman_gateway.web.problems import documented
from dragoman_gateway.web.uploads import Upload

router = APIRouter(tags=["configuration"])

_ETAG = {"ETag": {"description": "The version, for If-Match.", "schema": {"type": "string"}}}
_READ = documented(401, 403, 404, 422, 503)
_WRITE = documented(400, 401, 403, 404, 409, 413, 422, 503)
_EDIT = documented(400, 401, 403, 404, 412, 413, 422, 428, 503)

_Desk = Annotated[ProjectDesk, Depends(asked(ProjectDesk))]
_Code = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=60)]


@router.get("/domain-packs", summary="List domain packs", responses=documented(401, 403, 503))
async def list_domain_packs(desk: _Desk, principal: Operator) -> DomainPackList:
    """The domain packs that a submission can name."""
    return DomainPackList(items=await desk.domain_packs())


@router.post(
    "/domain-packs",
    status_code=201,
    summary="Enter a domain pack",
    responses={201: {"headers": _ETAG}, **_WRITE},
)
async def create_domain_pack(
    response: Response, desk: _Desk, principal: WholeAdmin, entry: NewPack
) -> DomainPack:
    """Enter a domain pack. It cannot be deleted, since jobs name it."""
    made = await desk.enter_pack(principal, entry.code, entry)
    response.headers["Location"] = f"/api/v1/domain-packs/{made.code}"
    response.headers["ETag"] = etag(made.version)
    return made


@router.get(
    "/domain-packs/{code}",
    summary="Show a domain pack",
    responses={200: {"headers": _ETAG}, **_READ},
)
async def show_domain_pack(
    code: _Code, response: Response, desk: _Desk, principal: Operator
) -> DomainPack:
    """A domain pack at its newest version."""
    found = await desk.domain_pack(code)
    response.headers["ETag"] = etag(found.version)
    return found


@router.get(
    "/domain-packs/{code}/versions", summary="List versions of a domain pack", responses=_READ
)
async def list_pack_versions(code: _Code, desk: _Desk, principal: Operator) -> PackVersionList:
    """Every version of a domain pack, the newest first."""
    return PackVersionList(items=await desk.pack_versions(code))


@router.put(
    "/domain-packs/{code}",
    summary="Edit a domain pack",
    responses={200: {"headers": _ETAG}, **_EDIT},
)
async def edit_domain_pack(
    code: _Code,
    response: Response,
    desk: _Desk,
    principal: WholeAdmin,
    version: EditedVersion,
    entry: PackEntry,
) -> DomainPack:
    """Save the next version of a domain pack. Jobs that were submitted keep theirs."""
    after = await desk.edit_pack(principal, code, version, entry)
    response.headers["ETag"] = etag(after.version)
    return after


@router.get("/projects", summary="List projects", responses=documented(401, 403, 503))
async def list_projects(desk: _Desk, principal: Admin) -> ProjectList:
    """The projects that the credential reaches."""
    return ProjectList(items=await desk.visible(principal))


@router.post(
    "/projects",
    status_code=201,
    summary="Enter a project",
    responses={201: {"headers": _ETAG}, **_WRITE},
)
async def create_project(
    response: Response, desk: _Desk, principal: WholeAdmin, entry: NewProject
) -> Project:
    """Enter a project. It cannot be deleted, since documents and tokens name it."""
    project = await desk.enter(principal, entry)
    response.headers["Location"] = f"/api/v1/projects/{project.code}"
    response.headers["ETag"] = etag(project.version)
    return project


@router.get(
    "/projects/{code}", summary="Show a project", responses={200: {"headers": _ETAG}, **_READ}
)
async def show_project(code: _Code, response: Response, desk: _Desk, principal: Admin) -> Project:
    """A project with its settings."""
    project = await desk.find(principal, code)
    response.headers["ETag"] = etag(project.version)
    return project


@router.put(
    "/projects/{code}", summary="Edit a project", responses={200: {"headers": _ETAG}, **_EDIT}
)
async def edit_project(
    code: _Code,
    response: Response,
    desk: _Desk,
    principal: Admin,
    version: EditedVersion,
    entry: ProjectEntry,
) -> Project:
    """Replace name and settings. Jobs that were submitted keep the settings they have."""
    project = await desk.edit(principal, code, version, entry)
    response.headers["ETag"] = etag(project.version)
    return project


@router.get(
    "/projects/{code}/segmentation-rules",
    summary="Download the segmentation rules",
    response_class=Response,
    responses={200: {"content": {"application/xml": {}}, "headers": _ETAG}, **_READ},
)
async def show_segmentation(code: _Code, desk: _Desk, principal: Admin) -> Response:
    """The SRX 2.0 file by which documents are cut into segments: the project's, or the built-in
    one.
    """
    project = await desk.find(principal, code)
    srx = await desk.segmentation_rules(principal, code)
    named = f'attachment; filename="{code}.srx"'
    headers = {"ETag": etag(project.version), "Content-Disposition": named}
    return Response(srx, media_type="application/xml", headers=headers)


@router.put(
    "/projects/{code}/segmentation-rules",
    summary="Set the segmentation rules",
    responses={200: {"headers": _ETAG}, **_EDIT},
)
async def set_segmentation(
    code: _Code,
    response: Response,
    desk: _Desk,
    principal: Admin,
    version: EditedVersion,
    file: Annotated[UploadFile, File(description="SRX 2.0.")],
) -> Project:
    """Cut documents that are submitted from now on by the rules of a file of SRX 2.0."""
    upload = Upload(file.filename or "", file.file)
    project = await desk.set_segmentation(principal, code, version, upload)
    response.headers["ETag"] = etag(project.version)
    return project


@router.delete(
    "/projects/{code}/segmentation-rules",
    summary="Go back to the built-in segmentation rules",
    responses={200: {"headers": _ETAG}, **_EDIT},
)
async def drop_segmentation(
    code: _Code, response: Response, desk: _Desk, principal: Admin, version: EditedVersion
) -> Project:
    """Cut documents that are submitted from now on by the built-in rules."""
    project = await desk.set_segmentation(principal, code, version, None)
    response.headers["ETag"] = etag(project.version)
    return project


@router.get("/projects/{code}/language-pairs", summary="List language pairs", responses=_READ)
async def list_pairs(code: _Code, desk: _Desk, principal: Admin) -> PairList:
    """The language pairs of a project."""
    return PairList(items=await desk.pairs(principal, code))


@router.post(
    "/projects/{code}/language-pairs",
    status_code=201,
    summary="Enter a language pair",
    responses={201: {"headers": _ETAG}, **_WRITE},
)
async def create_pair(
    code: _Code, response: Response, desk: _Desk, principal: Admin, entry: NewPair
) -> LanguagePair:
    """Enter a pair, with what its jobs do otherwise than the project's."""
    pair = await desk.enter_pair(principal, code, entry)
    response.headers["Location"] = f"/api/v1/projects/{code}/language-pairs/{pair.pair_id}"
    response.headers["ETag"] = etag(pair.version)
    return pair


@router.get(
    "/projects/{code}/language-pairs/{pair_id}",
    summary="Show a language pair",
    responses={200: {"headers": _ETAG}, **_READ},
)
async def show_pair(
    code: _Code, pair_id: UUID, response: Response, desk: _Desk, principal: Admin
) -> LanguagePair:
    """A language pair of a project."""
    pair = await desk.pair(principal, code, pair_id)
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
    desk: _Desk,
    principal: Admin,
    version: EditedVersion,
    entry: PairEntry,
) -> LanguagePair:
    """Open or close the pair and replace its overrides.
    Jobs that were submitted keep their policy.
    """
    pair = await desk.edit_pair(principal, code, pair_id, version, entry)
    response.headers["ETag"] = etag(pair.version)
    return pair


@router.delete(
    "/projects/{code}/language-pairs/{pair_id}",
    status_code=204,
    summary="Remove a language pair",
    responses=documented(400, 401, 403, 404, 412, 422, 428, 503),
)
async def remove_pair(
    code: _Code, pair_id: UUID, desk: _Desk, principal: Admin, version: EditedVersion
) -> None:
    """Remove the pair. Jobs that were submitted on it go on."""
    await desk.remove_pair(principal, code, pair_id, version)
