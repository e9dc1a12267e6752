"""The ZIP container of a package: entries are read within a budget and written back as stored.

A new container is the old one, byte by byte, with the records of changed entries replaced. Order,
names, dates, comments, extra fields and the compressed bytes of everything else stay (APPNOTE.TXT
6.3.10 §4.3).

    [local a][bytes a][local b][bytes b]          [central a][central b][end]     before
    [local a][bytes a][local b'][new bytes b]     [central a][central b'][end']   b is rewritten
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import replace

from dragoman_documents.budget import Budget
from dragoman_documents.docx.entries import (
    CENTRAL,
    LOCAL,
    LOCAL_MARK,
    Entry,
    check_entries,
    damaged,
    encrypted,
)
from dragoman_documents.errors import DamagedDocumentError, TooLargeError
from dragoman_documents.refusal import refuse_non_zip

_END = struct.Struct("<4s4H2LH")  # the end of central directory record (§4.3.16)
_CENTRAL_MARK, _END_MARK = b"PK\x01\x02", b"PK\x05\x06"
_ZIP64_MARK, _ZIP64_LOCATOR_MARK = b"PK\x06\x06", b"PK\x06\x07"
_ZIP64_EXTRA = 0x0001
_FULL16, _FULL32 = 0xFFFF, 0xFFFFFFFF
_ONE_DISK = (0, _FULL16)
_DESCRIPTOR, _UTF8 = 0x8, 0x800
_STORED, _DEFLATED = 0, 8
_VERSION, _FIRST_DAY = 20, 0x21  # what deflate needs; 1980-01-01, which keeps two runs equal
_HIGHEST_RATIO = 1_032  # what deflate reaches at most


class ZipContainer:
    """A ZIP file in memory.

    Raises:
        DocumentError: not a ZIP file, truncated, damaged, encrypted or beyond the budget; the
            message names the cure.
    """

    def __init__(self, data: bytes, budget: Budget) -> None:
        budget.hold("package_bytes", len(data))
        self._data = data
        self._budget = budget
        self._directory, self._start, count = _find_directory(data)
        budget.hold("entries", count)
        self.entries: tuple[Entry, ...] = tuple(
            _read_directory(data, self._directory, self._start, count)
        )
        check_entries(data, self.entries, self._directory)
        for entry in self.entries:
            _require_true(entry)
        # Pictures are copied as they are stored, and whoever opens the result unpacks them.
        budget.hold("unpacked_bytes", sum(entry.size_bytes for entry in self.entries))
        self._unpacked_bytes = 0

    def read(self, entry: Entry) -> bytes:
        """The content of an entry, checked against its size and checksum.

        Raises:
            DamagedDocumentError: the compressed bytes or the checksum are wrong; the file must be
                saved again.
            EncryptedDocumentError: the entry is encrypted.
            TooLargeError: the entry, or all entries read so far, pass the budget.
        """
        self._admit(entry)
        begin = self._content_offset(entry)
        packed = self._data[begin : begin + entry.packed_bytes]
        if entry.method == _STORED:
            content = packed
        elif entry.method == _DEFLATED:
            content = self._inflate(packed, entry)
        else:
            raise DamagedDocumentError(
                f"The package uses ZIP compression method {entry.method}, which Word cannot read. Save it in Word.",
                code="document.unsupported_compression",
            )
        if len(content) != entry.size_bytes or zlib.crc32(content) != entry.crc:
            raise damaged("a checksum is wrong")
        return content

    def rewritten(
        self,
        changes: Mapping[Entry, bytes],
        additions: Mapping[str, bytes] | None = None,
    ) -> bytes:
        """The container with the content of some entries replaced, and everything else as it was.

        `additions` are new entries by name. They come last.
        """
        if not changes and not additions:
            return self._data
        output = bytearray()
        moved: dict[Entry, Entry] = {}
        position = 0
        # The directory need not list entries in the order of their records; both orders stay.
        for entry in sorted(self.entries, key=lambda item: item.offset):
            if entry in moved:
                continue
            output += self._data[position : entry.offset]
            if entry in changes:
                changed, record = self._packed(entry, changes[entry])
                moved[entry] = replace(changed, offset=len(output))
                output += record
            else:
                moved[entry] = replace(entry, offset=len(output))
                output += self._data[entry.offset : self._record_end(entry)]
            position = self._record_end(entry)
        output += self._data[position : self._directory] if position <= self._directory else b""
        directory = b"".join(_central_record(moved[entry]) for entry in self.entries)
        for name, content in (additions or {}).items():
            local, central = _new_records(name, content, len(output))
            output += local
            directory += central
        end = self._new_end(len(directory), len(output), len(additions or {}))
        return bytes(output + directory + end)

    def _admit(self, entry: Entry) -> None:
        if entry.is_encrypted:
            raise encrypted()
        self._budget.hold("part_bytes", entry.size_bytes)
        if entry.size_bytes > self._budget.ratio_from_bytes:
            self._budget.hold("ratio", entry.size_bytes // max(entry.packed_bytes, 1))
        self._unpacked_bytes += entry.size_bytes
        self._budget.hold("xml_bytes", self._unpacked_bytes)

    def _inflate(self, packed: bytes, entry: Entry) -> bytes:
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            # One byte more than stated is enough to see that the stated size is wrong.
            content = inflater.decompress(packed, entry.size_bytes + 1)
        except zlib.error as error:
            raise damaged("compressed data does not unpack") from error
        if len(content) > entry.size_bytes:
            raise TooLargeError(
                "An entry unpacks to more than its stated size. Save the document again in Word."
            )
        return content

    def _local_header(self, entry: Entry) -> tuple[int, ...]:
        header = self._data[entry.offset : entry.offset + LOCAL.size]
        if len(header) < LOCAL.size or header[:4] != LOCAL_MARK:
            raise damaged("an entry is not where the directory says")
        return LOCAL.unpack(header)[1:]

    def _content_offset(self, entry: Entry) -> int:
        *_, name_bytes, extra_bytes = self._local_header(entry)
        return entry.offset + LOCAL.size + name_bytes + extra_bytes

    def _record_end(self, entry: Entry) -> int:
        """The end of an entry's local record, its data descriptor included."""
        end = self._content_offset(entry) + entry.packed_bytes
        if self._local_header(entry)[1] & _DESCRIPTOR:
            # The signature of a descriptor is optional (§4.3.9.3), and every known writer has it.
            # The sizes behind it are of 4 bytes, or of 8 in ZIP64.
            for size in (16, 24):
                mark, crc = self._data[end : end + 4], self._data[end + 4 : end + 8]
                if mark == b"PK\x07\x08" and crc == entry.crc.to_bytes(4, "little"):
                    following = self._data[end + size : end + size + 2]
                    if following in (b"PK", b"") or size == 24:
                        return end + size
            if self._data[end : end + 4] == entry.crc.to_bytes(4, "little"):
                return end + 12
        return end

    def _packed(self, entry: Entry, content: bytes) -> tuple[Entry, bytes]:
        """The entry with new content, and its local record.

        Name, date, method, version and extra fields stay.
        """
        version, flags, method, time, date, *_, name_bytes, extra_bytes = self._local_header(entry)
        body = content
        if entry.method == _DEFLATED:
            deflater = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
            body = deflater.compress(content) + deflater.flush()
        named = entry.offset + LOCAL.size
        name = self._data[named : named + name_bytes]
        extra = _without_zip64(self._data[named + name_bytes : named + name_bytes + extra_bytes])
        changed = replace(
            entry,
            crc=zlib.crc32(content),
            packed_bytes=len(body),
            size_bytes=len(content),
            # The sizes now stand in the header, so no descriptor follows the content.
            flags=entry.flags & ~_DESCRIPTOR,
        )
        sizes = (changed.crc, changed.packed_bytes, changed.size_bytes)
        head = (version, flags & ~_DESCRIPTOR, method, time, date)
        header = LOCAL.pack(LOCAL_MARK, *head, *sizes, len(name), len(extra))
        return changed, header + name + extra + body

    def _new_end(self, size: int, offset: int, added: int) -> bytes:
        # Never as ZIP64: the budget keeps a package far below the 4 GiB of the narrow fields.
        end = self._data.rfind(_END_MARK)
        comment = self._data[end + _END.size :]
        count = len(self.entries) + added
        return _END.pack(_END_MARK, 0, 0, count, count, size, offset, len(comment)) + comment


