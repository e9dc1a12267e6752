"""Objects kept in memory after they were read or written:
an event's object is read by several stages.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import BinaryIO
from uuid import UUID

from cachetools import TTLCache

from dragoman_contracts.references import ObjectRef
from dragoman_runtime.objects.addresses import digest_of
from dragoman_runtime.objects.port import ObjectStore, StoredObject
from dragoman_runtime.objects.spooled import size_of

_LARGEST_SHARE = 4
_Key = tuple[UUID, str]


class CachedObjectStore:
    """A store with the objects used last in memory.

    Bytes never change, so they are never wrong; but another process may delete an object for good
    (erasure), which is why nothing is kept longer than `max_age_s`. Writes always go through to the
    store. Pointers are not kept.
    """

    def __init__(
        self,
        store: ObjectStore,
        *,
        max_bytes: int = 64 * 1024 * 1024,
        max_age_s: float = 300.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Keep up to `max_bytes`, no single object above a quarter of that."""
        self._store = store
        self._largest_bytes = max_bytes // _LARGEST_SHARE
        self._kept: TTLCache[_Key, bytes] = TTLCache(
            max_bytes, max_age_s, timer=clock, getsizeof=len
        )

    async def open(self) -> None:
        """Open the store."""
        await self._store.open()

    async def close(self) -> None:
        """Forget all and close the store."""
        self._kept.clear()
        await self._store.close()

    async def put(self, project_id: UUID, data: bytes, media_type: str) -> ObjectRef:
        """Store bytes, and keep them: the next stage reads them."""
        ref = await self._store.put(project_id, data, media_type)
        self._keep((project_id, ref.digest), data)
        return ref

    async def put_file(self, project_id: UUID, file: BinaryIO, media_type: str) -> ObjectRef:
        """Store the bytes of a file, and keep them where they may be kept."""
        if size_of(file) > self._largest_bytes:
            return await self._store.put_file(project_id, file, media_type)
        file.seek(0)
        return await self.put(project_id, await asyncio.to_thread(file.read), media_type)

    async def get(self, project_id: UUID, ref: ObjectRef | str) -> bytes:
        """The object's bytes, from memory or else from the store."""
        key = (project_id, digest_of(ref))
        data = self._kept.get(key)
        if data is None:
            data = await self._store.get(project_id, ref)
            self._keep(key, data)
        return data

    async def get_range(
        self, project_id: UUID, ref: ObjectRef | str, start: int, length: int
    ) -> bytes:
        """Up to `length` bytes from `start`, from memory or else from the store."""
        data = self._kept.get((project_id, digest_of(ref)))
        if data is None:
            return await self._store.get_range(project_id, ref, start, length)
        return data[start : start + length]

    def open_stream(self, project_id: UUID, ref: ObjectRef | str) -> AsyncIterator[bytes]:
        """The object's bytes in chunks from the store; downloads are not kept."""
        return self._store.open_stream(project_id, ref)

    async def exists(self, project_id: UUID, ref: ObjectRef | str) -> bool:
        """Whether the store holds the object; memory is not asked."""
        return await self._store.exists(project_id, ref)

    async def delete(self, project_id: UUID, ref: ObjectRef | str) -> None:
        """Forget and remove the object."""
        await self._store.delete(project_id, ref)
        self._kept.pop((project_id, digest_of(ref)), None)

    def list_objects(self, project_id: UUID) -> AsyncIterator[StoredObject]:
        """The store's objects."""
        return self._store.list_objects(project_id)

    async def put_pointer(self, project_id: UUID, fingerprint: str, ref: ObjectRef) -> ObjectRef:
        """Point to an outcome in the store and give the reference that holds."""
        return await self._store.put_pointer(project_id, fingerprint, ref)

    async def get_pointer(self, project_id: UUID, fingerprint: str) -> ObjectRef | None:
        """The store's outcome for these inputs."""
        return await self._store.get_pointer(project_id, fingerprint)

    def list_pointers(self, project_id: UUID) -> AsyncIterator[ObjectRef]:
        """The objects that the store's pointers name."""
        return self._store.list_pointers(project_id)

    async def delete_pointer(self, project_id: UUID, fingerprint: str) -> None:
        """Forget the store's outcome."""
        await self._store.delete_pointer(project_id, fingerprint)

    def _keep(self, key: _Key, data: bytes) -> None:
        if len(data) <= self._largest_bytes:
            self._kept[key] = data
