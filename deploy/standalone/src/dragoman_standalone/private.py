"""The state folder for its owner's eyes: documents, passwords' hashes and the log lie in it."""

from __future__ import annotations

import os
import stat
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import structlog

_OTHERS = 0o077
_log = structlog.stdlib.get_logger()
_usual: list[int] = []


@contextmanager
def private(folder: Path) -> Generator[None]:
    """Make everything that this process writes during the block its owner's alone, and the folder
    with what lies in it already.
    """
    _usual.append(os.umask(_OTHERS))
    try:
        _mend(folder)
        yield
    finally:
        os.umask(_usual.pop())


@contextmanager
def as_usual() -> Generator[None]:
    """Write with the rights that the user's files have, during the block: results are not state."""
    if not _usual:
        yield
        return
    before = os.umask(_usual[0])
    try:
        yield
    finally:
        os.umask(before)


def is_open_to_others(folder: Path) -> bool:
    """Whether other users of this machine can look into the folder."""
    try:
        return bool(folder.stat().st_mode & _OTHERS)
    except OSError:
        return False


def _mend(folder: Path) -> None:
    if not is_open_to_others(folder):
        return  # nobody else gets to what lies inside
    try:
        folder.chmod(0o700)
        for place, folders, files in os.walk(folder):
            for name in (*folders, *files):
                path = Path(place, name)
                mode = path.lstat().st_mode
                if mode & _OTHERS and not stat.S_ISLNK(mode):
                    path.chmod(stat.S_IMODE(mode) & ~_OTHERS)
    except OSError as error:
        _log.warning("state.open_to_others", error_type=type(error).__name__)
