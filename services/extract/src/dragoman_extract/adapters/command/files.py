"""The files that a command left in its output folder.

Example: the folder holds `seite 1.md`, `img/1.png`, a fifo `pipe`, and a link `all` to `/etc`:

    files       img/1.png → img/1.png, seite 1.md → seite_1.md
    left out    all: a link that leads out of the folder; pipe: no file
"""

from __future__ import annotations

import hashlib
import mimetypes
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from dragoman_contracts.commands import LeftOutFile
from dragoman_contracts.errors import PermanentError
from dragoman_extract.ports import OutputFile

_UNSAFE = re.compile(r"[^A-Za-z0-9._/-]")
_MOST_CHARACTERS = 120
_TYPES = mimetypes.MimeTypes()  # the machine's own table would give other types elsewhere
_MORE_TYPES = {
    ".md": "text/markdown",
    ".jsonl": "application/x-ndjson",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
    ".webp": "image/webp",
}


class OutputRefusedError(PermanentError):
    """A command wrote more than an installation keeps."""

    default_code = "command.output_refused"


def found_in(
    folder: Path, *, most_files: int, most_bytes: int
) -> tuple[tuple[OutputFile, ...], tuple[LeftOutFile, ...]]:
    """The files in the folder, and what lies there besides, both in the order of a walk.

    Links are followed where they stay in the folder. Nothing may run any more that writes there.

    Raises:
        OutputRefusedError: there are more files, or more bytes.
    """
    root = folder.resolve()
    files: list[OutputFile] = []
    left_out: list[LeftOutFile] = []
    taken: set[str] = set()
    size_bytes = 0
    for path in _paths(root):
        shown = path.relative_to(root).as_posix().encode(errors="replace").decode()
        reason = _reason_against(path, root)
        if reason:
            left_out.append(LeftOutFile(path=shown[:1_000], reason=reason))
            continue
        if len(files) == most_files:
            raise OutputRefusedError(
                f"The command wrote more than {most_files:,} files; let it pack them into one."
            )
        size_bytes += path.stat().st_size
        if size_bytes > most_bytes:
            raise OutputRefusedError(
                f"The command wrote more than {most_bytes // 1024**2:,} MiB; raise DRAGOMAN_COMMAND_OUTPUT_MIB."
            )
        files.append(OutputFile(shown[:1_000], safe_name(shown, taken), media_type_of(path), path))
    return tuple(files), tuple(left_out)


def safe_name(path: str, taken: set[str]) -> str:
    """A name for the file that none has yet, of ASCII letters, digits and `._/-`; it is added to
    those taken.
    """
    name = _UNSAFE.sub("_", path)
    name = name if name[0].isalnum() else f"file{name}"
    if len(name) > _MOST_CHARACTERS or name in taken:
        suffix = PurePosixPath(name).suffix[:20]
        mark = hashlib.sha256(path.encode()).hexdigest()[:12]
        stem = name.removesuffix(suffix) if suffix else name
        name = f"{stem[: _MOST_CHARACTERS - len(suffix) - 13]}-{mark}{suffix}"
    taken.add(name)
    return name


def media_type_of(path: Path) -> str:
    """The media type by the name's suffix; of text, that it is UTF-8 where it is."""
    suffix = path.suffix.lower()
    found = _MORE_TYPES.get(suffix) or _TYPES.types_map[True].get(suffix)
    if found is None:
        return "application/octet-stream"
    return f"{found}; charset=utf-8" if found.startswith("text/") and _is_utf8(path) else found


def _paths(root: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(root):
        folders.sort()
        here = Path(folder)
        yield from (here / name for name in sorted(names))
        # The walk does not go into these.
        yield from (here / name for name in folders if (here / name).is_symlink())


def _reason_against(path: Path, root: Path) -> str:
    try:
        if path.is_symlink():
            target = path.resolve(strict=True)
            if not target.is_relative_to(root):
                return "a link that leads out of the folder"
            if target.is_dir():
                return "a link to a folder"
        if not stat.S_ISREG(path.stat().st_mode):
            return "no file"
        with path.open("rb"):
            return ""
    except (OSError, RuntimeError):
        return "it cannot be read"


def _is_utf8(path: Path) -> bool:
    try:
        path.read_bytes().decode()
    except UnicodeDecodeError:
        return False
    return True
