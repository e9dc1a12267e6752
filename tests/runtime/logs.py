"""What the tests of relay and reconciler share: a log with jobs in it,
and a bus that writes down what it is given.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from typing_extensions import override

from contracts.streams import PROJECT, origin, submitted
from dragoman_contracts.envelope import RecordedEvent
from dragoman_contracts.events import Event
from dragoman_contracts.identity import new_id
from dragoman_runtime.bus import Delivery, EventPublisher, WorkSender
from dragoman_runtime.eventstore import Append, EventStore, Head, Jobs
from dragoman_runtime.eventstore.postgres import PostgresEventStore
from dragoman_runtime.eventstore.sqlite import SqliteEventStore
from dragoman_runtime.migrations.run import migrate_events

_PATIENCE_S = 20


@asynccontextmanager
async def sqlite_store(folder: Path) -> AsyncGenerator[SqliteEventStore]:
    """An event store in a file of this folder."""
    store = SqliteEventStore(folder / "events.db")
    yield store
    await store.aclose()


@asynccontextmanager
async def postgres_store(url: str) -> AsyncGenerator[PostgresEventStore]:
    """An event store in this database, as one more process opens it."""
    await migrate_events(url)
    store = await PostgresEventStore.connect(url)
    yield store
    await store.aclose()


async def submit(
    store: EventStore, *events: Event, at: datetime | None = None, job_id: UUID | None = None
) -> UUID:
    """A new job with these events behind its submission, all in one append."""
    job_id = job_id or new_id()
    _, head = await Jobs(store).find(job_id) or (None, None)
    if head is None:
        await submit_many(store, [job_id], *events, at=at)
    else:
        await store.commit(
            [Append(job_id, PROJECT, head, events, origin(), at or datetime.now(UTC))]
        )
    return job_id


async def submit_many(
    store: EventStore, job_ids: Sequence[UUID], *events: Event, at: datetime | None = None
) -> None:
    """New jobs of these ids, all in one transaction."""
    occurred_at = at or datetime.now(UTC)
    await store.commit(
        [
            Append(each, PROJECT, Head(), (submitted(), *events), origin(), occurred_at)
            for each in job_ids
        ]
    )


class WrittenDown(WorkSender, EventPublisher):
    """A bus that keeps what it is given. `errors` are raised in turn after that;
    `gate` holds it before.
    """

    def __init__(self) -> None:
        self.items: list[Delivery] = []
        self.events: list[RecordedEvent] = []
        self.errors: list[Exception] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.is_reached = asyncio.Event()

    @override
    async def send(self, deliveries: Sequence[Delivery]) -> None:
        self.items += deliveries
        if self.errors:
            raise self.errors.pop(0)

    @override
    async def publish(self, events: Sequence[RecordedEvent]) -> None:
        self.is_reached.set()
        await self.gate.wait()
        self.events += events

    @property
    def work(self) -> list[tuple[UUID, str, int]]:
        """What was sent: job, kind and index, in order."""
        return [(each.item.job_id, each.item.kind, each.item.index) for each in self.items]

    def forget(self) -> None:
        """Lose all, as a wiped broker does."""
        self.items.clear()


async def until(condition: Callable[[], bool]) -> float:
    """Wait until the condition holds; how many seconds it took."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    while not condition():
        assert loop.time() - began < _PATIENCE_S, "waited in vain"
        await asyncio.sleep(0.005)
    return loop.time() - began
