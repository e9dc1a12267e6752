"""The state folder's lock: one process at a time owns the log, the views and the objects in it."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import TextIO

from dragoman_contracts.errors import PermanentError


class StateLockedError(PermanentError):
    """Another process uses the state folder."""

    default_code = "state.locked"


class StateLock:
    """Holds the folder until `release`, or until the process ends in any way: the system lets go of the lock then."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "lock"
        self._file: TextIO | None = None

    def acquire(self) -> None:
        """Take the folder.

        Raises:
            StateLockedError: another process has it; the message names that process.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = self._path.open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            file.close()
            raise StateLockedError(
                f"The state folder {self._path.parent} is in use by process {holder}. "
                "Wait for it, stop it, or choose another folder with --state."
            ) from error
        file.seek(0)
        file.truncate()
        file.write(str(os.getpid()))
        file.flush()
        self._file = file

    def release(self) -> None:
        """Give the folder back."""
        if self._file is not None:
            self._file.close()
            self._file = None


def is_locked(folder: Path) -> bool:
    """Whether a process uses the folder now; what it left behind there says nothing, for it may have been killed."""
    if not folder.is_dir():
        return False
    lock = StateLock(folder)
    try:
        lock.acquire()
    except StateLockedError:
        return True
    lock.release()
    return False
