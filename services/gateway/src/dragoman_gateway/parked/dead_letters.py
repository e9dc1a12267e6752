"""Messages that no worker could read or answer: looked at, sent again or thrown away, each on record in the audit."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from dragoman_catalog.database import write_audit, writing
from dragoman_gateway.jobs.view.rows import InvalidCursorError, Page
from dragoman_gateway.web.cursors import cursor_of, key_of
from dragoman_gateway.web.errors import LetterMissingError
from dragoman_gateway.web.principals import Principal
from dragoman_gateway.web.signin import editor_of
from dragoman_runtime.bus.dead_letter import DeadLetter
from dragoman_runtime.clock import Clock
from dragoman_runtime.dead_letters import DeadLetters, ask_redrive, discard

_LIST = "dead letters"
_SHOWN_BYTES = 10_000
_Edit = Callable[[AsyncConnection, UUID, datetime], Awaitable[bool]]


class DeadLetterDesk:
    """What admins do with dead letters. Without an engine there is no broker, and so there are none."""

    def __init__(self, engine: AsyncEngine | None, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock
        self._letters = DeadLetters(engine) if engine else None

    @property
    def is_there(self) -> bool:
        """Whether this installation has a broker whose letters these are."""
        return self._letters is not None

    async def count(self) -> int:
        """How many wait for a person."""
        return await self._letters.count() if self._letters else 0

    async def page(self, *, cursor: str | None = None, limit: int = 50) -> Page[DeadLetter]:
        """Those that wait for a person, the newest first.

        Raises:
            InvalidCursorError: the cursor is none of this list.
        """
        if self._letters is None:
            return Page((), None)
        found = await self._letters.page(before=_key(cursor) if cursor else None, limit=limit + 1)
        rows = tuple(found[:limit])
        if len(found) <= limit:
            return Page(rows, None)
        return Page(rows, cursor_of(_LIST, (rows[-1].died_at.isoformat(), rows[-1].letter_id.hex)))

    async def find(self, letter_id: UUID) -> DeadLetter:
        """The letter.

        Raises:
            LetterMissingError: there is none, or none any more.
        """
        letter = await self._letters.find(letter_id) if self._letters else None
        if letter is None or letter.redriven_at is not None:
            raise LetterMissingError(letter_id)
        return letter

    async def redrive(self, letter_id: UUID, principal: Principal) -> DeadLetter:
        """Send it again, to the queue it came from; the collector does, within seconds.

        Raises:
            LetterMissingError: somebody was faster.
        """
        return await self._edit(letter_id, principal, "dead_letter.redriven", ask_redrive)

    async def discard(self, letter_id: UUID, principal: Principal) -> DeadLetter:
        """Throw it away. No work is lost by it: what is owed is sent anew.

        Raises:
            LetterMissingError: somebody was faster.
        """

        async def gone(connection: AsyncConnection, letter_id: UUID, now: datetime) -> bool:
            return await discard(connection, letter_id)

        return await self._edit(letter_id, principal, "dead_letter.discarded", gone)

    async def _edit(self, letter_id: UUID, principal: Principal, action: str, edit: _Edit) -> DeadLetter:
        letter = await self.find(letter_id)
        if self._engine is None:
            raise LetterMissingError(letter_id)
        now = self._clock.now()
        async with writing(self._engine) as connection:
            if not await edit(connection, letter_id, now):
                raise LetterMissingError(letter_id)
            await write_audit(connection, editor_of(principal), now, action=action, entity_id=str(letter_id))
        return letter


def shown_body(letter: DeadLetter) -> str:
    """The beginning of the message, as text that can be shown."""
    return letter.body[:_SHOWN_BYTES].decode(errors="backslashreplace").replace("\0", "\\x00")


def _key(cursor: str) -> tuple[datetime, UUID]:
    died_at, letter_id = key_of(_LIST, cursor, (str, str))
    try:
        return datetime.fromisoformat(str(died_at)).astimezone(UTC), UUID(str(letter_id))
    except ValueError as error:
        raise InvalidCursorError("This cursor is none of this list; begin without one.") from error
