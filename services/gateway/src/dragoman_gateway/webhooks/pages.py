"""Webhooks as pages: all of them, and one with its form, its switch and its last attempts."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from dragoman_catalog import (
    KEPT_DELIVERIES,
    Delivery,
    DeliveryOutcome,
    OffReason,
    Webhook,
    WebhookType,
)
from dragoman_contracts.errors import ConflictError, PermanentError
from dragoman_gateway.web.addresses import address
from dragoman_gateway.web.desks import asked
from dragoman_gateway.web.forms import (
    Form,
    FormRefusedError,
    refused,
    require_whole_admin,
    valid,
    values_of,
    version_of,
    version_sent,
)
from dragoman_gateway.web.guard import ConsoleRoute, SignedIn, Visit, Writing, see_other
from dragoman_gateway.webhooks.desk import Titled, WebhookDesk
from dragoman_gateway.webhooks.schemas import NewWebhook, WebhookChange

_PATH = "/console/webhooks"
_THINGS = "Webhooks"
_NOTICES = {
    "saved": "Saved. The server is asked again at once.",
    "on": "It is told of jobs.",
    "off": "It is told nothing any more.",
    "removed": "The webhook is removed.",
}
_PATTERNS = {"url": "Begin with https:// or http://, without spaces."}
_TYPES = {
    WebhookType.JOB_COMPLETED: "is done",
    WebhookType.JOB_FAILED: "cannot go on by itself",
    WebhookType.JOB_CANCELLED: "was cancelled",
    WebhookType.JOB_BLOCKED: "was refused, or blocked by quality checks",
    WebhookType.JOB_NEEDS_REVIEW: "waits for reviewers",
}
_OFF = {
    OffReason.GONE: "Its server answered that it is gone (HTTP 410).",
    OffReason.FAILING: "Its server took nothing for three days.",
}
_OUTCOMES = {
    DeliveryOutcome.DELIVERED: "Taken",
    DeliveryOutcome.ANSWERED: "Refused",
    DeliveryOutcome.GONE: "Gone",
    DeliveryOutcome.TIMED_OUT: "No answer",
    DeliveryOutcome.UNREACHABLE: "Not reached",
    DeliveryOutcome.ADDRESS_REFUSED: "Address refused",
    DeliveryOutcome.SECRET_UNREADABLE: "Not signed",
}
_Desk = Annotated[WebhookDesk, Depends(asked(WebhookDesk))]
_Short = Annotated[str, Query(max_length=40)]
router = APIRouter(route_class=ConsoleRoute)


@router.get(_PATH)
async def webhooks_page(visit: SignedIn, desk: _Desk, notice: _Short = "") -> Response:
    """Every webhook, and how it stands."""
    require_whole_admin(visit, _THINGS)
    return visit.page(
        "webhooks/webhooks.html",
        section="webhooks",
        notice=_NOTICES.get(notice, ""),
        webhooks=await desk.all(),
        off=_OFF,
    )


@router.get(_PATH + "/new")
async def new_webhook_page(visit: SignedIn, desk: _Desk) -> Response:
    """The form of a new webhook."""
    require_whole_admin(visit, _THINGS)
    values = {"project_code": ""}
    return await _page(visit, desk, None, Form(values), list(WebhookType))


@router.post(_PATH)
async def enter_webhook(visit: Writing, desk: _Desk) -> Response:
    """Enter a webhook and show its secret this once; say on the same page why it cannot be."""
    require_whole_admin(visit, _THINGS)
    values, types = await values_of(visit), await _types_sent(visit)
    try:
        entry = valid(NewWebhook, _body(values, types), patterns=_PATTERNS)
        made = await desk.enter(visit.principal, entry)
    except (FormRefusedError, PermanentError, ConflictError) as error:
        form, status = refused(values, error)
        return await _page(visit, desk, None, form, types, status=status)
    titled = await desk.titled(made.webhook)
    return await _page(visit, desk, titled, secret=made.secret.get_secret_value())


@router.get(_PATH + "/{webhook_id}")
async def webhook_page(
    visit: SignedIn, desk: _Desk, webhook_id: UUID, notice: _Short = ""
) -> Response:
    """A webhook: its form, its switch, its last attempts."""
    require_whole_admin(visit, _THINGS)
    titled = await desk.webhook(webhook_id)
    return await _page(visit, desk, titled, notice=_NOTICES.get(notice, ""))


@router.post(_PATH + "/{webhook_id}")
async def edit_webhook(visit: Writing, desk: _Desk, webhook_id: UUID) -> Response:
    """Edit a webhook; say on the same page why it cannot be."""
    require_whole_admin(visit, _THINGS)
    values, types = await values_of(visit), await _types_sent(visit)
    titled = await desk.webhook(webhook_id)
    try:
        change = valid(WebhookChange, _body(values, types), patterns=_PATTERNS)
        await desk.edit(visit.principal, webhook_id, version_of(values), change)
    except (FormRefusedError, PermanentError, ConflictError) as error:
        form, status = refused(values, error)
        return await _page(visit, desk, titled, form, types, status=status)
    return see_other(address(f"{_PATH}/{webhook_id}", notice="saved"))


@router.post(_PATH + "/{webhook_id}/switch")
async def switch_webhook(visit: Writing, desk: _Desk, webhook_id: UUID) -> Response:
    """Switch a webhook on, with what it missed or without it; or off."""
    require_whole_admin(visit, _THINGS)
    values = await values_of(visit)
    is_on = bool(values.get("is_enabled"))
    change = WebhookChange(is_enabled=is_on, skips_missed=bool(values.get("skips_missed")))
    await desk.edit(visit.principal, webhook_id, version_of(values), change)
    return see_other(address(f"{_PATH}/{webhook_id}", notice="on" if is_on else "off"))


@router.post(_PATH + "/{webhook_id}/rotate-secret")
async def rotate_secret(visit: Writing, desk: _Desk, webhook_id: UUID) -> Response:
    """Make a new secret and show it this once."""
    require_whole_admin(visit, _THINGS)
    made = await desk.rotate(visit.principal, webhook_id)
    titled = await desk.titled(made.webhook)
    return await _page(visit, desk, titled, secret=made.secret.get_secret_value())


@router.post(_PATH + "/{webhook_id}/test")
async def try_webhook(visit: Writing, desk: _Desk, webhook_id: UUID) -> Response:
    """Post a message now, and say how that ended."""
    require_whole_admin(visit, _THINGS)
    tried = await desk.test(webhook_id)
    return await _page(visit, desk, await desk.webhook(webhook_id), tried=tried)


@router.post(_PATH + "/{webhook_id}/remove")
async def remove_webhook(visit: Writing, desk: _Desk, webhook_id: UUID) -> Response:
    """Remove a webhook with its attempts."""
    require_whole_admin(visit, _THINGS)
    await desk.remove(visit.principal, webhook_id, await version_sent(visit))
    return see_other(address(_PATH, notice="removed"))


async def _types_sent(visit: Visit) -> list[str]:
    return [str(each) for each in (await visit.request.form()).getlist("types")]


def _body(values: dict[str, str], types: list[str]) -> dict[str, object]:
    if not types:
        raise FormRefusedError({"types": "Choose one at least."})
    return {
        "title": values.get("title", "").strip(),
        "url": values.get("url", "").strip(),
        "project_code": values.get("project_code") or None,
        "types": types,
    }


def _values(webhook: Webhook, project_code: str | None) -> dict[str, str]:
    return {
        "title": webhook.title,
        "url": webhook.url,
        "project_code": project_code or "",
        "version": str(webhook.version),
    }


async def _page(
    visit: Visit,
    desk: WebhookDesk,
    titled: Titled | None,
    form: Form | None = None,
    types: list[WebhookType] | list[str] | None = None,
    *,
    secret: str = "",
    tried: Delivery | None = None,
    notice: str = "",
    status: int = 200,
) -> Response:
    webhook = titled.webhook if titled else None
    if titled is not None and form is None:
        form = Form(_values(titled.webhook, titled.project_code))
        types = list(titled.webhook.types)
    answer = visit.page(
        "webhooks/webhook.html",
        status_code=status,
        section="webhooks",
        notice=notice,
        webhook=webhook,
        form=form,
        types=types or [],
        words=_TYPES,
        off=_OFF,
        outcomes=_OUTCOMES,
        projects=await desk.project_codes(),
        deliveries=await desk.deliveries(webhook.webhook_id) if webhook else [],
        kept=KEPT_DELIVERIES,
        secret=secret,
        tried=tried,
    )
    if secret:
        answer.headers["Cache-Control"] = "no-store"
    return answer
