"""Classes over HTTP: checked, saved, shown, retired; in JSON or YAML."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from dragoman_gateway.objects.api.bodies import class_sent
from dragoman_gateway.objects.desk import ClassDesk, SavedAnswer
from dragoman_gateway.objects.schemas import (
    ClassBody,
    ClassChecked,
    ClassDetail,
    ClassList,
    class_detail,
    class_summary,
    fault_views,
)
from dragoman_gateway.web.dependencies import Admin, EditedVersion, Operator, etag
from dragoman_gateway.web.desks import asked
from dragoman_gateway.web.problems import documented

router = APIRouter()

ClassName = Annotated[str, Path(pattern=r"^[A-Za-z][A-Za-z0-9_.-]*$", max_length=80)]
_Desk = Annotated[ClassDesk, Depends(asked(ClassDesk))]
_ETAG = {"ETag": {"description": "The newest version, for If-Match.", "schema": {"type": "string"}}}
_READ = documented(401, 403, 404, 422, 503)
_WRITE = documented(400, 401, 403, 404, 409, 412, 413, 422, 503)
_SCHEMA = ClassBody.model_json_schema()
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": _SCHEMA},
            "application/yaml": {"schema": _SCHEMA},
        },
    }
}
_ANY_CLASS = {
    "type": "object",
    "description": "As for saving; what is wrong with it is the answer.",
}
_CHECKED: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": _ANY_CLASS},
            "application/yaml": {"schema": _ANY_CLASS},
        },
    }
}


@router.get("/classes", summary="List classes", responses=documented(401, 403, 503))
async def list_classes(desk: _Desk, principal: Operator) -> ClassList:
    """The newest version of each class, by name."""
    codes = await desk.project_codes()
    return ClassList(items=[class_summary(each, codes) for each in await desk.all(principal)])


@router.post(
    "/classes",
    status_code=201,
    summary="Save a class",
    responses={
        200: {"model": ClassDetail, "description": "The newest version says the same already."},
        201: {"headers": _ETAG},
        **_WRITE,
    },
    openapi_extra=_BODY,
)
async def create_class(
    request: Request, response: Response, desk: _Desk, principal: Admin
) -> ClassDetail:
    """Save a class, or the next version of one that is there. Fields, pipeline, prompts, schemas and
    scripts are looked through together, and everything wrong is told at once.
    """
    answer = await desk.save(principal, await class_sent(request))
    response.status_code = 201 if answer.is_new else 200
    response.headers["Location"] = f"/api/v1/classes/{answer.saved.name}"
    return await _saved(desk, answer, response)


@router.post(
    "/classes/check",
    summary="Check a class",
    responses=documented(400, 401, 403, 413, 422, 503),
    openapi_extra=_CHECKED,
)
async def check_class(request: Request, desk: _Desk, principal: Operator) -> ClassChecked:
    """Look a class through and save nothing: what is wrong, and what may not be meant."""
    found = await desk.check(await class_sent(request))
    return ClassChecked(faults=fault_views(found.faults), warnings=fault_views(found.warnings))


@router.get("/classes/{name}", summary="Show a class", responses={200: {"headers": _ETAG}, **_READ})
async def show_class(
    name: ClassName,
    response: Response,
    desk: _Desk,
    principal: Operator,
    version: Annotated[
        int | None, Query(ge=1, le=2**31 - 1, description="The newest where it is left out.")
    ] = None,
) -> ClassDetail:
    """A version of a class, with its files."""
    saved = await desk.find(name, principal, version)
    response.headers["ETag"] = etag(saved.version)
    return class_detail(saved, await desk.project_codes(), await desk.files_of(saved), ())


@router.get("/classes/{name}/versions", summary="List versions of a class", responses=_READ)
async def list_class_versions(name: ClassName, desk: _Desk, principal: Operator) -> ClassList:
    """Every version of a class, the newest first."""
    codes = await desk.project_codes()
    found = await desk.versions(name, principal)
    return ClassList(items=[class_summary(each, codes) for each in found])


@router.put(
    "/classes/{name}",
    summary="Edit a class",
    responses={
        200: {"headers": _ETAG},
        **documented(400, 401, 403, 404, 409, 412, 413, 422, 428, 503),
    },
    openapi_extra=_BODY,
)
async def edit_class(
    name: ClassName,
    request: Request,
    response: Response,
    desk: _Desk,
    principal: Admin,
    version: EditedVersion,
) -> ClassDetail:
    """Save a new version. Jobs that run keep theirs; an object goes on with the newest where a
    person starts one of its phases.
    """
    return await _saved(
        desk, await desk.edit(principal, name, version, await class_sent(request)), response
    )


@router.delete(
    "/classes/{name}",
    status_code=204,
    summary="Retire a class",
    responses=documented(400, 401, 403, 404, 412, 422, 428, 503),
)
async def retire_class(
    name: ClassName, desk: _Desk, principal: Admin, version: EditedVersion
) -> None:
    """Let a class take no new objects. Its versions and its objects stay."""
    await desk.retire(principal, name, version)


async def _saved(desk: ClassDesk, answer: SavedAnswer, response: Response) -> ClassDetail:
    response.headers["ETag"] = etag(answer.saved.version)
    codes = await desk.project_codes()
    return class_detail(answer.saved, codes, answer.files, answer.warnings)
