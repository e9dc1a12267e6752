"""What PostgreSQL refuses for now is waited out; what it will always refuse is not."""

from __future__ import annotations

from pathlib import Path

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

from dragoman_contracts.errors import ConflictError
from dragoman_runtime import projection
from dragoman_runtime.eventstore import StoreUnavailableError
from dragoman_runtime.eventstore.postgres import translated_errors
from dragoman_runtime.projection import ViewsUnavailableError


@pytest.mark.parametrize(
    "error",
    [
        ConnectionResetError(),
        TimeoutError(),
        asyncpg.CannotConnectNowError(),
        asyncpg.ConnectionDoesNotExistError(),
        asyncpg.DeadlockDetectedError(),
        asyncpg.DiskFullError(),
        asyncpg.InternalClientError(),
        asyncpg.PostgresIOError(),
        asyncpg.LockNotAvailableError(),
        asyncpg.OutOfMemoryError(),
        asyncpg.QueryCanceledError(),
        asyncpg.ReadOnlySQLTransactionError(),
        asyncpg.SerializationError(),
        asyncpg.TooManyConnectionsError(),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_trouble_that_passes_is_the_store_being_away(error: Exception) -> None:
    with pytest.raises(StoreUnavailableError):
        async with translated_errors():
            raise error


async def test_a_connection_lost_in_an_exchange_is_the_views_database_being_away() -> None:
    with pytest.raises(ViewsUnavailableError):
        async with projection.translated_errors():
            raise asyncpg.InternalClientError


async def test_an_append_behind_the_head_is_a_conflict() -> None:
    with pytest.raises(ConflictError):
        async with translated_errors():
            raise asyncpg.UniqueViolationError


async def test_a_wrong_statement_is_a_bug_and_stays_one() -> None:
    with pytest.raises(asyncpg.UndefinedTableError):
        async with translated_errors():
            raise asyncpg.UndefinedTableError


async def test_a_pool_whose_connections_all_wait_is_the_database_being_away(tmp_path: Path) -> None:
    engine = create_async_engine(
        f"sqlite+aiosqlite:///{tmp_path / 'views.db'}",
        poolclass=AsyncAdaptedQueuePool,
        pool_size=1,
        max_overflow=0,
        pool_timeout=0.05,
    )
    async with engine.connect():
        with pytest.raises(ViewsUnavailableError):
            async with projection.translated_errors(), engine.connect():
                pass
    await engine.dispose()
