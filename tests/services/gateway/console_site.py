"""The gateway with its console over SQLite and files, for tests of the pages."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from fastapi import FastAPI

from dragoman_catalog import (
    Catalog,
    Editor,
    KeySeal,
    ProjectSettings,
    Role,
    migrate_catalog,
)
from dragoman_contracts.phases import TRANSLATE_DOCX
from dragoman_gateway.app import console_router, create_app
from dragoman_gateway.desks import GatewayOptions, GatewayPorts
from dragoman_gateway.submissions.rules import SubmissionRules
from dragoman_gateway.views import projectors
from dragoman_models.addresses import OWN_MACHINE
from dragoman_runtime.eventstore.sqlite import SqliteEventStore
from dragoman_runtime.objects.files import FileObjectStore
from dragoman_runtime.projection import Projector, create_views_engine
from services.gateway.desks import check_pair
from services.gateway.histories import History

EDITOR = Editor(actor="system", actor_name="Dragoman")
PASSWORD = "correct horse battery staple"
ADA = "ada"


@dataclass
class Site:
    """A gateway whose log a test writes to; `show` brings the views up to it."""

    app: FastAPI
    store: SqliteEventStore
    objects: FileObjectStore
    catalog: Catalog
    history: History
    views: tuple[Projector, ...]

    async def show(self) -> None:
        """Project what the history has told."""
        for view in self.views:
            await view.catch_up()

    async def link(self) -> str:
        """The secret of a link that signs Ada in."""
        user = await self.catalog.users.named(ADA)
        if user is None:
            raise LookupError("nobody was entered")
        return await self.catalog.sign_in_links.create(
            EDITOR, datetime.now(UTC), user.user_id, ttl=timedelta(hours=9)
        )


@asynccontextmanager
async def console_site(folder: Path, *, now: datetime | None = None) -> AsyncGenerator[Site]:
    """A site with the project `atlas`, two domain packs and the user Ada, an operator."""
    store = SqliteEventStore(folder / "events.db")
    objects = FileObjectStore(folder / "objects")
    await objects.open()
    await migrate_catalog(f"sqlite:///{folder / 'views.db'}")
    engine = create_views_engine(f"sqlite+aiosqlite:///{folder / 'views.db'}")
    catalog = Catalog(engine, KeySeal(b"0" * 32))
    await _enter(catalog)
    ports = GatewayPorts(
        store=store,
        objects=objects,
        views=engine,
        catalog=catalog,
        rules=SubmissionRules(
            TRANSLATE_DOCX,
            "pseudo",
            frozenset({"apertium", "pseudo", "identity"}),
            max_upload_bytes=20_000_000,
            check_pair=check_pair,
        ),
        signing_key=b"0" * 32,
        private_hosts=OWN_MACHINE,
        options=GatewayOptions(event_poll=timedelta(milliseconds=20)),
    )
    views = projectors(store, objects, engine)
    for view in views:
        await view.open()
    app = create_app(ports, [console_router()])
    yield Site(
        app, store, objects, catalog, History(store, objects, now=now or datetime.now(UTC)), views
    )
    await engine.dispose()
    await store.aclose()


async def _enter(catalog: Catalog) -> None:
    now = datetime.now(UTC)
    if await catalog.users.named(ADA):
        return
    if await catalog.projects.find("atlas") is None:
        await catalog.projects.create(
            EDITOR, now, code="atlas", name="Atlas", settings=ProjectSettings()
        )
    await catalog.users.create(
        EDITOR, now, name=ADA, display_name="Ada Lovelace", role=Role.OPERATOR, password=PASSWORD
    )
