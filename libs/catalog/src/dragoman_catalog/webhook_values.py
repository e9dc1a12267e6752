"""Webhooks as values: addresses that are told of jobs, and the attempts to tell them."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, NamedTuple
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, Field, SecretStr, StrictBool

from dragoman_catalog.values import DisplayName, Version
from dragoman_contracts.model import Value

MOST_WEBHOOKS = 100
"""The webhooks that an installation has at most."""

KEPT_DELIVERIES = 100
"""The attempts that are kept of each webhook, the last ones."""

_Count = Annotated[int, Field(ge=0)]


class WebhookType(StrEnum):
    """The messages that a webhook can ask for: each names the status that a job came to."""

    JOB_COMPLETED = "job.completed"
    JOB_FAILED = "job.failed"
    JOB_CANCELLED = "job.cancelled"
    JOB_BLOCKED = "job.blocked"
    JOB_NEEDS_REVIEW = "job.needs_review"


class TrialType(StrEnum):
    """The type of the message that a person sends to try a webhook."""

    TEST = "webhook.test"


class DeliveryOutcome(StrEnum):
    """How an attempt to post a message ended."""

    DELIVERED = "delivered"
    ANSWERED = "answered"
    GONE = "gone"
    TIMED_OUT = "timed_out"
    UNREACHABLE = "unreachable"
    ADDRESS_REFUSED = "address_refused"
    SECRET_UNREADABLE = "secret_unreadable"  # noqa: S105 - no secret


class OffReason(StrEnum):
    """Why Dragoman switched a webhook off: its server said that it is gone, or took nothing for
    three days.
    """

    GONE = "gone"
    FAILING = "failing"


def _each_once(types: tuple[WebhookType, ...]) -> tuple[WebhookType, ...]:
    return tuple(each for each in WebhookType if each in types)


MOST_URL_LENGTH = 1000
WebhookUrl = Annotated[
    str, Field(max_length=MOST_URL_LENGTH, pattern=r"^https?://[^\s\x00-\x1f\x7f]+$")
]
WebhookTypes = Annotated[
    tuple[WebhookType, ...], Field(min_length=1, max_length=20), AfterValidator(_each_once)
]
"""Types of messages, each once."""


class WebhookEntry(Value):
    """A webhook as an admin enters it. Without a project it is told of the jobs of all."""

    title: DisplayName
    url: WebhookUrl
    project_id: UUID | None = None
    types: WebhookTypes
    is_enabled: StrictBool = True


class Standing(Value):
    """How far a webhook has come: every event up to `position` of the log was told, or is none that
    it asks for.

    While the server does not take the next one, `failing_since` is when it first did not,
    `attempt_count` how often it did not, and `next_attempt_at` when it is tried again.
    """

    position: _Count
    attempt_count: _Count = 0
    failing_since: AwareDatetime | None = None
    next_attempt_at: AwareDatetime | None = None
    delivered_at: AwareDatetime | None = None
    off_reason: OffReason | None = None


class Webhook(WebhookEntry, Standing):
    """The stored webhook. Until `previous_secret_until` messages are signed with the secret before,
    too.
    """

    webhook_id: UUID
    previous_secret_until: AwareDatetime | None = None
    created_at: AwareDatetime
    updated_at: AwareDatetime
    version: Version

    @property
    def standing(self) -> Standing:
        """How far it has come."""
        return Standing(**{name: getattr(self, name) for name in Standing.model_fields})

    @property
    def entry(self) -> WebhookEntry:
        """The fields that a person entered."""
        return WebhookEntry(**{name: getattr(self, name) for name in WebhookEntry.model_fields})


class NewWebhookSecret(NamedTuple):
    """A webhook with its new secret, which is told this once."""

    webhook: Webhook
    secret: SecretStr


class Delivery(Value):
    """An attempt to post a message. `error` is a sentence of ours, never what the server said."""

    delivery_id: UUID
    webhook_id: UUID
    message_id: Annotated[str, Field(max_length=80)]
    type: Annotated[str, Field(max_length=80)]
    job_id: UUID | None = None
    attempted_at: AwareDatetime
    outcome: DeliveryOutcome
    status_code: int | None = None
    duration_ms: _Count = 0
    error: Annotated[str, Field(max_length=500)] = ""
