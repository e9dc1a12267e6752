"""An immutable index of many memory units, which a job's policy can pin: bytes in one file.

    header      magic, version, length of what follows, its sha256, lengths of the sections
    sections    token → positions of units (CSR), texts, digests, ids: arrays in little-endian order

Positions number the units from 0 in the order they came in. The bytes can be mapped into memory:
workers on one machine share them, and opening reads nothing but the header.
"""

from __future__ import annotations

import hashlib
import struct
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from dragoman_contracts.errors import PermanentError
from dragoman_contracts.locale import Locale
from dragoman_memory.tokens import tokens_of
from dragoman_memory.unit import MemoryUnit, loose_text, matching_text, text_digest

_MAGIC = b"DRGMEM\r\n"
_VERSION = 1
_HEADER = struct.Struct("<8sHH4x32sQ")  # 56 bytes: what follows is aligned as well
_ALIGNMENT = 8
_LONGEST = 0xFFFF
_DENSE = 16

U16 = NDArray[np.uint16]
U32 = NDArray[np.uint32]
U64 = NDArray[np.uint64]
Ids = NDArray[np.void]


class MemorySegmentError(PermanentError):
    """Bytes that are no memory segment of this version, or were changed; build it anew."""

    default_code = "memory.segment"


@dataclass(frozen=True)
class _Sections:
    """The arrays of a segment, in the order of the file."""

    tokens: U32
    starts: U32
    postings: U32
    lengths: U16
    exact_digests: U64
    exact_places: U32
    loose_digests: U64
    loose_places: U32
    before: U64
    after: U64
    ids: Ids
    text_starts: U64
    texts: NDArray[np.uint8]
    languages: NDArray[np.uint8]


_TYPES: dict[str, str] = {
    **dict.fromkeys(("tokens", "starts", "postings", "exact_places", "loose_places"), "<u4"),
    **dict.fromkeys(("exact_digests", "loose_digests", "before", "after", "text_starts"), "<u8"),
    "lengths": "<u2",
    "ids": "V16",
    "texts": "u1",
    "languages": "u1",
}
_SECTIONS = tuple(each.name for each in fields(_Sections))


