"""Connections for single statements, taken out of a pool and kept: to take and return one costs as
much as a query.
"""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import asyncpg

from dragoman_runtime.telemetry.metrics import DATABASE_CONNECTIONS, DATABASE_CONNECTIONS_MAX

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy


class Connections:
    """Up to `count` connections of a larger pool, whose other connections are free for transactions
    and locks.

    The connection that was used last is used next. A connection whose statement failed or was
    cancelled goes back to the pool, which waits for an answer that is still on its way, and
    replaces a closed connection.
    """

    def __init__(self, pool: asyncpg.Pool[Any], count: int) -> None:
        self._pool = pool
        self._slots = asyncio.Semaphore(count)
        self._free: list[PoolConnectionProxy[Any]] = []
        self.is_closed = False

    @property
    def idle(self) -> int:
        """The connections of the whole pool that nobody uses, those kept here among them."""
        return self._pool.get_idle_size() + len(self._free)

    @property
    def in_use(self) -> int:
        """The connections of the whole pool that are in use, here or by others."""
        return self._pool.get_size() - self.idle

    def measure(self) -> None:
        """Have the metrics of the process tell of this pool, as long as it is open."""
        # A metric lives as long as the process, and must not keep a pool alive.
        known = weakref.ref(self)

        def counted(count: Callable[[Connections], int]) -> float:
            pool = known()
            return 0 if pool is None or pool.is_closed else count(pool)

        DATABASE_CONNECTIONS_MAX.set(self._pool.get_max_size())
        DATABASE_CONNECTIONS.labels("in_use").set_function(
            lambda: counted(lambda each: each.in_use)
        )
        DATABASE_CONNECTIONS.labels("idle").set_function(lambda: counted(lambda each: each.idle))

    async def fetch(self, statement: str, *parameters: object) -> list[asyncpg.Record]:
        """The rows that a statement gives, in a transaction of its own."""
        async with self._slots:
            connection = await self._connection()
            try:
                rows = await connection.fetch(statement, *parameters)
            except BaseException:
                await self._pool.release(connection)
                raise
            if self.is_closed:
                await self._pool.release(connection)
            else:
                self._free.append(connection)
            return rows

    async def _connection(self) -> PoolConnectionProxy[Any]:
        while self._free:
            connection = self._free.pop()
            if not connection.is_closed():
                return connection
            await self._pool.release(connection)
        return await self._pool.acquire()

    async def aclose(self) -> None:
        """Give all connections back to the pool, those in use when their statements have ended."""
        self.is_closed = True
        while self._free:
            await self._pool.release(self._free.pop())
