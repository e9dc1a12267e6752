"""The rules of webhooks: which events are told, in which message, how it is signed, and when a server
that did not take it is asked again. Pure.

A message is signed in the form of Standard Webhooks:

    webhook-id: 0b5e…                    the event's id, the same each time the event is told
    webhook-timestamp: 1795340400        when this attempt was made
    webhook-signature: v1,5fGq…          HMAC-SHA256 of "id.timestamp.body", one for each secret
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from types import MappingProxyType
from uuid import UUID

from dragoman_catalog.webhook_values import (
    DeliveryOutcome,
    OffReason,
    Standing,
    TrialType,
    Webhook,
    WebhookType,
)
from dragoman_contracts import events as e
from dragoman_contracts.events import EVENT_TYPES, StreamType
from dragoman_contracts.references import ObjectRef
from dragoman_contracts.subject import LocalePair
from dragoman_contracts.vocabulary import JobStatus

WAITS = (
    timedelta(seconds=5),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
)
"""The waits after the first attempts; the last one holds for all that follow."""

GIVES_UP_AFTER = timedelta(days=3)
"""How long a message is tried before its webhook is switched off."""

LONGEST_ASKED_WAIT = timedelta(hours=10)
"""The longest wait that a server may ask for."""

KEEPS_PREVIOUS_SECRET_FOR = timedelta(hours=24)
"""How long messages are signed with the secret before the newest as well."""

_TYPE_OF_STATUS: Mapping[JobStatus, WebhookType] = MappingProxyType(
    {
        JobStatus.COMPLETED: WebhookType.JOB_COMPLETED,
        JobStatus.FAILED: WebhookType.JOB_FAILED,
        JobStatus.CANCELLED: WebhookType.JOB_CANCELLED,
        JobStatus.BLOCKED: WebhookType.JOB_BLOCKED,
        JobStatus.NEEDS_REVIEW: WebhookType.JOB_NEEDS_REVIEW,
    }
)
_SILENT = frozenset(
    {
        e.JobSubmitted,
        e.StartRequested,
        e.PhaseStarted,
        e.PhasePlanned,
        e.TranslationPlanned,
        e.BatchTranslated,
        e.CancelRequested,
        e.WorkFailed,
        e.ArtifactErased,
        e.JobRemoved,
        e.CheckpointDiscarded,
        e.ReplayPackaged,
    }
)
"""Events by which no job comes to a status that is told; they are most of a log."""

TELLING = frozenset(
    name
    for name, type_ in EVENT_TYPES.items()
    if type_.stream_type is StreamType.JOB and type_ not in _SILENT
)
"""The names of the events by which a job may come to a status that is told."""

_JITTER = 0.2
_SUCCESS = range(200, 300)
_GONE = 410


@dataclass(frozen=True, slots=True)
class Change:
    """A job came to another status that is told, by the event of this id. `intake` is the record of
    its file's name, where it has one.
    """

    type: WebhookType
    event_id: UUID
    occurred_at: datetime
    project_id: UUID
    job_id: UUID
    status: JobStatus
    pipeline: str
    locales: LocalePair | None
    intake: ObjectRef | None


@dataclass(frozen=True, slots=True)
class Answer:
    """How an attempt to post ended. `error` is a sentence of ours; empty where it was delivered."""

    outcome: DeliveryOutcome
    status_code: int | None = None
    duration_ms: int = 0
    error: str = ""
    retry_after: str = ""

    @property
    def is_delivered(self) -> bool:
        """Whether the server took the message."""
        return self.outcome is DeliveryOutcome.DELIVERED


def told_of(before: JobStatus | None, after: JobStatus) -> WebhookType | None:
    """The message that a change of status is told by; None for a change that is not told, and for
    none.
    """
    return None if before is after else _TYPE_OF_STATUS.get(after)


def is_asked_for(webhook: Webhook, change: Change) -> bool:
    """Whether the webhook is told of this change."""
    is_of_project = webhook.project_id is None or webhook.project_id == change.project_id
    return is_of_project and change.type in webhook.types


def is_due(standing: Standing, now: datetime) -> bool:
    """Whether the server is asked now. A time that lies further ahead than any wait was set by a
    clock that was wrong.
    """
    at = standing.next_attempt_at
    return at is None or at <= now or at - now > 2 * WAITS[-1]


def answered(status_code: int, duration_ms: int, retry_after: str = "") -> Answer:
    """The attempt that the server answered with this status."""
    if status_code in _SUCCESS:
        return Answer(DeliveryOutcome.DELIVERED, status_code, duration_ms)
    outcome = DeliveryOutcome.GONE if status_code == _GONE else DeliveryOutcome.ANSWERED
    error = f"The server answered with HTTP {status_code}."
    return Answer(outcome, status_code, duration_ms, error, retry_after)


def standing_after(
    before: Standing, position: int, answer: Answer, now: datetime, share: float
) -> Standing:
    """How a webhook stands after the event at `position` was posted.

    `share`, from 0 to 1, spreads the waits, so that many webhooks of one server do not come together.
    """
    if answer.is_delivered:
        return Standing(position=position, delivered_at=now)
    since = before.failing_since or now
    failed = before.model_copy(
        update={
            "attempt_count": before.attempt_count + 1,
            "failing_since": since,
            "next_attempt_at": None,
        }
    )
    if answer.outcome is DeliveryOutcome.GONE:
        return failed.model_copy(update={"off_reason": OffReason.GONE})
    if now - since >= GIVES_UP_AFTER:
        return failed.model_copy(update={"off_reason": OffReason.FAILING})
    usual = WAITS[min(before.attempt_count, len(WAITS) - 1)] * (1 + _JITTER * (2 * share - 1))
    wait = max(usual, asked_wait(answer.retry_after, now))
    return failed.model_copy(update={"next_attempt_at": min(now + wait, since + GIVES_UP_AFTER)})


def asked_wait(retry_after: str, now: datetime) -> timedelta:
    """The wait that a Retry-After header asks for (RFC 9110 §10.2.3), in seconds or as a date; at most
    `LONGEST_ASKED_WAIT`, and none where it says nothing that can be waited for.
    """
    try:
        seconds = float(retry_after)
    except ValueError:
        seconds = _seconds_until(retry_after, now)
    if not math.isfinite(seconds) or seconds <= 0:
        return timedelta(0)
    return timedelta(seconds=min(seconds, LONGEST_ASKED_WAIT.total_seconds()))


def _seconds_until(date: str, now: datetime) -> float:
    try:
        at = parsedate_to_datetime(date)
    except (ValueError, TypeError):
        return 0.0
    return (at.replace(tzinfo=at.tzinfo or UTC) - now).total_seconds()


def body_of(change: Change, project_code: str, file_name: str, public_url: str) -> bytes:
    """The message of a change: what happened to which job, and where to read more. It holds no text of
    a document.
    """
    locales = change.locales
    data = {
        "job_id": str(change.job_id),
        "project_code": project_code,
        "status": change.status.value,
        "pipeline": change.pipeline,
        "file_name": file_name or None,
        "source_language": str(locales.source) if locales else None,
        "target_language": str(locales.target) if locales else None,
        "links": {"self": f"{public_url.rstrip('/')}/api/v1/jobs/{change.job_id}"},
    }
    return _message(change.type.value, change.occurred_at, data)


def trial_body(webhook: Webhook, now: datetime) -> bytes:
    """The message that tries a webhook."""
    data = {"webhook_id": str(webhook.webhook_id), "title": webhook.title}
    return _message(TrialType.TEST.value, now, data)


def headers_of(
    message_id: str, now: datetime, body: bytes, secrets: Sequence[str]
) -> dict[str, str]:
    """The headers of an attempt, signed with each of the secrets."""
    timestamp = int(now.timestamp())
    signatures = [signature(each, message_id, timestamp, body) for each in secrets]
    return {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signatures),
    }


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """The signature by one secret, `whsec_` and the base64 of the key."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{message_id}.{timestamp}.".encode() + body
    return f"v1,{base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()}"


def _message(type_: str, at: datetime, data: Mapping[str, object]) -> bytes:
    timestamp = at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    message = {"type": type_, "timestamp": timestamp, "data": data}
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()
