"""Memories as a job pinned them: their segments, mapped into memory, give a document's matches.

Nothing else than the pinned objects is read: the same job finds the same matches, however the
memory has changed.
"""

from __future__ import annotations

import asyncio

from dragoman_contracts.locale import Locale
from dragoman_contracts.resources import MatchList, MemoryPin
from dragoman_contracts.text import UnitList
from dragoman_memory import PinnedMemory, UnitsFile, ids_in, match_list, segment_from
from dragoman_runtime.objects import MappedObjects
from dragoman_runtime.worker import ProjectObjects


class PinnedMemories:
    """The matches of pinned memories. One for a process: it keeps the segments used last."""

    def __init__(self, mapped: MappedObjects | None = None) -> None:
        self._mapped = mapped or MappedObjects()

    async def matches(
        self,
        objects: ProjectObjects,
        pins: tuple[MemoryPin, ...],
        units: UnitList,
        source: Locale,
        target: Locale,
        *,
        document: str = "",
    ) -> MatchList:
        """The best matches of each unit, of all memories; of equal scores the earlier memory's.

        `document` is the document's id where matches of its earlier versions count as such.

        Raises:
            ObjectMissingError, ObjectCorruptError: a pinned object is gone or damaged.
            MemorySegmentError: it is no segment of this version.
        """
        if not pins:
            return MatchList()
        memories = [await self._opened(objects, pin) for pin in pins]
        return await asyncio.to_thread(
            match_list, units, memories, source, target, document=document
        )

    async def _opened(self, objects: ProjectObjects, pin: MemoryPin) -> PinnedMemory:
        parts = [
            (
                segment_from(
                    await self._mapped.get(each.index, objects.open_stream), is_checked=False
                ),
                UnitsFile(await self._mapped.get(each.units, objects.open_stream)),
            )
            for each in pin.segments
        ]
        gone = ids_in(await objects.get(pin.deleted)) if pin.deleted else ()
        return PinnedMemory(pin.memory_id, pin.name, parts, frozenset(gone))
