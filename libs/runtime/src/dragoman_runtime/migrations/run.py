"""Run a room's migrations on a database, one process at a time."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from dragoman_runtime.eventstore import StoreUnavailableError
from dragoman_runtime.eventstore.postgres import translated_errors
from dragoman_runtime.eventstore.postgres_url import StoreRefusedError
from dragoman_runtime.migrations.revision import EVENTS_VERSION_TABLE, newest_revision
from dragoman_runtime.sql_engine import postgres_engine
from dragoman_runtime.sql_errors import is_passing

_INSUFFICIENT_PRIVILEGE = "42501"
_MIGRATION_LOCK = 0x6D696772617465  # "migrate"


async def migrate(url: str, scripts: Path, version_table: str) -> None:
    """Bring the database at `url` to the newest revision in `scripts`; a second process waits for
    the first.

    `url` is an SQLAlchemy URL of an async driver. Each room has a version table of its own.

    Raises:
        StoreUnavailableError: the database cannot be reached.
    """
    engine = postgres_engine(url) if url.startswith("postgresql") else create_async_engine(url)
    try:
        async with _translated_errors(), engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                await connection.execute(
                    text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK}
                )
            if not await connection.run_sync(_is_newest, scripts, version_table):
                await connection.run_sync(_upgrade, scripts, version_table)
    finally:
        await engine.dispose()


@asynccontextmanager
async def _translated_errors() -> AsyncGenerator[None]:
    async with translated_errors():
        try:
            yield
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) == _INSUFFICIENT_PRIVILEGE:
                raise StoreRefusedError(
                    "The role may not change tables: run `dragoman migrate` once with one that may."
                ) from error
            if is_passing(error):
                raise StoreUnavailableError(
                    "The database to migrate is stopping or starting."
                ) from error
            raise


async def migrate_events(url: str) -> None:
    """Bring the event database on PostgreSQL (`postgresql://…`) to the newest revision."""
    await migrate(sqlalchemy_url(url), Path(__file__).parent, EVENTS_VERSION_TABLE)


def sqlalchemy_url(url: str) -> str:
    """A `postgresql://…` or `sqlite:///…` URL with the async driver we use."""
    return url.replace("postgresql://", "postgresql+asyncpg://", 1).replace(
        "sqlite://", "sqlite+aiosqlite://", 1
    )


def _is_newest(connection: Connection, scripts: Path, version_table: str) -> bool:
    """Whether the database has the newest revision, or a later one that a newer process gave it."""
    if not inspect(connection).has_table(version_table):
        return False
    found = connection.execute(text(f"SELECT version_num FROM {version_table}")).scalar()  # noqa: S608 - ours
    return found is not None and str(found) >= newest_revision(scripts)


def _upgrade(connection: Connection, scripts: Path, version_table: str) -> None:
    from alembic import command  # slow to import, and seldom needed
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    config.attributes["connection"] = connection
    config.attributes["version_table"] = version_table
    command.upgrade(config, "head")
