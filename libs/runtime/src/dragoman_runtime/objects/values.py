"""Typed values as objects: the same value always has the same bytes, and so the same digest."""

from __future__ import annotations

from typing import TypeVar
from uuid import UUID

from dragoman_contracts.model import Value, canonical_json, from_json
from dragoman_contracts.references import JSON_MEDIA_TYPE, ObjectRef
from dragoman_runtime.objects.port import ObjectStore

_V = TypeVar("_V", bound=Value)


async def put_value(store: ObjectStore, project_id: UUID, value: Value) -> ObjectRef:
    """Store a value as canonical JSON and give its reference."""
    return await store.put(project_id, canonical_json(value), JSON_MEDIA_TYPE)


async def get_value(
    store: ObjectStore, project_id: UUID, ref: ObjectRef | str, type_: type[_V]
) -> _V:
    """The value of type `type_` that was stored under this reference; fields a newer version added
    are left out.

    Raises:
        ObjectMissingError, ObjectCorruptError: as `ObjectStore.get`.
        pydantic.ValidationError: the object is a value of another type.
    """
    return from_json(type_, await store.get(project_id, ref))
