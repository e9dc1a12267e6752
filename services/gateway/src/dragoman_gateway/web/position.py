"""How far the views have come behind the log, whose events they are projected from."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncEngine

from dragoman_runtime.eventstore import EventStore
from dragoman_runtime.projection import positions, translated_errors


class ViewsPosition:
    """The place in the log up to which all these views, by name and version, are projected.

    Every method raises RetryableError while a database cannot be reached.
    """

    def __init__(
        self, engine: AsyncEngine, store: EventStore, views: Sequence[tuple[str, int]]
    ) -> None:
        self._engine = engine
        self._store = store
        self._views = views

    async def position(self) -> int:
        """How far the view that has come least far has come."""
        statement = select(func.coalesce(func.min(positions.c.position), 0)).where(
            tuple_(positions.c.name, positions.c.version).in_(self._views)
        )
        async with translated_errors(), self._engine.connect() as connection:
            return int((await connection.execute(statement)).scalar_one())

    async def lag(self) -> int:
        """How many events of the log the views do not show yet."""
        position = await self.position()
        return max(await self._store.head_position() - position, 0)
