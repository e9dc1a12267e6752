"""Checking stored events: each is as it was appended, follows the one before, and can be folded.

Every event but the last of a stream is covered by the digest that the next event carries. The
digest of the last event is compared with its copy in the audit view. Where the audit view has none,
only the fields of that event can be checked, and not each of its bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast
from uuid import UUID

from dragoman_contracts import job, subject_state
from dragoman_contracts.envelope import RecordedEvent, decode, digest
from dragoman_contracts.errors import DragomanError, UnknownEventTypeError
from dragoman_contracts.events import ArtifactErased, StreamType
from dragoman_contracts.identity import event_id
from dragoman_contracts.job import Job
from dragoman_contracts.references import NamedObject, ObjectRef, references_in
from dragoman_contracts.subject_state import Subject
from dragoman_runtime.eventstore.archive import RawEvent
from dragoman_runtime.eventstore.exchange import canonical, previous_digest

Witness = Mapping[UUID, str]
"""The digests that the audit view holds of a stream's events, by event id."""

_UNREADABLE = (DragomanError, ValueError, KeyError, TypeError, AttributeError)


@dataclass(frozen=True, slots=True)
class Fault:
    """The first fault of a stream, and its place."""

    stream_id: UUID
    version: int
    position: int
    kind: str
    message: str


@dataclass(frozen=True, slots=True)
class Checked:
    """A stream that was checked: its sound events, and the fault of the event behind them, if any.

    `is_witnessed` says whether each byte of the last event was compared, too.
    """

    events: tuple[RecordedEvent, ...]
    fault: Fault | None
    is_witnessed: bool


class _FaultError(Exception):
    """Ends the check of a stream."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message


def check_stream(rows: Sequence[RawEvent], witness: Witness) -> Checked:
    """Check a whole stream, oldest event first."""
    sound: list[RecordedEvent] = []
    row, state = rows[0], None
    try:
        for place, row in enumerate(rows):
            _check_place(row, rows[place - 1] if place else None)
            recorded = _read(row)
            _check_bytes(row, rows[place + 1] if place + 1 < len(rows) else None, witness)
            _check_family(recorded, sound[0] if sound else None, rows[place - 1] if place else None)
            state = _folded(state, recorded)
            sound.append(recorded)
        if event_id(row.stream_id, row.version + 1) in witness:
            raise _FaultError("cut", "The audit knows of events behind this one that are gone.")  # noqa: TRY301
    except _FaultError as fault:
        return Checked(
            tuple(sound),
            Fault(row.stream_id, row.version, row.position, fault.kind, fault.message),
            False,
        )
    return Checked(tuple(sound), None, event_id(row.stream_id, row.version) in witness)


def references_of(recorded: RecordedEvent) -> Iterator[tuple[str, ObjectRef]]:
    """The objects that an event points to, each with the name of its field,
    or with its own where it has one.
    """
    for name in type(recorded.data).model_fields:
        value: object = getattr(recorded.data, name)
        several = cast("tuple[object, ...]", value) if isinstance(value, tuple) else (value,)
        for each in several:
            own_name = each.name if isinstance(each, NamedObject) else name
            yield from ((own_name, ref) for ref in references_in(each))


def erased_by(events: Sequence[RecordedEvent]) -> set[str]:
    """The digests of the objects that a stream says were erased; all of its objects once no
    artifact is left.
    """
    erased = {each.data.digest for each in events if isinstance(each.data, ArtifactErased)}
    if not erased:
        return erased
    folded = job.fold(events)
    if folded is not None and not folded.artifacts:
        erased.update(ref.digest for each in events for _, ref in references_of(each))
    return erased


def _check_place(row: RawEvent, previous: RawEvent | None) -> None:
    expected = previous.version + 1 if previous else 1
    if row.version != expected:
        raise _FaultError("gap", f"Version {expected} is not there.")
    if previous is not None and row.position <= previous.position:
        raise _FaultError("order", "It stands in the log before the one it follows.")


def _read(row: RawEvent) -> RecordedEvent:
    try:
        recorded = decode(row.state)
    except UnknownEventTypeError as error:
        raise _FaultError("unknown_type", error.message) from error
    except _UNREADABLE as error:
        raise _FaultError(
            "unreadable", f"Its state cannot be read ({type(error).__name__})."
        ) from error
    if (recorded.stream_id, recorded.version, recorded.type) != (
        row.stream_id,
        row.version,
        row.topic,
    ):
        raise _FaultError(
            "misplaced", "Its row and its state name different streams, versions or types."
        )
    if recorded.event_id != event_id(row.stream_id, row.version):
        raise _FaultError("identity", "Its event id is not the one of this stream and version.")
    return recorded


def _check_bytes(row: RawEvent, following: RawEvent | None, witness: Witness) -> None:
    if canonical(row.state) != row.state:
        raise _FaultError("form", "Its bytes are not as Dragoman writes JSON.")
    known = witness.get(event_id(row.stream_id, row.version))
    if known is not None and known != digest(row.state):
        raise _FaultError("changed", "Its digest is not the one that the audit noted.")
    linked = previous_digest(following.state) if following is not None and known is None else None
    if linked is not None and linked != digest(row.state):
        raise _FaultError("changed", "Its digest is not the one that the next event carries.")


def _check_family(
    recorded: RecordedEvent, first: RecordedEvent | None, previous: RawEvent | None
) -> None:
    if recorded.stream_type is not recorded.data.told_in:
        raise _FaultError("misplaced", "Its type is none of this kind of stream.")
    if recorded.previous_digest != (digest(previous.state) if previous else ""):
        raise _FaultError("changed", "It carries another digest than that of the event before it.")
    if first is not None and (recorded.project_id, recorded.stream_type) != (
        first.project_id,
        first.stream_type,
    ):
        raise _FaultError("misplaced", "Its project is not that of its stream.")


def _folded(state: Job | Subject | None, recorded: RecordedEvent) -> Job | Subject:
    try:
        if recorded.stream_type is StreamType.JOB:
            return job.evolve(state, recorded) if isinstance(state, Job) else job.begin(recorded)
        return subject_state.evolve(state if isinstance(state, Subject) else None, recorded)
    except _UNREADABLE as error:
        raise _FaultError("impossible", "It does not go with the events before it.") from error
