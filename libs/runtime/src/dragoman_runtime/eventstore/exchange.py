"""Events as NDJSON of CloudEvents 1.0, in which they leave an installation and come into another
one unchanged.

A line is one event in CloudEvents' structured JSON form. Its `data` is the stored state with the
envelope's fields, as on the bus. Its `digest` is the sha256 of the stored bytes, so that a line
tells by itself whether it is whole. State that is not JSON as Dragoman writes it travels as
`data_base64`.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from dragoman_contracts.envelope import digest, schema_urn
from dragoman_contracts.errors import ConflictError, PermanentError
from dragoman_runtime.eventstore.archive import Archive, RawEvent

_KEPT_STREAMS = 4096


class MalformedExportError(PermanentError):
    """A line of an export cannot be read, or was changed after the export."""

    default_code = "events.malformed"


class StreamConflictError(ConflictError):
    """A stream of the export and the installation's stream of the same id tell different things."""

    default_code = "events.conflict"


def canonical(state: bytes) -> bytes | None:
    """The state, written again as Dragoman writes JSON; None where it is no JSON object.

    The result differs from the state only where another program changed the state.
    """
    try:
        fields: object = json.loads(state)
    except ValueError:
        return None
    return _dumped(cast("dict[str, Any]", fields)) if isinstance(fields, dict) else None


def to_line(row: RawEvent) -> str:
    """The event as one line, without its end."""
    state: dict[str, Any] | None = (
        json.loads(row.state) if canonical(row.state) == row.state else None
    )
    line = _attributes(row, state or {})
    if state is None:
        line["data_base64"] = base64.b64encode(row.state).decode()
    else:
        line["data"] = state
    return _dumped(line).decode()


def from_line(line: str | bytes) -> RawEvent:
    """The event that a line holds.

    Its position is 0, since the importing installation gives it a new one.

    Raises:
        MalformedExportError: the line is no event, or its bytes are not those that were exported.
    """
    try:
        fields = cast("dict[str, Any]", json.loads(line))
        encoded = fields.get("data_base64")
        state = (
            base64.b64decode(encoded, validate=True)
            if encoded is not None
            else _dumped(fields["data"])
        )
        row = RawEvent(
            0, UUID(fields["subject"]), int(fields["sequence"]), str(fields["type"]), state
        )
        stated = str(fields["digest"])
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error) as error:
        raise MalformedExportError(
            f"A line is no event of an export ({type(error).__name__})."
        ) from error
    if digest(state) != stated:
        message = f"Event {row.version} of stream {row.stream_id} was changed after the export; export it again."
        raise MalformedExportError(message)
    return row


@dataclass
class Imported:
    """The number of events that were new, and of those that were there already."""

    added: int = 0
    present: int = 0


class Importer:
    """Adds exported events to an installation. To import the same events again changes nothing."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._known: OrderedDict[UUID, list[str]] = OrderedDict()
        self.imported = Imported()

    async def add(self, rows: Sequence[RawEvent]) -> None:
        """Add the next events of the export, all or none.

        Raises:
            StreamConflictError: a stream here has another event at this version, or lacks the
                events before it.
        """
        new: list[RawEvent] = []
        for row in rows:
            digests = await self._digests(row.stream_id)
            if row.version <= len(digests):
                if digests[row.version - 1] != digest(row.state):
                    message = (
                        f"Stream {row.stream_id} has another event at version {row.version} here"
                    )
                    raise StreamConflictError(f"{message}: it is not a copy of the exported one.")
                self.imported.present += 1
                continue
            _check_follows(row, digests)
            digests.append(digest(row.state))
            new.append(row)
        if new:
            await self._archive.add(new)
        self.imported.added += len(new)
        # Only between batches: digests of rows that are not added yet are nowhere else, so no cache
        # may drop them.
        while len(self._known) > _KEPT_STREAMS:
            self._known.popitem(last=False)

    async def _digests(self, stream_id: UUID) -> list[str]:
        known = self._known.get(stream_id)
        if known is None:
            known = [digest(row.state) for row in await self._archive.stream(stream_id)]
            self._known[stream_id] = known
        self._known.move_to_end(stream_id)
        return known


def _check_follows(row: RawEvent, digests: Sequence[str]) -> None:
    if row.version != len(digests) + 1:
        message = (
            f"Stream {row.stream_id} ends at version {len(digests)} here, "
            f"and the export goes on with {row.version}."
        )
        raise StreamConflictError(f"{message} Import the export that holds what is between first.")
    previous = previous_digest(row.state)
    if previous is not None and previous != (digests[-1] if digests else ""):
        raise StreamConflictError(
            f"Event {row.version} of stream {row.stream_id} does not follow what is here."
        )


def previous_digest(state: bytes) -> str | None:
    """The digest of the event before, as the state has it; None where it cannot be read (`events
    verify` tells).
    """
    try:
        return str(json.loads(state)["previous_digest"])
    except (ValueError, KeyError, TypeError):
        return None


def _attributes(row: RawEvent, state: dict[str, Any]) -> dict[str, Any]:
    origin: dict[str, Any] = state.get("origin") or {}
    version: object = state.get("schema_version")
    attributes = {
        "specversion": "1.0",
        "id": state.get("event_id", f"{row.stream_id}/{row.version}"),
        "source": f"urn:dragoman:project:{state.get('project_id', '')}",
        "type": row.topic,
        "subject": str(row.stream_id),
        "time": state.get("occurred_at"),
        "datacontenttype": "application/json",
        "dataschema": schema_urn(row.topic, version) if isinstance(version, int) else None,
        "sequence": str(row.version),
        "traceparent": origin.get("traceparent"),
        "digest": digest(row.state),
    }
    return {name: value for name, value in attributes.items() if value is not None}


def _dumped(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
