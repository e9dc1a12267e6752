"""What PostgreSQL refuses for now is waited out; what it will always refuse is not."""

from __future__ import annotations

import asyncpg
import pytest

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