class MemorySegment:
    """An index over the units of one pair of locales. Build one with `build_segment`."""

    def __init__(self, sections: _Sections, digest: str) -> None:
        self._sections = sections
        self.digest = digest
        source, target = bytes(sections.languages).decode("ascii").split(" ")
        self.source_locale, self.target_locale = Locale(source), Locale(target)
        self._texts = sections.texts.data

    def __len__(self) -> int:
        return len(self._sections.lengths)

    @property
    def size_bytes(self) -> int:
        """The bytes that its arrays take."""
        return sum(getattr(self._sections, name).nbytes for name in _SECTIONS)

    def text(self, place: int) -> str:
        """The source text of the unit at a position, without tags."""
        start, end = self._sections.text_starts[place : place + 2]
        return str(self._texts[int(start) : int(end)], "utf-8", "surrogatepass")

    def texts(self, places: Sequence[int]) -> list[str]:
        """The source texts of several units, in the order of `places`."""
        at = np.array(places, dtype=np.int64)
        starts: list[int] = self._sections.text_starts[at].tolist()
        ends: list[int] = self._sections.text_starts[at + 1].tolist()
        return [
            str(self._texts[start:end], "utf-8", "surrogatepass")
            for start, end in zip(starts, ends, strict=True)
        ]

    def unit_id(self, place: int) -> UUID:
        """The id of the unit at a position."""
        return UUID(bytes=self._sections.ids[place].tobytes())

    def places_of(self, ids: Iterable[UUID]) -> U32:
        """The positions of units by their ids; those of other segments have none."""
        wanted = np.array([each.bytes for each in ids], dtype="V16")
        found: NDArray[np.intp] = np.flatnonzero(np.isin(self._sections.ids, wanted))
        return found.astype(np.uint32)

    def equal(self, text: str, before: int = 0, after: int = 0, *, most: int = 100) -> list[int]:
        """The positions of units with this very text, those between the same neighbours first."""
        sections = self._sections
        places = _found(sections.exact_digests, sections.exact_places, text_digest(text))
        if len(places) > most:
            same = np.zeros(len(places), dtype=np.int8)
            for digest, digests in ((before, sections.before), (after, sections.after)):
                if digest:
                    same += digests[places] == np.uint64(digest)
            places = places[np.argsort(-same, kind="stable")[:most]]
        return [int(place) for place in places]

    def alike(self, loose: str, *, most: int = 100) -> list[int]:
        """The positions of units whose `loose_text` this is."""
        sections = self._sections
        return [
            int(place)
            for place in _found(sections.loose_digests, sections.loose_places, text_digest(loose))
        ][:most]

    def sharing(
        self, text: str, *, most: int, budget: int, without: NDArray[np.bool_] | None = None
    ) -> U32:
        """The positions of the `most` units that share the weightiest tokens with a text.

        Rare tokens weigh most; common ones are left out once `budget` postings were read. Units
        less than half or more than twice as long are left out, and those marked in `without`.
        """
        sections = self._sections
        wanted = np.array(tokens_of(text), dtype=np.uint32)
        at = np.searchsorted(sections.tokens, wanted)
        at = np.minimum(at, max(len(sections.tokens) - 1, 0))
        at = at[sections.tokens[at] == wanted] if len(sections.tokens) else at[:0]
        starts = sections.starts[at].astype(np.int64)
        counts = sections.starts[at + 1].astype(np.int64) - starts
        lists: list[U32] = []
        weights: list[NDArray[np.float32]] = []
        read = 0
        for each in np.argsort(counts, kind="stable"):
            count = int(counts[each])
            if read and read + count > budget:
                break
            start = int(starts[each])
            lists.append(sections.postings[start : start + min(count, budget)])
            weight = np.log(len(self) / count) + 0.1
            weights.append(np.full(len(lists[-1]), weight, dtype=np.float32))
            read += count
        if not lists:
            return np.zeros(0, dtype=np.uint32)
        places, weight_of = np.concatenate(lists), np.concatenate(weights)
        length = min(len(text), _LONGEST)
        lengths = sections.lengths[places]
        fits = (lengths >= length * 0.5) & (lengths <= min(length * 2, _LONGEST))
        if without is not None:
            fits &= ~without[places]
        places, weight_of = places[fits], weight_of[fits]
        if len(self) <= _DENSE * len(places):
            # Few units for so many postings: a sum for each of them is quicker than sorting.
            sums = np.bincount(places, weights=weight_of)
            some = np.flatnonzero(sums).astype(np.uint32)
            sums = sums[some]
        else:
            some, inverse = np.unique(places, return_inverse=True)
            sums = np.bincount(inverse, weights=weight_of)
        return some if len(some) <= most else some[np.argpartition(-sums, most)[:most]]

    def to_bytes(self) -> bytes:
        """The segment as a file. Equal units in equal order give equal bytes."""
        body = _body(self._sections)
        return _header(body) + body


def build_segment(
    units: Iterable[MemoryUnit], source_locale: Locale, target_locale: Locale
) -> MemorySegment:
    """The index of the units, which are read once, in their order.

    Raises:
        ValueError: a unit is of other locales, or there are 2³² postings or more.
    """
    keys, owners_of = array("I"), array("I")
    lengths, starts = array("H"), array("Q", [0])
    digests = {name: array("Q") for name in ("exact", "loose", "before", "after")}
    ids, texts = bytearray(), bytearray()
    for unit in units:
        if (unit.source_locale, unit.target_locale) != (source_locale, target_locale):
            raise ValueError(
                f"a unit {unit.source_locale} → {unit.target_locale} is no part of an index"
                f" {source_locale} → {target_locale}; build one for its pair"
            )
        text = matching_text(unit.source)
        tokens = tokens_of(text)
        keys.extend(tokens)
        owners_of.append(len(tokens))
        lengths.append(min(len(text), _LONGEST))
        texts += text.encode("utf-8", "surrogatepass")
        starts.append(len(texts))
        ids += unit.unit_id.bytes
        digests["exact"].append(text_digest(text))
        digests["loose"].append(text_digest(loose_text(text)))
        digests["before"].append(unit.before)
        digests["after"].append(unit.after)
    if len(keys) >= 2**32:
        raise ValueError("more than 2³² postings; build several segments")
    tokens, token_starts, postings = _postings(keys, owners_of)
    exact, exact_places = _sorted(digests["exact"])
    loose, loose_places = _sorted(digests["loose"])
    sections = _Sections(
        tokens,
        token_starts,
        postings,
        _as(lengths, "<u2"),
        exact,
        exact_places,
        loose,
        loose_places,
        _as(digests["before"], "<u8"),
        _as(digests["after"], "<u8"),
        np.frombuffer(bytes(ids), dtype="V16"),
        _as(starts, "<u8"),
        np.frombuffer(bytes(texts), dtype="u1"),
        np.frombuffer(f"{source_locale} {target_locale}".encode("ascii"), dtype="u1"),
    )
    return MemorySegment(sections, hashlib.sha256(_body(sections)).hexdigest())


