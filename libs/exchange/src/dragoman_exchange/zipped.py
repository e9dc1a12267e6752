"""ZIP files of office programs, written so that only their content can differ, and read within
limits.

    packed({"word/document.xml": b"<w:document…"})     the same bytes today and tomorrow
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

from dragoman_exchange.found import too_large, unreadable

MOST_MEMBERS = 1_000
MOST_MEMBER_BYTES = 256 * 1024 * 1024
MOST_BYTES_IN_ALL = 512 * 1024 * 1024
_NEVER_CHANGES = (1980, 1, 1, 0, 0, 0)
_BEGIN = b"PK\x03\x04"


def is_zip(data: bytes) -> bool:
    """Whether the bytes begin as a ZIP file does."""
    return data.startswith(_BEGIN)


def packed(members: Mapping[str, bytes | str]) -> bytes:
    """The members as a ZIP file, in their order, without times and owners."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name, data in members.items():
            info = zipfile.ZipInfo(name, _NEVER_CHANGES)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            archive.writestr(info, data)
    return buffer.getvalue()


class Unpacked:
    """The members of a ZIP file, read one by one within limits."""

    def __init__(self, data: bytes) -> None:
        """Open a file.

        Raises:
            ExchangeRefusedError: it is no ZIP file, or has too many members.
        """
        try:
            self._archive = zipfile.ZipFile(io.BytesIO(data))
        except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
            raise unreadable("is a damaged ZIP file") from error
        self._read_bytes = 0
        self.names = self._archive.namelist()
        if len(self.names) > MOST_MEMBERS:
            raise too_large(f"has more than {MOST_MEMBERS} members")

    def member(self, name: str) -> bytes:
        """The bytes of a member; none where it is missing.

        Raises:
            ExchangeRefusedError: it is damaged, encrypted, or larger than the limit.
        """
        if name not in self.names:
            return b""
        try:
            with self._archive.open(name) as file:
                # The size in the directory may lie: no more is read than the limit.
                data = file.read(MOST_MEMBER_BYTES + 1)
        except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, OSError) as error:
            raise unreadable("has a part that is damaged or encrypted") from error
        except Exception as error:
            if type(error).__module__ != "zlib":
                raise
            raise unreadable("has a part that is damaged") from error
        self._read_bytes += len(data)
        if self._read_bytes > MOST_BYTES_IN_ALL:
            raise too_large(f"has more than {MOST_BYTES_IN_ALL} bytes when it is unpacked")
        if len(data) > MOST_MEMBER_BYTES:
            raise too_large(f"has a part of more than {MOST_MEMBER_BYTES} bytes")
        return data
