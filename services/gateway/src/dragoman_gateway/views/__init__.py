"""The read models: jobs and their artifacts, units with their results, the audit; projected from the log."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncEngine

from dragoman_gateway.views.audit import AuditProjection
from dragoman_gateway.views.jobs import JobsProjection
from dragoman_gateway.views.queries import SqlJobViews
from dragoman_gateway.views.records import Records
from dragoman_gateway.views.units import UnitsProjection
from dragoman_runtime.eventstore import EventStore
from dragoman_runtime.objects.port import ObjectStore
from dragoman_runtime.projection import LogWindow, Projector

__all__ = ["AuditProjection", "JobsProjection", "SqlJobViews", "UnitsProjection", "projectors"]


def projectors(store: EventStore, objects: ObjectStore, engine: AsyncEngine) -> tuple[Projector, ...]:
    """One projector for each of the gateway's views: `open` each, then let each `run`."""
    log, records = LogWindow(store), Records(objects)
    return (
        Projector(log, engine, JobsProjection(store, records)),
        Projector(log, engine, UnitsProjection(records)),
        Projector(log, engine, AuditProjection(records)),
    )
