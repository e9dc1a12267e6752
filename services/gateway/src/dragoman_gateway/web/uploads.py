"""Files as they come in."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from pathlib import PurePath


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it came in; one that `was_encrypted` holds the package its password opened."""

    file_name: str
    content: bytes
    was_encrypted: bool = False

    @property
    def base_name(self) -> str:
        """The file's own name: no folders (of either slash), no control characters, never empty.

        Composed as NFC: macOS sends names decomposed, and the same name must be the same document.
        """
        name = PurePath(unicodedata.normalize("NFC", self.file_name).replace("\\", "/")).name
        return "".join(char for char in name if char.isprintable())[:255] or "document.docx"