def segment_from(data: bytes | memoryview, *, is_checked: bool = True) -> MemorySegment:
    """The segment in these bytes, which may be a mapped file; they are not copied.

    `is_checked` compares the sha256, which reads all of them: once, when the file arrives.

    Raises:
        MemorySegmentError: they are no segment, cut off, or changed.
    """
    view = memoryview(data)
    table = struct.Struct(f"<{len(_SECTIONS)}Q")
    if len(view) < _HEADER.size + table.size or bytes(view[:8]) != _MAGIC:
        raise MemorySegmentError("The file is no memory segment; build it anew.")
    _, version, sections, digest, length = _HEADER.unpack(view[: _HEADER.size])
    if version != _VERSION or sections != len(_SECTIONS):
        raise MemorySegmentError(
            f"The memory segment is of version {version}, and {_VERSION} is read; build it anew."
        )
    body = view[_HEADER.size :]
    if len(body) != length or (is_checked and hashlib.sha256(body).digest() != digest):
        raise MemorySegmentError("The memory segment was cut off or changed; build it anew.")
    arrays: dict[str, Any] = {}
    at = _aligned(table.size)
    for name, size in zip(_SECTIONS, table.unpack(body[: table.size]), strict=True):
        if at + size > length:
            raise MemorySegmentError("The memory segment was cut off or changed; build it anew.")
        arrays[name] = np.frombuffer(body[at : at + size], dtype=_TYPES[name])
        at = _aligned(at + size)
    return MemorySegment(_Sections(**arrays), bytes(digest).hex())


def _header(body: bytes) -> bytes:
    digest = hashlib.sha256(body).digest()
    return _HEADER.pack(_MAGIC, _VERSION, len(_SECTIONS), digest, len(body))


def _body(sections: _Sections) -> bytes:
    arrays: list[NDArray[Any]] = [getattr(sections, name) for name in _SECTIONS]
    table = struct.pack(f"<{len(arrays)}Q", *[each.nbytes for each in arrays])
    out = bytearray(table)
    for each in arrays:
        out += bytes(_aligned(len(out)) - len(out))
        out += each.tobytes()
    return bytes(out)


def _aligned(size: int) -> int:
    return -(-size // _ALIGNMENT) * _ALIGNMENT


def _as(values: array[int], dtype: str) -> NDArray[Any]:
    return np.frombuffer(values.tobytes(), dtype=f"={dtype[1:]}").astype(dtype, copy=False)


def _sorted(digests: array[int]) -> tuple[U64, U32]:
    values = _as(digests, "<u8")
    order: NDArray[np.intp] = np.argsort(values, kind="stable")
    return values[order], order.astype("<u4")


def _postings(keys: array[int], counts: array[int]) -> tuple[U32, U32, U32]:
    """Tokens ascending, where the list of each starts (and the last one ends), and the lists."""
    all_keys = _as(keys, "<u4")
    owners = np.repeat(np.arange(len(counts), dtype="<u4"), _as(counts, "<u4"))
    order = np.argsort(all_keys, kind="stable")
    tokens, starts = np.unique(all_keys[order], return_index=True)
    ends = np.append(starts, len(all_keys)).astype("<u4")
    return tokens, ends, owners[order]


def _found(digests: U64, places: U32, digest: int) -> U32:
    value = np.uint64(digest)
    first = int(np.searchsorted(digests, value, side="left"))
    last = int(np.searchsorted(digests, value, side="right"))
    return places[first:last]
