"""A whole gateway for tests: SQLite, files, views and a real HTTP server on a free port.

async with desk(tmp_path) as gateway:
    answer = await gateway.as_operator.post("/api/v1/jobs", …)
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import httpx
from fastapi import FastAPI

from dragoman_catalog import Catalog, Editor, KeySeal, Role, User, migrate_catalog
from dragoman_contracts.errors import PermanentError
from dragoman_contracts.phases import TRANSLATE_DOCX
from dragoman_contracts.subject import LocalePair
from dragoman_gateway.app import console_router, create_app, serving
from dragoman_gateway.desks import GatewayOptions, GatewayPorts
from dragoman_gateway.submissions.desk import Submissions
from dragoman_gateway.submissions.rules import SubmissionRules
from dragoman_gateway.views import projectors
from dragoman_gateway.web.desks import desk_in
from dragoman_models.addresses import OWN_MACHINE
from dragoman_runtime.clock import SystemClock
from dragoman_runtime.eventstore import EventStore, Jobs
from dragoman_runtime.eventstore.postgres import PostgresEventStore
from dragoman_runtime.eventstore.sqlite import SqliteEventStore
from dragoman_runtime.migrations.run import migrate_events, sqlalchemy_url
from dragoman_runtime.objects import FileObjectStore
from dragoman_runtime.projection import Projector, create_views_engine
from services.gateway.histories import Document, History

TESTER = Editor(actor="test")
OPTIONS = GatewayOptions(
    process_wait=timedelta(milliseconds=300),
    event_poll=timedelta(milliseconds=10),
    heartbeat=timedelta(milliseconds=50),
    recheck=timedelta(milliseconds=100),
)


async def check_pair(engine: str, model: str, locales: LocalePair) -> None:
    """The check of an installation whose engines can do every pair but those into Klingon, and
    lack a setting for one model.
    """
    if locales.target == "tlh":
        raise PermanentError("Nobody translates into tlh.", code="engine.pair_unsupported")
    if model == "unset":
        raise PermanentError("Set a key for it.", code="engine.not_configured")


RULES = SubmissionRules(
    TRANSLATE_DOCX,
    default_engine="pseudo",
    engines=frozenset({"pseudo", "identity"}),
    max_upload_bytes=2_000_000,
    check_pair=check_pair,
)
_TIMEOUT_S = 60.0
SIGNING_KEY = b"a key that only this test knows, of 32 bytes and more"


@dataclass
class Desk:
    """A running gateway, and clients for people of each role."""

    jobs: Jobs
    submissions: Submissions
    catalog: Catalog
    store: EventStore
    objects: FileObjectStore
    projectors: tuple[Projector, ...]
    url: str
    app: FastAPI
    admin: User
    operator: User
    as_admin: httpx.AsyncClient
    as_operator: httpx.AsyncClient
    as_nobody: httpx.AsyncClient

    @property
    def history(self) -> History:
        """What services do, from now on."""
        return History(self.store, self.objects, now=SystemClock().now())

    async def advance(
        self, job_id: str, *, to: str, after: str | None = None, document: Document | None = None
    ) -> None:
        """Let the services do their steps on a submitted job, as if its document were this one."""
        history = self.history
        history.documents[UUID(job_id)] = document or Document()
        await history.advance(UUID(job_id), to=to, after=after)

    async def project(self) -> None:
        """Bring the views to the end of the log."""
        for each in self.projectors:
            await each.catch_up()

    async def client(self, role: Role, *project_codes: str) -> httpx.AsyncClient:
        """A client with a new token of the admin, of this role and limited to these projects."""
        secret = await self.token(self.admin, role, *project_codes)
        headers = {"Authorization": f"Bearer {secret}"}
        return httpx.AsyncClient(base_url=self.url, headers=headers, timeout=_TIMEOUT_S)

    async def token(self, user: User, role: Role, *project_codes: str) -> str:
        """The secret of a new token."""
        made = await self.catalog.tokens.create(
            TESTER,
            SystemClock().now(),
            user_id=user.user_id,
            name="test",
            role=role,
            project_codes=project_codes,
        )
        return made.secret


@asynccontextmanager
async def desk(
    folder: Path,
    *,
    options: GatewayOptions = OPTIONS,
    rules: SubmissionRules = RULES,
    database_url: str | None = None,
    private_hosts: frozenset[str] = OWN_MACHINE,
) -> AsyncGenerator[Desk]:
    """A gateway that serves for the block: over SQLite, or over a PostgreSQL database."""
    await migrate_catalog(database_url or f"sqlite:///{folder}/views.db")
    store = await event_store(folder, database_url)
    objects = FileObjectStore(folder / "objects")
    await objects.open()
    engine = create_views_engine(sqlalchemy_url(database_url or f"sqlite:///{folder}/views.db"))
    views = projectors(store, objects, engine)
    for each in views:
        await each.open()
    catalog = Catalog(engine, KeySeal(SIGNING_KEY))
    ports = GatewayPorts(
        store=store,
        objects=objects,
        views=engine,
        catalog=catalog,
        rules=rules,
        signing_key=SIGNING_KEY,
        options=options,
        dead_letters=engine if database_url else None,
        private_hosts=private_hosts,
    )
    app = create_app(ports, [console_router()])
    now = SystemClock().now()
    admin = await catalog.users.ensure_first_admin(now)
    operator = await catalog.users.create(
        TESTER,
        now,
        name="olga",
        display_name="Olga",
        role=Role.OPERATOR,
        password="a long password",
    )
    async with serving(app, "127.0.0.1", 0) as port:
        url = f"http://127.0.0.1:{port}"
        clients = [httpx.AsyncClient(base_url=url, timeout=_TIMEOUT_S) for _ in range(3)]
        opened = Desk(
            Jobs(store),
            desk_in(app, Submissions),
            catalog,
            store,
            objects,
            views,
            url,
            app,
            admin,
            operator,
            clients[0],
            clients[1],
            clients[2],
        )
        for client, user in ((clients[0], admin), (clients[1], operator)):
            client.headers["Authorization"] = f"Bearer {await opened.token(user, user.role)}"
        try:
            yield opened
        finally:
            for client in clients:
                await client.aclose()
    await engine.dispose()
    await store.aclose()


async def event_store(folder: Path, database_url: str | None) -> EventStore:
    """An empty event store."""
    if database_url is None:
        return SqliteEventStore(folder / "events.db")
    await migrate_events(database_url)
    return await PostgresEventStore.connect(database_url)