def _require_true(entry: Entry) -> None:
    # Checked before anything is unpacked: a bomb lies about its size, or unpacks to it.
    if entry.size_bytes > _HIGHEST_RATIO * (entry.packed_bytes + 1):
        raise damaged("a stated size cannot be true")


def _new_records(name: str, content: bytes, offset: int) -> tuple[bytes, bytes]:
    """The local and the directory record of a new entry."""
    deflater = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
    body = deflater.compress(content) + deflater.flush()
    raw_name = name.encode()
    flags = 0 if name.isascii() else _UTF8
    sizes = (zlib.crc32(content), len(body), len(content))
    head = (_VERSION, flags, _DEFLATED, 0, _FIRST_DAY, *sizes, len(raw_name), 0)
    central = CENTRAL.pack(_CENTRAL_MARK, _VERSION, *head, 0, 0, 0, 0, offset)
    return LOCAL.pack(LOCAL_MARK, *head) + raw_name + body, central + raw_name


def _find_directory(data: bytes) -> tuple[int, int, int]:
    """The place of the central directory, the shift of every offset, and the number of entries.

    Bytes in front of the archive, as of a self-extracting file, shift every offset by their number.
    """
    # The record has a comment of up to 65,535 bytes behind it, so it is searched from the end.
    end = data.rfind(_END_MARK, max(0, len(data) - _END.size - 65_535))
    if end < 0 or not data.startswith(b"PK") or end + _END.size > len(data):
        raise refuse_non_zip(data)
    # Two records that both fit would be two packages in one file: a scanner may read the first and
    # Word the second.
    is_doubted = any(_reaches_end(data, other) for other in _earlier_ends(data, end))
    if is_doubted and not _reaches_end(data, end):
        raise damaged("it ends in two ways")
    _, disk, first_disk, here, count, size, offset, _ = _END.unpack_from(data, end)
    if disk != first_disk or here != count or disk not in _ONE_DISK:
        raise damaged("it is one piece of several")
    directory_end = end
    # ZIP64: the narrow fields hold all ones, or the same value as the wide ones (§4.3.14).
    if data[end - 20 : end - 16] == _ZIP64_LOCATOR_MARK:
        record = data.rfind(_ZIP64_MARK, 0, end)
        if 0 <= record <= end - 76:
            wide = struct.unpack_from("<3Q", data, record + 32)
            narrow = zip((count, size, offset), (_FULL16, _FULL32, _FULL32), wide, strict=True)
            if any(value not in (full, better) for value, full, better in narrow):
                raise damaged("it has two directories")
            count, size, offset = wide
            directory_end = record
    start = directory_end - size
    if start < 0 or start < offset or (count and data[start : start + 4] != _CENTRAL_MARK):
        raise damaged("its directory is not where it should be")
    return start, start - offset, count


