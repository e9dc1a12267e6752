"""Run a room's migrations on a database, one process at a time."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import create_async_engine

_MIGRATION_LOCK = 0x6D696772617465  # "migrate"


async def migrate(url: str, scripts: Path, version_table: str) -> None:
    """Bring the database at `url` to the newest revision in `scripts`; a second process waits for the first.

    `url` is an SQLAlchemy URL of an async driver. Each room has a version table of its own.
    """
    engine = create_async_engine(url)
    try:
        async with engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
            if not await connection.run_sync(_is_newest, scripts, version_table):
                await connection.run_sync(_upgrade, scripts, version_table)
    finally:
        await engine.dispose()


async def migrate_events(url: str) -> None:
    """Bring the event database on PostgreSQL (`postgresql://…`) to the newest revision."""
    await migrate(sqlalchemy_url(url), Path(__file__).parent, "alembic_version_events")


def sqlalchemy_url(url: str) -> str:
    """A `postgresql://…` or `sqlite:///…` URL with the async driver we use."""
    return url.replace("postgresql://", "postgresql+asyncpg://", 1).replace("sqlite://", "sqlite+aiosqlite://", 1)


def _is_newest(connection: Connection, scripts: Path, version_table: str) -> bool:
    """Whether nothing is left to do; revisions are files named `0001_what.py`, in order."""
    if not inspect(connection).has_table(version_table):
        return False
    newest = max(path.stem.partition("_")[0] for path in (scripts / "versions").glob("[0-9]*.py"))
    return connection.execute(text(f"SELECT version_num FROM {version_table}")).scalar() == newest  # noqa: S608 - ours


def _upgrade(connection: Connection, scripts: Path, version_table: str) -> None:
    from alembic import command  # slow to import, and seldom needed
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    config.attributes["connection"] = connection
    config.attributes["version_table"] = version_table
    command.upgrade(config, "head")
