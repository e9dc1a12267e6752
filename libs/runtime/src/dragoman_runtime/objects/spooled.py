"""Bytes too large for memory: spooled to files without a name, and read from them in chunks."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import BinaryIO, cast

from dragoman_contracts.references import ObjectRef
from dragoman_runtime.objects.port import CHUNK_BYTES

_IN_MEMORY_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Measured:
    """The digests and the size of a file; `md5` in Base64, as HTTP's Content-MD5 has it."""

    digest: str
    size_bytes: int
    md5: str

    def ref(self, media_type: str) -> ObjectRef:
        """The reference of an object with these bytes."""
        return ObjectRef(digest=self.digest, size_bytes=self.size_bytes, media_type=media_type)


class _Spool(tempfile.SpooledTemporaryFile[bytes]):
    def __del__(self) -> None:
        """Close it when nobody holds it any more, without the standard library's warning."""
        self.close()


def new_spool() -> BinaryIO:
    """An empty file to write to, in memory up to a MiB and then on disk without a name: it is gone
    when nobody holds it, and however the process ends.
    """
    return cast(BinaryIO, _Spool(_IN_MEMORY_BYTES, prefix="dragoman-spooled-"))


async def spooled(pieces: AsyncIterator[bytes]) -> BinaryIO:
    """The pieces as a file to be read from its beginning."""
    file = new_spool()
    try:
        async for piece in pieces:
            await asyncio.to_thread(file.write, piece)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file


def chunks(file: BinaryIO) -> Iterator[bytes]:
    """The file from its beginning, in chunks of at most `CHUNK_BYTES`."""
    file.seek(0)
    while chunk := file.read(CHUNK_BYTES):
        yield chunk


def size_of(file: BinaryIO) -> int:
    """The bytes of a file."""
    return file.seek(0, os.SEEK_END)


def measured(file: BinaryIO) -> Measured:
    """Size and digests, in one reading."""
    sha256, md5, size_bytes = hashlib.sha256(), hashlib.md5(usedforsecurity=False), 0
    for chunk in chunks(file):
        sha256.update(chunk)
        md5.update(chunk)
        size_bytes += len(chunk)
    return Measured(sha256.hexdigest(), size_bytes, base64.b64encode(md5.digest()).decode())
