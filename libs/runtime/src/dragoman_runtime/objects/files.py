"""Objects as files under a folder: the store of the one-process runtime, and the reference for the
other adapters.
"""

from __future__ import annotations

import asyncio
import errno
import fcntl
import hashlib
import os
import time
from collections.abc import AsyncIterator, Callable, Generator, Iterable
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, ParamSpec, TypeVar
from uuid import UUID, uuid4

from dragoman_contracts.errors import DragomanError, PermanentError, RetryableError
from dragoman_contracts.references import ObjectRef
from dragoman_runtime.objects.addresses import (
    corrupt,
    digest_of,
    missing,
    object_path,
    objects_prefix,
    pointer_path,
    pointers_prefix,
    sha256,
    verified,
)
from dragoman_runtime.objects.port import CHUNK_BYTES, FRESH_S, StoredObject
from dragoman_runtime.objects.spooled import chunks, measured

_INCOMING = "incoming"
_YOUNG_S = 60.0
_P = ParamSpec("_P")
_R = TypeVar("_R")


class FileObjectStore:
    """Objects under `root`, one file each.

    A file is written beside the objects, synced, and then renamed into place; the folder is synced
    after that. So a reader, or a start after a power cut, sees a whole object or none. Several
    processes may share a root.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._incoming = root / _INCOMING

    async def open(self) -> None:
        """Create the folder, and delete the half-written files of writers that were killed."""
        await _in_thread(self._open)

    async def close(self) -> None:
        """Nothing is held open."""

    async def put(self, project_id: UUID, data: bytes, media_type: str) -> ObjectRef:
        """Store bytes and give their reference; a file of this digest and size is left as it is."""
        return await _in_thread(self._put, project_id, data, media_type)

    async def put_file(self, project_id: UUID, file: BinaryIO, media_type: str) -> ObjectRef:
        """Store the bytes of a file, copied chunk by chunk."""
        return await _in_thread(self._put_file, project_id, file, media_type)

    async def get(self, project_id: UUID, ref: ObjectRef | str) -> bytes:
        """The object's bytes, whose digest was checked."""
        return await _in_thread(self._get, project_id, digest_of(ref))

    async def get_range(
        self, project_id: UUID, ref: ObjectRef | str, start: int, length: int
    ) -> bytes:
        """Up to `length` bytes from `start`."""
        return await _in_thread(self._get_range, project_id, digest_of(ref), start, length)

    async def open_stream(self, project_id: UUID, ref: ObjectRef | str) -> AsyncIterator[bytes]:
        """The object's bytes in chunks, the last one only when the digest was right."""
        digest = digest_of(ref)
        file = await _in_thread(self._open_object, project_id, digest)
        try:
            hasher = hashlib.sha256()
            chunk = await _in_thread(_next_chunk, file, hasher.update)
            while following := await _in_thread(_next_chunk, file, hasher.update):
                yield chunk
                chunk = following
            if hasher.hexdigest() != digest:
                raise corrupt(digest)
            if chunk:
                yield chunk
        finally:
            file.close()

    async def exists(self, project_id: UUID, ref: ObjectRef | str) -> bool:
        """Whether the object's file is there."""
        return await _in_thread(self._object(project_id, digest_of(ref)).is_file)

    async def delete(self, project_id: UUID, ref: ObjectRef | str) -> None:
        """Remove the object's file."""
        await _in_thread(_remove, self._object(project_id, digest_of(ref)))

    async def list_objects(self, project_id: UUID) -> AsyncIterator[StoredObject]:
        """The project's objects, folder by folder."""
        objects = self._root / objects_prefix(project_id)
        for folder in await _in_thread(_names, objects):
            for stored in await _in_thread(_objects_in, objects / folder):
                yield stored

    async def put_pointer(self, project_id: UUID, fingerprint: str, ref: ObjectRef) -> ObjectRef:
        """Point to an outcome and give the reference that holds: the first writer's."""
        return await _in_thread(self._put_pointer, project_id, fingerprint, ref)

    async def get_pointer(self, project_id: UUID, fingerprint: str) -> ObjectRef | None:
        """The outcome stored for these inputs; None when there is none yet."""
        return await _in_thread(_read_pointer, self._pointer(project_id, fingerprint))

    async def list_pointers(self, project_id: UUID) -> AsyncIterator[ObjectRef]:
        """The outcomes that the project's pointers point to."""
        folder = self._root / pointers_prefix(project_id)
        for name in await _in_thread(_names, folder):
            ref = await _in_thread(_read_pointer, folder / name)
            if ref is not None:
                yield ref

    async def delete_pointer(self, project_id: UUID, fingerprint: str) -> None:
        """Forget the outcome."""
        await _in_thread(_remove, self._pointer(project_id, fingerprint))

    def _object(self, project_id: UUID, digest: str) -> Path:
        return self._root / object_path(project_id, digest)

    def _pointer(self, project_id: UUID, fingerprint: str) -> Path:
        return self._root / pointer_path(project_id, fingerprint)

    def _open(self) -> None:
        _make_folder(self._incoming)
        for leftover in self._incoming.iterdir():
            _sweep(leftover)

    def _put(self, project_id: UUID, data: bytes, media_type: str) -> ObjectRef:
        ref = ObjectRef(digest=sha256(data), size_bytes=len(data), media_type=media_type)
        path = self._object(project_id, ref.digest)
        if not _refreshed(path, len(data)):
            with self._written([data]) as new:
                # Atomic (POSIX rename); a file of the same bytes may be there already.
                _place(new, path, os.replace)
        return ref

    def _put_file(self, project_id: UUID, file: BinaryIO, media_type: str) -> ObjectRef:
        ref = measured(file).ref(media_type)
        path = self._object(project_id, ref.digest)
        if not _refreshed(path, ref.size_bytes):
            with self._written(chunks(file)) as new:
                _place(new, path, os.replace)
        return ref

    def _get(self, project_id: UUID, digest: str) -> bytes:
        with self._open_object(project_id, digest) as file:
            return verified(file.read(), digest)

    def _get_range(self, project_id: UUID, digest: str, start: int, length: int) -> bytes:
        with self._open_object(project_id, digest) as file:
            file.seek(start)
            return file.read(length)

    def _open_object(self, project_id: UUID, digest: str) -> BinaryIO:
        try:
            return self._object(project_id, digest).open("rb", buffering=0)
        except FileNotFoundError as error:
            raise missing(digest) from error

    def _put_pointer(self, project_id: UUID, fingerprint: str, ref: ObjectRef) -> ObjectRef:
        path = self._pointer(project_id, fingerprint)
        if (first := _read_pointer(path)) is not None:
            return first
        with self._written([ref.model_dump_json().encode()]) as new:
            try:
                # Unlike rename, link fails where the name exists, so the first writer wins.
                _place(new, path, os.link)
            except FileExistsError:
                return _read_pointer(path) or ref
        return ref

    @contextmanager
    def _written(self, pieces: Iterable[bytes]) -> Generator[Path]:
        """A synced file of these bytes, to be renamed or linked.

        It is locked so that no sweep takes it.
        """
        path = self._incoming / uuid4().hex
        with path.open("xb", buffering=0) as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX)
                for piece in pieces:
                    _write_all(file, piece)
                os.fsync(file.fileno())
                yield path
            finally:
                path.unlink(missing_ok=True)


