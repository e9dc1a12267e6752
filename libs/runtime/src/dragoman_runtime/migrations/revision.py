"""The revision of a database, read without the tools that migrate, which are slow to import."""

from __future__ import annotations

from pathlib import Path

import asyncpg

from dragoman_runtime.eventstore.postgres import translated_errors
from dragoman_runtime.eventstore.postgres_url import connect

EVENTS_VERSION_TABLE = "alembic_version_events"


def newest_revision(scripts: Path) -> str:
    """The last of the revisions in this folder: files named `0001_what.py`, in order."""
    return max(path.stem.partition("_")[0] for path in (scripts / "versions").glob("[0-9]*.py"))


async def are_events_newest(url: str) -> bool:
    """Whether the event database on PostgreSQL (`postgresql://…`) has every revision that this
    version knows.

    Raises:
        StoreUnavailableError: the database cannot be reached.
        StoreRefusedError: it refuses role, database or connection.
    """
    async with translated_errors():
        connection = await connect(url)
        try:
            found = await connection.fetchval(f"SELECT version_num FROM {EVENTS_VERSION_TABLE}")  # noqa: S608 - ours
        except asyncpg.UndefinedTableError:
            return False
        finally:
            await connection.close()
    return found is not None and str(found) >= newest_revision(Path(__file__).parent)
