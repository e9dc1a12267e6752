"""The matches of a document's units in the memories that a job would pin."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from dragoman_contracts.references import ObjectRef
from dragoman_contracts.resources import MatchList, MemoryPin
from dragoman_contracts.subject import LocalePair
from dragoman_contracts.text import Unit, UnitList
from dragoman_runtime.objects import MappedObjects, ObjectStore

if TYPE_CHECKING:
    from dragoman_memory import PinnedMemory


class PinnedMatches:
    """Searches pinned memories. One for a process: it keeps the segments used last."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects
        self._mapped = MappedObjects()

    async def matches(
        self,
        project_id: UUID,
        pins: tuple[MemoryPin, ...],
        units: Sequence[Unit],
        locales: LocalePair,
    ) -> MatchList:
        """The matches of the units; those without any are left out.

        Raises:
            ObjectMissingError, ObjectCorruptError: a pinned object is gone or damaged.
        """
        from dragoman_memory import match_list  # with numpy, slow to import

        memories = [await self._opened(project_id, pin) for pin in pins]
        document = UnitList(source_locale=locales.source, units=tuple(units))
        return await asyncio.to_thread(
            match_list, document, memories, locales.source, locales.target
        )

    async def _opened(self, project_id: UUID, pin: MemoryPin) -> PinnedMemory:
        from dragoman_memory import PinnedMemory, UnitsFile, ids_in, segment_from

        def opened(ref: ObjectRef) -> AsyncIterator[bytes]:
            return self._objects.open_stream(project_id, ref)

        parts = [
            (
                segment_from(await self._mapped.get(each.index, opened), is_checked=False),
                UnitsFile(await self._mapped.get(each.units, opened)),
            )
            for each in pin.segments
        ]
        gone = ids_in(await self._objects.get(project_id, pin.deleted)) if pin.deleted else ()
        return PinnedMemory(pin.memory_id, pin.name, parts, frozenset(gone))
