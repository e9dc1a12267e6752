"""Files as they come in: on disk where they are large, and read when they are needed."""

from __future__ import annotations

import hashlib
import io
import unicodedata
from dataclasses import dataclass
from pathlib import PurePath
from typing import BinaryIO

from dragoman_gateway.web.errors import FieldRefusedError, UploadTooLargeError

_CHUNK_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it came in, in memory or open; one that `was_encrypted` holds the package its
    password opened. The file is closed by the caller that opened it.
    """

    file_name: str
    source: bytes | BinaryIO
    was_encrypted: bool = False

    @property
    def base_name(self) -> str:
        """The file's own name: no folders (of either slash), no control characters, never empty.

        Composed as NFC: macOS sends names decomposed, and the same name must be the same document.
        """
        name = PurePath(unicodedata.normalize("NFC", self.file_name).replace("\\", "/")).name
        return "".join(char for char in name if char.isprintable())[:255] or "document.docx"

    @property
    def size_bytes(self) -> int:
        """How large it is; nothing is read for it."""
        if isinstance(self.source, bytes):
            return len(self.source)
        return self.source.seek(0, io.SEEK_END)

    @property
    def content(self) -> bytes:
        """All of its bytes, in memory: for those that must see them at once."""
        return self.source if isinstance(self.source, bytes) else self.file().read()

    def file(self) -> BinaryIO:
        """The file at its beginning."""
        if isinstance(self.source, bytes):
            return io.BytesIO(self.source)
        self.source.seek(0)
        return self.source

    def sha256(self, before: bytes = b"") -> str:
        """The digest of these bytes and then the file's, in hex; read in chunks."""
        hasher = hashlib.sha256(before)
        file = self.file()
        while chunk := file.read(_CHUNK_BYTES):
            hasher.update(chunk)
        return hasher.hexdigest()


def require_content(upload: Upload, most_bytes: int, field: str = "file") -> None:
    """Refuse a file that is empty or too large.

    Raises:
        FieldRefusedError: it is empty.
        UploadTooLargeError: it is larger than `most_bytes`.
    """
    size_bytes = upload.size_bytes
    if not size_bytes:
        raise FieldRefusedError(field, "The file is empty.", code="upload.empty")
    if size_bytes > most_bytes:
        raise UploadTooLargeError(
            f"The file is larger than the {most_bytes} bytes this installation takes."
        )
