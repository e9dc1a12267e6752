"""A migrated catalogue on a database of its own, for tests."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from dragoman_catalog import Catalog, Editor, migrate_catalog
from dragoman_runtime.migrations.run import sqlalchemy_url
from dragoman_runtime.projection import create_views_engine

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
ADA = Editor(actor="user:ada", actor_name="Ada", source_address="192.0.2.7")


@asynccontextmanager
async def opened(url: str) -> AsyncGenerator[Catalog]:
    await migrate_catalog(url)
    engine = create_views_engine(sqlalchemy_url(url))
    try:
        yield Catalog(engine)
    finally:
        await engine.dispose()