async def _in_thread(work: Callable[_P, _R], *args: _P.args, **kwargs: _P.kwargs) -> _R:
    try:
        return await asyncio.to_thread(work, *args, **kwargs)
    except OSError as error:
        raise _translated(error) from error


def _translated(error: OSError) -> DragomanError:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return RetryableError(
            "The disk of the object folder is full; free some space.", code="storage.full"
        )
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        message = "The object folder may not be written or read; give its rights to the user Dragoman runs as."
        return PermanentError(message, code="storage.unauthorised")
    name = errno.errorcode.get(error.errno or 0, "an unknown error")
    return RetryableError(
        f"The object folder answered {name}; look at its disk.", code="storage.unavailable"
    )


def _place(new: Path, path: Path, move: Callable[[Path, Path], None]) -> None:
    try:
        move(new, path)
    except FileNotFoundError:
        _make_folder(path.parent)
        move(new, path)
    _sync_folder(path.parent)


def _make_folder(path: Path) -> None:
    """Create a folder and its parents.

    Each is synced into its parent, or a power cut could take it away.
    """
    absent = [path, *path.parents]
    absent = absent[: next(i for i, folder in enumerate(absent) if folder.is_dir())]
    for folder in reversed(absent):
        folder.mkdir(exist_ok=True)
        _sync_folder(folder.parent)


def _sync_folder(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _write_all(file: BinaryIO, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]


def _next_chunk(file: BinaryIO, update: Callable[[bytes], None]) -> bytes:
    chunk = file.read(CHUNK_BYTES)
    update(chunk)
    return chunk


def _read_pointer(path: Path) -> ObjectRef | None:
    try:
        return ObjectRef.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None


def _refreshed(path: Path, size_bytes: int) -> bool:
    """Whether the file is there and whole.

    A whole file then counts as written now, and no sweep of old files takes it.
    """
    try:
        found = path.stat()
        if found.st_size == size_bytes and time.time() - found.st_mtime > FRESH_S:
            os.utime(path)
    except FileNotFoundError:
        return False
    return found.st_size == size_bytes


def _objects_in(folder: Path) -> list[StoredObject]:
    found: list[StoredObject] = []
    for name in _names(folder):
        with suppress(FileNotFoundError):  # deleted meanwhile
            stat = (folder / name).stat()
            modified_at = datetime.fromtimestamp(stat.st_mtime, UTC)
            found.append(StoredObject(folder.name + name, stat.st_size, modified_at))
    return found


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)


def _names(folder: Path) -> list[str]:
    try:
        return [entry.name for entry in folder.iterdir()]
    except FileNotFoundError:
        return []


def _sweep(leftover: Path) -> None:
    """Delete a half-written file, unless its writer lives and has or will take its lock."""
    try:
        with leftover.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if time.time() - os.fstat(file.fileno()).st_mtime > _YOUNG_S:
                leftover.unlink(missing_ok=True)
    except (FileNotFoundError, BlockingIOError):
        return
