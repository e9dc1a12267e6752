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


class StateFolderError(PermanentError):
    """The state folder cannot be made or written."""

    default_code = "state.unwritable"


class StateDamagedError(PermanentError):
    """A database of the state folder is damaged."""

    default_code = "state.damaged"


def damaged(name: str) -> StateDamagedError:
    """The line for a damaged database of the state folder."""
    return StateDamagedError(
        f"{name} of the state folder is damaged. Restore the folder from a backup, or choose "
        "another with --state; `sqlite3 FILE .recover` may save what is left of it."
    )


class StateLock:
    """Holds the folder until `release`, or until the process ends in any way:
    the system lets go of the lock then.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "lock"
        self._file: TextIO | None = None

    def acquire(self) -> None:
        """Take the folder.

        Raises:
            StateLockedError: another process has it; the message names that process.
            StateFolderError: it cannot be made or written.
        """
        file = self._opened()
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

    def _opened(self) -> TextIO:
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_RDWR | os.O_CREAT | os.O_APPEND
            return os.fdopen(os.open(self._path, flags, 0o600), "a+")
        except OSError as error:
            raise StateFolderError(
                f"The state folder {self._path.parent} cannot be written ({error.strerror}). "
                "Make it writable, or choose another folder with --state."
            ) from error

    def release(self) -> None:
        """Give the folder back."""
        if self._file is not None:
            self._file.close()
            self._file = None


def is_locked(folder: Path) -> bool:
    """Whether a process uses the folder now; what it left behind there says nothing,
    for it may have been killed.
    """
    if not folder.is_dir():
        return False
    lock = StateLock(folder)
    try:
        lock.acquire()
    except StateLockedError:
        return True
    lock.release()
    return False
