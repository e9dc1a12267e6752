"""The folders in which commands run: one a run, removed with all in it, whoever was killed.

<root>/                    of this user alone
  3f9c…/                   a run, named by its token
    lock                   held by the worker and the supervisor as long as either lives
    log.txt  in/  out/  work/
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import signal
import tempfile
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from dragoman_contracts.errors import PermanentError
from dragoman_extract.adapters.command.supervisor import remove

TOKEN_VARIABLE = "DRAGOMAN_RUN"  # noqa: S105 - it names a run, and opens nothing
"""The variable by which the processes of a run are known, wherever they went."""

_LOCK = "lock"


class FolderUnsafeError(PermanentError):
    """The folder in which commands would run is another user's, or cannot be written."""

    default_code = "command.folder_unsafe"


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The folder of one run. `lock` is a file descriptor for whoever keeps the run alive."""

    path: Path
    token: str
    lock: int

    @property
    def log(self) -> Path:
        """The file that the log is in when the command has ended."""
        return self.path / "log.txt"

    @property
    def work(self) -> Path:
        """The command's working directory, home, and place for temporary files."""
        return self.path / "work"

    @property
    def output(self) -> Path:
        """The folder that the command writes its results into."""
        return self.path / "out"

    def place_input(self, document: bytes, suffix: str) -> Path:
        """Write the document where the command may read it."""
        path = self.path / "in" / f"input{suffix}"
        path.write_bytes(document)
        return path


class RunFolders:
    """The folders of all runs on this machine by this user."""

    def __init__(self, root: Path | None) -> None:
        """`root` None is a folder in the machine's folder for temporary files."""
        self.root = root or Path(tempfile.gettempdir()) / f"dragoman-commands-{os.getuid()}"

    @contextlib.contextmanager
    def new(self) -> Generator[RunFolder]:
        """A folder for one run, removed after the block.

        Raises:
            FolderUnsafeError: there can be none.
        """
        token = secrets.token_hex(16)
        path = self.root / token
        try:
            self._make_root()
            with self._alone():  # else it could be taken for a leftover before it is locked
                path.mkdir(mode=0o700)
                lock = os.open(path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
                fcntl.flock(lock, fcntl.LOCK_EX)
            for name in ("in", "out", "work"):
                (path / name).mkdir(mode=0o700)
        except OSError as error:
            raise self._unsafe(error.strerror or type(error).__name__) from error
        try:
            yield RunFolder(path, token, lock)
        finally:
            os.close(lock)
            remove(path)

    def clear_leftovers(self) -> int:
        """Remove the folders of runs that nobody keeps alive, and end what is left of them; how
        many there were.
        """
        if not self.root.is_dir() or self.root.is_symlink():
            return 0
        count = 0
        with contextlib.suppress(OSError), self._alone():
            for path in self.root.iterdir():
                count += _clear(path) if path.is_dir() else 0
        return count

    @contextlib.contextmanager
    def _alone(self) -> Generator[None]:
        """Keep other processes from making and clearing folders meanwhile."""
        lock = os.open(self.root / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _make_root(self) -> None:
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = self.root.lstat()
        if found.st_uid != os.getuid() or self.root.is_symlink():
            raise self._unsafe("it is another user's, or a link")
        if found.st_mode & 0o077:
            self.root.chmod(0o700)

    def _unsafe(self, why: str) -> FolderUnsafeError:
        return FolderUnsafeError(
            f"Commands cannot run in {self.root}: {why}. Name a folder of the worker's own in DRAGOMAN_COMMAND_DIR."
        )


def _clear(path: Path) -> bool:
    """Remove the folder of a run that nobody keeps alive; whether it was one."""
    try:
        lock = os.open(path / _LOCK, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    else:
        end_processes_of(path.name)
        remove(path)
        return True
    finally:
        os.close(lock)


def end_processes_of(token: str) -> None:
    """Kill the processes of a run whose supervisor was killed; Linux alone can find them."""
    mark = f"{TOKEN_VARIABLE}={token}".encode()
    for _ in range(100):
        pids = _processes_with(mark)
        for pid in pids:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        if not pids:
            return


def _processes_with(mark: bytes) -> list[int]:
    found: list[int] = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if mark in (entry / "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
    return found
