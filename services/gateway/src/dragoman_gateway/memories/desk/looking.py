"""The search by score: a text is looked up in the memory's segments, as a job does it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

from dragoman_catalog import Catalog, Memory
from dragoman_contracts.locale import Locale
from dragoman_contracts.references import ObjectRef
from dragoman_contracts.resources import UnitMatch
from dragoman_gateway.memories.desk.shelf import Shelf
from dragoman_gateway.web.principals import Principal
from dragoman_linguistics import TaggedText, parse
from dragoman_memory import PinnedMemory, UnitsFile, Wanted, best_of, segment_from
from dragoman_runtime.objects import MappedObjects, ObjectStore


class Looking:
    """Looks texts up."""

    def __init__(self, shelf: Shelf, catalog: Catalog, objects: ObjectStore) -> None:
        self._shelf = shelf
        self._catalog = catalog
        self._objects = objects
        self._mapped = MappedObjects()

    async def matches(
        self,
        memory_id: UUID,
        principal: Principal,
        text: str,
        source: Locale,
        target: Locale,
        *,
        most: int = 10,
        least: int = 50,
    ) -> tuple[UnitMatch, ...]:
        """The best matches of a text, which may have tags as `<1>…</1>`, the best first.

        Raises:
            MemoryMissingError: there is no such memory, or none that the principal sees.
        """
        memory = await self._shelf.memory(memory_id, principal)
        pinned = await self._pinned(memory, source, target)
        wanted = Wanted(parse(text.strip(), TaggedText(text="")))
        return await asyncio.to_thread(
            best_of, [pinned], wanted, source, target, most=most, least=least
        )

    async def _pinned(self, memory: Memory, source: Locale, target: Locale) -> PinnedMemory:
        found = await self._catalog.memories.pinned(memory.memory_id, source, target)

        def opened(ref: ObjectRef) -> AsyncIterator[bytes]:
            return self._objects.open_stream(memory.project_id, ref)

        parts = [
            (
                segment_from(await self._mapped.get(each.index_object, opened), is_checked=False),
                UnitsFile(await self._mapped.get(each.units_object, opened)),
            )
            for each in found.segments
        ]
        return PinnedMemory(memory.memory_id, memory.name, parts, frozenset(found.deleted))
