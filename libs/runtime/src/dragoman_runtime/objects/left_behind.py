"""Objects that a killed process stored and did not come to point to.

A paid call is two writes: the object, and the pointer under which it is found again. A worker that
takes over from one that vanished between them looks among the objects stored last.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Protocol

from pydantic import ValidationError

from dragoman_contracts.errors import ObjectCorruptError, ObjectMissingError
from dragoman_contracts.references import JSON_MEDIA_TYPE, ObjectRef
from dragoman_runtime.objects.port import StoredObject

_LARGEST_BYTES = 4 * 1024 * 1024
_LISTED = 20_000
_LOOKED_AT = 300  # objects: more than a process has under way when it is killed


class ListedObjects(Protocol):
    """The objects of a project, to be listed and read."""

    def stored(self) -> AsyncIterator[StoredObject]:
        """The project's objects, in no promised order."""
        ...

    async def get(self, ref: ObjectRef | str) -> bytes:
        """The object's bytes, digest checked."""
        ...


async def calls_left_behind(
    objects: ListedObjects, fingerprint_of: Callable[[bytes], str | None]
) -> dict[str, ObjectRef]:
    """The recorded calls among the objects that were stored last, by fingerprint.

    `fingerprint_of` reads that of a call; it gives None for a call that is not to be found again,
    and raises ValidationError for an object that is none. The result is empty where the project has
    more objects than are worth listing: a store lists them by name, not by age.
    """
    stored: list[StoredObject] = []
    async for each in objects.stored():
        if len(stored) == _LISTED:
            return {}
        stored.append(each)
    stored = [each for each in stored if each.size_bytes <= _LARGEST_BYTES]
    newest = sorted(stored, key=lambda each: each.modified_at, reverse=True)[:_LOOKED_AT]
    found: dict[str, ObjectRef] = {}
    for each in newest:
        ref = ObjectRef(digest=each.digest, size_bytes=each.size_bytes, media_type=JSON_MEDIA_TYPE)
        try:
            data = await objects.get(ref)
            if data.startswith(b"{") and b'"fingerprint"' in data:
                fingerprint = fingerprint_of(data)
                if fingerprint is not None:
                    found.setdefault(fingerprint, ref)
        except (ObjectMissingError, ObjectCorruptError, ValidationError):
            continue  # erased meanwhile, or no call
    return found
