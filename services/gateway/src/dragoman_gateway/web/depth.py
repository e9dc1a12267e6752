"""How deep JSON may nest. Writers of JSON go deeper than its readers, so that a value can be taken
that nobody reads back.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import cast

MOST_DEEP = 32
"""Objects and lists inside each other, at most, in every body and every field of JSON."""

TOO_DEEP = f"JSON may nest {MOST_DEEP} deep at most."
_SIGNS = re.compile(rb'["\\{}\[\]]')


def depth_of(value: object) -> int:
    """The number of objects and lists inside each other; looked at without recursion."""
    deepest, open_ = 0, [(value, 1)]
    while open_:
        each, depth = open_.pop()
        if isinstance(each, dict | list):
            deepest = max(deepest, depth)
            inner = cast("Iterable[object]", each.values() if isinstance(each, dict) else each)
            open_ += [(part, depth + 1) for part in inner]
    return deepest


class JsonDepth:
    """Follows the depth of JSON text as its bytes come in."""

    def __init__(self) -> None:
        self._depth = 0
        self._is_text = False
        self._is_escaped = False
        self.deepest = 0

    def feed(self, chunk: bytes) -> None:
        """Go on with these bytes."""
        last = -1
        for found in _SIGNS.finditer(chunk):
            if self._is_escaped and found.start() == last + 1:
                self._is_escaped = False
                continue
            self._is_escaped = False
            sign, last = found.group(), found.start()
            if self._is_text:
                self._is_escaped = sign == b"\\"
                self._is_text = sign != b'"'
            elif sign in b"{[":
                self._depth += 1
                self.deepest = max(self.deepest, self._depth)
            elif sign in b"}]":
                self._depth -= 1
            else:
                self._is_text = sign == b'"'
        self._is_escaped = self._is_escaped and last == len(chunk) - 1
