"""Reads the body of an HTTP answer as it comes: server-sent events, lines of JSON, or one whole
text where a server does not stream.

: ping                                  a comment, which keeps the connection open
data: {"choices": [{"delta": …}]}       gives the text after `data: `
"""

from __future__ import annotations

import re
from typing import Protocol

# Never str.splitlines, which also parts at U+2028 inside of a text.
_LINE_END = re.compile(rb"\r\n|\n|\r")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Events(Protocol):
    """A body that is read as it comes."""

    @property
    def is_whole(self) -> bool:
        """Whether the body is one text and no stream; False as long as nothing has come."""
        ...

    def feed(self, data: bytes) -> list[str]:
        """The events that these bytes complete."""
        ...

    def close(self) -> list[str]:
        """The events that remain when the body has ended."""
        ...


class ServerEvents:
    """Takes bytes cut anywhere and gives the data of each event (WHATWG HTML §9.2.6).

    Whether it is a stream is seen by how the body begins, since servers send either under the
    content type of the other. Bytes that are no UTF-8 become half characters, which no target
    keeps.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._whole: list[bytes] = []
        self._data: list[str] = []
        self._is_stream: bool | None = None
        self._ended_with_cr = False

    @property
    def is_whole(self) -> bool:
        """Whether the body is one text and no stream; False as long as nothing has come."""
        return self._is_stream is False

    def feed(self, data: bytes) -> list[str]:
        """The data of the events that these bytes complete."""
        if self._ended_with_cr and data.startswith(b"\n"):
            data = data[1:]
        self._ended_with_cr = data.endswith(b"\r")
        if self._is_stream is False:
            self._whole.append(data)
            return []
        self._rest += data
        if self._is_stream is None:
            self._rest = self._rest.removeprefix(_BYTE_ORDER_MARK).lstrip()
            self._is_stream = self._rest[:1] not in (b"{", b"[", b"<") if self._rest else None
        if not self._is_stream:
            return []
        *lines, self._rest = _LINE_END.split(self._rest)
        return [event for line in lines for event in self._take(line)]

    def close(self) -> list[str]:
        """The rest when the body has ended: the whole text, or an event without its blank line."""
        rest, self._rest = b"".join((self._rest, *self._whole)), b""
        self._whole.clear()
        if not self._is_stream:
            return [rest.decode("utf-8", "surrogateescape")] if rest else []
        return [*self._take(rest), *self._take(b"")]

    def _take(self, line: bytes) -> list[str]:
        if not line:
            data, self._data = self._data, []
            return ["\n".join(data)] if data else []
        name, _, value = line.partition(b":")
        text = value.removeprefix(b" ").decode("utf-8", "surrogateescape")
        if name == b"data":
            self._data.append(text)
        elif name == b"error":  # llama.cpp's server until 2025
            self._data.append(f'{{"error": {text}}}')
        return []


class JsonLines:
    """Takes bytes cut anywhere and gives each line (https://github.com/ndjson/ndjson-spec)."""

    def __init__(self) -> None:
        self._rest = b""

    @property
    def is_whole(self) -> bool:
        """False: even one line is a stream."""
        return False

    def feed(self, data: bytes) -> list[str]:
        """The lines that these bytes complete."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        return [text for line in lines if (text := _text_of(line))]

    def close(self) -> list[str]:
        """The last line, where no line end follows it."""
        rest, self._rest = self._rest, b""
        return [text] if (text := _text_of(rest)) else []


def _text_of(line: bytes) -> str:
    return line.strip().decode("utf-8", "surrogateescape")
