"""Objects mapped into memory: large files that are read here and there, such as segments."""

from __future__ import annotations

import asyncio
import mmap
import tempfile
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable

from dragoman_contracts.references import ObjectRef

OpenStream = Callable[[ObjectRef], AsyncIterator[bytes]]


class MappedObjects:
    """Local copies of objects by digest, each mapped into memory; of those used last, up to
    `capacity_bytes` are kept. The process that ends takes them along, however it ends: the files
    have no name.
    """

    def __init__(self, capacity_bytes: int = 4 * 1024**3) -> None:
        self._capacity_bytes = capacity_bytes
        self._kept: OrderedDict[str, memoryview] = OrderedDict()
        self._turn = asyncio.Lock()

    async def get(self, ref: ObjectRef, open_stream: OpenStream) -> memoryview:
        """The object's bytes, which were checked when they came. They can be used as long as they
        are held, also after they were dropped here.

        Raises:
            ObjectMissingError, ObjectCorruptError: as `ObjectStore.open_stream`.
        """
        if not ref.size_bytes:
            return memoryview(b"")
        async with self._turn:
            found = self._kept.get(ref.digest)
            if found is None:
                found = await _mapped(ref, open_stream)
                self._kept[ref.digest] = found
            self._kept.move_to_end(ref.digest)
            while sum(map(len, self._kept.values())) > self._capacity_bytes and len(self._kept) > 1:
                self._kept.popitem(last=False)
            return found


async def _mapped(ref: ObjectRef, open_stream: OpenStream) -> memoryview:
    with tempfile.TemporaryFile(prefix="dragoman-object-") as file:
        async for piece in open_stream(ref):
            await asyncio.to_thread(file.write, piece)
        file.flush()
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
