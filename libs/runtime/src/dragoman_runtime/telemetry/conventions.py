"""Attributes of spans as OpenTelemetry's semantic conventions name them: messaging and databases."""

from __future__ import annotations

from collections.abc import Mapping

from dragoman_contracts.pipeline import WorkItem
from dragoman_contracts.steps import queue_of
from dragoman_runtime.telemetry.tracing import AttributeValue

EVENTS = "dragoman_events"


def messaging(item: WorkItem, operation: str) -> Mapping[str, AttributeValue]:
    """The attributes of a message of owed work; `operation` is `send` or `process`.

    The one process has no broker; its queues are named the same.
    """
    return {
        "messaging.system": "rabbitmq",
        "messaging.operation.name": operation,
        "messaging.operation.type": operation,
        "messaging.destination.name": queue_of(item.kind).value,
        "messaging.message.id": str(item.work_id),
        "messaging.message.conversation_id": str(item.job_id),
    }


def appending(count: int) -> Mapping[str, AttributeValue]:
    """The attributes of an append of so many events to the log on PostgreSQL."""
    return {
        "db.system.name": "postgresql",
        "db.operation.name": "INSERT",
        "db.collection.name": EVENTS,
        "db.operation.batch.size": count,
    }
