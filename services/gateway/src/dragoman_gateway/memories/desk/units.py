"""The units of a memory: found as in a concordance, edited one by one and many at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from dragoman_catalog import Catalog, EntryMissingError, Memory, SavedUnit, UnitsQuery
from dragoman_contracts.text import Content
from dragoman_gateway.jobs.memory_jobs import MemoryJobs
from dragoman_gateway.memories.desk.shelf import Shelf
from dragoman_gateway.memories.rules import (
    Replacement,
    edited,
    read_target,
    replaced,
    require_promoter,
)
from dragoman_gateway.memories.schemas import BulkEdit, UnitChange
from dragoman_gateway.web.cursors import CursorCodec, Page
from dragoman_gateway.web.principals import Principal
from dragoman_gateway.web.signin import editor_of
from dragoman_memory import MemoryUnit
from dragoman_runtime.clock import Clock

MOST_AT_ONCE = 10_000
_CURSORS = CursorCodec("memory-units", tuple[int])


@dataclass(frozen=True, slots=True)
class Preview:
    """A unit, and its target as a replacement would make it."""

    saved: SavedUnit
    after: Content


class UnitDesk:
    """Reads and edits units; segments are built anew behind each edit."""

    def __init__(
        self, shelf: Shelf, catalog: Catalog, memory_jobs: MemoryJobs, clock: Clock
    ) -> None:
        self._shelf = shelf
        self._catalog = catalog
        self._memory_jobs = memory_jobs
        self._clock = clock

    async def page(
        self,
        memory_id: UUID,
        principal: Principal,
        query: UnitsQuery,
        *,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[SavedUnit]:
        """The units that the query finds, in the order they came in.

        Raises:
            MemoryMissingError: there is no such memory, or none that the principal sees.
            InvalidCursorError: the list did not give the cursor out.
        """
        await self._shelf.memory(memory_id, principal)
        after = _CURSORS.key(cursor)[0] if cursor else 0
        found = await self._catalog.memory_units.list(
            memory_id, query, after=after, limit=limit + 1
        )
        rows = tuple(found[:limit])
        return Page(rows, _CURSORS.cursor((rows[-1].row_id,)) if len(found) > limit else None)

    async def edit(
        self, memory_id: UUID, principal: Principal, unit_id: UUID, change: UnitChange
    ) -> SavedUnit:
        """Change a unit.

        Raises:
            MemoryMissingError, ForbiddenError: as `Shelf.memory`; what is approved, or is to be, is
                for admins.
            EntryMissingError: the memory has no such unit.
            UnitRefusedError: the target cannot be taken.
        """
        memory = await self._shelf.memory(memory_id, principal, writes=True)
        saved = await self._catalog.memory_units.require(memory_id, unit_id)
        unit, target = saved.unit, None
        if change.target is not None:
            target = read_target(unit, change.target)
        require_promoter(principal, unit.state, *([change.state] if change.state else []))
        after = edited(
            unit,
            principal.actor,
            self._clock.now(),
            target=target,
            state=change.state,
            domain=change.domain,
            notes=None if change.notes is None else tuple(change.notes),
        )
        await self._save(memory, principal, [after] if after is not unit else [])
        return await self._catalog.memory_units.require(memory_id, unit_id)

    async def remove(self, memory_id: UUID, principal: Principal, unit_id: UUID) -> None:
        """Delete a unit.

        Raises:
            MemoryMissingError, ForbiddenError, EntryMissingError: as `edit`.
        """
        memory = await self._shelf.memory(memory_id, principal, writes=True)
        saved = await self._catalog.memory_units.require(memory_id, unit_id)
        require_promoter(principal, saved.unit.state)
        await self._removed(memory, principal, [unit_id])

    async def bulk(self, memory_id: UUID, principal: Principal, asked: BulkEdit) -> int:
        """Give units a state or a domain, or delete them; how many there were.

        Raises:
            MemoryMissingError, ForbiddenError: as `edit`; nothing is changed then.
        """
        memory = await self._shelf.memory(memory_id, principal, writes=True)
        chosen = await self._chosen(memory_id, asked.unit_ids, asked.which.query())
        states = {each.unit.state for each in chosen}
        require_promoter(principal, *states, *([asked.state] if asked.state else []))
        if asked.delete:
            return await self._removed(memory, principal, [each.unit.unit_id for each in chosen])
        now = self._clock.now()
        after = [
            edited(each.unit, principal.actor, now, state=asked.state, domain=asked.domain)
            for each in chosen
        ]
        await self._save(
            memory,
            principal,
            [unit for unit, each in zip(after, chosen, strict=True) if unit is not each.unit],
        )
        return len(chosen)

    async def preview(
        self, memory_id: UUID, principal: Principal, wanted: Replacement, query: UnitsQuery
    ) -> list[Preview]:
        """The units whose targets a replacement would change, up to `MOST_AT_ONCE`.

        Raises:
            MemoryMissingError: as `page`.
        """
        await self._shelf.memory(memory_id, principal)
        return await self._previews(memory_id, wanted, query)

    async def replace(
        self,
        memory_id: UUID,
        principal: Principal,
        wanted: Replacement,
        query: UnitsQuery,
        unit_ids: Sequence[UUID] | None = None,
    ) -> int:
        """Replace a text in all targets that the query finds, or in those of these units; how many
        changed.

        Raises:
            MemoryMissingError, ForbiddenError: as `edit`.
        """
        memory = await self._shelf.memory(memory_id, principal, writes=True)
        wished = None if unit_ids is None else set(unit_ids)
        found = [
            each
            for each in await self._previews(memory_id, wanted, query)
            if wished is None or each.saved.unit.unit_id in wished
        ]
        require_promoter(principal, *{each.saved.unit.state for each in found})
        now = self._clock.now()
        return await self._save(
            memory,
            principal,
            [edited(e.saved.unit, principal.actor, now, target=e.after) for e in found],
        )

    async def _previews(
        self, memory_id: UUID, wanted: Replacement, query: UnitsQuery
    ) -> list[Preview]:
        pattern, found, after = wanted.pattern(), list[Preview](), 0
        # The database finds candidates without case, and perhaps across tags.
        narrowed = query if query.target else query.model_copy(update={"target": wanted.find})
        while len(found) < MOST_AT_ONCE and (
            some := await self._catalog.memory_units.list(
                memory_id, narrowed, after=after, limit=1_000
            )
        ):
            for saved in some:
                content = replaced(saved.unit, wanted, pattern)
                if content is not None:
                    found.append(Preview(saved, content))
            after = some[-1].row_id
        return found[:MOST_AT_ONCE]

    async def _chosen(
        self, memory_id: UUID, unit_ids: Sequence[UUID] | None, query: UnitsQuery
    ) -> list[SavedUnit]:
        if unit_ids is None:
            return await self._catalog.memory_units.list(memory_id, query, limit=MOST_AT_ONCE)
        found = [await self._catalog.memory_units.find(memory_id, each) for each in unit_ids]
        missing = [str(i) for i, each in zip(unit_ids, found, strict=True) if each is None]
        if missing:
            raise EntryMissingError(f"The memory has no unit {', '.join(missing[:3])}.")
        return [each for each in found if each is not None]

    async def _save(self, memory: Memory, principal: Principal, units: Sequence[MemoryUnit]) -> int:
        if not units:
            return 0
        count = await self._catalog.memory_units.save(
            editor_of(principal),
            self._clock.now(),
            memory.memory_id,
            units,
            project_id=None if memory.is_shared else memory.project_id,
        )
        await self._memory_jobs.index(memory.memory_id, principal)
        return count

    async def _removed(self, memory: Memory, principal: Principal, unit_ids: Sequence[UUID]) -> int:
        return await self._catalog.memory_units.remove(
            editor_of(principal),
            self._clock.now(),
            memory.memory_id,
            unit_ids,
            project_id=None if memory.is_shared else memory.project_id,
        )
