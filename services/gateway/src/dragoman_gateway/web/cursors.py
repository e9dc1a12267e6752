"""Cursors: where a page of a list ended, opaque to the caller.
Every list of API and console uses this codec.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Generic, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from dragoman_contracts.errors import PermanentError

_Row = TypeVar("_Row")
_Key = TypeVar("_Key", bound=tuple[object, ...])


class InvalidCursorError(PermanentError):
    """The cursor is none that this list gave out; begin without one."""

    default_code = "request.invalid_cursor"


@dataclass(frozen=True, slots=True)
class Page(Generic[_Row]):
    """A piece of a list. `next_cursor` goes on behind its last row; None at the end."""

    rows: tuple[_Row, ...]
    next_cursor: str | None


class CursorCodec(Generic[_Key]):
    """The cursors of one list, whose rows stand in the order of a key.

    `CursorCodec("jobs", tuple[int, UUID])` makes of the key `(7, 25e8…)` the base64 of
    `["jobs", 7, "25e8…"]`.
    """

    def __init__(self, list_name: str, key: type[_Key]) -> None:
        self._name = list_name
        self._keys = TypeAdapter[_Key](key)

    def cursor(self, key: _Key) -> str:
        """The cursor behind the row with this key."""
        text = json.dumps(
            [self._name, *self._keys.dump_python(key, mode="json")], separators=(",", ":")
        )
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    def key(self, cursor: str) -> _Key:
        """The key of the row that the page ended with.

        Raises:
            InvalidCursorError: the list did not give this cursor out.
        """
        try:
            # RFC 4648 §5: the padding was left away, since = would be escaped in an address.
            padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
            parts: object = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
            name, *key = (
                cast("list[object]", parts) if isinstance(parts, list) and parts else [None]
            )
            if name == self._name:
                return self._keys.validate_json(json.dumps(key), strict=True)
        except (ValueError, binascii.Error, ValidationError) as error:
            raise self._refused() from error
        raise self._refused()

    def _refused(self) -> InvalidCursorError:
        return InvalidCursorError(
            f"This cursor does not belong to the list of {self._name}; begin without a cursor."
        )
