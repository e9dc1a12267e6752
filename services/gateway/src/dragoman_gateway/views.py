"""The read models: jobs and their artifacts, units with their results, the audit; projected from the log."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncEngine

from dragoman_gateway.audit.view import AuditProjection, audited_digests
from dragoman_gateway.jobs.view.projection import JobsProjection, Streams
from dragoman_gateway.jobs.view.queries import SqlJobViews
from dragoman_gateway.jobs.view.units import UnitsProjection
from dragoman_gateway.web.records import Records
from dragoman_runtime.eventstore import EventStore
from dragoman_runtime.objects.port import ObjectStore
from dragoman_runtime.projection import LogWindow, Projector
from dragoman_runtime.rebuild import StreamProjection

__all__ = [
    "AuditProjection",
    "JobsProjection",
    "SqlJobViews",
    "UnitsProjection",
    "audited_digests",
    "projections",
    "projectors",
]


def projections(streams: Streams, objects: ObjectStore, suffix: str = "") -> tuple[StreamProjection, ...]:
    """The gateway's views; with a suffix, those that a replay builds in tables of its own."""
    records = Records(objects)
    return (
        JobsProjection(streams, records, suffix),
        UnitsProjection(records, suffix),
        AuditProjection(records, suffix),
    )


def projectors(store: EventStore, objects: ObjectStore, engine: AsyncEngine) -> tuple[Projector, ...]:
    """One projector for each of the gateway's views: `open` each, then let each `run`."""
    log = LogWindow(store)
    return tuple(Projector(log, engine, each) for each in projections(store, objects))
