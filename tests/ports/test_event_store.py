"""The event store's port suite: each adapter runs it, on a real database."""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import pytest
from eventsourcing.application import Application
from eventsourcing.persistence import StoredEvent

from contracts.streams import PROJECT, started, submitted
from dragoman_contracts.envelope import Origin, RecordedEvent
from dragoman_contracts.errors import ConflictError, UnknownEventTypeError
from dragoman_contracts.events import CancelRequested, Event
from dragoman_contracts.identity import new_id
from dragoman_contracts.vocabulary import JobStatus, WorkKind
from dragoman_runtime.eventstore import (
    Append,
    EventStore,
    Head,
    Jobs,
    Lease,
    LeaseHeldError,
    Stored,
)
from dragoman_runtime.eventstore.postgres import PostgresEventStore
from dragoman_runtime.eventstore.sqlite import SqliteEventStore
from dragoman_runtime.migrations.run import migrate_events
from servers.postgres import PostgresServer

TTL = timedelta(seconds=60)


@pytest.fixture(params=["sqlite", "postgres"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[EventStore]:
    """An empty store of each kind."""
    if request.param == "sqlite":
        opened: EventStore = SqliteEventStore(tmp_path / "events.db")
    else:
        url = cast(str, request.getfixturevalue("postgres_url"))
        await migrate_events(url)
        opened = await PostgresEventStore.connect(url)
    yield opened
    await opened.aclose()


def append(stream_id: UUID, events: Sequence[Event], head: Head | None = None) -> Append:
    """An append of these events to this stream."""
    origin = Origin(actor="service:test", correlation_id=stream_id)
    return Append(stream_id, PROJECT, head or Head(), tuple(events), origin, datetime.now(UTC))


def head_of(stored: Sequence[Stored]) -> Head:
    """The head after what was stored last."""
    return Head(stored[-1].recorded.version, stored[-1].digest)


async def test_events_come_back_as_they_were_appended(store: EventStore) -> None:
    stream_id = new_id()
    first = await store.commit([append(stream_id, [submitted()])])
    second = await store.commit(
        [append(stream_id, [started(WorkKind.PREFLIGHT), CancelRequested()], head_of(first))]
    )

    read = await store.read(stream_id)

    assert [each.recorded for each in read] == [each.recorded for each in (*first, *second)]
    assert [each.recorded.version for each in read] == [1, 2, 3]
    assert [each.recorded for each in await store.read(stream_id, after=2)] == [second[-1].recorded]


async def test_each_event_carries_the_digest_of_the_one_before(store: EventStore) -> None:
    stream_id = new_id()
    await store.commit(
        [append(stream_id, [submitted(), started(WorkKind.PREFLIGHT), CancelRequested()])]
    )

    read = await store.read(stream_id)

    assert read[0].recorded.previous_digest == ""
    assert [each.recorded.previous_digest for each in read[1:]] == [
        each.digest for each in read[:-1]
    ]


async def test_an_append_behind_an_old_head_is_a_conflict_and_stores_nothing(
    store: EventStore,
) -> None:
    stream_id, other_id = new_id(), new_id()
    await store.commit([append(stream_id, [submitted()])])

    with pytest.raises(ConflictError):
        await store.commit([append(other_id, [submitted()]), append(stream_id, [submitted()])])

    assert len(await store.read(stream_id)) == 1
    assert await store.read(other_id) == []


async def test_several_streams_are_appended_in_one_transaction(store: EventStore) -> None:
    ids = [new_id(), new_id()]

    await store.commit([append(stream_id, [submitted()]) for stream_id in ids])

    assert [len(await store.read(stream_id)) for stream_id in ids] == [1, 1]


async def test_the_log_holds_every_event_once_in_commit_order_under_concurrent_writers(
    store: EventStore,
) -> None:
    seen: list[tuple[UUID, int]] = []
    finished = asyncio.Event()

    async def read_the_log() -> None:
        position = 0
        while True:
            done = finished.is_set()
            for each in await store.tail(position, limit=7):
                position = each.position
                seen.append((each.recorded.stream_id, each.recorded.version))
            if done and position == await store.head_position():
                return

    async def write_a_stream() -> UUID:
        stream_id = new_id()
        head = head_of(await store.commit([append(stream_id, [submitted()])]))
        lease = Lease(uuid4(), stream_id, "writer", TTL)
        # As a worker does: the lease is taken with one append, released with the next.
        for number in range(14):
            take, release = (lease, None) if number % 2 == 0 else (None, lease)
            more = append(stream_id, [started(WorkKind.PREFLIGHT)], head)
            head = head_of(await store.commit([more], take=take, release=release))
        assert await store.live_leases(stream_id) == {}
        return stream_id

    reader = asyncio.create_task(read_the_log())
    ids = await asyncio.gather(*(write_a_stream() for _ in range(12)))
    finished.set()
    await reader

    assert len(seen) == len(set(seen)) == 12 * 15
    for stream_id in ids:
        assert [version for each, version in seen if each == stream_id] == list(range(1, 16))


async def test_exactly_one_of_many_racing_appends_wins(store: EventStore) -> None:
    stream_id = new_id()
    head = head_of(await store.commit([append(stream_id, [submitted()])]))

    racing = [store.commit([append(stream_id, [CancelRequested()], head)]) for _ in range(8)]
    results = await asyncio.gather(*racing, return_exceptions=True)

    assert sum(isinstance(each, ConflictError) for each in results) == 7
    assert len(await store.read(stream_id)) == 2


async def test_a_lease_is_taken_once_and_again_when_it_was_released_or_has_expired(
    store: EventStore,
) -> None:
    job_id, work_id = new_id(), uuid4()
    mine, theirs = Lease(work_id, job_id, "mine", TTL), Lease(work_id, job_id, "theirs", TTL)
    await store.commit(take=mine)
    with pytest.raises(LeaseHeldError):
        await store.commit(take=theirs)
    assert (await store.live_leases(job_id)).keys() == {work_id}

    await store.commit(release=mine)
    await store.commit(take=Lease(work_id, job_id, "theirs", timedelta(0)))
    assert await store.live_leases(job_id) == {}
    await store.commit(take=mine)

    assert await store.renew([theirs]) == set()
    assert await store.renew([mine]) == {work_id}


async def test_what_is_said_of_work_stands_on_its_lease_and_goes_with_it(store: EventStore) -> None:
    job_id = new_id()
    mine, silent = Lease(uuid4(), job_id, "mine", TTL), Lease(uuid4(), job_id, "mine", TTL)
    for lease in (mine, silent):
        await store.commit(take=lease)
    said = replace(mine, note="12 of 25 — \u05d0")

    assert await store.renew([said, silent]) == {mine.work_id, silent.work_id}
    found = await store.live_leases(job_id)
    assert {each: (lease.owner, lease.note) for each, lease in found.items()} == {
        mine.work_id: ("mine", said.note),
        silent.work_id: ("mine", None),
    }
    assert await store.renew([replace(said, owner="theirs", note="another's word")]) == set()
    assert (await store.live_leases(job_id))[mine.work_id].note == said.note

    await store.commit(release=mine)
    assert await store.renew([said]) == set()
    assert (await store.live_leases(job_id)).keys() == {silent.work_id}


async def test_who_takes_a_lease_begins_without_a_note(store: EventStore) -> None:
    work_id, job_id = uuid4(), new_id()
    first = Lease(work_id, job_id, "who vanished", timedelta(milliseconds=20), note="12 of 25")
    await store.commit(take=first)
    await store.renew([first])

    await taken(store, Lease(work_id, job_id, "who comes now", TTL))
    assert (await store.live_leases(job_id))[work_id].note is None

    await store.renew([Lease(work_id, job_id, "who comes now", TTL, note="1 of 25")])
    again = Lease(work_id, job_id, "who comes now", TTL)
    await store.commit([append(job_id, [submitted()])], take=again)
    assert (await store.live_leases(job_id))[work_id].note is None


async def test_a_held_lease_keeps_the_events_of_its_transaction_out(store: EventStore) -> None:
    stream_id, work_id = new_id(), uuid4()
    head = head_of(
        await store.commit(
            [append(stream_id, [submitted()])], take=Lease(work_id, stream_id, "a", TTL)
        )
    )

    with pytest.raises(LeaseHeldError):
        await store.commit(
            [append(stream_id, [started(WorkKind.PREFLIGHT)], head)],
            take=Lease(work_id, stream_id, "b", TTL),
        )

    assert len(await store.read(stream_id)) == 1


async def test_a_conflict_leaves_the_lease_as_it_was(store: EventStore) -> None:
    stream_id, lease = new_id(), Lease(uuid4(), new_id(), "a", TTL)
    await store.commit([append(stream_id, [submitted()])])

    with pytest.raises(ConflictError):
        await store.commit([append(stream_id, [submitted()])], take=lease)

    assert await store.live_leases(lease.job_id) == {}


async def test_a_position_is_stored_when_its_block_ends_well(store: EventStore) -> None:
    async with store.lock_position("reader") as position:
        assert position is not None
        assert position.position == 0
        await position.advance(42)

    async with store.lock_position("reader") as position:
        assert position is not None
        assert position.position == 42


async def test_a_locked_position_is_given_to_nobody_else(store: EventStore) -> None:
    async with (
        store.lock_position("reader") as first,
        store.lock_position("reader") as second,
        store.lock_position("other") as other,
    ):
        assert (first is None, second is None, other is None) == (False, True, False)

    async with store.lock_position("reader") as again:
        assert again is not None


async def test_jobs_are_folded_from_their_stream_and_see_what_others_append(
    store: EventStore,
) -> None:
    stream_id = new_id()
    jobs = Jobs(store)
    head = head_of(await store.commit([append(stream_id, [submitted()])]))
    assert (await jobs.load(stream_id))[0].status is JobStatus.QUEUED

    await store.commit([append(stream_id, [CancelRequested()], head)])

    job, seen = await jobs.load(stream_id)
    assert (job.status, job.version, seen.version) == (JobStatus.CANCELLING, 2, 2)


async def test_a_second_process_does_not_get_a_locked_position(postgres_url: str) -> None:
    await migrate_events(postgres_url)
    async with AsyncExitStack() as stack:
        first, second = [await PostgresEventStore.connect(postgres_url) for _ in range(2)]
        stack.push_async_callback(first.aclose)
        stack.push_async_callback(second.aclose)
        async with first.lock_position("relay") as position:
            assert position is not None
            async with second.lock_position("relay") as other:
                assert other is None


async def test_migrating_twice_at_the_same_time_is_safe(postgres_url: str) -> None:
    await asyncio.gather(*(migrate_events(postgres_url) for _ in range(4)))

    store = await PostgresEventStore.connect(postgres_url)
    assert await store.head_position() == 0
    await store.aclose()


class Dragoman(Application[UUID]):
    """A stranger's application, configured by its environment alone."""


def stranger_environment(persistence: dict[str, str]) -> dict[str, str]:
    """What a stranger sets to read our store with the event-sourcing library."""
    return {
        "MAPPER_TOPIC": "dragoman_runtime.eventstore.mapper:EventMapper",
        "CREATE_TABLE": "n",
        **persistence,
    }


@pytest.fixture(params=["sqlite", "postgres"])
async def stranger(
    request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[tuple[EventStore, Dragoman]]:
    """One of our stores, and the library's Application on the same database."""
    if request.param == "sqlite":
        store: EventStore = SqliteEventStore(tmp_path / "events.db")
        persistence = {
            "PERSISTENCE_MODULE": "eventsourcing.sqlite",
            "SQLITE_DBNAME": str(tmp_path / "events.db"),
        }
    else:
        url = cast(str, request.getfixturevalue("postgres_url"))
        server = cast(PostgresServer, request.getfixturevalue("postgres"))
        assert server.is_running
        await migrate_events(url)
        store = await PostgresEventStore.connect(url)
        parts = urlsplit(url)
        persistence = {
            "PERSISTENCE_MODULE": "eventsourcing.postgres",
            "POSTGRES_DBNAME": parts.path.lstrip("/"),
            "POSTGRES_HOST": str(parts.hostname),
            "POSTGRES_PORT": str(parts.port),
            "POSTGRES_USER": parts.username or os.environ.get("USER", "postgres"),
            "POSTGRES_PASSWORD": parts.password or "unused",
        }
    application = Dragoman(env=stranger_environment(persistence))
    yield store, application
    application.close()
    await store.aclose()


async def test_the_library_reads_our_streams_and_our_log(
    stranger: tuple[EventStore, Dragoman],
) -> None:
    store, application = stranger
    stream_id = new_id()
    stored = await store.commit(
        [append(stream_id, [submitted(), started(WorkKind.PREFLIGHT), CancelRequested()])]
    )

    events = cast("list[RecordedEvent]", list(application.events.get(stream_id)))
    notifications = application.notification_log.select(start=1, limit=10)

    assert events == [each.recorded for each in stored]
    assert [each.topic for each in notifications] == [
        "job.submitted",
        "phase.started",
        "job.cancel_requested",
    ]
    assert [application.mapper.to_domain_event(each) for each in notifications] == events
    assert [each.id for each in notifications] == [each.position for each in stored]


async def test_the_library_refuses_a_topic_that_is_not_ours(
    stranger: tuple[EventStore, Dragoman],
) -> None:
    _, application = stranger
    foreign = StoredEvent(new_id(), 1, "os:system", b"{}")

    with pytest.raises(UnknownEventTypeError):
        application.mapper.to_domain_event(foreign)


async def test_a_lease_tells_how_many_owners_let_it_expire(store: EventStore) -> None:
    work_id, job_id, short = uuid4(), new_id(), timedelta(milliseconds=20)
    leases = [Lease(work_id, job_id, f"owner {number}", short) for number in range(3)]
    for lease in leases:
        await taken(store, lease)
    again = Lease(work_id, job_id, "owner 2", short)
    await store.commit([append(job_id, [submitted()])], take=again)

    assert [lease.takeovers for lease in (*leases, again)] == [0, 1, 2, 2]

    await store.commit(release=again)
    released = Lease(work_id, job_id, "owner 4", short)
    await store.commit(take=released)
    assert released.takeovers == 0


async def test_leases_that_ended_long_ago_are_forgotten(store: EventStore) -> None:
    work_id, job_id = uuid4(), new_id()
    await taken(store, Lease(work_id, job_id, "who vanished", timedelta(milliseconds=20)))
    held = Lease(uuid4(), job_id, "who is at it", TTL)
    await taken(store, held)

    assert await store.forget_leases(timedelta(hours=1)) == 0
    await taken(store, Lease(work_id, job_id, "who vanished as well", timedelta(milliseconds=20)))
    async with asyncio.timeout(10):
        while True:
            if await store.forget_leases(timedelta(0)):
                break
            await asyncio.sleep(0.005)

    assert (await store.live_leases(job_id)).keys() == {held.work_id}
    first = Lease(work_id, job_id, "who comes now", TTL)
    await store.commit(take=first)
    assert first.takeovers == 0


async def taken(store: EventStore, lease: Lease) -> None:
    """Take the lease, as soon as that of its owner before has expired."""
    async with asyncio.timeout(10):
        while True:
            try:
                await store.commit(take=lease)
            except LeaseHeldError:
                await asyncio.sleep(0.005)
            else:
                return
