"""The port of the object store: immutable bytes by digest, and pointers from a fingerprint of
inputs to an outcome.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, Protocol
from uuid import UUID

from dragoman_contracts.references import ObjectRef

CHUNK_BYTES = 1024 * 1024
"""The most bytes that a stream holds in memory at a time."""

FRESH_S = 3600.0
"""The seconds after which an object that is put again is marked as new again."""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object as the store lists it.

    `modified_at` is when it was last put, give or take an hour.
    """

    digest: str
    size_bytes: int
    modified_at: datetime


class ObjectStore(Protocol):
    """Immutable objects and outcome pointers of projects.

    An object is addressed by the sha256 of its bytes within its project; it is there whole or not
    at all, also after a crash. Nothing is shared between projects. Where a method takes `ref`, a
    bare digest does as well.

    Every method may raise RetryableError (`storage.unavailable`, `storage.full`) and PermanentError
    (`storage.unauthorised`, `storage.bad_name`).
    """

    async def open(self) -> None:
        """Make the store ready: create its folder or bucket, and sweep the leftovers of a crash.

        Call this first.
        """
        ...

    async def close(self) -> None:
        """Give back connections; the store is not used afterwards."""
        ...

    async def put(self, project_id: UUID, data: bytes, media_type: str) -> ObjectRef:
        """Store bytes and give their reference.

        Storing the same again is cheap, and makes the object new again.
        """
        ...

    async def put_file(self, project_id: UUID, file: BinaryIO, media_type: str) -> ObjectRef:
        """Store the bytes of a file from its beginning, and give their reference; no more than a
        few chunks of it are in memory at a time. The file stays open, its position is anywhere.
        """
        ...

    async def get(self, project_id: UUID, ref: ObjectRef | str) -> bytes:
        """The object's bytes, whose digest was checked.

        Raises:
            ObjectMissingError: the store does not hold the object.
            ObjectCorruptError: the store holds other bytes under this digest.
        """
        ...

    async def get_range(
        self, project_id: UUID, ref: ObjectRef | str, start: int, length: int
    ) -> bytes:
        """Up to `length` bytes from `start`; fewer or none at the object's end.

        A part's digest cannot be checked.

        Raises:
            ObjectMissingError: the store does not hold the object.
        """
        ...

    def open_stream(self, project_id: UUID, ref: ObjectRef | str) -> AsyncIterator[bytes]:
        """The object's bytes in chunks of at most `CHUNK_BYTES`.

        The last chunk comes only after the digest of the whole was checked, so a download of a
        damaged object breaks off instead of ending well.

        Raises:
            ObjectMissingError: on the first step, the store does not hold the object.
            ObjectCorruptError: instead of the last chunk.
        """
        ...

    async def exists(self, project_id: UUID, ref: ObjectRef | str) -> bool:
        """Whether the store holds the object."""
        ...

    async def delete(self, project_id: UUID, ref: ObjectRef | str) -> None:
        """Remove the object. It is no error if the object is not there."""
        ...

    def list_objects(self, project_id: UUID) -> AsyncIterator[StoredObject]:
        """All of the project's objects, each once, in no promised order."""
        ...

    async def put_pointer(self, project_id: UUID, fingerprint: str, ref: ObjectRef) -> ObjectRef:
        """Point from a fingerprint of inputs to their outcome, and give the reference that holds.

        The first writer wins: a later writer gets the earlier reference back and goes on with that.
        (An S3 server without conditional writes promises that only to writers that come one after
        the other, as the lease makes them.)
        """
        ...

    async def get_pointer(self, project_id: UUID, fingerprint: str) -> ObjectRef | None:
        """The outcome that was stored for these inputs; None when there is none yet."""
        ...

    def list_pointers(self, project_id: UUID) -> AsyncIterator[ObjectRef]:
        """The outcomes that the project's pointers point to, in no promised order."""
        ...

    async def delete_pointer(self, project_id: UUID, fingerprint: str) -> None:
        """Forget the outcome, so that the inputs are worked on anew.

        It is no error if there is no pointer.
        """
        ...
