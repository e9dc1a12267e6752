"""The bodies of webhooks, as they go over the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictBool

from dragoman_catalog import Delivery, DeliveryOutcome, OffReason, WebhookType
from dragoman_catalog.values import Code, DisplayName
from dragoman_catalog.webhook_values import WebhookTypes, WebhookUrl


class NewWebhook(BaseModel):
    """A webhook to enter. Without a project it is told of the jobs of all."""

    model_config = ConfigDict(extra="forbid")

    title: DisplayName
    url: WebhookUrl
    project_code: Code | None = None
    types: WebhookTypes = tuple(WebhookType)
    is_enabled: StrictBool = True


class WebhookChange(BaseModel):
    """The fields of a webhook that are to be others; those that are left out stay."""

    model_config = ConfigDict(extra="forbid")

    title: DisplayName | None = None
    url: WebhookUrl | None = None
    project_code: Code | None = Field(default=None, description="null: the jobs of every project.")
    types: WebhookTypes | None = None
    is_enabled: StrictBool | None = None
    skips_missed: StrictBool = Field(
        default=False,
        description="Go on with what happens from now on, and tell nothing of before.",
    )


class WebhookView(BaseModel):
    """A webhook, and how it stands. While its server takes nothing, `failing_since` and the next
    attempt are there; `off_reason` says why Dragoman switched it off, null where a person did.
    """

    webhook_id: UUID
    title: str
    url: str
    project_code: str | None
    types: list[WebhookType]
    is_enabled: bool
    off_reason: OffReason | None
    delivered_at: datetime | None
    failing_since: datetime | None
    attempt_count: int
    next_attempt_at: datetime | None
    previous_secret_until: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int


class WebhookList(BaseModel):
    """Webhooks by title."""

    items: list[WebhookView]


class WebhookSecret(BaseModel):
    """A webhook with its new secret, which is shown this once."""

    webhook: WebhookView
    secret: str


class DeliveryView(BaseModel):
    """An attempt to post a message."""

    message_id: Annotated[str, Field(description="The `webhook-id` that was sent: the event's id.")]
    type: str
    job_id: UUID | None
    attempted_at: datetime
    outcome: DeliveryOutcome
    status_code: int | None
    duration_ms: int
    error: str


class DeliveryList(BaseModel):
    """The last attempts, the newest first."""

    items: list[DeliveryView]


def delivery_view(delivery: Delivery) -> DeliveryView:
    """The attempt as it goes over the wire."""
    return DeliveryView(**{name: getattr(delivery, name) for name in DeliveryView.model_fields})