def _earlier_ends(data: bytes, end: int) -> Iterator[int]:
    """The places of other end records: a comment of the archive may hold the bytes of one."""
    first = max(0, len(data) - _END.size - 65_535)
    while (end := data.rfind(_END_MARK, first, end)) >= 0:
        yield end


def _reaches_end(data: bytes, end: int) -> bool:
    """Whether an end record and its comment end with the file."""
    return end + _END.size + _END.unpack_from(data, end)[7] == len(data)


def _read_directory(data: bytes, position: int, shift: int, count: int) -> list[Entry]:
    entries: list[Entry] = []
    for _ in range(count):
        fixed = data[position : position + CENTRAL.size]
        if len(fixed) < CENTRAL.size or fixed[:4] != _CENTRAL_MARK:
            raise damaged("its directory is cut short")
        fields = CENTRAL.unpack(fixed)
        end = position + CENTRAL.size + fields[10] + fields[11] + fields[12]
        entry = _entry(fields, data[position:end], shift)
        if entry.offset < 0 or entry.offset + entry.packed_bytes > len(data):
            raise damaged("an entry lies outside the file")
        entries.append(entry)
        position = end
    # Entries that share their compressed bytes make a bomb of any size without nesting.
    if sum(entry.packed_bytes for entry in entries) > len(data):
        raise damaged("its entries lie over each other")
    return entries


