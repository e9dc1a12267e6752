"""Upcasters: how an event stored under an older schema version becomes one of the current version.

An upcaster takes the payload of version N of one event type and gives that of version N+1. A golden sample of every
version ever released lives in `tests/contracts/golden`, and a test reads each of them through this module.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dragoman_contracts.errors import UnknownEventTypeError
from dragoman_contracts.events import Event

Payload = dict[str, Any]

UPCASTERS: dict[tuple[str, int], Callable[[Payload], Payload]] = {}
"""By event name and the version it upcasts from."""


def upcast(cls: type[Event], version: int, data: Payload) -> Payload:
    """The payload brought from `version` to the current schema version of `cls`.

    Raises:
        UnknownEventTypeError: the version is newer than this installation knows.
    """
    if version > cls.schema_version:
        raise UnknownEventTypeError(f"Event {cls.name!r} has version {version}; update this installation to read it.")
    while version < cls.schema_version:
        data = UPCASTERS[cls.name, version](data)
        version += 1
    return data
