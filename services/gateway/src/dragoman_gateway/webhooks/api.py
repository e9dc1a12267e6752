"""Webhooks: addresses that are told when a job ends or needs people."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from dragoman_gateway.web.dependencies import EditedVersion, WholeAdmin, etag
from dragoman_gateway.web.desks import asked
from dragoman_gateway.web.problems import documented
from dragoman_gateway.webhooks.desk import Titled, WebhookDesk
from dragoman_gateway.webhooks.schemas import (
    DeliveryList,
    DeliveryView,
    NewWebhook,
    WebhookChange,
    WebhookList,
    WebhookSecret,
    WebhookView,
    delivery_view,
)

router = APIRouter(tags=["configuration"])

_Desk = Annotated[WebhookDesk, Depends(asked(WebhookDesk))]
_ETAG = {"ETag": {"description": "The version, for If-Match.", "schema": {"type": "string"}}}
_READ = documented(401, 403, 404, 422, 503)
_ACT = documented(401, 403, 404, 409, 422, 503)
_MAKE = documented(400, 401, 403, 409, 413, 422, 503)
_EDIT = documented(400, 401, 403, 404, 412, 413, 422, 428, 503)
_REMOVE = documented(400, 401, 403, 404, 412, 422, 428, 503)


@router.get("/webhooks", summary="List webhooks", responses=documented(401, 403, 503))
async def list_webhooks(desk: _Desk, principal: WholeAdmin) -> WebhookList:
    """Every webhook, by title."""
    return WebhookList(items=[_view(each) for each in await desk.all()])


@router.post(
    "/webhooks",
    status_code=201,
    summary="Enter a webhook",
    responses={201: {"headers": _ETAG}, **_MAKE},
)
async def create_webhook(
    response: Response, desk: _Desk, principal: WholeAdmin, entry: NewWebhook
) -> WebhookSecret:
    """Tell an address of jobs from now on. The secret that signs the messages is shown this once."""
    made = await desk.enter(principal, entry)
    response.headers["Location"] = f"/api/v1/webhooks/{made.webhook.webhook_id}"
    return WebhookSecret(
        webhook=_tagged(response, await desk.titled(made.webhook)),
        secret=_once(response, made.secret.get_secret_value()),
    )


@router.get(
    "/webhooks/{webhook_id}",
    summary="Show a webhook",
    responses={200: {"headers": _ETAG}, **_READ},
)
async def show_webhook(
    webhook_id: UUID, response: Response, desk: _Desk, principal: WholeAdmin
) -> WebhookView:
    """A webhook, and how it stands."""
    return _tagged(response, await desk.webhook(webhook_id))


@router.patch(
    "/webhooks/{webhook_id}",
    summary="Edit a webhook",
    responses={200: {"headers": _ETAG}, **_EDIT},
)
async def edit_webhook(
    webhook_id: UUID,
    response: Response,
    desk: _Desk,
    principal: WholeAdmin,
    version: EditedVersion,
    change: WebhookChange,
) -> WebhookView:
    """Change what is named. The server is asked again at once, and is told of what happened while the
    webhook was off, unless `skips_missed` says not to.
    """
    return _tagged(response, await desk.edit(principal, webhook_id, version, change))


@router.delete(
    "/webhooks/{webhook_id}",
    status_code=204,
    summary="Remove a webhook",
    responses=_REMOVE,
)
async def remove_webhook(
    webhook_id: UUID, desk: _Desk, principal: WholeAdmin, version: EditedVersion
) -> None:
    """Tell the address nothing any more."""
    await desk.remove(principal, webhook_id, version)


@router.post(
    "/webhooks/{webhook_id}/rotate-secret",
    summary="Give a webhook a new secret",
    responses={200: {"headers": _ETAG}, **_ACT},
)
async def rotate_webhook_secret(
    webhook_id: UUID, response: Response, desk: _Desk, principal: WholeAdmin
) -> WebhookSecret:
    """Make a new secret, shown this once. For 24 hours messages are signed with the one before as
    well.
    """
    made = await desk.rotate(principal, webhook_id)
    return WebhookSecret(
        webhook=_tagged(response, await desk.titled(made.webhook)),
        secret=_once(response, made.secret.get_secret_value()),
    )


@router.post("/webhooks/{webhook_id}/test", summary="Try a webhook", responses=_ACT)
async def test_webhook(webhook_id: UUID, desk: _Desk, principal: WholeAdmin) -> DeliveryView:
    """Post a message of type `webhook.test` now, and say how that ended."""
    return delivery_view(await desk.test(webhook_id))


@router.get(
    "/webhooks/{webhook_id}/deliveries",
    summary="List the last attempts of a webhook",
    responses=_READ,
)
async def list_webhook_deliveries(
    webhook_id: UUID, desk: _Desk, principal: WholeAdmin
) -> DeliveryList:
    """The last 100 attempts, the newest first."""
    return DeliveryList(items=[delivery_view(each) for each in await desk.deliveries(webhook_id)])


def _tagged(response: Response, titled: Titled) -> WebhookView:
    response.headers["ETag"] = etag(titled.webhook.version)
    return _view(titled)


def _once(response: Response, secret: str) -> str:
    response.headers["Cache-Control"] = "no-store"
    return secret


def _view(titled: Titled) -> WebhookView:
    webhook = titled.webhook
    names = set(WebhookView.model_fields) - {"project_code"}
    return WebhookView.model_validate(
        {**webhook.model_dump(include=names), "project_code": titled.project_code}
    )
