"""The result of parsing: pages in Markdown, with the pictures found, and the files they become.

document.md          the pages, one after another
pages.json           {"pages": [{"number": 1, "method": "ocr", "score": 0.98, "text": "…", "boxes": […]}]}
pictures/p1-1.png
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from dragoman_parsing.errors import TooLargeError

MOST_PICTURES, MOST_PICTURE_BYTES = 500, 256 * 1024**2
MOST_CHARACTERS = 50_000_000


class Method(StrEnum):
    """How a page was read: from its text, by character recognition, or by a model."""

    TEXT = "text"
    OCR = "ocr"
    MODEL = "model"


@dataclass(frozen=True, slots=True)
class Box:
    """A piece of text and where it stands: left, top, right, bottom from the upper left corner, in
    the page's units. `score` is how sure its reader is, 0 to 1.
    """

    text: str
    place: tuple[float, float, float, float]
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A page in Markdown. `width` and `height` are in points for PDF and in pixels for pictures, 0
    where a format has no pages; `score` is the mean of its boxes'.
    """

    number: int
    method: Method
    text: str
    width: float = 0
    height: float = 0
    boxes: tuple[Box, ...] = ()
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of the document under the name it has in `pictures/`."""

    name: str
    data: bytes


class Pictures:
    """The pictures found so far, within the limits; equal ones are kept once."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}
        self._names: dict[bytes, str] = {}
        self._size_bytes = 0

    def __iter__(self) -> Iterator[Picture]:
        for name, data in self._kept.items():
            yield Picture(name, data)

    def add(self, name: str, data: bytes) -> str:
        """The name under which the picture is kept; empty where there is no room for it."""
        digest = hashlib.sha256(data).digest()
        if digest in self._names:
            return self._names[digest]
        if len(self._kept) >= MOST_PICTURES or self._size_bytes + len(data) > MOST_PICTURE_BYTES:
            return ""
        stem, dot, suffix = name.rpartition(".")
        free, number = name, 1
        while free in self._kept:
            number += 1
            free = f"{stem}-{number}{dot}{suffix}"
        self._kept[free] = data
        self._names[digest] = free
        self._size_bytes += len(data)
        return free


class Output:
    """The folder that the result is written into."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pages: list[Page] = []
        self._count = 0

    def add(self, page: Page) -> None:
        """Take one more page.

        Raises:
            TooLargeError: the document has more text than a result may have.
        """
        self._count += len(page.text)
        if self._count > MOST_CHARACTERS:
            raise TooLargeError(
                f"has more than {MOST_CHARACTERS:,} characters of text; split the document"
            )
        self._pages.append(page)

    def write(self, pictures: Iterable[Picture]) -> None:
        """Write the pages and pictures."""
        self._folder.mkdir(parents=True, exist_ok=True)
        texts = (page.text.strip() for page in self._pages)
        document = "\n\n".join(text for text in texts if text)
        _write((self._folder / "document").with_suffix(".md"), f"{document}\n")
        pages = [_as_json(page) for page in self._pages]
        _write(self._folder / "pages.json", json.dumps({"pages": pages}, ensure_ascii=False) + "\n")
        for picture in pictures:
            path = self._folder / "pictures" / picture.name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(picture.data)


def _as_json(page: Page) -> dict[str, object]:
    plain: dict[str, object] = asdict(page)
    if page.score is None:
        plain.pop("score")
    return plain


def _write(path: Path, text: str) -> None:
    # A lone surrogate of a broken document has no bytes in UTF-8.
    path.write_bytes(text.encode("utf-8", "replace"))
