"""The stores of an installation, opened to read all of the log:
beside the services, or beside `up`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine

from dragoman_runtime.eventstore.archive import Archive, PostgresArchive, SqliteArchive
from dragoman_runtime.migrations.run import sqlalchemy_url
from dragoman_runtime.objects import ObjectStore, object_store
from dragoman_runtime.projection import create_views_engine
from dragoman_runtime.settings import load
from dragoman_standalone.damage import named_damage
from dragoman_standalone.settings import StoreSettings
from dragoman_standalone.whereabouts import require_own_log


@dataclass(frozen=True, slots=True)
class Stores:
    """The log, the objects and the database of the views."""

    settings: StoreSettings
    archive: Archive
    objects: ObjectStore
    views: AsyncEngine


def store_settings(state: Path | None) -> StoreSettings:
    """The settings; a folder that is named is meant, whatever database the environment names.

    Raises:
        SettingsError: a variable is wrong.
        OtherInstallationError: a gateway is named, and neither folder nor database.
    """
    settings = load(
        StoreSettings,
        {"state_dir": state, "database_url": None, "objects_url": None} if state else {},
    )
    require_own_log(state, settings.postgres_url)
    return settings


@asynccontextmanager
async def archive_of(settings: StoreSettings) -> AsyncGenerator[Archive]:
    """The log alone.

    Raises:
        ArchiveMissingError: there is none.
        StateDamagedError: it is damaged.
    """
    url = settings.postgres_url
    with named_damage():
        archive = (
            await PostgresArchive.connect(url)
            if url
            else SqliteArchive(settings.state_dir / "events.db")
        )
        try:
            yield archive
        finally:
            await archive.aclose()


@asynccontextmanager
async def stores(settings: StoreSettings) -> AsyncGenerator[Stores]:
    """The log, the objects and the views.

    Raises:
        ArchiveMissingError: there is no log.
    """
    async with AsyncExitStack() as stack:
        archive = await stack.enter_async_context(archive_of(settings))
        objects = object_store(settings)
        await objects.open()
        stack.push_async_callback(objects.close)
        url = settings.postgres_url or f"sqlite:///{settings.state_dir / 'catalog.db'}"
        engine = create_views_engine(sqlalchemy_url(url))
        stack.push_async_callback(engine.dispose)
        yield Stores(settings, archive, objects, engine)
