"""One installation under fire: its servers go wrong, its processes die,
and its jobs must not notice.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from chaos.faults import Faults, letters_kept, queued
from chaos.journey import Journey
from chaos.model import ChaosModel
from chaos.plan import Plan
from chaos.points import POINTS, RESEND, TWICE_VARIABLE
from chaos.processes import Nursery, process_of
from chaos.s3_proxy import S3Proxy
from chaos.supervisor import Kill, Member, Supervisor
from chaos.waiting import until
from dragoman_catalog import Catalog, Editor, ProjectSettings
from dragoman_runtime.eventstore.postgres import PostgresEventStore
from dragoman_runtime.migrations.run import sqlalchemy_url
from dragoman_runtime.projection import create_views_engine
from e2e.api_client import ApiClient, first_token
from e2e.installation import object_settings, service_settings
from servers.postgres import PostgresServer
from servers.rabbitmq import RabbitMqServer
from servers.s3 import S3Server

_MAX_ATTEMPTS = 25
"""Outages and kills come so thick that the usual five would be used up by chance."""

_QUIET_S = 120.0
_LOOK_S = 0.2
_MORE = 90_000


@dataclass(frozen=True)
class Servers:
    """The private servers of a run, used by its installations one after the other."""

    postgres: PostgresServer
    rabbitmq: RabbitMqServer
    s3: S3Server


@dataclass(frozen=True)
class Aftermath:
    """What an installation left behind, to be checked: its database, its bucket,
    and what was seen of it.
    """

    plan: Plan
    database: str
    bucket: str
    folder: Path
    names: Mapping[UUID, str]
    stuck: tuple[str, ...]
    kills: tuple[Kill, ...]
    bad_ends: tuple[str, ...]
    faults: Counter[str]
    met: Counter[str]
    bad_faults: tuple[str, ...]
    leases: int
    queued: Mapping[str, int]
    duration_s: float


async def under_fire(
    plan: Plan,
    numbers: range,
    servers: Servers,
    model: ChaosModel,
    folder: Path,
    nursery: Nursery | None,
) -> Aftermath:
    """Run the documents `numbers` through an installation while the plan is carried out.

    Where the jobs are done before the plan is, more documents follow.
    """
    database, bucket = servers.postgres.create_database(), servers.s3.create_bucket()
    proxy = S3Proxy(servers.s3.port)
    proxy.start()
    objects = object_settings(proxy.url, bucket, servers.s3.access_key, servers.s3.secret_key)
    environment = {
        **service_settings(database, servers.rabbitmq.url, objects),
        **model.settings,
        **_SETTINGS,
    }
    if plan.is_twice_and_shuffled:
        environment[TWICE_VARIABLE] = "1"
    members = [
        Member(name, service, process_of(name, service, environment, folder, nursery))
        for service in POINTS
        for name in _names(service, plan.replicas)
    ]
    client = ApiClient(f"http://127.0.0.1:{environment['DRAGOMAN_HTTP_PORT']}")
    for member in members:
        member.process.start()
    try:
        await client.until_ready()
        await _enter_project(database)
        client.sign_in(await first_token(database))
        store = await PostgresEventStore.connect(database, pool_size=3)
        try:
            run = _Run(plan, members, folder, Journey(client, store, numbers), store)
            run.faults = Faults(
                servers.rabbitmq,
                servers.postgres,
                servers.s3,
                database,
                proxy,
                model,
                folder,
                [member.name for member in members if _reads_clock(member.service)],
                run.journey.items,
                lambda: run.journey.under_way,
                plan.seed,
                store,
            )
            await run.carry_out()
            leases = await run.leases_left()
            await run.faults.until_delivered()
            letters = await letters_kept(store)
        finally:
            await store.aclose()
    finally:
        await client.aclose()
        statuses = await asyncio.to_thread(
            lambda: {each.name: each.process.stop() for each in reversed(members)}
        )
        proxy.close()
    # The signal itself ends one that has only just been started again.
    ends = [
        f"{name} was told to stop and ended with {status}"
        for name, status in statuses.items()
        if status
        not in (
            0,
            -signal.SIGTERM,
        )
    ]
    return Aftermath(
        plan=plan,
        database=database,
        bucket=bucket,
        folder=folder,
        names=run.journey.names,
        stuck=run.stuck,
        kills=tuple(run.supervisor.kills),
        bad_ends=(*run.supervisor.ends, *ends),
        faults=run.faults.made,
        met=run.faults.met,
        bad_faults=tuple(run.faults.failed),
        leases=leases,
        queued={**await queued(servers.rabbitmq), "dead letters kept": letters},
        duration_s=run.duration_s,
    )


_SETTINGS = {
    "DRAGOMAN_BACKOFF_BASE_S": "0.5",
    "DRAGOMAN_BACKOFF_MAX_S": "4",
    "DRAGOMAN_RECONCILE_EVERY_S": "5",  # what was lost waits no longer than other faults last
    "DRAGOMAN_LOG_LEVEL": "info",
    "DRAGOMAN_PUBLISH_EVENTS": "true",  # so that the relay has both to confirm
}


class _Run:
    """The plan being carried out."""

    faults: Faults

    def __init__(
        self,
        plan: Plan,
        members: list[Member],
        folder: Path,
        journey: Journey,
        store: PostgresEventStore,
    ) -> None:
        self.journey = journey
        self.stuck: tuple[str, ...] = ()
        self.duration_s = 0.0
        self._plan = plan
        self._store = store
        self._began = time.monotonic()
        self._failing: asyncio.Task[None] | None = None
        self.supervisor = Supervisor(
            folder,
            members,
            plan.orders,
            plan.seed,
            lambda share: share <= self.journey.progress + 0.1,
        )

    async def carry_out(self) -> None:
        """Return when the jobs rest and the plan is done, or when nothing moves any more.

        Raises:
            AssertionError: processes end by themselves again and again.
        """
        supervising = asyncio.create_task(self.supervisor.run())
        failing = self._failing = asyncio.create_task(self._fail())
        following = asyncio.create_task(self.journey.follow())
        travelling = asyncio.create_task(self._travel())
        watching = asyncio.create_task(self._until_stuck())
        try:
            await asyncio.wait(
                {travelling, watching, supervising}, return_when=asyncio.FIRST_COMPLETED
            )
        except asyncio.CancelledError:
            print(f"out of time: {self._left_over()}")
            raise
        tasks = (travelling, watching, failing, supervising, following)
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        self.duration_s = time.monotonic() - self._began
        for result in results:
            if isinstance(result, Exception):
                raise result

    async def leases_left(self) -> int:
        """The leases that are left, once nothing is under way any more."""
        count = 0
        for _ in range(50):
            count = int(await self._store.pool.fetchval("SELECT count(*) FROM work_leases"))
            if not count:
                break
            await asyncio.sleep(_LOOK_S)
        return count

    def _left_over(self) -> str:
        """What of the plan was not carried out yet, where a time limit ended it."""
        orders = {name: [*each] for name, each in self.supervisor.orders.items() if each}
        ordered = {each.name: each.order for each in self.supervisor.members if each.order}
        made = self.faults.made.total()
        jobs = Counter(str(job.status) for job in self.journey.jobs.values())
        return (
            f"seed {self._plan.seed}, {time.monotonic() - self._began:.0f} s, jobs {dict(jobs)}, "
            f"kills {len(self.supervisor.kills)}, orders left {orders}, ordered {ordered}, "
            f"faults left {self._plan.faults[made:]}, ends {self.supervisor.ends}"
        )

    async def _fail(self) -> None:
        """Let the faults happen, spread over the jobs."""
        for number, kind in enumerate(self._plan.faults):
            share = number / (len(self._plan.faults) + 1) * 0.9
            await until(lambda share=share: self.journey.progress >= share)
            await self.faults.make(kind)

    async def _travel(self) -> None:
        await self.journey.run()
        number = _MORE + self._plan.seed % 1000 * 50
        while not self.supervisor.is_done or self._has_faults_left:
            if self._failing is not None and self._failing.done():
                self._failing.result()  # raises what a fault could not do
            losing = asyncio.create_task(self._lose_messages())
            await self.journey.more(range(number, number + 4))
            losing.cancel()
            number += 4

    async def _lose_messages(self) -> None:
        """Empty the queues while a process has yet to die at a resend.

        Nothing is sent again where nothing was lost, and the run would wait for that death for
        ever. Faults are left alone: one of them waits for its own messages.
        """
        while self.supervisor.waits_for(RESEND):
            if not self._has_faults_left:
                await self.faults.lose_messages()
            await asyncio.sleep(_LOOK_S)

    @property
    def _has_faults_left(self) -> bool:
        return self.faults.made.total() < len(self._plan.faults)

    async def _until_stuck(self) -> None:
        """Return when for long no event was stored although jobs do not rest;
        their ends are then noted.
        """
        seen, since = -1, time.monotonic()
        while time.monotonic() < since + _QUIET_S:
            await asyncio.sleep(_LOOK_S)
            events = sum(job.version for job in self.journey.jobs.values())
            if events != seen:
                seen, since = events, time.monotonic()
        self.stuck = tuple(
            f"{self.journey.names.get(job_id, job_id)} {job.status} in {job.stage} at {job.version}"
            for job_id, job in self.journey.jobs.items()
            if job_id not in self.journey.rested
        )


def _reads_clock(service: str) -> bool:
    """Whether a service reads the clock while jobs go on: the relay does not, and who has no work
    with documents has no cause to.
    """
    return service != "relay" and bool(POINTS[service])


def _names(service: str, replicas: int) -> list[str]:
    """The processes of a service. There is one gateway,
    since a second would need a port of its own.
    """
    count = 1 if service == "gateway" else replicas
    return [service if number == 0 else f"{service}-{number + 1}" for number in range(count)]


async def _enter_project(database: str) -> None:
    engine = create_views_engine(sqlalchemy_url(database))
    projects = Catalog(engine).projects
    project = await projects.find("default")
    assert project is not None
    settings = ProjectSettings.model_validate(
        {**project.settings.model_dump(), "max_attempts": _MAX_ATTEMPTS}
    )
    editor = Editor(actor="test", actor_name="")
    await projects.edit(
        editor,
        datetime.now(UTC),
        "default",
        version=project.version,
        name=project.name,
        settings=settings,
    )
    await engine.dispose()
