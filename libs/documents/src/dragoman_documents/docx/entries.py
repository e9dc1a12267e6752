r"""Checks of a package's entries: no two of one name, none outside the package, none with two
descriptions.

Readers differ in which of two entries they take, and some write an entry wherever its name leads. A
package that leaves the choice is refused, as Word refuses it (ECMA-376 Part 2 §6.2.2 and §7.3).

    word/document.xml, Word/Document.XML             one part name twice: refused
    ../../home/x, C:/x, a symbolic link              leads out of the package: refused
    /word/document.xml, word\document.xml            read as word/document.xml
"""

from __future__ import annotations

import re
import stat
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote

from dragoman_documents.errors import DamagedDocumentError, EncryptedDocumentError

LOCAL = struct.Struct("<4s5H3L2H")
"""The fixed fields of a local header, its mark first."""
LOCAL_MARK = b"PK\x03\x04"
"""How a local header begins."""
CENTRAL = struct.Struct("<4s6H3L5H2L")
"""The fixed fields of a record of the central directory, its mark first."""

_ENCRYPTED = 0x1
_ABOVE = frozenset({"..", "."})
# Control characters and lone surrogates cannot be shown, and `C:` is a drive of Windows.
_BAD = re.compile("[\x00-\x1f\x7f\ud800-\udfff]|^[A-Za-z]:")


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a container: its name, its sizes, and the places of its records in the old
    container.
    """

    name: str
    method: int
    flags: int
    crc: int
    packed_bytes: int
    size_bytes: int
    offset: int
    central: bytes

    @property
    def is_folder(self) -> bool:
        """Whether the entry only names a folder."""
        return self.name.endswith("/")

    @property
    def is_encrypted(self) -> bool:
        """Whether the content is encrypted by the ZIP format's own means."""
        return bool(self.flags & _ENCRYPTED)


def part_name(entry_name: str) -> str:
    """The name of the part in an entry, spelled as in the entry."""
    return entry_name.replace("\\", "/").lstrip("/")


@lru_cache(maxsize=1024)  # packages have the same names, and each is asked for often
def part_key(name: str) -> str:
    """The key of all equivalent names of a part.

    ASCII case and percent-encoding do not count (Part 2 §6.2.2.3).
    """
    name = part_name(name)
    return (unquote(name) if "%" in name else name).lower()


def damaged(what: str) -> DamagedDocumentError:
    """The error for a package whose bytes contradict each other."""
    return DamagedDocumentError(
        f"The package is damaged: {what}. Open it in Word, let it repair the file, and save it again."
    )


def encrypted() -> EncryptedDocumentError:
    """The error for an entry that is encrypted by the ZIP format's own means."""
    return EncryptedDocumentError(
        "A part of the package is encrypted. Open it with its password, save it without, and send it again."
    )


def check_entries(data: bytes, entries: Sequence[Entry], end: int) -> None:
    """Refuse entries that readers could take in two ways.

    `end` is where the central directory begins.

    Raises:
        DamagedDocumentError: names that are equal or lead out of the package, records that
            contradict each other.
        EncryptedDocumentError: an entry is encrypted.
    """
    known: set[str] = set()
    for entry in entries:
        _check_name(entry)
        key = part_key(entry.name)
        # Equal names in different case are one part for Word, and two for a careless reader.
        if key in known and not entry.is_folder:
            raise DamagedDocumentError(
                "The package holds one part twice, and readers differ in which they take. Open the document in the "
                "program that made it and save it again; do not trust it if it came from a stranger.",
                code="document.duplicate_part",
            )
        known.add(key)
    position = 0
    for entry in sorted(entries, key=lambda each: each.offset):
        if entry.offset < position:
            raise damaged("its entries lie over each other")
        position = _record_end(data, entry)
    if position > end:
        raise damaged("its entries lie over its directory")


def _check_name(entry: Entry) -> None:
    # Unix writers keep the file's mode in the upper half of the external attributes.
    is_link = stat.S_ISLNK(CENTRAL.unpack_from(entry.central)[15] >> 16)
    if is_link or not _may_be_part(entry.name):
        raise DamagedDocumentError(
            "The package holds an entry whose name no part may have: it leads out of the package, or cannot be shown. "
            "Do not unpack it. Open the document in the program that made it and save it again.",
            code="document.unsafe_name",
        )


@lru_cache(maxsize=1024)
def _may_be_part(name: str) -> bool:
    key = part_key(name)
    steps = key.replace("\\", "/").split("/")
    # Both spellings are checked: `%2e%2e` is `..` for a reader that decodes names.
    return bool(key) and not _BAD.search(name) and not _BAD.search(key) and _ABOVE.isdisjoint(steps)


def _record_end(data: bytes, entry: Entry) -> int:
    """The end of the entry's content, once its local and its directory record were compared.

    The sizes in them may differ, as those of a streamed entry do. The content is held against the
    directory's.
    """
    start = entry.offset + LOCAL.size
    if start > len(data) or not data.startswith(LOCAL_MARK, entry.offset):
        raise damaged("an entry is not where the directory says")
    _, _, flags, method, *_, name_bytes, extra_bytes = LOCAL.unpack_from(data, entry.offset)
    if entry.is_encrypted or flags & _ENCRYPTED:
        raise encrypted()
    name = entry.central[CENTRAL.size : CENTRAL.size + CENTRAL.unpack_from(entry.central)[10]]
    if len(name) != name_bytes or not data.startswith(name, start) or method != entry.method:
        raise damaged("an entry says of itself other than the directory says")
    return start + name_bytes + extra_bytes + entry.packed_bytes