def _entry(fields: tuple[int, ...], record: bytes, shift: int) -> Entry:
    _, _, _, flags, method, _, _, crc, packed, size, name_bytes, extra_bytes, _, _, _, _, offset = (
        fields
    )
    raw_name = record[CENTRAL.size : CENTRAL.size + name_bytes]
    extra = record[CENTRAL.size + name_bytes : CENTRAL.size + name_bytes + extra_bytes]
    # The extra field holds only the values whose narrow fields are all ones, in this order
    # (§4.5.3).
    wide = iter(_zip64_values(extra))
    size = next(wide, size) if size == _FULL32 else size
    packed = next(wide, packed) if packed == _FULL32 else packed
    offset = next(wide, offset) if offset == _FULL32 else offset
    return Entry(
        name=_decoded(raw_name, flags),
        method=method,
        flags=flags,
        crc=crc,
        packed_bytes=packed,
        size_bytes=size,
        offset=offset + shift,
        central=record,
    )


def _decoded(raw_name: bytes, flags: int) -> str:
    if flags & _UTF8:
        return raw_name.decode("utf-8", "surrogateescape")
    try:  # writers that forget the flag still mean UTF-8 far more often than code page 437
        return raw_name.decode("utf-8")
    except UnicodeDecodeError:
        return raw_name.decode("cp437")


def _extra_fields(extra: bytes) -> list[tuple[int, bytes]]:
    fields: list[tuple[int, bytes]] = []
    position = 0
    while position + 4 <= len(extra):
        tag, size = struct.unpack_from("<HH", extra, position)
        fields.append((tag, extra[position : position + 4 + size]))
        position += 4 + size
    return fields


def _zip64_values(extra: bytes) -> list[int]:
    for tag, field in _extra_fields(extra):
        if tag == _ZIP64_EXTRA:
            whole = (len(field) - 4) // 8
            return list(struct.unpack_from(f"<{whole}Q", field, 4))
    return []


def _without_zip64(extra: bytes) -> bytes:
    fields = _extra_fields(extra)
    if all(tag != _ZIP64_EXTRA for tag, _ in fields):
        return extra
    return b"".join(field for tag, field in fields if tag != _ZIP64_EXTRA)


def _central_record(entry: Entry) -> bytes:
    """The directory record of an entry, with the entry's new place, sizes and checksum."""
    fields = list(CENTRAL.unpack_from(entry.central))
    rest = entry.central[CENTRAL.size :]
    name, extra, comment = (
        rest[: fields[10]],
        rest[fields[10] : fields[10] + fields[11]],
        rest[fields[10] + fields[11] :],
    )
    extra = _without_zip64(extra)
    fields[3] = entry.flags
    fields[7:10] = [entry.crc, entry.packed_bytes, entry.size_bytes]
    fields[11] = len(extra)
    fields[16] = entry.offset
    return CENTRAL.pack(*fields) + name + extra + comment
