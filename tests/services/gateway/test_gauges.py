"""The gauges that the gateway reads from its database."""

from __future__ import annotations

import asyncio
import math
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from prometheus_client import REGISTRY

from dragoman_contracts.vocabulary import WorkKind
from dragoman_gateway.gauges import ViewGauges
from dragoman_gateway.views import projectors
from dragoman_runtime.bus.dead_letter import DeadLetter
from dragoman_runtime.dead_letters import DeadLetters
from dragoman_runtime.migrations.run import sqlalchemy_url
from dragoman_runtime.objects.files import FileObjectStore
from dragoman_runtime.projection import create_views_engine
from servers.postgres import PostgresServer
from services.gateway.desks import event_store
from services.gateway.histories import History


def value(name: str, **labels: str) -> float | None:
    """A sample of this process, as Prometheus would scrape it."""
    return REGISTRY.get_sample_value(name, labels)


async def test_parked_work_dead_letters_and_lag_are_known_from_the_start(
    tmp_path: Path, postgres_url: str, postgres: PostgresServer
) -> None:
    store, objects = (
        await event_store(tmp_path, postgres_url),
        FileObjectStore(tmp_path / "objects"),
    )
    await objects.open()
    engine = create_views_engine(sqlalchemy_url(postgres_url))
    views = projectors(store, objects, engine)
    for each in views:
        await each.open()
    gauges, kind = ViewGauges(engine, views, "gateway"), WorkKind.PREFLIGHT.value
    await gauges.look()
    assert value("dragoman_parked_work", kind=kind) == 0
    assert value("dragoman_dead_letters", source="store") == 0
    assert value("dragoman_projection_lag_events", projection="jobs") == 0

    history = History(store, objects)
    await history.park(await history.submit("order.docx"), WorkKind.PREFLIGHT)
    letter = DeadLetter(queue="qa", message_id=str(uuid4()), body=b"?", died_at=datetime.now(UTC))
    await DeadLetters(engine).add([letter])
    await gauges.look()
    assert (value("dragoman_projection_lag_events", projection="jobs") or 0) > 0
    for each in views:
        await each.catch_up()
    await gauges.look()
    assert value("dragoman_projection_lag_events", projection="jobs") == 0
    assert value("dragoman_parked_work", kind=kind) == 1
    assert value("dragoman_dead_letters", source="store") == 1

    await asyncio.to_thread(postgres.stop)
    try:
        await gauges.look()
    finally:
        await asyncio.to_thread(postgres.start)
    assert value("dragoman_store_connected", service="gateway") == 0
    assert math.isnan(value("dragoman_parked_work", kind=kind) or 0)
    await engine.dispose()
    await store.aclose()
