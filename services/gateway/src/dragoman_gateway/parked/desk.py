"""Use cases of all that waits for a person: parked work is redriven or discarded, and so are dead
letters.

Dead letters are messages that no worker could read or answer; what is done about one is on record
in the audit.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic import AwareDatetime
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from dragoman_catalog.database import write_audit, writing
from dragoman_contracts.errors import ConflictError
from dragoman_contracts.events import Event, WorkRedriven
from dragoman_contracts.job import Job, WorkKey
from dragoman_contracts.policy import IntakeRecord
from dragoman_gateway.jobs.desk import Acted, JobControl
from dragoman_gateway.jobs.detail.facts import parking_reason, record_of
from dragoman_gateway.parked.rules import decide_discard, decide_redrive, require_parked
from dragoman_gateway.parked.view import ParkedFilter, ParkedQueries, ParkedRow
from dragoman_gateway.web.cursors import CursorCodec, Page
from dragoman_gateway.web.errors import LetterMissingError, NotParkedError
from dragoman_gateway.web.principals import Principal
from dragoman_gateway.web.signin import editor_of
from dragoman_runtime.bus.dead_letter import DeadLetter
from dragoman_runtime.clock import Clock
from dragoman_runtime.dead_letters import DeadLetters, ask_redrive, discard
from dragoman_runtime.eventstore import JobMissingError
from dragoman_runtime.objects import ObjectStore
from dragoman_runtime.worker.failure import ParkingReason

_SHOWN_BYTES = 10_000
_cursors = CursorCodec("dead letters", tuple[AwareDatetime, UUID])
_Edit = Callable[[AsyncConnection, UUID, datetime], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Parked:
    """A piece of parked work as its job tells it now;
    record and reason are None where they were erased.
    """

    job: Job
    key: WorkKey
    record: IntakeRecord | None
    reason: ParkingReason | None


@dataclass(frozen=True, slots=True)
class RedrivenPage:
    """The outcome of a bulk redrive of one page; `next_cursor` goes on with the rest."""

    redriven_count: int
    refused: list[tuple[ParkedRow, ConflictError]]
    next_cursor: str | None


class ParkedDesk:
    """Actions of people on parked work. Its lists are `queries`."""

    def __init__(self, control: JobControl, queries: ParkedQueries, objects: ObjectStore) -> None:
        self._control = control
        self._objects = objects
        self.queries = queries

    async def find(self, job_id: UUID, key: WorkKey, principal: Principal) -> Parked:
        """The work, and why it was parked.

        Raises:
            JobMissingError: there is no such job, or none that the principal sees.
            NotParkedError: the work is not parked.
        """
        job = await self._control.find(job_id, principal)
        require_parked(job, key)
        reason = await parking_reason(self._objects, job, key)
        return Parked(job, key, await record_of(self._objects, job), reason)

    async def redrive(self, job_id: UUID, key: WorkKey, principal: Principal) -> Acted:
        """Let parked work be done again; the job goes on where nothing else holds it.

        Raises:
            JobMissingError: there is no such job, or none that the principal sees.
            NotParkedError: the work is not parked.
            RunningJobError: another job has taken its version, target locale and pipeline in the
                meantime.
        """
        return await self._control.act(
            job_id, principal, lambda job: decide_redrive(job, key), claims=_goes_on
        )

    async def discard(self, job_id: UUID, key: WorkKey, principal: Principal) -> Acted:
        """Take parked work from the list of what waits for a person: it will not be done.

        Raises:
            JobMissingError: there is no such job, or none that the principal sees.
            NotParkedError: the work is not parked.
        """
        return await self._control.act(job_id, principal, lambda job: decide_discard(job, key))

    async def redrive_page(
        self,
        which: ParkedFilter,
        principal: Principal,
        *,
        cursor: str | None = None,
        limit: int = 100,
    ) -> RedrivenPage:
        """Redrive a page of parked work, the newest first; work that somebody was faster with is
        passed over.

        Raises:
            InvalidCursorError: the cursor is none of the list of parked work.
        """
        page = await self.queries.page(which, cursor=cursor, limit=limit)
        count, refused = 0, list[tuple[ParkedRow, ConflictError]]()
        for row in page.rows:
            try:
                await self.redrive(row.job_id, row.key, principal)
            except (NotParkedError, JobMissingError):
                continue
            except ConflictError as error:
                refused.append((row, error))
            else:
                count += 1
        return RedrivenPage(count, refused, page.next_cursor)

    async def redrive_with(
        self, project_id: UUID, code: str, principal: Principal, job_id: UUID | None = None
    ) -> int:
        """Redrive what a project, or one job of it, has parked with this code; the number of pieces
        that go on.
        """
        if job_id is not None:
            job = await self._control.find(job_id, principal)
            count = 0
            for key in _parked_with(job, code):
                try:
                    await self.redrive(job_id, key, principal)
                except ConflictError:
                    continue  # somebody was faster, or another job has its place
                count += 1
            return count
        which, count, cursor = ParkedFilter(frozenset({project_id}), code), 0, None
        while True:
            page = await self.redrive_page(which, principal, cursor=cursor)
            count, cursor = count + page.redriven_count, page.next_cursor
            if cursor is None:
                return count


def _parked_with(job: Job, code: str) -> list[WorkKey]:
    """The work of a job that is parked with this code."""
    return [key for key, trouble in job.parked.items() if trouble.code == code]


def _goes_on(job: Job, event: Event) -> bool:
    """Whether the job moves again once this work is redriven: nothing else of it is parked."""
    return isinstance(event, WorkRedriven) and job.goes_on_without(
        WorkKey(event.kind, event.index, event.phase)
    )


class DeadLetterDesk:
    """Actions of admins on dead letters. Without an engine there is no broker,
    and so there are none.
    """

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
        found = await self._letters.page(
            before=_cursors.key(cursor) if cursor else None, limit=limit + 1
        )
        rows = tuple(found[:limit])
        if len(found) <= limit:
            return Page(rows, None)
        return Page(rows, _cursors.cursor((rows[-1].died_at, rows[-1].letter_id)))

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

    async def _edit(
        self, letter_id: UUID, principal: Principal, action: str, edit: _Edit
    ) -> DeadLetter:
        letter = await self.find(letter_id)
        if self._engine is None:
            raise LetterMissingError(letter_id)
        now = self._clock.now()
        async with writing(self._engine) as connection:
            if not await edit(connection, letter_id, now):
                raise LetterMissingError(letter_id)
            await write_audit(
                connection, editor_of(principal), now, action=action, entity_id=str(letter_id)
            )
        return letter


def shown_body(letter: DeadLetter) -> str:
    """The beginning of the message, as text that can be shown."""
    return letter.body[:_SHOWN_BYTES].decode(errors="backslashreplace").replace("\0", "\\x00")
