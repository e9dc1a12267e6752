"""The read models of all areas together, projected from the log:
jobs with their artifacts, documents, objects of classes, the audit.
"""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncEngine

from dragoman_gateway.audit.view import AUDIT_VERSION, AuditProjection
from dragoman_gateway.documents.view import DOCUMENTS_VERSION, DocumentsProjection
from dragoman_gateway.jobs.view.projection import JobsProjection, Streams
from dragoman_gateway.jobs.view.tables import JOBS_VERSION
from dragoman_gateway.objects.view import OBJECTS_VERSION, ObjectsProjection
from dragoman_gateway.web.position import ViewsPosition
from dragoman_gateway.web.records import Records
from dragoman_runtime.eventstore import EventStore
from dragoman_runtime.objects.port import ObjectStore
from dragoman_runtime.projection import LogWindow, Projector
from dragoman_runtime.rebuild import StreamProjection

__all__ = ["jobs_projector", "objects_projector", "projections", "projectors", "views_position"]

_VIEWS = (
    ("jobs", JOBS_VERSION),
    ("documents", DOCUMENTS_VERSION),
    ("objects", OBJECTS_VERSION),
    ("audit", AUDIT_VERSION),
)


def projections(
    streams: Streams, objects: ObjectStore, suffix: str = ""
) -> tuple[StreamProjection, ...]:
    """The gateway's views; with a suffix, those that a replay builds in tables of its own."""
    records = Records(objects)
    return (
        JobsProjection(streams, records, suffix),
        DocumentsProjection(streams, records, suffix),
        ObjectsProjection(streams, records, suffix),
        AuditProjection(records, suffix),
    )


def projectors(
    store: EventStore, objects: ObjectStore, engine: AsyncEngine
) -> tuple[Projector, ...]:
    """One projector for each of the gateway's views: `open` each, then let each `run`."""
    log = LogWindow(store)
    return tuple(Projector(log, engine, each) for each in projections(store, objects))


def jobs_projector(store: EventStore, objects: ObjectStore, engine: AsyncEngine) -> Projector:
    """The projector of the view of jobs, for who reads no other."""
    return Projector(store, engine, JobsProjection(store, Records(objects)))


def objects_projector(store: EventStore, objects: ObjectStore, engine: AsyncEngine) -> Projector:
    """The projector of the view of objects, for who reads no other."""
    return Projector(store, engine, ObjectsProjection(store, Records(objects)))


def views_position(engine: AsyncEngine, store: EventStore) -> ViewsPosition:
    """How far the views in this database have come behind the log."""
    return ViewsPosition(engine, store, _VIEWS)
