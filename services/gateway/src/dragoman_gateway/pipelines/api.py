"""Steps and pipelines."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response

from dragoman_contracts.commands import TEMPLATE_VARIABLES
from dragoman_contracts.steps import STEPS
from dragoman_gateway.pipelines.desk import PipelineDesk
from dragoman_gateway.pipelines.schemas import (
    EditedPipeline,
    NewPipeline,
    PipelineDetail,
    PipelineList,
    StepList,
    TemplateVariable,
    pipeline_detail,
    step_view,
)
from dragoman_gateway.web.dependencies import EditedVersion, Operator, WholeAdmin, etag
from dragoman_gateway.web.desks import asked
from dragoman_gateway.web.problems import documented

router = APIRouter(tags=["configuration"])

_ETAG = {"ETag": {"description": "The newest version, for If-Match.", "schema": {"type": "string"}}}
_READ = documented(401, 403, 404, 422, 503)
_WRITE = documented(400, 401, 403, 404, 409, 413, 422, 503)
_EDIT = documented(400, 401, 403, 404, 412, 413, 422, 428, 503)

_Desk = Annotated[PipelineDesk, Depends(asked(PipelineDesk))]
_Name = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=60)]


@router.get("/steps", summary="List steps", responses=documented(401, 403, 503))
async def list_steps(principal: Operator) -> StepList:
    """The kinds of phases that this installation can perform,
    with the JSON Schema of their config.
    """
    return StepList(items=[step_view(step) for step in STEPS.values()])


@router.get(
    "/pipelines/template-variables",
    summary="List template variables",
    responses=documented(401, 403, 503),
)
async def list_template_variables(principal: Operator) -> list[TemplateVariable]:
    """The names a command may have in braces, and what is filled in for each."""
    return [
        TemplateVariable(name=name, description=said) for name, said in TEMPLATE_VARIABLES.items()
    ]


@router.get("/pipelines", summary="List pipelines", responses=documented(401, 403, 503))
async def list_pipelines(desk: _Desk, principal: Operator) -> PipelineList:
    """The newest version of each pipeline, the built-in ones first."""
    return PipelineList(items=[pipeline_detail(each) for each in await desk.all()])


@router.post(
    "/pipelines",
    status_code=201,
    summary="Save a pipeline",
    responses={201: {"headers": _ETAG}, **_WRITE},
)
async def create_pipeline(
    response: Response, desk: _Desk, principal: WholeAdmin, entry: NewPipeline
) -> PipelineDetail:
    """Save a pipeline. Each phase's config is checked by its step,
    and the order by what the steps need.
    """
    saved = await desk.save(principal, entry)
    response.headers["Location"] = f"/api/v1/pipelines/{saved.name}"
    response.headers["ETag"] = etag(saved.version)
    return pipeline_detail(saved)


@router.get(
    "/pipelines/{name}", summary="Show a pipeline", responses={200: {"headers": _ETAG}, **_READ}
)
async def show_pipeline(
    name: _Name,
    response: Response,
    desk: _Desk,
    principal: Operator,
    version: Annotated[
        int | None, Query(ge=1, le=2**31 - 1, description="The newest where it is left out.")
    ] = None,
) -> PipelineDetail:
    """A version of a pipeline."""
    saved = await desk.find(name, version)
    response.headers["ETag"] = etag(saved.version)
    return pipeline_detail(saved)


@router.get("/pipelines/{name}/versions", summary="List versions of a pipeline", responses=_READ)
async def list_versions(name: _Name, desk: _Desk, principal: Operator) -> PipelineList:
    """Every version of a pipeline, the newest first."""
    return PipelineList(items=[pipeline_detail(each) for each in await desk.versions(name)])


@router.put(
    "/pipelines/{name}", summary="Edit a pipeline", responses={200: {"headers": _ETAG}, **_EDIT}
)
async def edit_pipeline(
    name: _Name,
    response: Response,
    desk: _Desk,
    principal: WholeAdmin,
    version: EditedVersion,
    entry: EditedPipeline,
) -> PipelineDetail:
    """Save a new version. Jobs that were submitted keep theirs;
    a retired pipeline takes jobs again.
    """
    saved = await desk.edit(principal, name, version, entry)
    response.headers["ETag"] = etag(saved.version)
    return pipeline_detail(saved)


@router.delete(
    "/pipelines/{name}",
    status_code=204,
    summary="Retire a pipeline",
    responses=documented(400, 401, 403, 404, 412, 422, 428, 503),
)
async def retire_pipeline(
    name: _Name, desk: _Desk, principal: WholeAdmin, version: EditedVersion
) -> None:
    """Let a pipeline take no new jobs. Its versions stay; jobs that were submitted go on."""
    await desk.retire(principal, name, version)
