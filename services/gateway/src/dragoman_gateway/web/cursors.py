"""Cursors: where a page of a list ended, opaque to the caller."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from typing import cast

from dragoman_gateway.jobs.view.rows import InvalidCursorError


def cursor_of(list_name: str, key: Sequence[str | int]) -> str:
    """The cursor behind the row with this key, of the list of this name."""
    text = json.dumps([list_name, *key], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def key_of(list_name: str, cursor: str, types: Sequence[type[str] | type[int]]) -> list[str | int]:
    """The key a cursor of this list holds, its parts of the given types.

    Raises:
        InvalidCursorError: the list did not give it out.
    """
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        parts: object = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, binascii.Error) as error:
        raise _refused(list_name) from error
    if not isinstance(parts, list):
        raise _refused(list_name)
    name, *key = cast("list[object]", parts) or [None]
    if name != list_name or [type(part) for part in key] != list(types):
        raise _refused(list_name)
    return cast("list[str | int]", key)


def _refused(list_name: str) -> InvalidCursorError:
    return InvalidCursorError(f"This cursor does not belong to the list of {list_name}; begin without a cursor.")
