"""Objects that events point to: read for the views, and absent where they were erased."""

from __future__ import annotations

import asyncio
from typing import TypeVar
from uuid import UUID

import structlog
from pydantic import ValidationError

from dragoman_contracts.errors import ObjectCorruptError, ObjectMissingError
from dragoman_contracts.model import Value
from dragoman_contracts.references import ObjectRef
from dragoman_runtime.objects.port import ObjectStore
from dragoman_runtime.objects.values import get_value

_MAX_AT_ONCE = 8
_V = TypeVar("_V", bound=Value)
_log = structlog.stdlib.get_logger()


class Records:
    """Typed objects by reference, a few at a time."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects
        self._turns = asyncio.Semaphore(_MAX_AT_ONCE)

    async def find(self, project_id: UUID, ref: ObjectRef | str, type_: type[_V]) -> _V | None:
        """The value, or None where it was erased.
        A damaged one is logged and taken as erased: a view goes on.
        """
        async with self._turns:
            try:
                return await get_value(self._objects, project_id, ref, type_)
            except ObjectMissingError:
                return None
            except (ObjectCorruptError, ValidationError):
                digest = ref if isinstance(ref, str) else ref.digest
                _log.exception("views.object_unreadable", project_id=str(project_id), digest=digest)
                return None
