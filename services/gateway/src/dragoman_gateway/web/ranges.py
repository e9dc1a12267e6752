"""Parts of a download (RFC 9110 §14): one range of bytes, as a client asks for that goes on where a
connection broke.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from dragoman_contracts.errors import PermanentError

_RANGE = re.compile(r"\s*bytes\s*=\s*(\d{0,18})\s*-\s*(\d{0,18})\s*", re.ASCII)


class RangeRefusedError(PermanentError):
    """The range lies behind the end.

    Attributes:
        size_bytes: the size of the whole.
    """

    default_code = "request.range_refused"

    def __init__(self, size_bytes: int) -> None:
        super().__init__(f"The range lies behind the end; the whole has {size_bytes} bytes.")
        self.size_bytes = size_bytes


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes from `start`, `length` of them."""

    start: int
    length: int

    def content_range(self, size_bytes: int) -> str:
        """The part as the header Content-Range says it."""
        return f"bytes {self.start}-{self.start + self.length - 1}/{size_bytes}"


def part_of(asked: str | None, size_bytes: int) -> Part | None:
    """The part that a Range header asks for; None for the whole.

    Several ranges, and one that cannot be read, count as none, as RFC 9110 §14.2 allows.

    Raises:
        RangeRefusedError: it lies behind the end.
    """
    found = _RANGE.fullmatch(asked or "")
    if found is None or found.groups() == ("", ""):
        return None
    first, last = found.groups()
    # "-500" are the last 500 bytes (RFC 9110 §14.1.2).
    if not first:
        length = min(int(last), size_bytes)
        start, end = size_bytes - length, size_bytes - 1
    else:
        start, end = int(first), min(int(last) if last else size_bytes, size_bytes - 1)
        if last and int(last) < start:
            return None
    if start >= size_bytes or end < start:
        raise RangeRefusedError(size_bytes)
    return Part(start, end - start + 1)
