"""Model calls and other objects of a job, read as far as the record still holds them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from pydantic import BaseModel, Field, JsonValue, ValidationError

from dragoman_contracts.errors import ObjectCorruptError, ObjectMissingError
from dragoman_contracts.events import BatchTranslated, Usage
from dragoman_contracts.job import Job
from dragoman_contracts.model import Value
from dragoman_contracts.references import ObjectRef
from dragoman_contracts.text import TargetList
from dragoman_gateway.review.rules.prompts import sections_of
from dragoman_runtime.eventstore import Stored
from dragoman_runtime.objects import ObjectStore, get_value

_V = TypeVar("_V", bound=Value)


class CallSignature(BaseModel):
    """The engine, model and parameters of a call."""

    name: str = ""
    model: str = ""
    prompt_version: str = ""
    parameters: dict[str, str | int | float | bool | None] = Field(default_factory=dict)


class CallTarget(BaseModel):
    """A unit's target as the engine wrote it."""

    unit_id: str
    target: str = ""


class CallTimes(BaseModel):
    """When a call was made, and how long it took."""

    started_at: str = ""
    latency_ms: int = 0


class CallReply(BaseModel):
    """The exact request, and its answer."""

    targets: tuple[CallTarget, ...] = ()
    model: str = ""
    prompt: JsonValue = None
    response: str = ""
    finish_reason: str = ""
    usage: Usage = Usage()
    circumstances: CallTimes = CallTimes()


class RecordedCall(BaseModel):
    """A recorded call, as far as it is told here; it may have been made by another version."""

    fingerprint: str = ""
    signature: CallSignature = CallSignature()
    reply: CallReply = CallReply()
    unit_ids: tuple[str, ...] = ()

    @property
    def model(self) -> str:
        """The model that answered."""
        return self.reply.model or self.signature.model

    def asked(self, known: frozenset[str]) -> tuple[str, ...]:
        """The units that it asked for, of those that are known."""
        named = self.unit_ids or tuple(each.unit_id for each in self.reply.targets)
        return tuple(each for each in dict.fromkeys(named) if each in known)

    def asks_for(self, unit_id: str, shown: str) -> bool:
        """Whether the unit was among those asked for; `shown` is its source as engines see it.

        A prompt names units by numbers of its own: one that got no answer is told by its text.
        """
        if self.unit_ids:
            return unit_id in self.unit_ids
        if any(each.unit_id == unit_id for each in self.reply.targets):
            return True
        quoted = json.dumps(shown, ensure_ascii=False)
        sections = sections_of(self.reply.prompt)
        return any(each.name in {"units", "texts"} and quoted in each.text for each in sections)


@dataclass
class JobRecord:
    """Objects of a job, read as long as they are there; `missing` names those that were erased."""

    objects: ObjectStore
    job: Job
    missing: list[str]

    async def value(self, ref: ObjectRef | None, type_: type[_V], name: str) -> _V | None:
        """The value of an object; None where there is none, or it was erased."""
        if ref is None:
            return None
        try:
            return await get_value(self.objects, self.job.project_id, ref, type_)
        except (ObjectMissingError, ObjectCorruptError):
            self.missing.append(name)
            return None

    async def call(self, ref: ObjectRef) -> RecordedCall | None:
        """A recorded call; None where it was erased."""
        try:
            return RecordedCall.model_validate_json(
                await self.objects.get(self.job.project_id, ref)
            )
        except (ObjectMissingError, ObjectCorruptError, ValidationError):
            self.missing.append(f"call {ref.digest}")
            return None

    async def calls_of_batches(
        self, stored: Iterable[Stored], unit_id: str | None = None
    ) -> dict[str, RecordedCall]:
        """The calls of the job's batches by digest, in the order in which they were made; those of
        the batch with a unit where one is named.
        """
        refs: dict[str, ObjectRef] = {}
        for event in (each.recorded.data for each in stored):
            if isinstance(event, BatchTranslated) and await self._has(event.targets, unit_id):
                refs |= {ref.digest: ref for ref in event.calls}
        found = {digest: await self.call(ref) for digest, ref in refs.items()}
        return {digest: call for digest, call in found.items() if call is not None}

    async def _has(self, targets: ObjectRef, unit_id: str | None) -> bool:
        if unit_id is None:
            return True
        listed = await self.value(targets, TargetList, "targets")
        return listed is not None and any(each.unit_id == unit_id for each in listed.targets)
