"""Ledgers: one in memory that stores what the object store would, the bytes of a call under their
sha256; and one over a store of objects.
"""

from __future__ import annotations

import hashlib
from uuid import UUID

from dragoman_contracts.references import JSON_MEDIA_TYPE, ObjectRef
from dragoman_runtime.objects import FileObjectStore
from dragoman_runtime.objects.values import put_value
from dragoman_translate.ports import CallLedger, ModelCall, RecordedCall, TranslationEngine


class MemoryLedger:
    """Keeps calls as bytes, so that what comes back went through their stored form."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.pointers: dict[str, ObjectRef] = {}

    async def recall(self, fingerprint: str, engine: TranslationEngine) -> RecordedCall | None:
        """The call with this fingerprint, if it was recorded."""
        ref = self.pointers.get(fingerprint)
        if ref is None:
            return None
        return RecordedCall(call=ModelCall.model_validate_json(self.objects[ref.digest]), ref=ref)

    async def allow(self, engine: TranslationEngine) -> None:
        """Pay for anything."""

    async def record(self, call: ModelCall, engine: TranslationEngine) -> ObjectRef:
        """Store a call and point to it by its fingerprint."""
        body = call.model_dump_json().encode()
        ref = ObjectRef(
            digest=hashlib.sha256(body).hexdigest(),
            size_bytes=len(body),
            media_type=JSON_MEDIA_TYPE,
        )
        self.objects[ref.digest] = body
        self.pointers[call.fingerprint] = ref
        return ref


class StoredLedger(CallLedger):
    """The calls of a project in its store."""

    def __init__(self, store: FileObjectStore, project_id: UUID) -> None:
        self._store = store
        self._project_id = project_id
        self.refs: dict[str, RecordedCall] = {}

    async def recall(self, fingerprint: str, engine: TranslationEngine) -> RecordedCall | None:
        """The call with this fingerprint."""
        return self.refs.get(fingerprint)

    async def allow(self, engine: TranslationEngine) -> None:
        """Pay for anything."""

    async def record(self, call: ModelCall, engine: TranslationEngine) -> ObjectRef:
        """Store a call."""
        ref = await put_value(self._store, self._project_id, call)
        self.refs[call.fingerprint] = RecordedCall(call=call, ref=ref)
        return ref
