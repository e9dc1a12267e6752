"""Providers and models over HTTP. No answer holds a key."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from dragoman_contracts.models import Category
from dragoman_gateway.models.desk import ModelDesk
from dragoman_gateway.models.schemas import (
    CategoryList,
    ModelDetail,
    ModelList,
    NewModel,
    NewProvider,
    ProviderChange,
    ProviderDetail,
    ProviderList,
)
from dragoman_gateway.web.dependencies import EditedVersion, Operator, WholeAdmin, etag
from dragoman_gateway.web.desks import asked
from dragoman_gateway.web.problems import documented

router = APIRouter()

_ETAG = {"ETag": {"description": "The version, for If-Match.", "schema": {"type": "string"}}}
_READ = documented(401, 403, 404, 422, 503)
_WRITE = documented(400, 401, 403, 409, 413, 422, 503)
_EDIT = documented(400, 401, 403, 404, 409, 412, 413, 422, 428, 503)
_REMOVE = documented(400, 401, 403, 404, 409, 412, 422, 428, 503)

# The convertor keeps `/models/categories` out of it: another method there is a 405.
_ONE = "/models/{model_id:uuid}"
_Desk = Annotated[ModelDesk, Depends(asked(ModelDesk))]


@router.get("/providers", summary="List providers", responses=documented(401, 403, 503))
async def list_providers(desk: _Desk, principal: Operator) -> ProviderList:
    """The providers of models, without their keys."""
    return ProviderList(items=await desk.providers())


@router.post(
    "/providers",
    status_code=201,
    summary="Enter a provider",
    responses={201: {"headers": _ETAG}, **_WRITE},
)
async def create_provider(
    response: Response, desk: _Desk, principal: WholeAdmin, entry: NewProvider
) -> ProviderDetail:
    """Enter a provider. Its address may be private only where DRAGOMAN_PRIVATE_PROVIDERS names it."""
    provider = await desk.enter_provider(principal, entry)
    response.headers["Location"] = f"/api/v1/providers/{provider.provider_id}"
    response.headers["ETag"] = etag(provider.version)
    return provider


@router.get(
    "/providers/{provider_id}",
    summary="Show a provider",
    responses={200: {"headers": _ETAG}, **_READ},
)
async def show_provider(
    provider_id: UUID, response: Response, desk: _Desk, principal: Operator
) -> ProviderDetail:
    """A provider, without its key."""
    provider = await desk.provider(provider_id)
    response.headers["ETag"] = etag(provider.version)
    return provider


@router.put(
    "/providers/{provider_id}",
    summary="Edit a provider",
    responses={200: {"headers": _ETAG}, **_EDIT},
)
async def edit_provider(
    provider_id: UUID,
    response: Response,
    desk: _Desk,
    principal: WholeAdmin,
    version: EditedVersion,
    entry: ProviderChange,
) -> ProviderDetail:
    """Replace a provider. The stored key stays unless one is named; it does not follow the address
    to another server.
    """
    provider = await desk.edit_provider(principal, provider_id, version, entry)
    response.headers["ETag"] = etag(provider.version)
    return provider


@router.delete(
    "/providers/{provider_id}", status_code=204, summary="Remove a provider", responses=_REMOVE
)
async def remove_provider(
    provider_id: UUID,
    desk: _Desk,
    principal: WholeAdmin,
    version: EditedVersion,
    with_models: Annotated[bool, Query(description="Remove its models as well.")] = False,
) -> None:
    """Remove a provider. One that has models is a 409 that names them."""
    await desk.remove_provider(principal, provider_id, version, with_models=with_models)


@router.get("/models", summary="List models", responses=documented(401, 403, 422, 503))
async def list_models(
    desk: _Desk,
    principal: Operator,
    category: Annotated[Category | None, Query(description="Only of this category.")] = None,
    provider_id: Annotated[UUID | None, Query(description="Only of this provider.")] = None,
) -> ModelList:
    """The models by category and name."""
    return ModelList(items=await desk.models(category, provider_id))


@router.get(
    "/models/categories", summary="List categories of models", responses=documented(401, 403, 503)
)
async def list_model_categories(desk: _Desk, principal: Operator) -> CategoryList:
    """The categories there are, how many models each has, and its default."""
    return CategoryList(items=await desk.categories())


@router.post(
    "/models",
    status_code=201,
    summary="Enter a model",
    responses={201: {"headers": _ETAG}, **_WRITE},
)
async def create_model(
    response: Response, desk: _Desk, principal: WholeAdmin, entry: NewModel
) -> ModelDetail:
    """Enter a model of a provider. As the default of its category it takes the place of the one
    before.
    """
    model = await desk.enter_model(principal, entry)
    response.headers["Location"] = f"/api/v1/models/{model.model_id}"
    response.headers["ETag"] = etag(model.version)
    return model


@router.get(_ONE, summary="Show a model", responses={200: {"headers": _ETAG}, **_READ})
async def show_model(
    model_id: UUID, response: Response, desk: _Desk, principal: Operator
) -> ModelDetail:
    """A model with its connection, its prices and its use of this month."""
    model = await desk.model(model_id)
    response.headers["ETag"] = etag(model.version)
    return model


@router.put(_ONE, summary="Edit a model", responses={200: {"headers": _ETAG}, **_EDIT})
async def edit_model(
    model_id: UUID,
    response: Response,
    desk: _Desk,
    principal: WholeAdmin,
    version: EditedVersion,
    entry: NewModel,
) -> ModelDetail:
    """Replace a model. Jobs that were submitted keep what they copied of it."""
    model = await desk.edit_model(principal, model_id, version, entry)
    response.headers["ETag"] = etag(model.version)
    return model


@router.post(
    "/models/{model_id}/default",
    summary="Set the default of a category",
    responses={200: {"headers": _ETAG}, **documented(401, 403, 404, 409, 422, 503)},
)
async def set_default_model(
    model_id: UUID, response: Response, desk: _Desk, principal: WholeAdmin
) -> ModelDetail:
    """Make the model the default of its category, in the place of the one before."""
    model = await desk.set_default(principal, model_id)
    response.headers["ETag"] = etag(model.version)
    return model


@router.delete(_ONE, status_code=204, summary="Remove a model", responses=_REMOVE)
async def remove_model(
    model_id: UUID, desk: _Desk, principal: WholeAdmin, version: EditedVersion
) -> None:
    """Remove a model with its prices and the sums of its use. One that a pipeline links to is a 409
    that names the pipeline.
    """
    await desk.remove_model(principal, model_id, version)
