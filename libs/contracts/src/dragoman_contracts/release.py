"""Which version of Dragoman this is, however it was installed.

A checkout installs each room as a distribution of its own; the wheel for users holds all of them as
`dragoman` (ADR-31). All carry one version.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import PackageNotFoundError, version

_ROOM, _WHEEL = "dragoman-contracts", "dragoman"


@cache
def release() -> str:
    """The version of Dragoman, as in `0.1.0`.

    Raises:
        PackageNotFoundError: neither the room nor the wheel is installed; the code is run from a
            bare folder. Install it.
    """
    try:
        return version(_ROOM)
    except PackageNotFoundError:
        return version(_WHEEL)
