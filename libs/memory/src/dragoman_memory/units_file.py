"""The units that a segment's index points to, in a file of their own that never changes either.

    header   magic, version, count of units
    index    id, start, length of each record, ascending by id
    records  one unit each, as JSON without notes and properties

The file can be mapped into memory: a look-up reads the records that it gives, and a few of the
index. Records lie under the ids that the segment has, which are those of the units or of one
version of them.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from uuid import UUID

from dragoman_contracts.model import from_json
from dragoman_memory.segment import MemorySegmentError
from dragoman_memory.unit import MemoryUnit

_MAGIC = b"DRGUNT\r\n"
_VERSION = 1
_HEADER = struct.Struct("<8sHxxxxxxQ")
_ENTRY = struct.Struct("<16sQI")
_CUT = "The file of memory units was cut off or changed; build it anew."


class UnitsFileBuilder:
    """Collects units, and gives their file. Records are kept as bytes, so that many units take
    little more memory than their file.
    """

    def __init__(self) -> None:
        self._ids = bytearray()
        self._lengths = array("I")
        self._records = bytearray()

    def __len__(self) -> int:
        return len(self._lengths)

    def add(self, entry_id: UUID, unit: MemoryUnit) -> None:
        """Keep a unit under an id that no other has."""
        kept = unit.model_copy(update={"notes": (), "properties": ()})
        record = kept.model_dump_json(exclude_defaults=True).encode()
        self._ids += entry_id.bytes
        self._lengths.append(len(record))
        self._records += record

    def to_bytes(self) -> bytes:
        """The file. Equal units in equal order give equal bytes."""
        starts, at = array("Q"), 0
        for length in self._lengths:
            starts.append(at)
            at += length
        ids = [bytes(self._ids[place : place + 16]) for place in range(0, len(self._ids), 16)]
        out = bytearray(_HEADER.pack(_MAGIC, _VERSION, len(ids)))
        for place in sorted(range(len(ids)), key=ids.__getitem__):
            out += _ENTRY.pack(ids[place], starts[place], self._lengths[place])
        out += self._records
        return bytes(out)


class UnitsFile:
    """Units by id, read as they are asked for.

    Raises:
        MemorySegmentError: the bytes are no such file, or were cut off.
    """

    def __init__(self, data: bytes | memoryview) -> None:
        self._view = memoryview(data)
        if len(self._view) < _HEADER.size or bytes(self._view[:8]) != _MAGIC:
            raise MemorySegmentError("The file holds no memory units; build it anew.")
        _, version, self._count = _HEADER.unpack(self._view[: _HEADER.size])
        if version != _VERSION:
            raise MemorySegmentError(
                f"The file of memory units is of version {version}, and {_VERSION} is read; build it anew."
            )
        self._records = _HEADER.size + self._count * _ENTRY.size
        if self._records > len(self._view):
            raise MemorySegmentError(_CUT)

    def __len__(self) -> int:
        return self._count

    def units(self, ids: Iterable[UUID]) -> Mapping[UUID, MemoryUnit]:
        """The units of these ids; those of other files are left out."""
        found: dict[UUID, MemoryUnit] = {}
        for each in ids:
            record = self._record(each.bytes)
            if record is not None:
                found[each] = from_json(MemoryUnit, record)
        return found

    def _record(self, wanted: bytes) -> bytes | None:
        low, high = 0, self._count
        while low < high:
            middle = (low + high) // 2
            if self._entry(middle)[0] < wanted:
                low = middle + 1
            else:
                high = middle
        if low == self._count:
            return None
        entry_id, start, length = self._entry(low)
        if entry_id != wanted:
            return None
        record = bytes(self._view[self._records + start : self._records + start + length])
        if len(record) != length:
            raise MemorySegmentError(_CUT)
        return record

    def _entry(self, place: int) -> tuple[bytes, int, int]:
        at = _HEADER.size + place * _ENTRY.size
        entry_id, start, length = _ENTRY.unpack(self._view[at : at + _ENTRY.size])
        return entry_id, start, length


def ids_file(ids: Sequence[UUID]) -> bytes:
    """The ids of deleted units as a file: 16 bytes each, ascending."""
    return b"".join(sorted(each.bytes for each in ids))


def ids_in(data: bytes) -> Iterator[UUID]:
    """The ids in a file that `ids_file` made."""
    return (UUID(bytes=data[at : at + 16]) for at in range(0, len(data) // 16 * 16, 16))
