"""Dead letters: messages that no worker could read or answer, kept in the database for a person.

A collector beside intake takes them out of the broker's dead-letter queue, stores them, and sends
those again that a person wants redriven. So the gateway needs no broker, and to look at a letter
does not count as a delivery of it. No work depends on letters: the reconciler sends owed work again
in any case.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Column,
    DateTime,
    Index,
    LargeBinary,
    MetaData,
    RowMapping,
    Select,
    Table,
    Text,
    Uuid,
    delete,
    func,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from dragoman_contracts.errors import RetryableError
from dragoman_runtime.bus.dead_letter import DeadLetter, DeadLetterBus
from dragoman_runtime.projection import translated_errors
from dragoman_runtime.telemetry import get_logger, say_waiting

_BATCH = 50
_IDLE_S = 1.0
_log = get_logger()

_letters = Table(
    "dead_letters",
    MetaData(),
    Column("letter_id", Uuid, primary_key=True),
    Column("queue", Text, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("died_at", DateTime(timezone=True), nullable=False),
    Column("redriven_at", DateTime(timezone=True)),
    Index("dead_letters_newest", "died_at", "letter_id"),
)
_NEWEST = (_letters.c.died_at, _letters.c.letter_id)


class DeadLetters:
    """The letters that are kept.

    Every method raises RetryableError while the database cannot be reached.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def add(self, letters: Sequence[DeadLetter]) -> None:
        """Keep these letters. A letter that is kept already is left as it is."""
        rows = [
            {
                name: getattr(each, name)
                for name in ("letter_id", "queue", "message_id", "body", "died_at")
            }
            for each in letters
        ]
        async with translated_errors(), self._engine.begin() as connection:
            await connection.execute(insert(_letters).on_conflict_do_nothing(), rows)

    async def page(
        self, *, before: tuple[datetime, UUID] | None = None, limit: int = 50
    ) -> list[DeadLetter]:
        """Letters nobody has redriven, the newest first, behind `before` (time of death, id)."""
        statement = select(_letters).where(_letters.c.redriven_at.is_(None))
        if before is not None:
            statement = statement.where(tuple_(*_NEWEST) < tuple_(*before))
        statement = statement.order_by(*(column.desc() for column in _NEWEST)).limit(limit)
        return await self._found(statement)

    async def count(self) -> int:
        """The number of letters that nobody has redriven."""
        statement = (
            select(func.count()).select_from(_letters).where(_letters.c.redriven_at.is_(None))
        )
        async with translated_errors(), self._engine.connect() as connection:
            return int((await connection.execute(statement)).scalar_one())

    async def find(self, letter_id: UUID) -> DeadLetter | None:
        """The letter with this id; None where there is none, or no longer."""
        found = await self._found(select(_letters).where(_letters.c.letter_id == letter_id))
        return found[0] if found else None

    async def redriven(self, *, limit: int = _BATCH) -> list[DeadLetter]:
        """The letters that a person wants to be sent again, and that were not sent yet."""
        statement = (
            select(_letters)
            .where(_letters.c.redriven_at.is_not(None))
            .order_by(_letters.c.redriven_at)
        )
        return await self._found(statement.limit(limit))

    async def remove(self, letter_ids: Sequence[UUID]) -> None:
        """Delete these letters."""
        async with translated_errors(), self._engine.begin() as connection:
            await connection.execute(delete(_letters).where(_letters.c.letter_id.in_(letter_ids)))

    async def _found(self, statement: Select[Any]) -> list[DeadLetter]:
        async with translated_errors(), self._engine.connect() as connection:
            return [_letter(row) for row in (await connection.execute(statement)).mappings()]


async def ask_redrive(connection: AsyncConnection, letter_id: UUID, now: datetime) -> bool:
    """Ask the collector, in the caller's transaction, to send the letter again.

    False where the letter is gone or was asked for already.
    """
    is_waiting = (_letters.c.letter_id == letter_id) & _letters.c.redriven_at.is_(None)
    return (
        await connection.execute(update(_letters).where(is_waiting).values(redriven_at=now))
    ).rowcount == 1


async def discard(connection: AsyncConnection, letter_id: UUID) -> bool:
    """Delete the letter in the caller's transaction; False where it is gone or being redriven."""
    is_waiting = (_letters.c.letter_id == letter_id) & _letters.c.redriven_at.is_(None)
    return (await connection.execute(delete(_letters).where(is_waiting))).rowcount == 1


class Collector:
    """Brings dead messages into the database, and redriven ones back to their queues."""

    def __init__(self, letters: DeadLetters, bus: DeadLetterBus) -> None:
        self._letters = letters
        self._bus = bus

    async def run(self) -> None:
        """Collect for ever; ends only when cancelled.

        Trouble with database or broker is waited out.
        """
        while True:
            try:
                moved = await self.step()
            except RetryableError as error:
                say_waiting("dead_letters.waiting", error.code)
                moved = 0
            if not moved:
                await asyncio.sleep(_IDLE_S)

    async def step(self) -> int:
        """Collect dead messages and send redriven letters, up to a batch of each.

        Gives the number of letters.
        """
        collected = await self._bus.take_dead(self._letters.add, limit=_BATCH)
        again = await self._letters.redriven()
        if again:
            await self._bus.send_again(again)
            await self._letters.remove([each.letter_id for each in again])
            _log.info("dead_letters.redriven", count=len(again))
        return collected + len(again)


def _letter(row: RowMapping) -> DeadLetter:
    return DeadLetter(
        row["queue"], row["message_id"], bytes(row["body"]), row["died_at"], row["redriven_at"]
    )
