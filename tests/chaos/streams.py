"""The streams of jobs, so that one run's can be held against another's:
what must be equal, and nothing else.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from itertools import zip_longest
from typing import Any
from uuid import UUID

from dragoman_contracts.envelope import digest, encode
from dragoman_contracts.events import (
    SOURCE_INPUT,
    BatchTranslated,
    DocumentReassembled,
    Event,
    JobSubmitted,
    StreamType,
    WorkFailed,
)
from dragoman_contracts.references import ObjectRef, references_in
from dragoman_runtime.eventstore import EventStore, Stored
from dragoman_runtime.objects import ObjectStore

Stream = tuple[str, ...]
"""A job's events, each as canonical JSON: without attempts, ids,
times and what calls cost; batches by index.
"""

_OF_THIS_RUN = {"subject", "inputs", "policy", "request_digest", "rules"}
_PAGE = 2000
_NAME, _BEFORE, _SHOWN = 30, 60, 160


async def every_stream(store: EventStore) -> dict[UUID, list[Stored]]:
    """The events of each stream."""
    streams: dict[UUID, list[Stored]] = {}
    async for stored in every_event(store):
        streams.setdefault(stored.recorded.stream_id, []).append(stored)
    return streams


def jobs_of(streams: Mapping[UUID, list[Stored]]) -> dict[UUID, list[Stored]]:
    """Those of the streams that are jobs."""
    return {
        stream_id: stream
        for stream_id, stream in streams.items()
        if stream[0].recorded.stream_type is StreamType.JOB
    }


async def every_event(store: EventStore) -> AsyncGenerator[Stored]:
    """The log."""
    position = 0
    while page := await store.tail(position, limit=_PAGE):
        position = page[-1].position
        for each in page:
            yield each


async def comparable(stream: Sequence[Stored], objects: ObjectStore) -> Stream:
    """The stream as it must be equal to that of the same document in any other run."""
    events = [
        each.recorded.data for each in stream if not isinstance(each.recorded.data, WorkFailed)
    ]
    project_id = stream[0].recorded.project_id
    plain = [(event, await _plain(event, project_id, objects)) for event in events]
    batches = iter(sorted(text for event, text in plain if isinstance(event, BatchTranslated)))
    return tuple(
        next(batches) if isinstance(event, BatchTranslated) else text for event, text in plain
    )


def first_difference(stream: Stream, other: Stream) -> str:
    """Where the streams part, with some of what stands there in each; empty when they are equal."""
    for place, (mine, its) in enumerate(zip_longest(stream, other, fillvalue="nothing"), start=1):
        if mine != its:
            at = max(
                next((at for at, (a, b) in enumerate(zip(mine, its, strict=False)) if a != b), 0)
                - _BEFORE,
                0,
            )
            return f"event {place} {mine[:_NAME]}… at {at}: {mine[at : at + _SHOWN]} | {its[at : at + _SHOWN]}"
    return ""


def is_chained(stream: Sequence[Stored]) -> bool:
    """Whether versions have no gap and each event names the digest of the one before."""
    before = ""
    for version, each in enumerate(stream, start=1):
        if each.recorded.version != version or each.recorded.previous_digest != before:
            return False
        before = digest(encode(each.recorded))
    return True


def references(event: Event) -> list[ObjectRef]:
    """The objects that an event points to."""
    return list(references_in(event))


async def _plain(event: Event, project_id: UUID, objects: ObjectStore) -> str:
    content: dict[str, Any] = event.model_dump(mode="json")
    match event:
        case JobSubmitted():
            sources = [each.object.digest for each in event.inputs if each.name == SOURCE_INPUT]
            content = {name: value for name, value in content.items() if name not in _OF_THIS_RUN}
            content["source"] = sources
        case BatchTranslated():
            targets = json.loads(await objects.get(project_id, event.targets))
            for each in targets["targets"]:
                each.pop("call", None)  # the record of a call tells when it was made
            content = {"index": event.index, "unit_count": event.unit_count, "targets": targets}
        case DocumentReassembled():
            manifest = json.loads(await objects.get(project_id, event.manifest))
            manifest.pop("target_lists", None)
            content["manifest"] = manifest
        case _:
            pass
    return json.dumps([event.name, content], sort_keys=True, ensure_ascii=False)
