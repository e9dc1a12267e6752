"""Candidates: units of reviews, and of imports that nobody vouches for, until an admin says yes."""

from __future__ import annotations

from uuid import UUID

from dragoman_catalog import (
    INSTALLATION_PROJECT_ID,
    BatchKind,
    Catalog,
    EntryMissingError,
    Memory,
    Role,
    SavedUnit,
)
from dragoman_contracts.job import ReviewStatus
from dragoman_gateway.jobs.memory_jobs import MemoryJobs
from dragoman_gateway.memories.desk.shelf import Shelf
from dragoman_gateway.memories.rules import MemoryMissingError, edited
from dragoman_gateway.web.cursors import CursorCodec, Page
from dragoman_gateway.web.principals import Principal
from dragoman_gateway.web.signin import editor_of
from dragoman_memory import MemoryState
from dragoman_runtime.clock import Clock
from dragoman_runtime.eventstore import Jobs

_CURSORS = CursorCodec("memory-candidates", tuple[int])


class Candidates:
    """Lists, promotes and rejects candidates."""

    def __init__(
        self,
        shelf: Shelf,
        catalog: Catalog,
        jobs: Jobs,
        memory_jobs: MemoryJobs,
        clock: Clock,
    ) -> None:
        self._shelf = shelf
        self._catalog = catalog
        self._jobs = jobs
        self._memory_jobs = memory_jobs
        self._clock = clock

    async def page(
        self,
        principal: Principal,
        memory_id: UUID | None = None,
        *,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[SavedUnit]:
        """The candidates of the memories that the principal sees, the oldest first.

        Raises:
            MemoryMissingError: there is no such memory, or none that the principal sees.
            InvalidCursorError: the list did not give the cursor out.
        """
        await self._catch_up()
        if memory_id is not None:
            await self._shelf.memory(memory_id, principal)
        scope = principal.project_ids
        homes = None if scope is None else {*scope, INSTALLATION_PROJECT_ID}
        after = _CURSORS.key(cursor)[0] if cursor else 0
        found = await self._catalog.memory_units.candidates(
            homes, memory_id, after=after, limit=limit + 1
        )
        rows = tuple(found[:limit])
        return Page(rows, _CURSORS.cursor((rows[-1].row_id,)) if len(found) > limit else None)

    async def promote(self, principal: Principal, unit_id: UUID) -> SavedUnit:
        """Make a candidate an approved unit, which is used without a model being called.

        Raises:
            ForbiddenError: the principal is no admin.
            EntryMissingError: there is no such candidate, or none that the principal sees.
        """
        memory, saved = await self._candidate(principal, unit_id)
        now = self._clock.now()
        unit = edited(saved.unit, principal.actor, now, state=MemoryState.APPROVED)
        await self._catalog.memory_units.save(
            editor_of(principal),
            now,
            memory.memory_id,
            [unit],
            action="candidate_promoted",
            project_id=None if memory.is_shared else memory.project_id,
        )
        await self._memory_jobs.index(memory.memory_id, principal)
        return await self._catalog.memory_units.require(memory.memory_id, unit_id)

    async def reject(self, principal: Principal, unit_id: UUID) -> None:
        """Delete a candidate.

        Raises:
            ForbiddenError, EntryMissingError: as `promote`.
        """
        memory, _ = await self._candidate(principal, unit_id)
        await self._catalog.memory_units.remove(
            editor_of(principal),
            self._clock.now(),
            memory.memory_id,
            [unit_id],
            action="candidate_rejected",
            project_id=None if memory.is_shared else memory.project_id,
        )

    async def _candidate(self, principal: Principal, unit_id: UUID) -> tuple[Memory, SavedUnit]:
        principal.require(Role.ADMIN)
        missing = EntryMissingError(
            f"There is no candidate {unit_id}; it may have been decided on."
        )
        saved = await self._catalog.memory_units.candidate(unit_id)
        if saved is None:
            raise missing
        try:
            return await self._shelf.memory(saved.memory_id, principal, writes=True), saved
        except MemoryMissingError as error:
            raise missing from error

    async def _catch_up(self) -> None:
        """Let the candidates of closed reviews count whose gateway ended before it said so."""
        for batch in await self._catalog.memory_batches.waiting(BatchKind.REVIEW):
            found = await self._jobs.find(batch.job_id) if batch.job_id else None
            review = found[0].review if found else None
            if review is not None and review.status is ReviewStatus.CLOSED:
                await self._catalog.memory_batches.publish(batch, self._clock.now())
