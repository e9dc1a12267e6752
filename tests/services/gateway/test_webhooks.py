"""The poster on both stores: each message in its order, again where it was not taken, and no webhook
waits for another.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from dragoman_catalog import (
    Catalog,
    DeliveryOutcome,
    KeySeal,
    OffReason,
    ProjectSettings,
    Webhook,
    WebhookEntry,
    WebhookType,
    migrate_catalog,
)
from dragoman_contracts import events as e
from dragoman_contracts.identity import project_id
from dragoman_contracts.vocabulary import WorkKind
from dragoman_gateway.web.records import Records
from dragoman_gateway.webhooks.posting import Pace, Poster
from dragoman_gateway.webhooks.sending import Sender
from dragoman_models.addresses import OWN_MACHINE
from dragoman_runtime.eventstore import (
    DamagedEventError,
    EventStore,
    Lease,
    Stored,
    StoreUnavailableError,
)
from dragoman_runtime.migrations.run import sqlalchemy_url
from dragoman_runtime.objects import FileObjectStore
from dragoman_runtime.projection import create_views_engine
from services.gateway.desks import SIGNING_KEY, TESTER, event_store
from services.gateway.histories import Document, History
from services.gateway.hook_server import HookServer, Received, verified

START = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
ATLAS = project_id("atlas")
ALL = tuple(WebhookType)


@dataclass
class Clock:
    """A clock that stands still until it is moved."""

    at: datetime = START

    def now(self) -> datetime:
        return self.at

    def move(self, by: timedelta) -> None:
        self.at += by


@dataclass
class Place:
    """Stores and catalogue of an installation, its jobs, and posters over them."""

    store: EventStore
    objects: FileObjectStore
    catalog: Catalog
    engine: AsyncEngine
    clock: Clock = field(default_factory=Clock)

    @property
    def history(self) -> History:
        return History(self.store, self.objects)

    def poster(
        self, owner: str = "one", *, timeout_s: float = 5.0, pace: Pace | None = None
    ) -> Poster:
        return Poster(
            store=self.store,
            records=Records(self.objects),
            catalog=self.catalog,
            clock=self.clock,
            sender=Sender(OWN_MACHINE, timeout_s=timeout_s),
            public_url="https://dragoman.example",
            owner=owner,
            pace=pace,
        )

    async def hook(
        self,
        server: HookServer,
        *,
        types: tuple[WebhookType, ...] = ALL,
        project: UUID | None = None,
        title: str = "hook",
    ) -> tuple[Webhook, str]:
        entry = WebhookEntry(title=title, url=server.url, types=types, project_id=project)
        head = await self.store.head_position()
        made = await self.catalog.webhooks.create(TESTER, START, entry, head)
        return made.webhook, made.secret.get_secret_value()

    async def stored(self, webhook: Webhook) -> Webhook:
        found = await self.catalog.webhooks.find(webhook.webhook_id)
        assert found is not None
        return found


@pytest.fixture(params=["sqlite", "postgres"])
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    is_postgres = request.param == "postgres"
    url = str(request.getfixturevalue("postgres_url")) if is_postgres else None
    catalog_url = url or f"sqlite:///{tmp_path}/views.db"
    await migrate_catalog(catalog_url)
    store = await event_store(tmp_path, url)
    objects = FileObjectStore(tmp_path / "objects")
    await objects.open()
    engine = create_views_engine(sqlalchemy_url(catalog_url))
    yield Place(store, objects, Catalog(engine, KeySeal(SIGNING_KEY)), engine)
    await engine.dispose()
    await store.aclose()


async def told(poster: Poster) -> None:
    """Let everything be told that is due now."""
    await poster.step()
    await poster.settle()


async def completed(history: History, name: str = "contract.docx") -> UUID:
    job_id = await history.submit(name)
    await history.advance(job_id, to="reassembly")
    return job_id


async def test_a_job_is_told_of_where_it_needs_people_fails_and_ends_in_this_order(
    place: Place,
) -> None:
    before = await place.history.submit("before.docx")
    await place.history.block(before)  # nobody asked yet
    with HookServer() as server:
        webhook, secret = await place.hook(server)
        history = place.history
        first = await history.submit("first.docx")
        await history.advance(first, to="plan")
        await history.park(first, WorkKind.TRANSLATION_BATCH)
        await history.park(first, WorkKind.TRANSLATION_BATCH, index=1)
        second = await history.submit("second.docx")
        await history.block(second)
        poster = place.poster()
        await told(poster)
        third = await history.submit("third.docx")
        await history.say(third, e.CancelRequested(), actor="user:ada")
        await history.say(third, e.JobCancelled())
        await told(poster)
        await told(poster)  # and nothing twice
        assert server.types == ["job.failed", "job.blocked", "job.cancelled"]
        message = server.received[0].message
        assert message["data"] == {
            "job_id": str(first),
            "project_code": "atlas",
            "status": "failed",
            "pipeline": "translate-docx",
            "file_name": "first.docx",
            "source_language": "en",
            "target_language": "es",
            "links": {"self": f"https://dragoman.example/api/v1/jobs/{first}"},
        }
        assert all(verified(each, secret, now=START.timestamp()) for each in server.received)
        assert len({each.id for each in server.received}) == 3
        assert server.received[0].path == "/hook?key=1"
    deliveries = await place.catalog.webhooks.deliveries(webhook.webhook_id)
    assert [each.type for each in deliveries] == ["job.cancelled", "job.blocked", "job.failed"]
    assert {each.outcome for each in deliveries} == {DeliveryOutcome.DELIVERED}
    assert deliveries[-1].message_id == server.received[0].id
    assert (await place.stored(webhook)).delivered_at == START


async def test_a_webhook_is_told_of_the_types_and_the_project_it_asks_for(place: Place) -> None:
    await place.catalog.projects.create(
        TESTER, START, code="atlas", name="Atlas", settings=ProjectSettings()
    )
    with HookServer() as of_atlas, HookServer() as of_review, HookServer() as of_all:
        await place.hook(of_atlas, project=ATLAS)
        await place.hook(of_review, types=(WebhookType.JOB_NEEDS_REVIEW,))
        await place.hook(of_all)
        history = place.history
        doubtful = Document(verdict=e.QaVerdict.NEEDS_REVIEW)
        job_id = await history.submit("here.docx", document=doubtful)
        await history.advance(job_id, to="qa")
        other = await history.submit("there.docx", code="other")
        await history.block(other)
        await told(place.poster())
        assert of_review.types == ["job.needs_review"]
        assert [each.message["data"]["project_code"] for each in of_all.received] == [
            "atlas",
            "other",
        ]
        assert [each.message["data"]["job_id"] for each in of_atlas.received] == [str(job_id)]


async def test_what_was_refused_is_posted_again_later_with_the_same_id(place: Place) -> None:
    with HookServer(500, "cut", 200) as server:
        webhook, secret = await place.hook(server)
        history = place.history
        for name in ("first.docx", "second.docx"):
            await history.block(await history.submit(name))
        poster = place.poster()
        await told(poster)
        await told(poster)  # not due yet
        assert len(server.received) == 1
        failing = await place.stored(webhook)
        assert (failing.attempt_count, failing.failing_since) == (1, START)
        place.clock.move(timedelta(seconds=7))
        await told(poster)
        assert (await place.stored(webhook)).attempt_count == 2
        place.clock.move(timedelta(seconds=75))
        await told(poster)
        first, again, taken, next_one = server.received
        assert first.id == again.id == taken.id != next_one.id
        assert first.body == taken.body
        assert first.headers["webhook-timestamp"] != taken.headers["webhook-timestamp"]
        assert verified(taken, secret, now=place.clock.now().timestamp())
        stands = await place.stored(webhook)
        assert (stands.attempt_count, stands.failing_since) == (0, None)
    outcomes = [
        (each.outcome, each.status_code)
        for each in await place.catalog.webhooks.deliveries(webhook.webhook_id)
    ]
    assert outcomes[::-1] == [
        ("answered", 500),
        ("unreachable", None),
        ("delivered", 200),
        ("delivered", 204),
    ]


async def test_a_webhook_that_is_down_or_slow_holds_up_no_other(place: Place) -> None:
    with HookServer("held") as slow, HookServer(503) as down, HookServer() as good:
        for server in (slow, down, good):
            await place.hook(server)
        history, poster = place.history, place.poster(timeout_s=60)
        await history.block(await history.submit("first.docx"))
        assert await poster.step() == 3
        for server in (slow, down, good):
            assert await asyncio.to_thread(server.wait_for, 1)
        await history.block(await history.submit("second.docx"))
        async with asyncio.timeout(50):
            while len(good.received) < 2:
                await poster.step()
                await asyncio.sleep(0.01)
        assert (len(slow.received), len(down.received)) == (1, 1)
        slow.released.set()
        await poster.settle()
        await told(poster)
        assert len(slow.received) == 2


async def test_a_server_that_does_not_answer_or_does_not_stop_costs_no_more_than_the_limit(
    place: Place,
) -> None:
    with HookServer("held") as silent, HookServer("long") as endless:
        slow, _ = await place.hook(silent)
        long, _ = await place.hook(endless)
        await place.history.block(await place.history.submit("a.docx"))
        await told(place.poster(timeout_s=0.3))
        (timed_out,) = await place.catalog.webhooks.deliveries(slow.webhook_id)
        assert (timed_out.outcome, timed_out.status_code) == ("timed_out", None)
        assert 250 <= timed_out.duration_ms < 5000
        (taken,) = await place.catalog.webhooks.deliveries(long.webhook_id)
        assert taken.outcome == "delivered"


async def test_a_server_that_is_gone_switches_its_webhook_off_at_once(place: Place) -> None:
    with HookServer(410) as server:
        webhook, _ = await place.hook(server)
        await place.history.block(await place.history.submit("a.docx"))
        poster = place.poster()
        await told(poster)
        off = await place.stored(webhook)
        assert (off.is_enabled, off.off_reason, off.version) == (False, OffReason.GONE, 2)
        place.clock.move(timedelta(days=1))
        await told(poster)
        assert len(server.received) == 1
        on = await place.catalog.webhooks.edit(
            TESTER, place.clock.now(), webhook.webhook_id, version=2, entry=webhook.entry
        )
        assert on.off_reason is None
        await told(poster)  # it goes on where it stood
        assert server.received[0].id == server.received[1].id
    audited = await place.catalog.audit(entity_id=str(webhook.webhook_id))
    assert [each.action for each in audited][1] == "webhook.switched_off"


async def test_after_three_days_without_success_it_is_switched_off(place: Place) -> None:
    with HookServer(*[500] * 100) as server:
        webhook, _ = await place.hook(server)
        await place.history.block(await place.history.submit("a.docx"))
        poster = place.poster()
        while (stands := await place.stored(webhook)).is_enabled:
            if stands.next_attempt_at is not None:
                place.clock.at = stands.next_attempt_at
            await told(poster)
        assert stands.off_reason is OffReason.FAILING
        assert place.clock.now() - START == timedelta(days=3)
        assert len({each.id for each in server.received}) == 1
        assert 10 < len(server.received) < 20


async def test_the_wait_that_a_server_asks_for_is_kept(place: Place) -> None:
    with HookServer(503, headers={"Retry-After": "600"}) as server:
        webhook, _ = await place.hook(server)
        await place.history.block(await place.history.submit("a.docx"))
        await told(place.poster())
        stands = await place.stored(webhook)
        assert stands.next_attempt_at == START + timedelta(minutes=10)


async def test_redirects_and_addresses_of_the_inside_are_not_followed(place: Place) -> None:
    with HookServer() as inside, HookServer(302, headers={"Location": inside.url}) as server:
        webhook, _ = await place.hook(server)
        await place.history.block(await place.history.submit("a.docx"))
        await told(place.poster())
        (delivery,) = await place.catalog.webhooks.deliveries(webhook.webhook_id)
        assert delivery.outcome == "address_refused"
        assert "redirect" in delivery.error
        assert inside.received == []
        place.clock.move(timedelta(seconds=10))
        strict = replace(place)
        poster = strict.poster()
        poster._sender = Sender(frozenset())  # pyright: ignore[reportPrivateUsage]
        await told(poster)
        delivery, _ = await place.catalog.webhooks.deliveries(webhook.webhook_id)
        assert delivery.outcome == "address_refused"
        assert "private network" in delivery.error
        assert len(server.received) == 1


async def test_during_a_rotation_both_secrets_sign(place: Place) -> None:
    with HookServer() as server:
        webhook, first = await place.hook(server)
        made = await place.catalog.webhooks.rotate(
            TESTER, START, webhook.webhook_id, timedelta(hours=24)
        )
        second = made.secret.get_secret_value()
        poster, history = place.poster(), place.history
        await history.block(await history.submit("a.docx"))
        await told(poster)
        place.clock.move(timedelta(hours=24))
        await history.block(await history.submit("b.docx"))
        await told(poster)
        during, after = server.received
        assert (verified(during, first), verified(during, second)) == (True, True)
        assert (verified(after, first), verified(after, second)) == (False, True)


async def test_of_two_processes_one_posts_and_the_other_goes_on_when_it_is_gone(
    place: Place,
) -> None:
    with HookServer() as server:
        webhook, _ = await place.hook(server)
        key = webhook.webhook_id
        await place.history.block(await place.history.submit("a.docx"))
        dead = Lease(key, key, "a process that died", timedelta(milliseconds=300))
        await place.store.commit(take=dead)
        poster = place.poster("two")
        await told(poster)
        assert server.received == []
        async with asyncio.timeout(20):
            while not server.received:
                await told(poster)
                await asyncio.sleep(0.02)
        both = [place.poster(owner) for owner in ("three", "four")]
        history = place.history
        for number in range(3):
            await history.block(await history.submit(f"{number}.docx"))
        await asyncio.gather(*(told(each) for each in both))
        await asyncio.gather(*(told(each) for each in both))
        assert len(server.received) == len({each.id for each in server.received}) == 4


async def test_a_message_whose_success_could_not_be_stored_is_posted_again(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    with HookServer() as server:
        await place.hook(server)
        await place.history.block(await place.history.submit("a.docx"))

        async def killed(*_: object, **__: object) -> bool:
            raise RuntimeError("the process ends here")

        with monkeypatch.context() as patched:
            patched.setattr(place.catalog.webhooks, "note", killed)
            poster = place.poster()
            await told(poster)
            await told(poster)  # a bug is not met again in the same minute
            assert len(server.received) == 1
        await told(place.poster("another"))
        await told(place.poster("another"))
        first, second = server.received
        assert first.id == second.id


async def test_positions_without_news_are_stored_now_and_then(place: Place) -> None:
    with HookServer() as server:
        webhook, _ = await place.hook(server, types=(WebhookType.JOB_CANCELLED,))
        await completed(place.history)
        poster = place.poster()
        await told(poster)
        assert (await place.stored(webhook)).position == webhook.position
        place.clock.move(timedelta(seconds=31))
        await told(poster)
        assert (await place.stored(webhook)).position == await place.store.head_position()
        await completed(place.history, "second.docx")
        eager = place.poster(pace=Pace(stored_after_events=1))
        await told(eager)
        assert (await place.stored(webhook)).position == await place.store.head_position()
        assert server.received == []


async def test_a_webhook_far_behind_is_told_of_everything_in_its_order(place: Place) -> None:
    with HookServer() as server:
        await place.hook(server, types=(WebhookType.JOB_BLOCKED,))
        await place.hook(server, types=(WebhookType.JOB_BLOCKED,))
        history = place.history
        jobs = [await history.submit(f"{number}.docx") for number in range(12)]
        for job_id in jobs:
            await history.block(job_id)
        await told(place.poster())
        of_each: dict[str, list[Received]] = {}
        for each in server.received:
            of_each.setdefault(each.message["data"]["job_id"], []).append(each)
        assert {key: len(found) for key, found in of_each.items()} == {str(j): 2 for j in jobs}
        order = [each.message["data"]["job_id"] for each in server.received]
        assert list(dict.fromkeys(order)) == [str(job_id) for job_id in jobs]


async def test_it_runs_until_it_is_stopped_and_waits_out_a_store_that_is_away(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    with HookServer() as server:
        await place.hook(server)
        poster = place.poster(pace=Pace(tick=timedelta(milliseconds=10)))
        is_away = asyncio.Event()

        async def away() -> int:
            is_away.set()
            raise StoreUnavailableError("PostgreSQL does not take it now.")

        with monkeypatch.context() as patched:
            patched.setattr(place.store, "head_position", away)
            running = asyncio.create_task(poster.run())
            await place.history.block(await place.history.submit("a.docx"))
            await is_away.wait()
        assert await asyncio.to_thread(server.wait_for, 1)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert len(server.received) == 1


async def test_a_damaged_job_holds_up_no_other(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    with HookServer() as server:
        await place.hook(server)
        history = place.history
        damaged = await history.submit("damaged.docx")
        await history.block(damaged)
        sound = await history.submit("sound.docx")
        await history.block(sound)
        read = place.store.read

        async def reading(stream_id: UUID, *, after: int = 0) -> list[Stored]:
            if stream_id == damaged:
                raise DamagedEventError(damaged, 1)
            return await read(stream_id, after=after)

        monkeypatch.setattr(place.store, "read", reading)
        await told(place.poster())
        assert [each.message["data"]["job_id"] for each in server.received] == [str(sound)]
