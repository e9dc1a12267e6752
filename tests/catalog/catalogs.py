"""A migrated catalogue on a database of its own, for tests."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from dragoman_catalog import Catalog, Editor, KeySeal, migrate_catalog
from dragoman_runtime.migrations.run import sqlalchemy_url
from dragoman_runtime.projection import create_views_engine

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
SEAL = KeySeal(b"an encryption key of this test alone, long enough")
ADA = Editor(actor="user:ada", actor_name="Ada", source_address="192.0.2.7")


@asynccontextmanager
async def opened(url: str) -> AsyncGenerator[Catalog]:
    await migrate_catalog(url)
    engine = create_views_engine(sqlalchemy_url(url))
    try:
        yield Catalog(engine, SEAL)
    finally:
        await engine.dispose()
