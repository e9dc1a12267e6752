"""Gauges that the gateway reads from its database: how far the views are behind the log, parked
work, dead letters.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from dragoman_contracts.errors import RetryableError
from dragoman_contracts.vocabulary import WorkKind
from dragoman_gateway.jobs.view.tables import parked
from dragoman_runtime.dead_letters import DeadLetters
from dragoman_runtime.projection import Projector, translated_errors
from dragoman_runtime.telemetry import metrics

_EVERY_S = 10.0
_SOURCE = "store"


class ViewGauges:
    """Looks into the database from time to time. While it is away, what is not known is NaN."""

    def __init__(self, engine: AsyncEngine, views: Sequence[Projector], service: str) -> None:
        self._engine = engine
        self._views = views
        self._letters = DeadLetters(engine)
        self._connected = metrics.STORE_CONNECTED.labels(service)

    async def run(self) -> None:
        """Look for ever; ends only when cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(_EVERY_S)

    async def look(self) -> None:
        """Set the gauges once."""
        try:
            for each in self._views:
                await each.lag()  # sets its metric
            letters = float(await self._letters.count())
            counts = await self._parked()
        except RetryableError:
            self._connected.set(0)
            for each in self._views:
                metrics.PROJECTION_LAG_EVENTS.labels(each.projection.name).set(math.nan)
            metrics.DEAD_LETTERS.labels(_SOURCE).set(math.nan)
            self._set_parked({}, math.nan)
            return
        self._connected.set(1)
        metrics.DEAD_LETTERS.labels(_SOURCE).set(letters)
        self._set_parked(counts, 0.0)

    async def _parked(self) -> dict[str, int]:
        statement = select(parked.c.kind, func.count()).group_by(parked.c.kind)
        async with translated_errors(), self._engine.connect() as connection:
            return {row[0]: row[1] for row in await connection.execute(statement)}

    @staticmethod
    def _set_parked(counts: dict[str, int], otherwise: float) -> None:
        for kind in {*(kind.value for kind in WorkKind), *counts}:
            metrics.PARKED_WORK.labels(kind).set(counts.get(kind, otherwise))
