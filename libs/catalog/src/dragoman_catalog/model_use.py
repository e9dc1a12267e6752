"""The use of models: sums by day and currency, and the playground's calls with their objects.

Sums are kept in billionths of the currency, so that a database can add them without a fraction:

    0.000375 USD  ↔  375000
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from uuid import UUID

from sqlalchemy import Insert, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from dragoman_catalog import tables
from dragoman_catalog.database import reading, rows, values, writing
from dragoman_catalog.model_values import (
    INSTALLATION_PROJECT_ID,
    NANOS,
    ModelCall,
    ModelUse,
    UseCount,
)
from dragoman_catalog.spending import entered
from dragoman_catalog.spending_values import PaidCall

_USE = tables.model_use
_CALLS = tables.model_calls
_SUMMED = ("call_count", "failed_count", "input_tokens", "cached_tokens", "output_tokens")
_CALL_COLUMNS = tuple(_CALLS.c[name] for name in ModelCall.model_fields)


class ModelUses:
    """The use of models."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def note(self, model_id: UUID, day: date, count: UseCount) -> None:
        """Add the tokens and the cost of calls of the day."""
        async with writing(self._engine) as connection:
            await _add(connection, model_id, day, count)

    async def record(self, call: ModelCall, count: UseCount, paid: PaidCall | None = None) -> None:
        """Put a call from the playground on record and add what it took; one that was answered is
        entered as paid by the installation, which no budget counts.
        """
        row = call.model_dump(exclude={"record"}) | {
            "record": [each.model_dump(mode="json") for each in call.record],
            "project_id": INSTALLATION_PROJECT_ID,
        }
        async with writing(self._engine) as connection:
            await connection.execute(insert(_CALLS).values(row))
            await _add(connection, call.model_id, call.called_at.date(), count)
            if paid is not None:
                owner, day = INSTALLATION_PROJECT_ID, call.called_at.date()
                await entered(connection, owner, owner, day, paid)

    async def calls(self, model_id: UUID, limit: int = 20) -> list[ModelCall]:
        """The newest calls of the playground, the newest first."""
        statement = (
            select(*_CALL_COLUMNS)
            .where(_CALLS.c.model_id == model_id)
            .order_by(_CALLS.c.called_at.desc(), _CALLS.c.call_id.desc())
            .limit(limit)
        )
        async with reading(self._engine) as connection:
            return await values(connection, statement, ModelCall)

    async def since(self, model_id: UUID, day: date) -> list[ModelUse]:
        """The sums from `day` on, one for each currency; calls without a price have none."""
        sums = (func.sum(_USE.c[name]).label(name) for name in (*_SUMMED, "cost_nanos"))
        statement = (
            select(_USE.c.currency, *sums)
            .where(_USE.c.model_id == model_id, _USE.c.day >= day)
            .group_by(_USE.c.currency)
            .order_by(_USE.c.currency)
        )
        async with reading(self._engine) as connection:
            found = await rows(connection, statement)
        return [
            ModelUse.model_validate(
                {
                    **{name: int(str(row[name])) for name in _SUMMED},
                    "currency": row["currency"],
                    "cost": Decimal(str(row["cost_nanos"])) / NANOS if row["currency"] else None,
                    "model_id": model_id,
                    "since": day,
                }
            )
            for row in found
        ]


def month_of(now: datetime) -> date:
    """The first day of the month, in UTC."""
    return now.date().replace(day=1)


async def _add(connection: AsyncConnection, model_id: UUID, day: date, count: UseCount) -> None:
    cost = count.cost or Decimal()
    sums: dict[str, object] = {
        **{name: getattr(count, name) for name in _SUMMED},
        "cost_nanos": int((cost * NANOS).to_integral_value(ROUND_HALF_EVEN)),
    }
    row = {"model_id": model_id, "day": day, "currency": count.currency, **sums}
    await connection.execute(_upsert(connection.dialect.name, row, list(sums)))


def _upsert(dialect: str, row: dict[str, object], summed: Sequence[str]) -> Insert:
    key = ["model_id", "day", "currency"]
    if dialect == "sqlite":
        lite = sqlite.insert(_USE).values(row)
        added = {name: _USE.c[name] + lite.excluded[name] for name in summed}
        return lite.on_conflict_do_update(index_elements=key, set_=added)
    made = postgresql.insert(_USE).values(row)
    added = {name: _USE.c[name] + made.excluded[name] for name in summed}
    return made.on_conflict_do_update(index_elements=key, set_=added)
