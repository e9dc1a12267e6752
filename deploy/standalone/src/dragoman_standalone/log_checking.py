"""Checking the whole log for `dragoman events verify`: every stream,
and the objects it points to when asked.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from uuid import UUID

from dragoman_contracts.envelope import RecordedEvent
from dragoman_contracts.errors import ObjectCorruptError, ObjectMissingError
from dragoman_contracts.model import Value
from dragoman_gateway.audit.view import audited_digests
from dragoman_runtime.eventstore.archive import FIRST, RawEvent, Span, whole_streams
from dragoman_runtime.eventstore.checking import Fault, check_stream, erased_by, references_of
from dragoman_runtime.objects import ObjectStore
from dragoman_runtime.projection import ViewsUnavailableError
from dragoman_standalone.settings import StoreSettings
from dragoman_standalone.stores import Stores, stores

_MOST_FAULTS = 100
_AT_ONCE = 16
_ERASABLE = frozenset({"intake_record", "record", "actor_record"})
"""Objects that go without an event, since what names a person may be erased at any time."""

_LAST = UUID(int=2**128 - 1)


class FaultFound(Value):
    """The first fault of one stream."""

    stream_type: str
    stream_id: UUID
    version: int
    position: int
    kind: str
    message: str


class LogReport(Value):
    """The result of the check; up to a hundred faults are named.

    `unwitnessed_count`: streams whose last event has no digest in the audit view to be held
    against.
    """

    event_count: int
    stream_count: int
    fault_count: int
    unwitnessed_count: int
    object_count: int
    erased_count: int
    duration_s: float
    faults: tuple[FaultFound, ...]


async def checked_log(
    settings: StoreSettings, told: Callable[[str, int, int], None], *, is_with_objects: bool = False
) -> LogReport:
    """Check the log as it stands now.

    Raises:
        ArchiveMissingError: there is no log.
    """
    async with stores(settings) as opened:
        checker = _Checker(opened, is_with_objects=is_with_objects)
        started, until = time.perf_counter(), await opened.archive.head()
        misnamed = await opened.archive.misnamed()
        if misnamed:  # what belongs together cannot be told before they are put right
            checker.note_misnamed(misnamed)
            return checker.report(time.perf_counter() - started)
        async for streams in whole_streams(opened.archive, Span(FIRST, _LAST, until)):
            await checker.check(streams)
            told("check", checker.event_count, until)
        return checker.report(time.perf_counter() - started)


class _Checker:
    def __init__(self, opened: Stores, *, is_with_objects: bool) -> None:
        self.event_count = 0
        self._stores = opened
        self._objects = _Objects(opened.objects) if is_with_objects else None
        self._stream_count = 0
        self._unwitnessed = 0
        self._fault_count = 0
        self._faults: list[FaultFound] = []

    async def check(self, streams: Sequence[Sequence[RawEvent]]) -> None:
        """Check some whole streams."""
        witnesses = await self._witnesses([stream[0].stream_id for stream in streams])
        for stream in streams:
            checked = check_stream(stream, witnesses.get(stream[0].stream_id, {}))
            self.event_count += len(stream)
            self._stream_count += 1
            fault = checked.fault
            if self._objects is not None and fault is None:
                fault = await self._objects.fault_of(stream, checked.events)
            if fault is not None:
                self._note(fault, checked.events)
            elif not checked.is_witnessed:
                self._unwitnessed += 1

    def note_misnamed(self, positions: Sequence[int]) -> None:
        """These rows name no stream."""
        for position in positions:
            message = "Its row names no stream; nothing else was checked."
            self._note(Fault(UUID(int=0), 0, position, "misplaced", message), ())

    def report(self, duration_s: float) -> LogReport:
        """The counts and faults found so far."""
        return LogReport(
            event_count=self.event_count,
            stream_count=self._stream_count,
            fault_count=self._fault_count,
            unwitnessed_count=self._unwitnessed,
            object_count=self._objects.count if self._objects else 0,
            erased_count=self._objects.erased_count if self._objects else 0,
            duration_s=round(duration_s, 3),
            faults=tuple(self._faults),
        )

    async def _witnesses(self, stream_ids: Sequence[UUID]) -> dict[UUID, dict[UUID, str]]:
        try:
            return await audited_digests(self._stores.views, stream_ids)
        except ViewsUnavailableError:  # no view, no witness: the report counts it
            return {}

    def _note(self, fault: Fault, sound: Sequence[RecordedEvent]) -> None:
        self._fault_count += 1
        if len(self._faults) < _MOST_FAULTS:
            found = FaultFound(
                stream_type=sound[0].stream_type.value if sound else "stream",
                stream_id=fault.stream_id,
                version=fault.version,
                position=fault.position,
                kind=fault.kind,
                message=fault.message,
            )
            self._faults.append(found)


class _Objects:
    """Reads what events point to, each object of a project once in a while."""

    def __init__(self, objects: ObjectStore) -> None:
        self.count = 0
        self.erased_count = 0
        self._objects = objects
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._sound: dict[tuple[UUID, str], None] = {}

    async def fault_of(
        self, rows: Sequence[RawEvent], events: Sequence[RecordedEvent]
    ) -> Fault | None:
        """The first event of the stream that points to an object that is not there as it was."""
        erased = erased_by(events)
        for row, recorded in zip(rows, events, strict=True):
            named = [(name, ref.digest) for name, ref in references_of(recorded)]
            if recorded.origin.actor_record:
                named.append(("actor_record", recorded.origin.actor_record))
            found = await asyncio.gather(
                *(self._look(recorded, name, digest, erased) for name, digest in named)
            )
            wrong = [message for message in found if message]
            if wrong:
                return Fault(row.stream_id, row.version, row.position, "object", wrong[0])
        return None

    async def _look(self, recorded: RecordedEvent, name: str, digest: str, erased: set[str]) -> str:
        key = recorded.project_id, digest
        if key in self._sound:
            return ""
        try:
            async with self._turns:
                await self._objects.get(*key)
        except ObjectMissingError:
            if name in _ERASABLE or digest in erased:
                self.erased_count += 1
                return ""
            return f"Its {name}, {digest}, is not in the object store."
        except ObjectCorruptError:
            return f"Its {name}, {digest}, has other bytes in the object store."
        self.count += 1
        self._sound[key] = None
        if len(self._sound) > 100_000:
            self._sound.pop(next(iter(self._sound)))
        return ""
