"""SQLAlchemy's engine on PostgreSQL, which connects by URL as the event store does."""

from __future__ import annotations

from functools import partial

from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from dragoman_runtime.eventstore.postgres_url import connect

_DRIVER = "postgresql+asyncpg"


def postgres_engine(url: str, *, pool_size: int = 5) -> AsyncEngine:
    """An engine on `postgresql+asyncpg://…`, with all that the URL says of TLS and the session.

    SQLAlchemy would take the URL apart and hand its parameters to a driver that does not know
    them one by one.
    """
    dsn = url.replace(f"{_DRIVER}://", "postgresql://", 1)
    return create_async_engine(
        f"{_DRIVER}://",
        async_creator=partial(connect, dsn),
        pool_size=pool_size,
        pool_pre_ping=True,
    )
